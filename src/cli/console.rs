//! What a terminal is given: flags of every command.

use clap::{ArgAction, Args, ValueEnum};

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// How to talk to whoever reads the terminal.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct ConsoleArgs {
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorChoice,
    /// Only ASCII on the terminal, as in a locale without UTF-8.
    #[arg(long, global = true, hide_short_help = true)]
    pub ascii: bool,
    /// Tell what is asked of the cluster; -vv, -vvv: more.
    ///
    /// With -v each request to the cluster, with -vv also what is run where, with -vvv also what that says.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}
