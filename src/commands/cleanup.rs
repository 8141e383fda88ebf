//! `cleanup`: removes what runs have left.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use kubectl_netbench::cli::{CleanupArgs, ExitCode};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::sanitize;
use kubectl_netbench::store::Processes;
use kubectl_netbench::testbed::TestbedError;
use kubectl_netbench::testbed::kubernetes::{self, Fate, FoundLeftovers, Kind, Leftover, Search};

use super::output::write;
use super::{Error, ProgramContext};
use crate::console;

/// How long a run waits to hear of leftovers: for a remark.
const GLANCE_LIMIT: Duration = Duration::from_secs(3);

pub(super) async fn run(arguments: &CleanupArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let connection = &arguments.connection;
    let cluster = cluster::connect(&connection.options(), &program.environment).await?;
    let only = connection.namespace.as_deref();
    let found =
        kubernetes::find_leftovers(&cluster, Search::Whole, only).await.map_err(TestbedError::from)?;
    tell_restrictions(&found);
    let processes = program.processes.as_ref();
    let now = Timestamp::now();
    let mut removals = FuturesUnordered::new();
    let is_old = |leftover: &Leftover| leftover.age(now) >= arguments.older_than.unwrap_or(Duration::ZERO);
    let leftovers: Vec<Leftover> = found.leftovers.into_iter().filter(is_old).collect();
    if leftovers.is_empty() {
        write("nothing to remove\n".to_owned()).await?;
    }
    for leftover in leftovers {
        let what = sanitize::text(&described(&leftover, now));
        match fate(&leftover, processes, now) {
            Fate::GoesOnHere if !arguments.all => {
                write(format!("left alone: {what}: it is going on on this machine; --all removes it too\n"))
                    .await?;
            }
            Fate::MayGoOn if !arguments.all => {
                write(format!(
                    "left alone: {what}: it may be going on elsewhere, until its pods have ended; --all removes it \
                     now\n"
                ))
                .await?;
            }
            _ if arguments.dry_run => write(format!("would remove {what}\n")).await?,
            _ => {
                let cluster = &cluster;
                removals.push(async move { (leftover.remove(cluster).await, what) });
            }
        }
    }
    let mut code = ExitCode::Success;
    while let Some((removed, what)) = removals.next().await {
        if let Err(error) = removed {
            console::error(&error.explain());
            code = ExitCode::Error;
            continue;
        }
        write(format!("removed {what}\n")).await?;
    }
    Ok(code)
}

/// What a run that begins is to know of other ones: what they have left in its cluster, and that they go on, each as
/// a remark; nothing if that cannot be seen.
pub(super) async fn remarks(cluster: &Cluster, processes: Option<&Processes>) -> Vec<String> {
    let found = kubernetes::find_leftovers(cluster, Search::Glance, None);
    let found = tokio::time::timeout(GLANCE_LIMIT, found).await.unwrap_or(Ok(FoundLeftovers::default()));
    let found = found.unwrap_or_default();
    let now = Timestamp::now();
    let remark = |leftover: &Leftover| {
        let other = || {
            let (namespace, age) = (&leftover.namespace, format_duration(leftover.age(now)));
            format!(
                "in the namespace {namespace}, begun {age} ago: the figures are what each leaves to the other"
            )
        };
        match fate(leftover, processes, now) {
            _ if leftover.is_going() => None,
            Fate::Over => {
                let (what, flags) = (described(leftover, now), &cluster.kubectl_flags);
                Some(format!(
                    "a run that is over has left something: {what}; `kubectl netbench cleanup{flags}` removes it"
                ))
            }
            _ if leftover.is_of_volume() => None,
            Fate::GoesOnHere => Some(format!("another run is going on {}", other())),
            Fate::MayGoOn if leftover.is_alive() => Some(format!("another run may be going on {}", other())),
            Fate::MayGoOn | Fate::Kept => None,
        }
    };
    found.leftovers.iter().filter_map(remark).collect()
}

fn fate(leftover: &Leftover, processes: Option<&Processes>, now: Timestamp) -> Fate {
    let run = leftover.run.as_deref();
    let lives = processes.zip(run).and_then(|(processes, run)| processes.lives(session(run)));
    leftover.fate(lives, now)
}

/// The id of a run, without what tells its two clusters apart.
fn session(run: &str) -> &str {
    run.split('-').next().unwrap_or(run)
}

/// `the namespace netbench-k3v9x2mq of a run begun 3m ago, with 4 pods`
fn described(leftover: &Leftover, now: Timestamp) -> String {
    let contents = match leftover.contents() {
        contents if contents.is_empty() => "nothing in it".to_owned(),
        contents => contents,
    };
    let (namespace, age) = (&leftover.namespace, format_duration(leftover.age(now)));
    match &leftover.run {
        _ if leftover.was_kept() => {
            format!("the servers that stayed in the namespace {namespace}, begun {age} ago: {contents}")
        }
        _ if leftover.is_own_namespace() => {
            format!("the namespace {namespace} of a run begun {age} ago: {contents}")
        }
        Some(run) => format!("what run {run}, begun {age} ago, has in the namespace {namespace}: {contents}"),
        None => format!("what a run, begun {age} ago, has in the namespace {namespace}: {contents}"),
    }
}

fn tell_restrictions(found: &FoundLeftovers) {
    let place = |(kind, namespace): &(Kind, Option<String>)| {
        let kinds = kind.name(2);
        match namespace {
            Some(namespace) => format!("{kinds} in the namespace {namespace} only"),
            None => format!("no {kinds}"),
        }
    };
    if !found.restricted.is_empty() {
        let places: Vec<String> = found.restricted.iter().map(place).collect();
        console::note(&format!(
            "looked for {}: you may not list them elsewhere; --namespace looks in another one",
            places.join(", ")
        ));
    }
}
