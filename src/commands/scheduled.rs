//! A run that a schedule has made: its Job owns what it makes, and its document stays in the cluster.

use std::fs;
use std::path::PathBuf;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kubectl_netbench::cli::{CommonArgs, ExitCode};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::document::Run;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::schedule::outcome::RunOutcome;
use kubectl_netbench::schedule::{Id, Records, Schedules};
use kubectl_netbench::store::{self, Store};
use kubectl_netbench::testbed::kubernetes::Marks;

use super::{Error, Surroundings, judged};
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
    /// The file for the termination message; none if an older version created the schedule.
    pub termination_message: Option<PathBuf>,
}

impl Origin {
    /// Reports a run that failed before it had a document.
    pub fn report_failure(&self, code: i32, error: &Explanation) {
        self.report(&RunOutcome { exit_code: code, error: Some(error.into()), ..RunOutcome::default() });
    }

    /// Reports a run that has a document, with the first of its errors.
    pub(super) fn report_run(&self, code: ExitCode, error: Option<&Explanation>, run: &Run) {
        self.report(&RunOutcome {
            exit_code: code as i32,
            error: error.map(Into::into),
            failed_gates: judged::failed_gates(run),
            run_id: Some(run.id.clone()),
        });
    }

    /// Writes the termination message of the container, which `schedule list` shows.
    fn report(&self, outcome: &RunOutcome) {
        let Some(path) = &self.termination_message else { return };
        // in place: the kubelet has mounted this very file
        if let Err(error) = fs::write(path, outcome.to_message()) {
            console::note(&format!("cannot write the termination message {}: {error}", path.display()));
        }
    }
}

/// The schedule of a run.
pub(super) struct Scheduled {
    cluster: Cluster,
    id: Id,
    keep_records: usize,
    marks: Marks,
    /// The Job that owns what the run makes.
    pub owner: Option<OwnerReference>,
}

impl Scheduled {
    /// Its name and namespace.
    pub(super) fn id(&self) -> &Id {
        &self.id
    }

    /// Finds the schedule of this run, and waits for its turn; none if it has none. An API server that is away is
    /// waited for: nobody would start the run again.
    ///
    /// # Errors
    /// The cluster does not answer, or refuses.
    pub(super) async fn find(
        common: &CommonArgs,
        surroundings: &Surroundings,
    ) -> Result<Option<Self>, Error> {
        let connection = &common.connection;
        let (Some(origin), Some(namespace)) = (&surroundings.origin, &connection.namespace) else {
            return Ok(None);
        };
        let cluster = cluster::connect(&connection.options(), &surroundings.environment).await?;
        let id = Id { name: origin.schedule.clone(), namespace: namespace.clone() };
        let waiting = |other: &str| console::note(&format!("waiting until the run {other} has ended"));
        let owner = Schedules::begin_run(&cluster, &id, &origin.pod, waiting).await?;
        let marks = common.pods.options().marks;
        Ok(Some(Self { id, keep_records: origin.keep_records, marks, owner, cluster }))
    }

    /// Puts the run that this one is to be compared with where it looks for it; none if there is none yet.
    /// Returns its id.
    ///
    /// # Errors
    /// The cluster does not answer, or it cannot be read or written.
    pub(super) async fn baseline(
        &self,
        reference: &str,
        store: Option<&Store>,
    ) -> Result<Option<String>, Error> {
        let (Some(store), Some(back)) = (store, store::latest(reference)) else { return Ok(None) };
        let records = Records::of(&self.cluster, &self.id);
        let kept = records.list().await?;
        let mut with_tests = kept.into_iter().filter(|kept| kept.entry.tests > 0);
        let Some(found) = with_tests.nth(back) else { return Ok(None) };
        let Some(run) = records.read(&found.entry.id).await? else { return Ok(None) };
        store.add(&run)?;
        Ok(Some(run.id))
    }

    /// Keeps the document of this run in the cluster.
    ///
    /// # Errors
    /// It does not fit, or the cluster refuses.
    pub(super) async fn keep(&self, run: &Run, console: Console) -> Result<(), Error> {
        let records = Records::of(&self.cluster, &self.id);
        let job = self.owner.as_ref().map(|owner| owner.name.as_str());
        if records.keep(run, job, &self.marks).await? {
            console::note("the document is large: it is kept without its figures by the second");
        }
        console.remark(&format!("kept as {} in the namespace {}", run.id, self.id.namespace));
        // the next run tries again
        if let Err(error) = records.keep_newest(self.keep_records).await {
            console::note(&format!("old documents are not deleted: {error}"));
        }
        Ok(())
    }
}
