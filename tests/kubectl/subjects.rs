//! kubectl and the program, each with the same case.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Parser;
use kubectl_netbench::cli::{self, Cli};
use kubectl_netbench::cluster::{self, Environment};

use crate::generator::Case;
use crate::servers::{Request, Servers};

/// What came of a case.
pub enum Outcome {
    /// The request that reached a server.
    Arrived(Request),
    /// No request reached a server, and why.
    Refused(String),
}

impl Outcome {
    fn of(requests: Vec<Request>, message: String) -> Self {
        match requests.into_iter().next() {
            Some(request) => Self::Arrived(request),
            None => Self::Refused(message),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Arrived(request) => write!(formatter, "{request}"),
            Self::Refused(message) => write!(formatter, "refused: {}", message.trim()),
        }
    }
}

pub fn kubectl(program: &Path, case: &Case, servers: &Servers) -> Outcome {
    let mut command = Command::new(program);
    command.args(["version", "-o", "json"]).args(&case.flags).current_dir(case.directory.path());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", case.home()).envs(case.variables()).stdin(Stdio::null());
    let output = command.output().expect("kubectl runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    Outcome::of(servers.take(), text)
}

pub fn ours(case: &Case, servers: &Servers) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let message = runtime.expect("a runtime").block_on(request(case)).err().unwrap_or_default();
    Outcome::of(servers.take(), message)
}

async fn request(case: &Case) -> Result<(), String> {
    let words =
        ["kubectl-netbench", "check"].into_iter().map(str::to_owned).chain(case.flags.iter().cloned());
    let parsed = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    let cli::Command::Check(arguments) = parsed.command else { return Err("not a check".to_owned()) };
    let variables = case.variables();
    let variable = |name: &str| variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let environment = Environment {
        kubeconfig: variable("KUBECONFIG").map(Into::into),
        home: Some(case.home()),
        https_proxy: variable("HTTPS_PROXY"),
        http_proxy: variable("HTTP_PROXY"),
        no_proxy: variable("NO_PROXY"),
        ..Environment::default()
    };
    let options = arguments.connection.options();
    let cluster =
        cluster::connect(&options, &environment).await.map_err(|error| format!("{:?}", error.explain()))?;
    let version = tokio::time::timeout(Duration::from_secs(20), cluster.version()).await;
    version.map_err(|_| "no response".to_owned())?.map_err(|error| format!("{:?}", error.explain()))?;
    Ok(())
}
