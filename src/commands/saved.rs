//! Saved runs, as commands use them.

use std::sync::{Mutex, PoisonError};

use kubectl_netbench::analysis;
use kubectl_netbench::cli::Saving;
use kubectl_netbench::document::Run;
use kubectl_netbench::runner::{Event, Observer};
use kubectl_netbench::store::{self, Recording, Store, StoreError};

use super::Error;
use crate::console::{self, Console};

/// A saved run with what follows from its tests, which a run that was cut off has not.
///
/// # Errors
/// There is no such run, or it cannot be read.
pub(super) fn load(runs: Option<&Store>, reference: &str) -> Result<Run, Error> {
    let mut run = store::load(runs, reference)?;
    analysis::analyse(&mut run);
    Ok(run)
}

/// Saves a run while it is made.
pub(super) struct Recorder<'a> {
    recording: Mutex<Recorded>,
    runs: Option<(&'a Store, Option<usize>)>,
    console: Console,
}

/// What has become of the file.
enum Recorded {
    /// It is being written.
    Open(Recording),
    /// It could not be written.
    Failed(StoreError),
    /// There is none, or it is done.
    No,
}

impl<'a> Recorder<'a> {
    /// Begins to save `run` where the user wants it. That the user's own runs cannot be written is
    /// no reason not to measure; that the file they named cannot be is one.
    ///
    /// # Errors
    /// The named file cannot be written.
    pub(super) fn begin(
        saving: &Saving,
        store: Option<&'a Store>,
        console: Console,
        run: &Run,
    ) -> Result<Self, Error> {
        let (recording, runs) = match saving {
            Saving::Nowhere => (Recorded::No, None),
            Saving::File(file) => (Recorded::Open(Recording::begin_in(file.clone(), run)?), None),
            Saving::Runs(keep) => {
                let begun = store.ok_or(StoreError::NoDirectory).and_then(|store| store.record(run));
                let recorded = begun.map_or_else(
                    |error| {
                        not_saved(&error);
                        Recorded::No
                    },
                    Recorded::Open,
                );
                (recorded, store.map(|store| (store, *keep)))
            }
        };
        Ok(Self { recording: Mutex::new(recording), runs, console })
    }

    /// Saves the run as it is in the end; one without tests is not worth it.
    ///
    /// # Errors
    /// The file that the user has named is not whole.
    pub(super) fn finish(&self, run: &Run) -> Result<(), Error> {
        let saved = match self.take() {
            Recorded::No => return Ok(()),
            Recorded::Open(recording) if run.tests.is_empty() => {
                recording.discard();
                return Ok(());
            }
            Recorded::Open(recording) => recording.finish(run),
            // of the user's own runs it was said when it happened
            Recorded::Failed(_) if self.runs.is_some() => return Ok(()),
            Recorded::Failed(error) => Err(error),
        };
        let Some((store, keep)) = self.runs else { return Ok(saved?) };
        match saved {
            Ok(()) => self.console.remark(&format!("saved as {}", run.id)),
            Err(error) => not_saved(&error),
        }
        if let Some(Err(error)) = keep.map(|keep| store.keep_newest(keep)) {
            console::note(&format!("old runs are not deleted: {}", because(&error)));
        }
        Ok(())
    }

    /// Gives up what has no test yet, at an end that leaves no time for more.
    pub(super) fn abandon(&self) {
        if let Recorded::Open(recording) = self.take() {
            recording.discard_if_empty();
        }
    }

    fn take(&self) -> Recorded {
        let mut recorded = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut recorded, Recorded::No)
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
            // said once: what was written until now stays
            not_saved(&error);
            *recorded = Recorded::Failed(error);
        }
    }
}

fn not_saved(error: &StoreError) {
    console::note(&format!("the run is not saved: {}", because(error)));
}

fn because(error: &StoreError) -> String {
    let explanation = error.explain();
    explanation.error + &explanation.cause.map(|why| format!(": {why}")).unwrap_or_default()
}
