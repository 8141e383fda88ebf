//! Why a command gave up.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use kubectl_netbench::cluster::{ConnectError, RequestError};
use kubectl_netbench::config::ConfigError;
use kubectl_netbench::delivery::PushError;
use kubectl_netbench::delivery::volume::{Volume, VolumeError};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::runner::RunError;
use kubectl_netbench::schedule::{CronError, ScheduleError};
use kubectl_netbench::store::StoreError;
use kubectl_netbench::testbed::TestbedError;
use kubectl_netbench::testbed::kubernetes::SelectionError;
use kubectl_netbench::testbed::local::LocalError;

/// Why a command gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection to the cluster could be set up.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The nodes asked for cannot be measured.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The testbed cannot be used.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// The run gave up.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Results could not be written.
    #[error("cannot write the results")]
    Output(#[source] io::Error),
    /// The file for the results cannot be written.
    #[error("cannot write {}", path.display())]
    OutputFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A page for browsers would go to a terminal.
    #[error("a page for browsers is not for a terminal")]
    PageOnTerminal,
    /// Settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A saved run cannot be found or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A run would fail: these problems stand in its way.
    #[error("{}", .0.error)]
    Obstacles(Explanation),
    /// The file for metrics cannot be written.
    #[error("cannot write {}", path.display())]
    MetricsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Metrics were not pushed.
    #[error(transparent)]
    Push(#[from] PushError),
    /// A volume cannot be used.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The user did not want to wait until a document is on its volume.
    #[error("the run is not kept on the volume {0}")]
    NotKept(Volume),
    /// No server can listen there.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// There is neither a schedule nor a volume of this name.
    #[error("there is neither a schedule nor a volume {name} in the namespace {namespace}")]
    NoPlace {
        /// The name.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// Something could not be done with a schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// A schedule's times make no sense.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// No image is known that has this program.
    #[error("no image is known that has this program")]
    NoProgramImage,
    /// A scheduled run takes longer than it is given.
    #[error("a run takes longer than the cluster would give it")]
    Deadline {
        /// How long it takes.
        expected: Duration,
        /// What it is given.
        deadline: Duration,
    },
    /// A run was to be compared with itself.
    #[error("the run {id} is compared with itself")]
    SameRun {
        /// The run.
        id: String,
    },
    /// Two runs have no pair in common.
    #[error("nothing can be compared with the run {base}")]
    NothingToCompare {
        /// The earlier run.
        base: String,
    },
    /// PATH has no kubectl-netbench, beside which completion would be installed.
    #[error("completion cannot be installed")]
    NotOnPath,
    /// The program that kubectl asks for completions cannot be written.
    #[error("cannot write {}", path.display())]
    Shim {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A run cannot be resumed.
    #[error("the run {id} cannot be resumed")]
    Resume {
        /// The run.
        id: String,
        /// Why.
        why: String,
    },
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
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Connect(error) => error.explain(),
            Self::Selection(error) => error.explain(),
            Self::Testbed(error) => error.explain(),
            Self::Run(error) => error.explain(),
            Self::Obstacles(explanation) => explanation.clone(),
            Self::Config(error) => error.explain(),
            Self::Store(error) => error.explain(),
            Self::MetricsFile { source, .. } => {
                Explanation::new(self.to_string()).cause(source.to_string()).help(
                    "name a file in a directory that exists and can be written: \
                     --metrics-file /var/lib/node_exporter/netbench.prom",
                )
            }
            Self::Push(error) => error.explain(),
            Self::Listen { source, .. } => Explanation::new(self.to_string())
                .cause(source.to_string())
                .help("name an address of this machine and a free port: --listen 127.0.0.1:9711"),
            Self::NoPlace { namespace, .. } => Explanation::new(self.to_string()).help(format!(
                "`kubectl netbench schedule list --namespace {namespace}` and `kubectl get pvc --namespace \
                 {namespace}` show all that there are"
            )),
            Self::Volume(error) => error.explain(),
            Self::NotKept(_) => Explanation::new(self.to_string())
                .cause("it was interrupted")
                .help("it is among the saved runs, if these were not turned off: kubectl netbench runs"),
            Self::Schedule(error) => error.explain(),
            Self::Cron(_) => Explanation::new(self.to_string()),
            Self::NoProgramImage => Explanation::new(self.to_string())
                .cause("this program was built without one; that of a release knows its own")
                .help("name one that your cluster can pull: --program-image (image/Dockerfile makes it)"),
            Self::Deadline { expected, deadline } => {
                let (twice, deadline) = (format_duration(*expected * 2), format_duration(*deadline));
                Explanation::new(self.to_string())
                    .cause(format!("it takes about {}, and has {deadline}", format_duration(*expected)))
                    .help(format!("give it longer: --deadline {twice}; or measure for a shorter --time"))
            }
            Self::OutputFile { source, .. } => {
                Explanation::new(self.to_string()).cause(source.to_string()).help(
                    "name a file in a directory that exists and can be written: --output-file report.html",
                )
            }
            Self::NotOnPath => Explanation::new(self.to_string())
                .cause("no directory of PATH has kubectl-netbench")
                .help("put it there, or name a directory of PATH: --directory ~/.local/bin"),
            Self::Shim { source, .. } => Explanation::new(self.to_string())
                .cause(source.to_string())
                .help("name a directory of PATH that can be written: --directory ~/.local/bin"),
            Self::PageOnTerminal => {
                Explanation::new(self.to_string()).help("write it to a file: --output-file report.html")
            }
            Self::SameRun { .. } => Explanation::new(self.to_string())
                .cause("both names lead to it")
                .help("name an earlier one: latest~1, or an id of kubectl netbench runs"),
            Self::NothingToCompare { .. } => Explanation::new(self.to_string())
                .cause(
                    "it has none of this run's pairs on any of its paths: --fail-regression says nothing",
                )
                .help("compare with a run of the same nodes and paths: kubectl netbench runs"),
            Self::Resume { why, .. } => Explanation::new(self.to_string())
                .cause(why)
                .help("make a new run: kubectl netbench matrix"),
            Self::Output(error) => Explanation::new(self.to_string())
                .cause(error.to_string())
                .help("write them to a file: --output-file FILE; a saved run is shown again by kubectl netbench report"),
        }
    }
}
