//! `schedule create`: checked as a run is that is made now, then made.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::{Cli, Command, ExitCode, ScheduleCreateArgs};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::config::scheduled;
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::schedule::objects::{CronJobs, manifests};
use kubectl_netbench::schedule::{Exporter, Id, Schedule, Schedules};
use kubectl_netbench::testbed::kubernetes::rights;

use super::super::prepare::{self, Destination};
use super::super::request::Request;
use super::super::{Error, Surroundings, interrupt, output};
use crate::console::{self, Console};

/// How long a cluster is waited for that only has to say in which form manifests are to be.
const ASKED_FOR_FORM: Duration = Duration::from_secs(3);

pub(super) async fn create(
    arguments: ScheduleCreateArgs,
    console: Console,
    surroundings: &Surroundings,
) -> Result<ExitCode, Error> {
    let connection = &arguments.connection;
    let cluster = match cluster::connect(&connection.options(), &surroundings.environment).await {
        // manifests are for Git: they need no cluster
        Err(_) if arguments.dry_run && connection.namespace.is_some() => None,
        cluster => Some(cluster?),
    };
    let default = || cluster.as_ref().map(|cluster| cluster.default_namespace().to_owned());
    let namespace = connection.namespace.clone().or_else(default).unwrap_or_default();
    let (schedule, request) = described(&arguments, namespace, console, surroundings)?;
    match &cluster {
        Some(cluster) if !arguments.dry_run => make(&schedule, &request, cluster).await,
        cluster => {
            output::write(manifests(&schedule, form(cluster.as_ref()).await)).await?;
            Ok(ExitCode::Success)
        }
    }
}

/// The version in which the cluster has CronJobs; that of newer ones if it does not say so soon.
async fn form(cluster: Option<&Cluster>) -> CronJobs {
    let Some(cluster) = cluster else { return CronJobs::V1 };
    match tokio::time::timeout(ASKED_FOR_FORM, Schedules::of(cluster)).await {
        Ok(Ok(schedules)) => schedules.cron_jobs(),
        _ => CronJobs::V1,
    }
}

/// Makes a schedule, if a run of it could be made now.
async fn make(schedule: &Schedule, request: &Request, cluster: &Cluster) -> Result<ExitCode, Error> {
    let Id { name, namespace } = &schedule.id;
    if let Some(volume) = &schedule.volume {
        volume.check(cluster, namespace).await?;
    }
    let expected = match prepare::connected(request, cluster.clone()).await? {
        Destination::Within(prepared) => prepared.expected(),
        Destination::Elsewhere(prepared) => prepared.expected(),
        Destination::DryRun(_) => Duration::ZERO,
    };
    if expected > schedule.deadline {
        return Err(Error::Deadline { expected, deadline: schedule.deadline });
    }
    let interrupt = interrupt::watch();
    if !Schedules::of(cluster).await?.create(schedule, || interrupt.first.is_cancelled()).await? {
        return Ok(ExitCode::Interrupted);
    }
    let next = schedule.cron.next(Timestamp::now());
    let next =
        next.map_or(String::new(), |next| format!(", for the first time at {}", next.strftime("%F %R UTC")));
    console::note(&format!("made the schedule {name} in the namespace {namespace}{next}"));
    console::note(&format!(
        "a run takes about {}; try it now: kubectl netbench schedule run {name} --namespace {namespace}{}",
        format_duration(expected),
        cluster.kubectl_flags
    ));
    Ok(ExitCode::Success)
}

/// The schedule that is wanted, and its run.
fn described(
    arguments: &ScheduleCreateArgs,
    namespace: String,
    console: Console,
    surroundings: &Surroundings,
) -> Result<(Schedule, Request), Error> {
    let line = scheduled::read(&arguments.words, &namespace).unwrap_or_else(|error| error.exit());
    let settings = line.settle(&surroundings.settings(&arguments.connection.options())?)?;
    let cli = line.cli(&settings).unwrap_or_else(|error| error.exit());
    let mut request = request(cli, arguments, &namespace, console, surroundings)?;
    // a scheduled run has it in its own pod: none is made to reach it, and takes rights
    let volume = request.delivery.volume.take();
    let Some(image) = arguments.program.program_image.clone() else { return Err(Error::NoProgramImage) };
    let schedule = Schedule {
        cron: arguments.times()?,
        words: arguments.words.clone(),
        image,
        configuration: scheduled::configuration(&settings, &namespace),
        id: Id { name: arguments.name.clone(), namespace },
        rights: rights(&request.needs()),
        options: request.pods.options(),
        deadline: arguments.deadline,
        keep_records: arguments.keep_records.into(),
        volume,
        exporter: arguments.exporter.then_some(Exporter { service_monitor: arguments.service_monitor }),
    };
    Ok((schedule, request))
}

/// The run that is scheduled, as it would be made now and from here.
fn request(
    cli: Cli,
    arguments: &ScheduleCreateArgs,
    namespace: &str,
    console: Console,
    surroundings: &Surroundings,
) -> Result<Request, Error> {
    let connection = arguments.connection.clone().or(None, Some(namespace.to_owned()));
    let quiet = |_| console;
    let request = match cli.command {
        Command::Matrix(mut matrix) => {
            matrix.common.connection = connection;
            // that of a schedule's run is one of its own runs
            matrix.common.gates.baseline = None;
            Request::matrix(*matrix, quiet, surroundings)?
        }
        Command::Pair(mut pair) => {
            pair.common.connection = connection;
            pair.common.gates.baseline = None;
            Request::pair(*pair, quiet, surroundings)?
        }
        _ => scheduled::measures_nothing(&arguments.words.join(" ")).exit(),
    };
    Ok(Request { namespace_flag: NamespaceFlag::Required, ..request })
}
