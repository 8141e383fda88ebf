//! `cleanup`: deletes leftovers of runs.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use kubectl_netbench::cli::{CleanupArgs, ExitCode};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::plan::format_duration;
use kubectl_netbench::sanitize;
use kubectl_netbench::store::RunRegistry;
use kubectl_netbench::testbed::TestbedError;
use kubectl_netbench::testbed::kubernetes::{self, FoundLeftovers, Kind, Leftover, OwnerState, Search};

use super::output::write;
use super::{Error, ProgramContext};
use crate::console;

/// Time limit of the search for leftovers at the start of a run.
const GLANCE_LIMIT: Duration = Duration::from_secs(3);

pub(super) async fn run(arguments: &CleanupArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let connection = &arguments.connection;
    let cluster = cluster::connect(&connection.options(), &program.environment).await?;
    let only = connection.namespace.as_deref();
    let found =
        kubernetes::find_leftovers(&cluster, Search::Whole, only).await.map_err(TestbedError::from)?;
    note_restrictions(&found);
    let registry = program.registry.as_ref();
    let now = Timestamp::now();
    let mut removals = FuturesUnordered::new();
    let is_old = |leftover: &Leftover| leftover.age(now) >= arguments.older_than.unwrap_or(Duration::ZERO);
    let leftovers: Vec<Leftover> = found.leftovers.into_iter().filter(is_old).collect();
    if leftovers.is_empty() {
        write("no leftovers found\n".to_owned()).await?;
    }
    for leftover in leftovers {
        let what = sanitize::text(&describe(&leftover, now));
        match owner_state(&leftover, registry, now) {
            OwnerState::RunningHere if !arguments.all => {
                write(format!("skipped {what}: run in progress on this machine; --all deletes it too\n"))
                    .await?;
            }
            OwnerState::MayBeRunning if !arguments.all => {
                write(format!(
                    "skipped {what}: run may be in progress elsewhere until its pods have ended; --all deletes it \
                     now\n"
                ))
                .await?;
            }
            _ if arguments.dry_run => write(format!("would delete {what}\n")).await?,
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
        write(format!("deleted {what}\n")).await?;
    }
    Ok(code)
}

/// Remarks for a starting run about leftovers and other runs in its cluster; empty if the cluster cannot be
/// searched.
pub(super) async fn remarks(cluster: &Cluster, registry: Option<&RunRegistry>) -> Vec<String> {
    let found = kubernetes::find_leftovers(cluster, Search::Glance, None);
    let found = tokio::time::timeout(GLANCE_LIMIT, found).await.unwrap_or(Ok(FoundLeftovers::default()));
    let found = found.unwrap_or_default();
    let now = Timestamp::now();
    let remark = |leftover: &Leftover| {
        let other_run = |state: &str| {
            let (namespace, age) = (&leftover.namespace, format_duration(leftover.age(now)));
            Some(format!(
                "another run {state} in namespace {namespace}, started {age} ago: concurrent runs affect each \
                 other's results"
            ))
        };
        match owner_state(leftover, registry, now) {
            _ if leftover.is_terminating() => None,
            OwnerState::Ended => {
                let (what, flags) = (describe(leftover, now), &cluster.kubectl_flags);
                Some(format!(
                    "found leftovers of an earlier run: {what}; to delete them: kubectl netbench cleanup{flags}"
                ))
            }
            _ if leftover.is_for_volume() => None,
            OwnerState::RunningHere => other_run("is in progress"),
            OwnerState::MayBeRunning if leftover.is_alive() => other_run("may be in progress"),
            OwnerState::MayBeRunning | OwnerState::Kept => None,
        }
    };
    found.leftovers.iter().filter_map(remark).collect()
}

fn owner_state(leftover: &Leftover, registry: Option<&RunRegistry>, now: Timestamp) -> OwnerState {
    let run = leftover.run.as_deref();
    let is_running = registry.zip(run).and_then(|(registry, run)| registry.is_running(session(run)));
    leftover.owner_state(is_running, now)
}

/// The id of a run, without the suffix that distinguishes its two clusters.
fn session(run: &str) -> &str {
    run.split('-').next().unwrap_or(run)
}

/// `namespace netbench-k3v9x2mq of a run started 3m ago (4 pods)`
fn describe(leftover: &Leftover, now: Timestamp) -> String {
    let contents = match leftover.contents() {
        contents if contents.is_empty() => "empty".to_owned(),
        contents => contents,
    };
    let (namespace, age) = (&leftover.namespace, format_duration(leftover.age(now)));
    match &leftover.run {
        _ if leftover.was_kept() => {
            format!("kept servers in namespace {namespace}, started {age} ago ({contents})")
        }
        _ if leftover.is_own_namespace() => {
            format!("namespace {namespace} of a run started {age} ago ({contents})")
        }
        Some(run) => {
            format!("objects of run {run} in namespace {namespace}, started {age} ago ({contents})")
        }
        None => format!("objects of a run in namespace {namespace}, started {age} ago ({contents})"),
    }
}

/// Prints the kinds that could not be listed in the whole cluster.
fn note_restrictions(found: &FoundLeftovers) {
    let scope = |(kind, namespace): &(Kind, Option<String>)| {
        let kinds = kind.name(2);
        match namespace {
            Some(namespace) => format!("{kinds} (searched namespace {namespace})"),
            None => format!("{kinds} (not searched)"),
        }
    };
    if !found.restricted.is_empty() {
        let scopes: Vec<String> = found.restricted.iter().map(scope).collect();
        console::note(&format!(
            "incomplete search: no permission to list {} in all namespaces; search another one with --namespace",
            scopes.join(", ")
        ));
    }
}
