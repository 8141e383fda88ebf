//! Where a run is saved.

use std::path::PathBuf;

use clap::Args;

use crate::options::number_in;

/// Where a run is saved.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct SavingArgs {
    /// Do not save the run
    #[arg(long, conflicts_with_all = ["save_to", "keep_runs"], hide_short_help = true)]
    no_save: bool,
    /// Save the run to this file instead of the data directory
    #[arg(long, value_name = "FILE", conflicts_with = "keep_runs", hide_short_help = true)]
    save_to: Option<PathBuf>,
    /// Delete all saved runs but the latest N when saving this one [default: keep all]
    #[arg(long, value_name = "N", value_parser = number_in(1u32..), hide_short_help = true)]
    keep_runs: Option<u32>,
}

/// Where a run is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saving {
    /// In the data directory, which keeps so many runs; `None` for all.
    Runs(Option<usize>),
    /// In a file.
    File(PathBuf),
    /// Nowhere.
    Nowhere,
}

impl SavingArgs {
    /// The flags as one value.
    pub fn saving(&self) -> Saving {
        match &self.save_to {
            _ if self.no_save => Saving::Nowhere,
            Some(file) => Saving::File(file.clone()),
            None => Saving::Runs(self.keep_runs.map(|count| count as usize)),
        }
    }
}
