//! Flags of every command: what the terminal shows.

use clap::{ArgAction, Args, ValueEnum};

/// When to use colors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What the terminal shows.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct ConsoleArgs {
    /// When to use colors
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorChoice,
    /// Print ASCII only, as in a locale without UTF-8
    #[arg(long, global = true, hide_short_help = true)]
    pub ascii: bool,
    /// Log API requests; repeat for more detail
    ///
    /// -v logs API requests, -vv also the commands of servers and clients, -vvv also their output.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}
