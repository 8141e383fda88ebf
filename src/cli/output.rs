//! The format of the result, and where it goes.

use std::path::PathBuf;

use clap::Args;

use crate::view::Format;

/// The format of the result, and where it goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
}
