//! Why a command failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use kubectl_netbench::cluster::{ConnectError, RequestError};
use kubectl_netbench::config::ConfigError;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::options::{CronError, IMAGE_GUIDE, Volume};
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::recurring::delivery::PushError;
use kubectl_netbench::recurring::delivery::volume::VolumeError;
use kubectl_netbench::recurring::schedule::ScheduleError;
use kubectl_netbench::runner::RunError;
use kubectl_netbench::store::StoreError;
use kubectl_netbench::testbed::TestbedError;
use kubectl_netbench::testbed::kubernetes::SelectionError;
use kubectl_netbench::testbed::local::LocalError;

/// An example of a directory for the programs of the user.
const USER_PROGRAMS: &str = if cfg!(windows) { r"%USERPROFILE%\bin" } else { "~/.local/bin" };

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    #[error(transparent)]
    Run(#[from] RunError),
    /// The credentials of the user expired during the run.
    #[error("the run was stopped: the API server no longer accepts your credentials")]
    Unauthenticated { why: String, can_resume: bool },
    #[error("cannot write the results")]
    Output(#[source] io::Error),
    #[error("cannot write {}", path.display())]
    OutputFile { path: PathBuf, source: io::Error },
    #[error("refusing to print {0} to a terminal")]
    MarkupOnTerminal(&'static str),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The prerequisites of a run are not met.
    #[error("{}", .0.error)]
    Obstacles(Explanation),
    #[error("cannot write {}", path.display())]
    MetricsFile { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Push(#[from] PushError),
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The user interrupted the upload of the document.
    #[error("the run was not stored on the volume {0}")]
    NotKept(Volume),
    #[error("cannot listen on {address}")]
    Listen { address: String, source: io::Error },
    /// The source of `runs --from-cluster` is neither a schedule nor a PersistentVolumeClaim.
    #[error("no schedule or PersistentVolumeClaim `{name}` in namespace {namespace}")]
    NoPlace { name: String, namespace: String },
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error(transparent)]
    Cron(#[from] CronError),
    /// A schedule needs an image of this program, and none is set.
    #[error("no image of kubectl-netbench is set")]
    NoProgramImage,
    #[error("the run would exceed its deadline")]
    Deadline { expected: Duration, deadline: Duration },
    #[error("cannot compare run {id} with itself")]
    SameRun { id: String },
    /// A regression gate is set, but two runs have no pair in common.
    #[error("cannot compare with run {base}")]
    NothingToCompare { base: String },
    #[error("cannot install completion")]
    NotOnPath,
    /// The program that kubectl calls for completion cannot be written.
    #[error("cannot write {}", path.display())]
    Shim { path: PathBuf, source: io::Error },
    #[error("cannot resume run {id}")]
    Resume { id: String, why: String },
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Testbed(error.into())
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        Self::Testbed(error.into())
    }
}

impl Error {
    /// The error as it is shown.
    pub fn explain(&self) -> Explanation {
        let explanation = Explanation::new(self.to_string());
        match self {
            Self::Connect(error) => error.explain(),
            Self::Selection(error) => error.explain(),
            Self::Testbed(error) => error.explain(),
            Self::Run(error) => error.explain(),
            Self::Unauthenticated { why, can_resume } => explanation.cause(why.clone()).help(if *can_resume {
                "log in again, then measure the rest: kubectl netbench matrix --resume latest"
            } else {
                "log in again, then repeat the run"
            }),
            Self::Obstacles(explanation) => explanation.clone(),
            Self::Config(error) => error.explain(),
            Self::Store(error) => error.explain(),
            Self::Push(error) => error.explain(),
            Self::Volume(error) => error.explain(),
            Self::Schedule(error) => error.explain(),
            Self::Cron(_) => explanation,
            Self::Output(source) => explanation.cause(source.to_string()).help(
                "write to a file: --output-file FILE; to show a saved run again: kubectl netbench report",
            ),
            Self::OutputFile { source, .. } => explanation
                .cause(source.to_string())
                .help("choose a file in an existing, writable directory: --output-file report.html"),
            Self::MarkupOnTerminal(_) => explanation.help("write to a file: --output-file report.html"),
            Self::MetricsFile { source, .. } => explanation.cause(source.to_string()).help(
                "choose a file in an existing, writable directory: \
                 --metrics-file /var/lib/node_exporter/netbench.prom",
            ),
            Self::NotKept(_) => explanation
                .cause("interrupted")
                .help("unless saving is turned off, the run is among the saved runs: kubectl netbench runs"),
            Self::Listen { source, .. } => explanation
                .cause(source.to_string())
                .help("use an address of this machine and a free port: --listen 127.0.0.1:9711"),
            Self::NoPlace { namespace, .. } => explanation.help(format!(
                "list them: kubectl netbench schedule list --namespace {namespace}; \
                 kubectl get pvc --namespace {namespace}"
            )),
            Self::NoProgramImage => explanation
                .cause("this build has no default image; released builds have one")
                .help(format!("set --program-image to an image that the cluster can pull; to build one: {IMAGE_GUIDE}")),
            Self::Deadline { expected, deadline } => {
                let (twice, deadline) = (format_duration(*expected * 2), format_duration(*deadline));
                explanation
                    .cause(format!(
                        "it takes about {}, and the deadline is {deadline}",
                        format_duration(*expected)
                    ))
                    .help(format!("use --deadline {twice}, or a shorter --time"))
            }
            Self::SameRun { .. } => explanation
                .cause("BASE and NEW are the same run")
                .help("use an earlier run: latest~1, or an ID from `kubectl netbench runs`"),
            Self::NothingToCompare { .. } => explanation
                .cause("the two runs have no pair in common on any path, so that --fail-regression has nothing to compare")
                .help("choose a run of the same nodes and paths: kubectl netbench runs"),
            Self::NotOnPath => explanation
                .cause("kubectl-netbench is not on PATH")
                .help(format!("move it to a directory on PATH, or choose one: --directory {USER_PROGRAMS}")),
            Self::Shim { source, .. } => explanation
                .cause(source.to_string())
                .help(format!("choose a writable directory on PATH: --directory {USER_PROGRAMS}")),
            Self::Resume { why, .. } => {
                explanation.cause(why).help("start a new run: kubectl netbench matrix")
            }
        }
    }
}
