//! `schedule`: manages recurring runs in the cluster.

mod create;
mod follow;

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::cli::{
    ConnectionArgs, ExitCode, ListFormat, ScheduleArgs, ScheduleCommand, ScheduleListArgs, ScheduleNameArgs,
};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::recurring::schedule::{self, ScheduleId, Schedules};
use kubectl_netbench::view;

use super::output::write;
use super::{Error, ProgramContext};
use crate::console::{self, Console};

/// How long a deletion runs before the user learns what it waits for.
const NOTE_AFTER: Duration = Duration::from_secs(2);

pub(super) async fn run(
    arguments: ScheduleArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    match arguments.command {
        ScheduleCommand::Create(arguments) => Box::pin(create::create(*arguments, console, program)).await,
        ScheduleCommand::List(arguments) => list(&arguments, console, program).await,
        ScheduleCommand::Run(arguments) => follow::run(&arguments, program).await,
        ScheduleCommand::Logs(arguments) => follow::logs(&arguments, program).await,
        ScheduleCommand::Delete(arguments) => delete(&arguments, program).await,
    }
}

async fn connect(connection: &ConnectionArgs, program: &ProgramContext) -> Result<Cluster, Error> {
    Ok(cluster::connect(&connection.options(), &program.environment).await?)
}

/// The namespace of schedules: that of `--namespace`, or of the kubeconfig context.
pub(super) fn namespace(connection: &ConnectionArgs, cluster: &Cluster) -> String {
    connection.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned())
}

pub(super) fn id(name: &str, connection: &ConnectionArgs, cluster: &Cluster) -> ScheduleId {
    ScheduleId { name: name.to_owned(), namespace: namespace(connection, cluster) }
}

async fn list(
    arguments: &ScheduleListArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let cluster = connect(&arguments.connection, program).await?;
    let schedules = Schedules::discover(&cluster).await?;
    let namespace = namespace(&arguments.connection, &cluster);
    let only = (!arguments.all_namespaces).then_some(namespace.as_str());
    let listed = schedules.list(only).await?;
    write(match arguments.output {
        ListFormat::Table if listed.is_empty() => {
            let place = only.map_or(String::new(), |namespace| format!(" in namespace {namespace}"));
            console::note(&format!(
                "no schedules found{place}; to create one: kubectl netbench schedule create nightly --namespace {namespace} --cron '0 3 * * *' -- matrix"
            ));
            String::new()
        }
        ListFormat::Table => schedule::table(&listed, only.is_none(), Timestamp::now(), console.canvas()),
        ListFormat::Json => view::json(&listed),
        ListFormat::Yaml => view::yaml(&listed),
    })
    .await?;
    Ok(ExitCode::Success)
}

async fn delete(arguments: &ScheduleNameArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let cluster = connect(&arguments.connection, program).await?;
    let schedules = Schedules::discover(&cluster).await?;
    let id = id(&arguments.schedule, &arguments.connection, &cluster);
    let deleting = schedules.delete(&id);
    let note = async {
        tokio::time::sleep(NOTE_AFTER).await;
        console::note("waiting for its runs to clean up, and for all objects to be deleted");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        deleted = deleting => deleted?,
        () = note => {}
    }
    console::note(&format!("deleted schedule {} in namespace {}", id.name, id.namespace));
    Ok(ExitCode::Success)
}
