//! `schedule create`: checks the schedule like a run that starts now, and creates it.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::{Cli, Command, CommonArgs, ExitCode, ScheduleCreateArgs};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::config::{LineError, scheduled};
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::recurring::schedule::objects::{Target, manifests};
use kubectl_netbench::recurring::schedule::{ExporterOptions, Schedule, ScheduleId, Schedules};
use kubectl_netbench::testbed::kubernetes::required_permissions;

use super::super::measure::{self, Request};
use super::super::{Error, ProgramContext, interrupt, matrix, output, pair};
use crate::console::{self, Console};

/// Maximum time to discover what the objects depend on for a dry run, which works without a cluster as well.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) async fn create(
    arguments: ScheduleCreateArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let connection = &arguments.connection;
    let cluster = match cluster::connect(&connection.options(), &program.environment).await {
        Err(_) if arguments.dry_run && connection.namespace.is_some() => None,
        cluster => Some(cluster?),
    };
    let default = || cluster.as_ref().map(|cluster| cluster.default_namespace().to_owned());
    let namespace = connection.namespace.clone().or_else(default).unwrap_or_default();
    let (schedule, request) = schedule_and_request(&arguments, namespace, console, program)?;
    match &cluster {
        Some(cluster) if !arguments.dry_run => check_and_create(&schedule, &request, cluster).await,
        cluster => {
            let target = target(&schedule, cluster.as_ref()).await;
            output::write(manifests(&schedule, target)).await?;
            Ok(ExitCode::Success)
        }
    }
}

/// How the objects depend on the cluster; those for a current one if it does not answer.
async fn target(schedule: &Schedule, cluster: Option<&Cluster>) -> Target {
    let Some(cluster) = cluster else { return Target::default() };
    let discovered = async { Ok::<_, Error>(Schedules::discover(cluster).await?.target(schedule).await) };
    let discovered = tokio::time::timeout(DISCOVERY_TIMEOUT, discovered).await;
    discovered.ok().and_then(Result::ok).unwrap_or_default()
}

/// Creates a schedule if its run could start now.
async fn check_and_create(
    schedule: &Schedule,
    request: &Request,
    cluster: &Cluster,
) -> Result<ExitCode, Error> {
    let ScheduleId { name, namespace } = &schedule.id;
    if let Some(volume) = &schedule.volume {
        volume.check(cluster, namespace).await?;
    }
    let resolved = measure::resolve_in(request, cluster.clone()).await?;
    let expected = measure::plan(request, &resolved).expected();
    if expected > schedule.deadline {
        return Err(Error::Deadline { expected, deadline: schedule.deadline });
    }
    let interrupt = interrupt::watch();
    let schedules = Schedules::discover(cluster).await?;
    if !schedules.create(schedule, || interrupt.first.is_cancelled()).await? {
        return Ok(ExitCode::Interrupted);
    }
    let next = schedule.cron.next(Timestamp::now());
    let next = next.map_or(String::new(), |next| format!("; next run at {}", next.strftime("%F %R UTC")));
    console::note(&format!("created schedule {name} in namespace {namespace}{next}"));
    console::note(&format!(
        "a run takes about {}; to start one now: kubectl netbench schedule run {name} --namespace {namespace}{}",
        format_duration(expected),
        cluster.kubectl_flags
    ));
    Ok(ExitCode::Success)
}

/// The schedule to create, and its run as a request to check.
fn schedule_and_request(
    arguments: &ScheduleCreateArgs,
    namespace: String,
    console: Console,
    program: &ProgramContext,
) -> Result<(Schedule, Request), Error> {
    let line = scheduled::parse(&arguments.words, &namespace).unwrap_or_else(|error| error.exit());
    let settings = program.settings(&arguments.connection.options())?;
    let (cli, settings) = match line.apply(&settings) {
        Err(LineError::Usage(error)) => error.exit(),
        Err(LineError::Settings(error)) => return Err(error.into()),
        Ok(applied) => applied,
    };
    let mut request = request(cli, arguments, &namespace, console, program)?;
    // the run has the volume in its own pod: it needs no permissions for a pod to access it
    let volume = request.delivery.volume.take();
    let Some(image) = arguments.program.program_image.clone() else { return Err(Error::NoProgramImage) };
    let schedule = Schedule {
        cron: arguments.cron()?,
        arguments: arguments.words.clone(),
        image,
        configuration: scheduled::configuration(&settings, &namespace),
        id: ScheduleId { name: arguments.name.clone(), namespace },
        permissions: required_permissions(&request.needs()),
        options: request.pods.objects.clone(),
        deadline: arguments.deadline,
        keep_records: arguments.keep_records.into(),
        volume,
        exporter: arguments
            .exporter
            .then_some(ExporterOptions { service_monitor: arguments.service_monitor }),
    };
    Ok((schedule, request))
}

/// The run of the schedule as it would start now from here.
fn request(
    cli: Cli,
    arguments: &ScheduleCreateArgs,
    namespace: &str,
    console: Console,
    program: &ProgramContext,
) -> Result<Request, Error> {
    let connection = arguments.connection.clone().or(None, Some(namespace.to_owned()));
    let prepare = |common: &mut CommonArgs| {
        common.connection = connection;
        common.quiet = false;
    };
    let request = match cli.command {
        Command::Matrix(mut matrix) => {
            prepare(&mut matrix.common);
            matrix::request(*matrix, console, program)?
        }
        Command::Pair(mut pair) => {
            prepare(&mut pair.common);
            pair::request(*pair, console, program)?
        }
        _ => scheduled::unsupported_command(&arguments.words.join(" ")).exit(),
    };
    Ok(Request { namespace_flag: NamespaceFlag::Required, ..request })
}
