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
    recording: Mutex<Option<Recording>>,
    runs: Option<(&'a Store, Option<usize>)>,
    console: Console,
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
        let mut recorder = Self { recording: Mutex::new(None), runs: None, console };
        let begun = match saving {
            Saving::Nowhere => return Ok(recorder),
            Saving::File(file) => Ok(Recording::begin(file.clone(), run)?),
            Saving::Runs(keep) => {
                recorder.runs = store.map(|store| (store, *keep));
                store.ok_or(StoreError::NoDirectory).and_then(|store| store.record(run))
            }
        };
        match begun {
            Ok(recording) => recorder.recording = Mutex::new(Some(recording)),
            Err(error) => not_saved(&console, &error),
        }
        Ok(recorder)
    }

    /// Saves the run as it is in the end; one without tests is not worth it.
    pub(super) fn finish(&self, run: &Run) {
        let Some(recording) = self.take() else { return };
        if run.tests.is_empty() {
            recording.discard();
            return;
        }
        let saved = recording.finish(run).and_then(|()| match self.runs {
            Some((store, Some(keep))) => store.keep_newest(keep),
            _ => Ok(()),
        });
        match saved {
            Ok(()) if self.runs.is_some() => self.console.remark(&format!("saved as {}", run.id)),
            Ok(()) => {}
            Err(error) => not_saved(&self.console, &error),
        }
    }

    fn take(&self) -> Option<Recording> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Observer for Recorder<'_> {
    fn observe(&self, event: &Event) {
        let Event::TestEnded { record } = event else { return };
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = recording.as_mut().map(|recording| recording.add(record)) {
            // said once: what was written until now stays
            *recording = None;
            not_saved(&self.console, &error);
        }
    }
}

fn not_saved(console: &Console, error: &StoreError) {
    let explanation = error.explain();
    let why = explanation.why.map(|why| format!(": {why}")).unwrap_or_default();
    if !console.quiet {
        console::note(&format!("the run is not saved: {}{why}", explanation.what));
    }
}
