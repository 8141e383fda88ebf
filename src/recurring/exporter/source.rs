//! The sources of the newest run: the saved runs of the user, or the run documents of a schedule.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::analysis::analyse;
use crate::cluster::{Cluster, RequestError};
use crate::document::{Run, State};
use crate::explanation::Explanation;
use crate::recurring::schedule::{Records, ScheduleError, ScheduleId};
use crate::store::{self, Entry, FileState, Store, StoreError};

/// A source of runs.
pub trait RunSource: Send + Sync + 'static {
    /// The newest run, analysed; none if there are no runs.
    fn newest(&self) -> impl Future<Output = Result<Option<Arc<Run>>, SourceError>> + Send;
}

/// Why the newest run cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The saved runs cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cluster rejected a request, or did not answer.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl From<RequestError> for SourceError {
    fn from(error: RequestError) -> Self {
        Self::Schedule(error.into())
    }
}

impl SourceError {
    /// The error with its cause and help.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Store(error) => error.explain(),
            Self::Schedule(error) => error.explain(),
        }
    }
}

/// The saved runs of the user. Incomplete runs are ignored: they are in progress, or were interrupted.
pub struct SavedRuns {
    store: Store,
    cache: Mutex<Cache>,
}

/// The newest run, and the state of the files when it was found.
#[derive(Default)]
struct Cache {
    files: Vec<FileState>,
    newest: Option<Arc<Run>>,
}

impl SavedRuns {
    /// The runs in a store.
    pub fn new(store: Store) -> Self {
        Self { store, cache: Mutex::default() }
    }
}

impl RunSource for SavedRuns {
    async fn newest(&self) -> Result<Option<Arc<Run>>, SourceError> {
        let mut cache = self.cache.lock().await;
        let files = self.store.files()?;
        if cache.files == files {
            return Ok(cache.newest.clone());
        }
        let is_complete = |entry: &&Entry| entry.state == State::Complete && entry.tests > 0;
        let newest = match self.store.list()?.iter().find(is_complete) {
            Some(entry) => Some(Arc::new(analysed(store::load(Some(&self.store), &entry.id)?))),
            None => None,
        };
        *cache = Cache { files, newest: newest.clone() };
        Ok(newest)
    }
}

/// The run documents of a schedule.
pub struct ScheduleRuns {
    cluster: Cluster,
    id: ScheduleId,
    cache: Mutex<Option<Arc<Run>>>,
}

impl ScheduleRuns {
    /// The run documents of the schedule `id`.
    pub fn new(cluster: Cluster, id: ScheduleId) -> Self {
        Self { cluster, id, cache: Mutex::default() }
    }
}

impl RunSource for ScheduleRuns {
    async fn newest(&self) -> Result<Option<Arc<Run>>, SourceError> {
        let mut cache = self.cache.lock().await;
        let records = Records::new(&self.cluster, &self.id);
        let summaries = records.list().await?;
        let Some(newest) = summaries.iter().map(|summary| &summary.entry).find(|entry| entry.tests > 0)
        else {
            return Ok(None);
        };
        if let Some(run) = cache.as_ref().filter(|run| run.id == newest.id) {
            return Ok(Some(run.clone()));
        }
        // none if it was deleted since it was listed: then there is a newer one, for the next scrape
        if let Some(run) = records.read(&newest.id).await? {
            *cache = Some(Arc::new(analysed(run)));
        }
        Ok(cache.clone())
    }
}

fn analysed(mut run: Run) -> Run {
    analyse(&mut run);
    run
}
