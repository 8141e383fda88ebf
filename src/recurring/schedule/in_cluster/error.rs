//! The errors of operations on schedules.

use crate::cluster::RequestError;
use crate::explanation::Explanation;
use crate::recurring::schedule::ScheduleId;
use crate::recurring::schedule::outcome::RunFailure;
use crate::recurring::schedule::records::RecordError;

/// Why an operation on a schedule failed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A request was rejected, or not answered.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The schedule to create exists.
    #[error("schedule {} already exists in namespace {}", id.name, id.namespace)]
    Exists {
        /// The schedule.
        id: ScheduleId,
    },
    /// An object of the schedule to create exists.
    #[error("{kind} {name} already exists")]
    ObjectExists {
        /// The kind of the object.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The creation failed, and so did its rollback.
    #[error("schedule {} was not created, but some of its objects remain: {remaining}", id.name)]
    PartlyCreated {
        /// The schedule.
        id: ScheduleId,
        /// The objects that remain.
        remaining: String,
        /// Why the creation failed.
        cause: String,
    },
    /// There is no such schedule.
    #[error("schedule {} not found in namespace {}", id.name, id.namespace)]
    NotFound {
        /// The name that was given.
        id: ScheduleId,
        /// A schedule with a similar name.
        nearest: Option<String>,
    },
    /// The cluster is too old for time zones.
    #[error("this cluster does not support time zones for CronJobs")]
    NoTimezones {
        /// Its version.
        version: String,
    },
    /// The Prometheus operator is not installed.
    #[error("this cluster has no ServiceMonitor resource")]
    NoServiceMonitors,
    /// A run document cannot be kept or read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The pod of a run does not start.
    #[error("run {job} does not start")]
    NotStarted {
        /// The Job of the run.
        job: String,
        /// The reason.
        cause: String,
        /// How to fix it.
        help: String,
    },
    /// The schedule has fewer runs than were asked for.
    #[error("schedule {} has no such run", id.name)]
    NoSuchRun {
        /// The schedule.
        id: ScheduleId,
        /// The number of Jobs that the cluster keeps.
        runs: usize,
    },
    /// A run succeeded, and its pod was deleted.
    #[error("the log of run {job} is no longer available")]
    LogGone {
        /// The Job of the run.
        job: String,
        /// The schedule.
        id: ScheduleId,
    },
    /// The Job of a run was deleted.
    #[error("run {job} was deleted")]
    RunDeleted {
        /// The Job of the run.
        job: String,
        /// The schedule.
        id: ScheduleId,
    },
    /// The cluster terminated a run.
    #[error("run {job} was terminated")]
    RunTerminated {
        /// The Job of the run.
        job: String,
        /// The message of the cluster.
        cause: String,
    },
    /// A run failed, and its log is lost.
    #[error("{}", failure.error)]
    RunFailed {
        /// The error that the run reported.
        failure: RunFailure,
    },
    /// The deletion did not complete in time.
    #[error("schedule {name} is not completely deleted; remaining: {remaining}")]
    NotDeleted {
        /// The name of the schedule.
        name: String,
        /// The objects that remain.
        remaining: String,
    },
}

impl ScheduleError {
    /// The error with its cause and help.
    pub fn explain(&self) -> Explanation {
        let error = Explanation::new(self.to_string());
        match self {
            Self::Request(error) => error.explain(),
            Self::Exists { id: ScheduleId { name, namespace } } => error.help(format!(
                "choose another name, or delete it first: \
                 kubectl netbench schedule delete {name} --namespace {namespace}"
            )),
            Self::ObjectExists { .. } => error.help(
                "choose another name for the schedule, or delete the object if it is a leftover of a schedule that \
                 was deleted with kubectl",
            ),
            Self::PartlyCreated { id: ScheduleId { name, namespace }, cause, .. } => {
                error.cause(cause).help(format!(
                    "delete them: kubectl netbench schedule delete {name} --namespace {namespace}"
                ))
            }
            Self::NotFound { nearest: Some(nearest), .. } => error.help(format!("did you mean {nearest}?")),
            Self::NotFound { .. } => {
                error.help("list all schedules: kubectl netbench schedule list --all-namespaces")
            }
            Self::NoTimezones { version } => error
                .cause(format!("time zones need Kubernetes 1.25 or newer, this is {version}"))
                .help(
                    "omit --timezone, and write the times in the time zone of the controller manager, usually UTC",
                ),
            Self::NoServiceMonitors => error.cause("the Prometheus operator is not installed").help(
                "omit --service-monitor: the pod of the exporter has the prometheus.io/scrape annotations",
            ),
            Self::Record(RecordError::TooLarge { .. }) => {
                error.help("keep the documents on a volume: add --volume CLAIM to the command of the schedule")
            }
            Self::Record(RecordError::Unreadable { .. }) => {
                error.help("delete the ConfigMap if it is not needed; other runs are not affected")
            }
            Self::NotStarted { cause, help, .. } => error.cause(cause).help(help),
            Self::NoSuchRun { runs: 0, id: ScheduleId { name, namespace } } => {
                error.cause("it has not run yet").help(format!(
                    "start a run: kubectl netbench schedule run {name} --namespace {namespace}"
                ))
            }
            Self::NoSuchRun { runs, id: ScheduleId { name, namespace } } => {
                error.cause(format!("the cluster keeps the last {runs} only")).help(format!(
                    "list the run documents: kubectl netbench runs --from-cluster {name} --namespace {namespace}"
                ))
            }
            Self::LogGone { id: ScheduleId { name, namespace }, .. } => {
                error.cause("the run succeeded, and its pod was deleted").help(format!(
                    "get its document: kubectl netbench runs --from-cluster {name} --namespace {namespace}"
                ))
            }
            Self::RunDeleted { id: ScheduleId { name, namespace }, .. } => {
                error.cause("its Job no longer exists").help(format!(
                    "start another run: kubectl netbench schedule run {name} --namespace {namespace}"
                ))
            }
            Self::RunTerminated { cause, .. } => error.cause(cause).help(
                "recreate the schedule with a longer --deadline if the run timed out, or with a larger \
                 `--limits memory=…` if it ran out of memory",
            ),
            Self::RunFailed { failure } => failure.explain(),
            Self::NotDeleted { .. } => error
                .cause("a pod on an unreachable node remains until the node is back or deleted")
                .help("try again later; `kubectl describe` shows what blocks the deletion"),
        }
    }
}
