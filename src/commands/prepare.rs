//! From what was asked for to a testbed that is ready to start, and a document with all that is
//! known before it does.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::cli::{DEFAULT_IMAGE, ViaArg};
use kubectl_netbench::document::{
    ApiVersion, Cluster, Command, Kind, Node, Parameters, Path, Run, State, Summary, Versions, Via,
};
use kubectl_netbench::plan::{Estimate, Plan};
use kubectl_netbench::testbed::kubernetes::{
    self, ClientWay, Environment, KubernetesTestbed, PodSettings, START_LIMIT, Scope,
};
use kubectl_netbench::testbed::local::LocalTestbed;

use super::Error;
use super::request::Request;

/// A testbed that is ready to start, and what is known before it does.
pub(super) struct Prepared<T> {
    pub testbed: T,
    pub plan: Plan,
    /// The document, without measurements.
    pub run: Run,
    pub estimate: Estimate,
    /// How long a client may take beyond its time.
    pub grace: Duration,
    /// How a person removes what the run makes; none where nothing outlives the program.
    pub removal_command: Option<String>,
}

/// Prepares servers on this machine.
pub(super) fn local(request: &Request, count: u16) -> Result<Prepared<LocalTestbed>, Error> {
    let node = |number| Node { name: format!("local-{number}"), ..Node::default() };
    let nodes: Vec<Node> = (1..=count).map(node).collect();
    let parameters = Parameters {
        image: None,
        port: request.measurement.port,
        ..parameters(request, Path::Loopback, Via::Process)
    };
    let plan = plan(request, nodes.len());
    Ok(Prepared {
        testbed: LocalTestbed::new(count, request.measurement.port)?,
        run: new_run(request, new_id(), parameters, nodes, &plan),
        plan,
        estimate: Estimate { startup: Duration::from_millis(200), per_slot: Duration::from_millis(100) },
        grace: Duration::from_secs(10),
        removal_command: None,
    })
}

/// Prepares servers on the nodes of a cluster. Nothing is made yet.
pub(super) async fn cluster(
    request: &Request,
    environment: &Environment,
) -> Result<Prepared<KubernetesTestbed>, Error> {
    let (connection, measurement) = (&request.connection, &request.measurement);
    let cluster = kubernetes::connect(&connection.options(), environment).await?;
    let id = new_id();
    let scope = Scope::new(&id, connection.namespace.clone(), measurement.host);
    let client_way = async {
        match (measurement.via, request.command) {
            (ViaArg::Exec, _) => ClientWay::Exec,
            (ViaArg::Job, _) | (ViaArg::Auto, Command::Pair) => ClientWay::Job,
            (ViaArg::Auto, Command::Matrix) => {
                kubernetes::choose_client_way(&cluster, &scope.namespace()).await
            }
        }
    };
    // alone and first: a cluster that cannot be reached is best told by the plainest of questions
    let version = cluster.version().await?;
    let (nodes, client_way) = tokio::join!(cluster.nodes(request.selector.as_deref()), client_way);
    let choice = kubernetes::choose(&nodes?, &request.wanted)?;

    let path = if measurement.host { Path::Host } else { Path::Pod };
    let nodes: Vec<Node> = choice.chosen.iter().map(|chosen| chosen.node.clone()).collect();
    let plan = plan(request, nodes.len());
    let parameters = parameters(request, path, client_way.into());
    let mut run = new_run(request, id.clone(), parameters, nodes, &plan);
    run.versions.kubernetes = version;
    run.cluster = Some(Cluster { context: cluster.context.clone(), namespace: scope.namespace() });
    run.left_out = choice.left_out;

    let (per_slot, grace) = match client_way {
        ClientWay::Job => (Duration::from_millis(1500), Duration::from_secs(45)),
        ClientWay::Exec => (Duration::from_millis(200), Duration::from_secs(15)),
    };
    let slots = u32::try_from(plan.slot_count()).unwrap_or(u32::MAX);
    let settings = PodSettings {
        run: id,
        image: image(request).to_owned(),
        port: measurement.cluster_port(),
        host_network: measurement.host,
        // long enough for the slowest start, and for slots that take all the time they may
        server_deadline: START_LIMIT
            + (measurement.time + grace).saturating_mul(slots)
            + Duration::from_secs(60),
        client_deadline: measurement.time + Duration::from_secs(60),
    };
    let testbed = KubernetesTestbed::new(cluster, choice.chosen, settings, scope, client_way);
    Ok(Prepared {
        removal_command: Some(testbed.removal_command()),
        testbed,
        plan,
        run,
        estimate: Estimate { startup: Duration::from_secs(3), per_slot },
        grace,
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
        image: Some(image(request).to_owned()),
        port: Some(measurement.cluster_port()),
    }
}

/// The image of the pods: by flag, by environment, or the built-in one.
fn image(request: &Request) -> &str {
    let named = request.measurement.image.as_deref().or(request.environment_image.as_deref());
    named.unwrap_or(DEFAULT_IMAGE)
}

fn new_run(request: &Request, id: String, parameters: Parameters, nodes: Vec<Node>, plan: &Plan) -> Run {
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
        planned_tests: plan.test_count(),
        tests: Vec::new(),
        summary: Summary::default(),
    }
}

/// Eight characters that cannot be mistaken for each other, nor be read as a word.
fn new_id() -> String {
    const ALPHABET: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    (0..8).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}
