//! `schedule create`: checked as a run is that is made now, then made.

use std::time::Duration;

use kubectl_netbench::cli::{Cli, Command, ExitCode, ScheduleCreateArgs};
use kubectl_netbench::cluster;
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::schedule::objects::{CronJobs, manifests};
use kubectl_netbench::schedule::{Exporter, Id, Schedule, Schedules, words};
use kubectl_netbench::testbed::kubernetes::rights;

use super::super::prepare::{self, Destination};
use super::super::request::Request;
use super::super::{Error, Surroundings, output};
use super::namespace;
use crate::console::{self, Console};

/// How long a cluster is waited for that only has to say in which form manifests are to be.
const ASKED_FOR_FORM: Duration = Duration::from_secs(3);

pub(super) async fn create(
    arguments: ScheduleCreateArgs,
    console: Console,
    surroundings: &Surroundings,
) -> Result<ExitCode, Error> {
    let connection = &arguments.connection;
    let cluster = cluster::connect(&connection.options(), &surroundings.environment).await?;
    let namespace = namespace(connection, &cluster);
    let line = words::read(&arguments.words, &namespace).unwrap_or_else(|error| error.exit());
    let settings = line.settle(&surroundings.settings(&connection.options())?)?;
    let cli = line.cli(&settings).unwrap_or_else(|error| error.exit());
    let request = request(cli, &arguments, &namespace, console, surroundings)?;
    let times = arguments.times().map_err(|error| Error::Cron(error.to_string()))?;
    let Some(image) = arguments.program_image.clone() else { return Err(Error::NoProgramImage) };
    let schedule = Schedule {
        id: Id { name: arguments.name.clone(), namespace: namespace.clone() },
        cron: times,
        words: arguments.words.clone(),
        image,
        configuration: words::configuration(&settings, &namespace),
        rights: rights(&request.needs()),
        options: request.pods.options(),
        deadline: arguments.deadline,
        keep_records: arguments.keep_records.into(),
        volume: request.delivery.volume.clone(),
        exporter: arguments.exporter.then_some(Exporter { service_monitor: arguments.service_monitor }),
    };
    if arguments.dry_run {
        let form = tokio::time::timeout(ASKED_FOR_FORM, Schedules::of(&cluster)).await;
        let form = form.ok().and_then(Result::ok).map_or(CronJobs::V1, |schedules| schedules.cron_jobs());
        output::write(manifests(&schedule, form)).await?;
        return Ok(ExitCode::Success);
    }
    let longest = match prepare::cluster(&request, surroundings).await? {
        Destination::Within(prepared) => prepared.longest,
        Destination::Elsewhere(prepared) => prepared.longest,
        Destination::DryRun(_) => Duration::ZERO,
    };
    if longest > schedule.deadline {
        return Err(Error::Deadline { longest, deadline: schedule.deadline });
    }
    let schedules = Schedules::of(&cluster).await?;
    schedules.create(&schedule).await?;
    let next = schedule.cron.next(jiff::Timestamp::now());
    let next =
        next.map_or(String::new(), |next| format!(", for the first time at {}", next.strftime("%F %R UTC")));
    console::note(&format!("made the schedule {} in the namespace {namespace}{next}", arguments.name));
    console::note(&format!(
        "a run may take {} at the most; try it now: kubectl netbench schedule run {} --namespace {namespace}",
        format_duration(longest),
        arguments.name
    ));
    Ok(ExitCode::Success)
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
    match cli.command {
        Command::Matrix(mut matrix) => {
            matrix.common.connection = connection;
            // that of a schedule's run is one of its own runs
            matrix.common.gates.baseline = None;
            Request::matrix(*matrix, quiet, surroundings)
        }
        Command::Pair(mut pair) => {
            pair.common.connection = connection;
            pair.common.gates.baseline = None;
            Request::pair(*pair, quiet, surroundings)
        }
        _ => Err(Error::Cron("only `matrix` and `pair` can be scheduled".to_owned())),
    }
}
