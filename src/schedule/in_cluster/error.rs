//! Why something could not be done with a schedule.

use crate::cluster::RequestError;
use crate::explanation::Explanation;
use crate::schedule::Id;
use crate::schedule::outcome::RunFailure;
use crate::schedule::records::RecordError;

/// Why something could not be done with a schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The cluster has refused, or does not answer.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// There is one of this name already.
    #[error("there is a schedule {name} in the namespace {namespace} already")]
    Exists {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// An object of this name is there already.
    #[error("there is a {kind} {name} already")]
    Taken {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Making it failed, and so did taking it back.
    #[error("the schedule {} was not made, and {left} is left", id.name)]
    HalfMade {
        /// Its name and namespace.
        id: Id,
        /// What is left.
        left: String,
        /// Why it was not made.
        why: String,
    },
    /// There is none of this name.
    #[error("there is no schedule {name} in the namespace {namespace}")]
    Unknown {
        /// The name.
        name: String,
        /// The namespace.
        namespace: String,
        /// One that is called alike.
        nearest: Option<String>,
    },
    /// The cluster is too old for time zones.
    #[error("this cluster has no time zones for schedules")]
    NoTimezones {
        /// Its version.
        version: String,
    },
    /// Prometheus' operator is not there.
    #[error("this cluster has no ServiceMonitors")]
    NoServiceMonitors,
    /// A document cannot be kept or read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A run does not start.
    #[error("the run {job} does not start")]
    NotStarted {
        /// Its Job.
        job: String,
        /// Why.
        why: String,
        /// What to do about it.
        remedy: Option<String>,
    },
    /// There are not so many runs.
    #[error("the schedule {name} has no such run")]
    NoRun {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// How many the cluster remembers.
        runs: usize,
    },
    /// A run has ended well, and its pod is gone.
    #[error("the log of the run {job} is gone")]
    NoLog {
        /// Its Job.
        job: String,
        /// Its schedule.
        id: Id,
    },
    /// Somebody has deleted a run.
    #[error("the run {job} was deleted")]
    Deleted {
        /// Its Job.
        job: String,
        /// Its schedule.
        id: Id,
    },
    /// The cluster has ended a run.
    #[error("the run {job} was ended")]
    Ended {
        /// Its Job.
        job: String,
        /// Why, in the cluster's words.
        why: String,
    },
    /// A run has failed, and its log is lost.
    #[error("{}", failure.error)]
    Failed {
        /// Its error.
        failure: RunFailure,
    },
    /// Something did not go.
    #[error("the schedule {name} is not gone: {left} is left")]
    NotGone {
        /// Its name.
        name: String,
        /// What is left.
        left: String,
    },
}

impl ScheduleError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Request(error) => error.explain(),
            Self::Exists { name, namespace } => what.remedy(format!(
                "choose another name, or `kubectl netbench schedule delete {name} --namespace {namespace}` first"
            )),
            Self::Taken { .. } => what.remedy(
                "choose another name for the schedule; or delete it, if it was left by one of this name that was \
                 deleted by hand",
            ),
            Self::HalfMade { id: Id { name, namespace }, why, .. } => what.because(why).remedy(format!(
                "kubectl netbench schedule delete {name} --namespace {namespace} removes it"
            )),
            Self::Unknown { nearest: Some(nearest), .. } => what.remedy(format!("is {nearest} meant?")),
            Self::Unknown { .. } => {
                what.remedy("`kubectl netbench schedule list --all-namespaces` shows all that there are")
            }
            Self::NoTimezones { version } => what
                .because(format!("Kubernetes {version} has none; they came with 1.25"))
                .remedy("leave --timezone out, and write the times in that of its controllers, mostly UTC"),
            Self::NoServiceMonitors => what
                .because("they come with Prometheus' operator")
                .remedy("leave --service-monitor out: the exporter's pod has the usual annotations for scraping"),
            Self::Record(RecordError::TooLarge { .. }) => {
                what.remedy("keep the documents on a volume: --volume CLAIM in the schedule's command")
            }
            Self::Record(RecordError::Unreadable { .. }) => {
                what.remedy("delete that ConfigMap if nobody needs it: the others are read without it")
            }
            Self::NotStarted { why, remedy, .. } => {
                let remedy = remedy.clone().unwrap_or_else(|| "see `kubectl describe` of its pod".to_owned());
                what.because(why).remedy(remedy)
            }
            Self::NoRun { runs: 0, name, namespace } => what.because("it never came").remedy(format!(
                "make one now: kubectl netbench schedule run {name} --namespace {namespace}"
            )),
            Self::NoRun { runs, name, namespace } => {
                what.because(format!("the cluster remembers {runs} of them")).remedy(format!(
                    "those of which it has the documents: kubectl netbench runs --from-cluster {name} --namespace \
                     {namespace}"
                ))
            }
            Self::NoLog { id: Id { name, namespace }, .. } => {
                what.because("it has ended well, and its pod was deleted since").remedy(format!(
                    "its document is there: kubectl netbench runs --from-cluster {name} --namespace {namespace}"
                ))
            }
            Self::Deleted { id: Id { name, namespace }, .. } => what.because("its Job is gone").remedy(format!(
                "kubectl netbench schedule run {name} --namespace {namespace} makes another one"
            )),
            Self::Ended { why, .. } => what.because(why).remedy(
                "one that takes too long needs a longer --deadline, one that was killed for its memory a larger \
                 `--limits memory=…`: both are given when the schedule is created",
            ),
            Self::Failed { failure } => failure.explain(),
            Self::NotGone { .. } => what
                .because("a pod whose node is dead stays until the node is back, or is deleted")
                .remedy("call it again later; `kubectl describe` tells what holds it"),
        }
    }
}
