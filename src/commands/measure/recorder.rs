//! Saves a run while it is in progress.

use std::sync::{Mutex, PoisonError};

use kubectl_netbench::cli::Saving;
use kubectl_netbench::document::Run;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::runner::{Event, Observer};
use kubectl_netbench::store::{Recording, Store, StoreError};

use crate::commands::Error;
use crate::console::{self, Console};

/// Saves a run while it is in progress.
pub struct Recorder<'a> {
    recording: Mutex<Recorded>,
    runs: Option<(&'a Store, Option<usize>)>,
    console: Console,
}

/// The state of the file.
enum Recorded {
    Open(Recording),
    Failed(StoreError),
    /// There is no file, or it is finished.
    Closed,
}

impl<'a> Recorder<'a> {
    /// Starts to save `run`. If the user's data directory cannot be written, the run is measured nevertheless.
    ///
    /// # Errors
    /// The file of `--save-to` cannot be written.
    pub fn begin(
        saving: &Saving,
        store: Option<&'a Store>,
        console: Console,
        run: &Run,
    ) -> Result<Self, Error> {
        let (recording, runs) = match saving {
            Saving::Nowhere => (Recorded::Closed, None),
            Saving::File(file) => (Recorded::Open(Recording::create_at(file.clone(), run)?), None),
            Saving::Runs(keep) => {
                let begun = store.ok_or(StoreError::NoDirectory).and_then(|store| store.record(run));
                let recorded = begun.map_or_else(
                    |error| {
                        note_not_saved(&error);
                        Recorded::Closed
                    },
                    Recorded::Open,
                );
                (recorded, store.map(|store| (store, *keep)))
            }
        };
        Ok(Self { recording: Mutex::new(recording), runs, console })
    }

    /// Saves the finished run, unless it has no tests.
    ///
    /// # Errors
    /// The file of `--save-to` is incomplete.
    pub fn finish(&self, run: &Run) -> Result<(), Error> {
        let saved = match self.take() {
            Recorded::Closed => return Ok(()),
            Recorded::Open(recording) if run.tests.is_empty() => {
                recording.discard();
                return Ok(());
            }
            Recorded::Open(recording) => recording.finish(run),
            // in the data directory: already reported when it failed
            Recorded::Failed(_) if self.runs.is_some() => return Ok(()),
            Recorded::Failed(error) => Err(error),
        };
        let Some((store, keep)) = self.runs else { return Ok(saved?) };
        match saved {
            Ok(()) => self.console.remark(&format!("saved as {}", run.id)),
            Err(error) => note_not_saved(&error),
        }
        if let Some(Err(error)) = keep.map(|keep| store.keep_newest(keep)) {
            console::note(&format!("old runs were not deleted: {}", summarize(&error)));
        }
        Ok(())
    }

    /// Deletes the file if it has no test yet, when the process is about to exit.
    pub fn abandon(&self) {
        if let Recorded::Open(recording) = self.take() {
            recording.discard_if_empty();
        }
    }

    fn take(&self) -> Recorded {
        let mut recorded = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut recorded, Recorded::Closed)
    }
}

impl Observer for Recorder<'_> {
    fn observe(&self, event: &Event) {
        let mut recorded = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let Recorded::Open(recording) = &mut *recorded else { return };
        let written = match event {
            Event::TestEnded { record } => recording.add(record),
            Event::SlotStarted { .. } => recording.sync(),
            _ => Ok(()),
        };
        if let Err(error) = written {
            // reported once; the tests written until now stay in the file
            note_not_saved(&error);
            *recorded = Recorded::Failed(error);
        }
    }
}

fn note_not_saved(error: &StoreError) {
    console::note(&format!("the run was not saved: {}", summarize(error)));
}

fn summarize(error: &StoreError) -> String {
    let Explanation { error, cause, .. } = error.explain();
    match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error,
    }
}
