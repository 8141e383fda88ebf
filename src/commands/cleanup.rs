//! `cleanup`: removes what runs with `--keep` have left.

use kubectl_netbench::cli::{CleanupArgs, ExitCode};
use kubectl_netbench::testbed::kubernetes::{self, Cleanup, Environment};

use super::Error;
use crate::console;

pub(super) async fn run(arguments: &CleanupArgs, environment: &Environment) -> Result<ExitCode, Error> {
    let connection = &arguments.connection;
    let cluster = kubernetes::connect(&connection.options(), environment).await?;
    let told = match kubernetes::cleanup(&cluster, connection.namespace.clone()).await? {
        Cleanup::Nothing => "nothing to remove: no servers were left by --keep".to_owned(),
        Cleanup::Removed { pods: 1, namespace } => format!("removed 1 pod in the namespace {namespace}"),
        Cleanup::Removed { pods, namespace } => format!("removed {pods} pods in the namespace {namespace}"),
    };
    console::note(&told);
    Ok(ExitCode::Success)
}
