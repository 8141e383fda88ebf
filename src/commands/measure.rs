//! What all measuring commands do: choose nodes, plan, measure, print, remove.

use std::time::Duration;

use jiff::Timestamp;

use super::{Error, interrupt};
use crate::console::{self, Console};
use crate::progress::Progress;
use kubectl_netbench::analysis::Summary;
use kubectl_netbench::cli::{ConnectionArgs, ExitCode, MeasurementArgs, ViaArg};
use kubectl_netbench::document::{
    ApiVersion, Cluster, Command, Kind, LeftOut, Node, Parameters, Path, Run, State, Versions, Via,
};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::plan::{Estimate, Plan, format_duration};
use kubectl_netbench::runner::{self, Measurements, RunError, Settings};
use kubectl_netbench::testbed::Testbed;
use kubectl_netbench::testbed::kubernetes::{
    self, Environment, KubernetesTestbed, PodSettings, Scope, Wanted,
};
use kubectl_netbench::testbed::local::LocalTestbed;
use kubectl_netbench::view::{self, Canvas, Format};

/// What a measuring command was asked for.
pub(super) struct Request {
    pub command: Command,
    pub wanted: Wanted,
    pub selector: Option<String>,
    pub concurrency: Option<usize>,
    pub measurement: MeasurementArgs,
    pub connection: ConnectionArgs,
    pub console: Console,
    pub format: Format,
}

/// A testbed that is ready to start, and what is known before it does.
struct Prepared<T> {
    testbed: T,
    plan: Plan,
    run: Run,
    estimate: Estimate,
    /// How long a client may take beyond its time.
    grace: Duration,
    removal_command: Option<String>,
}

pub(super) async fn run(request: Request, environment: &Environment) -> Result<ExitCode, Error> {
    match request.measurement.local {
        Some(count) => measure(prepare_local(&request, count)?, &request).await,
        None => measure(prepare_cluster(&request, environment).await?, &request).await,
    }
}

fn prepare_local(request: &Request, count: u16) -> Result<Prepared<LocalTestbed>, Error> {
    let names: Vec<String> = (1..=count).map(|number| format!("local-{number}")).collect();
    let nodes = names.iter().map(|name| Node { name: name.clone(), ..Node::default() });
    let nodes: Vec<Node> = nodes.collect();
    let parameters = Parameters {
        image: None,
        port: request.measurement.port,
        ..parameters(request, Path::Loopback, Via::Process)
    };
    Ok(Prepared {
        testbed: LocalTestbed::new(count, request.measurement.port)?,
        plan: plan(request, nodes.len()),
        run: new_run(request, new_id(), parameters, nodes),
        estimate: Estimate { startup: Duration::from_millis(200), per_slot: Duration::from_millis(100) },
        grace: Duration::from_secs(10),
        removal_command: None,
    })
}

async fn prepare_cluster(
    request: &Request,
    environment: &Environment,
) -> Result<Prepared<KubernetesTestbed>, Error> {
    let (connection, measurement) = (&request.connection, &request.measurement);
    let cluster = kubernetes::connect(&connection.options(), environment).await?;
    let id = new_id();
    let scope = Scope::new(&id, connection.namespace.clone(), measurement.host);
    let via = async {
        match (measurement.via, request.command) {
            (ViaArg::Exec, _) => Ok(Via::Exec),
            (ViaArg::Job, _) | (ViaArg::Auto, Command::Pair) => Ok(Via::Job),
            (ViaArg::Auto, Command::Matrix) => kubernetes::choose_via(&cluster, &scope.namespace()).await,
        }
    };
    // alone and first: a cluster that cannot be reached is best told by the plainest of questions
    let version = cluster.version().await?;
    let (nodes, via) = tokio::try_join!(cluster.nodes(request.selector.as_deref()), via)?;
    let choice = kubernetes::choose(&nodes, &request.wanted)?;

    let path = if measurement.host { Path::Host } else { Path::Pod };
    let nodes: Vec<Node> = choice.chosen.iter().map(|chosen| chosen.node.clone()).collect();
    let plan = plan(request, nodes.len());
    let mut run = new_run(request, id.clone(), parameters(request, path, via), nodes);
    run.versions.kubernetes = Some(version);
    run.cluster = Some(Cluster { context: cluster.context.clone(), namespace: scope.namespace() });
    run.left_out = choice.left_out;

    let estimate = Estimate {
        startup: Duration::from_secs(3),
        per_slot: match via {
            Via::Job => Duration::from_millis(2500),
            Via::Exec | Via::Process => Duration::from_millis(200),
        },
    };
    let settings = PodSettings {
        run: id,
        image: measurement.image.clone(),
        port: measurement.cluster_port(),
        host_network: measurement.host,
        // long enough for slow starts and retries, and short enough that nothing stays for long
        server_deadline: estimate.total(&plan, measurement.time) * 2 + Duration::from_secs(300),
        client_deadline: measurement.time + Duration::from_secs(60),
    };
    let testbed = KubernetesTestbed::new(cluster, choice.chosen, settings, scope, via);
    Ok(Prepared {
        removal_command: Some(testbed.removal_command()),
        testbed,
        plan,
        run,
        estimate,
        grace: match via {
            Via::Job => Duration::from_secs(45),
            Via::Exec | Via::Process => Duration::from_secs(15),
        },
    })
}

