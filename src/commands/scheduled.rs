//! A run that a schedule has made: its Job owns what it makes, and its document stays in the cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kubectl_netbench::cli::ConnectionArgs;
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::document::Run;
use kubectl_netbench::schedule::{Id, Records, Schedules};
use kubectl_netbench::store::Store;

use super::{Error, Surroundings};
use crate::console::{self, Console};

/// What the environment says of the schedule of a run.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The schedule's name.
    pub schedule: String,
    /// The pod in which this process runs.
    pub pod: String,
    /// How many documents are kept.
    pub keep_records: usize,
}

/// The schedule of a run.
pub(super) struct Scheduled {
    cluster: Cluster,
    id: Id,
    keep_records: usize,
    /// The Job that owns what the run makes.
    pub owner: Option<OwnerReference>,
}

impl Scheduled {
    /// Its name and namespace.
    pub(super) fn id(&self) -> &Id {
        &self.id
    }

    /// Finds the schedule of this run, and waits for its turn; none if it has none.
    ///
    /// # Errors
    /// The cluster does not answer, or refuses.
    pub(super) async fn find(
        connection: &ConnectionArgs,
        surroundings: &Surroundings,
    ) -> Result<Option<Self>, Error> {
        let (Some(origin), Some(namespace)) = (&surroundings.origin, &connection.namespace) else {
            return Ok(None);
        };
        let cluster = cluster::connect(&connection.options(), &surroundings.environment).await?;
        let id = Id { name: origin.schedule.clone(), namespace: namespace.clone() };
        let schedules = Schedules::of(&cluster).await?;
        let owner = schedules.owner(&id, &origin.pod).await?;
        if let Some(job) = &owner {
            let waiting = |other: &str| console::note(&format!("waiting until the run {other} has ended"));
            schedules.await_turn(&id, &job.name, waiting).await?;
            schedules.remove_strays(&id, &job.name).await?;
        }
        Ok(Some(Self { id, keep_records: origin.keep_records, owner, cluster }))
    }

    /// Puts the documents of earlier runs where this one looks for its baseline.
    ///
    /// # Errors
    /// The cluster does not answer, or they cannot be written.
    pub(super) async fn fetch(&self, store: Option<&Store>) -> Result<(), Error> {
        let Some(store) = store else { return Ok(()) };
        let records = Records::of(&self.cluster, &self.id);
        for entry in records.list().await? {
            store.add(&records.read(&entry.id).await?)?;
        }
        Ok(())
    }

    /// Keeps the document of this run in the cluster.
    ///
    /// # Errors
    /// It does not fit, or the cluster refuses.
    pub(super) async fn keep(&self, run: &Run, console: Console) -> Result<(), Error> {
        if Records::of(&self.cluster, &self.id).keep(run, self.keep_records).await? {
            console::note("the document is large: it is kept without its figures by the second");
        }
        console.remark(&format!("kept as {} in the namespace {}", run.id, self.id.namespace));
        Ok(())
    }
}
