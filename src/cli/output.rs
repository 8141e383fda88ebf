//! What to print, and how.

use std::path::PathBuf;

use clap::Args;

use crate::view::Format;

/// What to print.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The form of the result.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Write the result to this file.
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
}
