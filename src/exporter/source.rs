//! Where the newest run comes from: the user's saved runs, or the documents of a schedule.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::analysis::analyse;
use crate::cluster::{Cluster, RequestError};
use crate::document::{Run, State};
use crate::explanation::Explanation;
use crate::schedule::{Id, Records, ScheduleError};
use crate::store::{self, Entry, FileState, Store, StoreError};

/// Where the newest run comes from.
pub trait Source: Send + Sync + 'static {
    /// The newest run; none if there is none yet.
    fn newest(&self) -> impl Future<Output = Result<Option<Arc<Run>>, SourceError>> + Send;
}

/// Why the newest run cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The saved runs cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cluster has refused, or does not answer.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl From<RequestError> for SourceError {
    fn from(error: RequestError) -> Self {
        Self::Schedule(error.into())
    }
}

impl SourceError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Store(error) => error.explain(),
            Self::Schedule(error) => error.explain(),
        }
    }
}

/// The user's saved runs. One that is not whole, since it goes on or was cut off, is passed over.
pub struct Saved {
    store: Store,
    known: Mutex<Known>,
}

/// What was there when it was last looked, and the newest run of it.
#[derive(Default)]
struct Known {
    files: Vec<FileState>,
    newest: Option<Arc<Run>>,
}

impl Saved {
    /// The runs of a store.
    pub fn of(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }
}

impl Source for Saved {
    async fn newest(&self) -> Result<Option<Arc<Run>>, SourceError> {
        let mut known = self.known.lock().await;
        let there = self.store.files()?;
        if known.files == there {
            return Ok(known.newest.clone());
        }
        let is_whole = |entry: &&Entry| entry.state == State::Complete && entry.tests > 0;
        let newest = match self.store.list()?.iter().find(is_whole) {
            Some(entry) => Some(Arc::new(analysed(store::load(Some(&self.store), &entry.id)?))),
            None => None,
        };
        *known = Known { files: there, newest: newest.clone() };
        Ok(newest)
    }
}

/// The documents of a schedule.
pub struct OfSchedule {
    cluster: Cluster,
    id: Id,
    known: Mutex<Option<Arc<Run>>>,
}

impl OfSchedule {
    /// Those of a schedule of this cluster.
    pub fn of(cluster: Cluster, id: Id) -> Self {
        Self { cluster, id, known: Mutex::default() }
    }
}

impl Source for OfSchedule {
    async fn newest(&self) -> Result<Option<Arc<Run>>, SourceError> {
        let mut known = self.known.lock().await;
        let records = Records::of(&self.cluster, &self.id);
        let kept = records.list().await?;
        let Some(newest) = kept.iter().map(|kept| &kept.entry).find(|entry| entry.tests > 0) else {
            return Ok(None);
        };
        if let Some(run) = known.as_ref().filter(|run| run.id == newest.id) {
            return Ok(Some(run.clone()));
        }
        // one that is deleted meanwhile has a newer one behind it
        if let Some(run) = records.read(&newest.id).await? {
            *known = Some(Arc::new(analysed(run)));
        }
        Ok(known.clone())
    }
}

fn analysed(mut run: Run) -> Run {
    analyse(&mut run);
    run
}
