//! What to print, and how.

use clap::{Args, ValueEnum};

use crate::view::Format;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// What to print.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The form of the result on standard output.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// When to use colours.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Print the result and errors only: no plan, no progress.
    #[arg(short, long)]
    pub quiet: bool,
}
