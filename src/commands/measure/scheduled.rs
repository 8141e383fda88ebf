//! A run in the pod of a schedule: its Job owns the objects that it creates, and the cluster keeps its document.

use std::fs;
use std::path::PathBuf;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::ExitCode;
use kubectl_netbench::cluster::{self, Cluster, ConnectionOptions, Environment};
use kubectl_netbench::document::Run;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::options::ObjectOptions;
use kubectl_netbench::recurring::delivery::volume::MountedDirectory;
use kubectl_netbench::recurring::schedule::outcome::RunOutcome;
use kubectl_netbench::recurring::schedule::{Records, ScheduleId, Schedules};
use kubectl_netbench::store::{self, Store};

use super::request::Request;
use crate::commands::{Error, ProgramContext, gates};
use crate::console::{self, Console};

/// The origin of a scheduled run, from the environment of its container.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The name of the schedule.
    pub schedule: String,
    /// The pod in which this process runs.
    pub pod: String,
    /// The number of run documents to keep.
    pub keep_records: usize,
    /// The file for the termination message; none if an older version created the schedule.
    pub termination_message: Option<PathBuf>,
}

impl Origin {
    /// Reports a run that failed without a document.
    pub fn report_failure(&self, code: i32, error: &Explanation) {
        self.report(&RunOutcome { exit_code: code, error: Some(error.into()), ..RunOutcome::default() });
    }

    /// Reports a run with a document, and its first error.
    pub fn report_run(&self, code: ExitCode, error: Option<&Explanation>, run: &Run) {
        self.report(&RunOutcome {
            exit_code: code as i32,
            error: error.map(Into::into),
            failed_gates: gates::failed_gates(run),
            run_id: Some(run.id.clone()),
        });
    }

    /// Ends what webhooks have added to the pod of this run, as the last step of this process.
    pub async fn end_sidecars(&self, environment: &Environment) {
        let ended = async {
            let cluster = cluster::connect(&ConnectionOptions::default(), environment).await?;
            Ok::<_, Error>(Schedules::end_sidecars(&cluster, cluster.default_namespace(), &self.pod).await?)
        };
        if let Err(error) = ended.await {
            console::error(&error.explain());
        }
    }

    /// Writes the termination message, which `schedule list` shows.
    fn report(&self, outcome: &RunOutcome) {
        let Some(path) = &self.termination_message else { return };
        // not atomically: the file is a bind mount, and cannot be replaced
        if let Err(error) = fs::write(path, outcome.to_message()) {
            console::note(&format!("cannot write the termination message {}: {error}", path.display()));
        }
    }
}

/// Makes a request that of a scheduled run, if this process belongs to a schedule: waits until it may start, and
/// fetches its baseline from the cluster. The first run of a schedule has none.
///
/// # Errors
/// The cluster does not answer or rejects a request, or the volume cannot be written.
pub async fn begin(request: &mut Request, program: &ProgramContext) -> Result<(), Error> {
    let Some(scheduled) = ScheduledRun::begin(request, program).await? else { return Ok(()) };
    if let Some(volume) = &request.delivery.volume {
        MountedDirectory::new(volume).probe()?;
    }
    if let Some(reference) = request.baseline.take() {
        match scheduled.fetch_baseline(&reference, program.store.as_ref()).await {
            Ok(Some(id)) => request.baseline = Some(id),
            Ok(None) => console::note(&format!("not compared: no run {reference} yet")),
            // measure even if the comparison is impossible
            Err(error) => console::error(&error.explain()),
        }
    }
    request.namespace_flag = NamespaceFlag::Required;
    request.scheduled = Some(scheduled);
    Ok(())
}

/// A run of a schedule, with access to the run documents of the schedule.
pub struct ScheduledRun {
    cluster: Cluster,
    id: ScheduleId,
    keep_records: usize,
    options: ObjectOptions,
    /// The Job of the run, which owns the objects that it creates.
    pub owner: Option<OwnerReference>,
}

impl ScheduledRun {
    /// The schedule.
    pub fn id(&self) -> &ScheduleId {
        &self.id
    }

    /// Waits until this run may start; none if this process does not belong to a schedule. Retries while the API
    /// server is unavailable, since the Job would not.
    ///
    /// # Errors
    /// The cluster does not answer, or rejects a request.
    async fn begin(request: &Request, program: &ProgramContext) -> Result<Option<Self>, Error> {
        let connection = &request.connection;
        let (Some(origin), Some(namespace)) = (&program.origin, &connection.namespace) else {
            return Ok(None);
        };
        let cluster = cluster::connect(&connection.options(), &program.environment).await?;
        let id = ScheduleId { name: origin.schedule.clone(), namespace: namespace.clone() };
        let waiting = |other: &str| console::note(&format!("waiting for run {other} to finish"));
        let owner = Schedules::begin_run(&cluster, &id, &origin.pod, waiting).await?;
        let options = request.pods.objects.clone();
        Ok(Some(Self { id, keep_records: origin.keep_records, options, owner, cluster }))
    }

    /// Copies the run that `latest` or `latest~N` refers to from the run documents of the schedule to `store`. Returns
    /// its ID; none if there is no such run yet.
    ///
    /// # Errors
    /// The cluster does not answer, or the document cannot be read or saved.
    async fn fetch_baseline(&self, reference: &str, store: Option<&Store>) -> Result<Option<String>, Error> {
        let (Some(store), Some(back)) = (store, store::latest(reference)) else { return Ok(None) };
        let records = Records::new(&self.cluster, &self.id);
        let summaries = records.list().await?;
        let mut with_tests = summaries.into_iter().filter(|summary| summary.entry.tests > 0);
        let Some(baseline) = with_tests.nth(back) else { return Ok(None) };
        let Some(run) = records.read(&baseline.entry.id).await? else { return Ok(None) };
        store.add(&run)?;
        Ok(Some(run.id))
    }

    /// Keeps the run document in the cluster, and deletes the oldest ones.
    ///
    /// # Errors
    /// The document is too large, or the cluster rejects the request.
    pub async fn keep(&self, run: &Run, console: Console) -> Result<(), Error> {
        let records = Records::new(&self.cluster, &self.id);
        let job = self.owner.as_ref().map(|owner| owner.name.as_str());
        if records.keep(run, job, &self.options).await? {
            console::note("the run document is large: keeping it without per-second samples");
        }
        console.remark(&format!("kept run document {} in namespace {}", run.id, self.id.namespace));
        // not fatal: the next run tries again
        if let Err(error) = records.keep_newest(self.keep_records).await {
            console::note(&format!("cannot delete old run documents: {error}"));
        }
        Ok(())
    }
}