fn plan(request: &Request, nodes: usize) -> Plan {
    Plan::matrix(nodes, request.measurement.repeat, request.concurrency)
}

fn parameters(request: &Request, path: Path, via: Via) -> Parameters {
    let measurement = &request.measurement;
    Parameters {
        time_seconds: measurement.time_seconds(),
        parallel: measurement.parallel,
        repeat: measurement.repeat,
        path,
        via,
        concurrency: request.concurrency,
        image: Some(measurement.image.clone()),
        port: Some(measurement.cluster_port()),
    }
}

fn new_run(request: &Request, id: String, parameters: Parameters, nodes: Vec<Node>) -> Run {
    let now = Timestamp::now();
    Run {
        api_version: ApiVersion::V1Alpha1,
        kind: Kind::Run,
        id,
        command: request.command,
        state: State::Partial,
        started_at: now,
        finished_at: now,
        versions: Versions { netbench: env!("CARGO_PKG_VERSION").to_owned(), ..Versions::default() },
        cluster: None,
        parameters,
        nodes,
        left_out: Vec::new(),
        planned_tests: 0,
        tests: Vec::new(),
        summary: Summary::default(),
    }
}

/// Eight characters that cannot be mistaken for each other, nor be read as a word.
fn new_id() -> String {
    const ALPHABET: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    (0..8).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}

async fn measure<T: Testbed>(prepared: Prepared<T>, request: &Request) -> Result<ExitCode, Error> {
    let Prepared { testbed, plan, mut run, estimate, grace, removal_command } = prepared;
    let console = request.console;
    let interrupt = interrupt::watch(removal_command.clone());
    for LeftOut { name, reason } in &run.left_out {
        console.remark(&format!("{name} left out: {reason}"));
    }
    console.remark(&plan_line(&plan, estimate.total(&plan, request.measurement.time)));
    let settings = Settings {
        nodes: run.nodes.iter().map(|node| node.name.clone()).collect(),
        time_seconds: run.parameters.time_seconds,
        parallel: run.parameters.parallel,
        path: run.parameters.path,
        grace,
    };
    run.planned_tests = plan.test_count();

    let progress = Progress::new(&console, &plan, &settings, estimate);
    let measured = runner::run(&testbed, &plan, &settings, &progress, &interrupt).await;
    progress.finish();
    if interrupt.is_cancelled() {
        console.remark("interrupted: removing what was made; once more to quit at once");
    }
    // removal begins before anything is printed: a pager may keep the printing waiting
    let (removed, told) = tokio::join!(remove(&testbed, removal_command), async {
        let told = tell(&mut run, measured, request).await;
        progress.removing();
        told
    });
    progress.finish();
    if let Err(explanation) = &removed {
        console::error(explanation);
    }
    Ok(match removed.and(told) {
        _ if interrupt.is_cancelled() => ExitCode::Interrupted,
        Err(_) => ExitCode::Error,
        Ok(()) if run.tests.iter().all(|test| test.outcome.measurement().is_none()) => ExitCode::Error,
        Ok(()) if run.has_failures() => ExitCode::SomeFailed,
        Ok(()) => ExitCode::Success,
    })
}

/// Prints the result, or the error, as soon as it is there: removal takes its time.
async fn tell(
    run: &mut Run,
    measured: Result<Measurements, RunError>,
    request: &Request,
) -> Result<(), Explanation> {
    let told = match measured {
        Ok(measurements) => {
            complete(run, measurements);
            print(run, request.format, request.console.canvas()).await
        }
        Err(error) => Err(error.into()),
    };
    told.map_err(|error| {
        let explanation = error.explain();
        console::error(&explanation);
        explanation
    })
}

/// Writes the result. A reader that does not read does not keep anything else waiting.
async fn print(run: &Run, format: Format, canvas: Canvas) -> Result<(), Error> {
    let text = view::render(run, format, canvas);
    let written = tokio::task::spawn_blocking(move || console::write_result(&text)).await;
    match written {
        Ok(written) => written.map_err(Error::Output),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Removes what was made. The error says how to do it by hand.
async fn remove(testbed: &impl Testbed, removal_command: Option<String>) -> Result<(), Explanation> {
    testbed.stop().await.map_err(|error| match removal_command {
        Some(command) => error.explain().remedy(format!("remove what is left: {command}")),
        None => error.explain(),
    })
}

/// `4 nodes, 12 pairs, 6 rounds, about 1m04s`
fn plan_line(plan: &Plan, total: Duration) -> String {
    let (nodes, pairs, rounds) = (plan.node_count(), plan.pair_count(), plan.slot_count());
    let total = format_duration(total);
    format!("{nodes} nodes, {pairs} pairs, {rounds} rounds, about {total}")
}

fn complete(run: &mut Run, measurements: Measurements) {
    run.finished_at = Timestamp::now();
    run.tests = measurements.tests;
    run.summary = Summary::of(&run.tests);
    if run.tests.len() == run.planned_tests {
        run.state = State::Complete;
    }
    for (node, version) in run.nodes.iter_mut().zip(&measurements.versions) {
        node.iperf3.clone_from(version);
    }
    let mut versions: Vec<String> = measurements.versions.into_iter().flatten().collect();
    versions.sort_unstable();
    versions.dedup();
    run.versions.iperf3 = (!versions.is_empty()).then(|| versions.join(", "));
}
