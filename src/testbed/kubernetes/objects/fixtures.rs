//! Settings and nodes for tests.

use super::*;
use crate::document::Node;
use crate::engine::{latency_engine, throughput_engine};
use crate::options::{ClientMode, EngineId};
use crate::testbed::Process;
use crate::testbed::kubernetes::survey::permissions::Needs;

/// The default engine on the pod network.
pub(crate) fn settings() -> Settings {
    Settings {
        session: "k3v9x2mq".to_owned(),
        keep: false,
        image: "example.org/iperf3:1".to_owned(),
        processes: Processes {
            throughput: Process { engine: throughput_engine(EngineId::Iperf3), port: 5201 },
            latency: None,
        },
        routes: vec![Route { path: Path::Pod, ip_family: None }],
        protocol: Protocol::Tcp,
        role: Role::Mesh,
        options: PodOptions::default(),
        server_deadline: Duration::from_secs(300),
        kept_deadline: Duration::from_secs(86_400),
        client_deadline: Duration::from_secs(60),
    }
}

/// The same with latency tests.
pub(crate) fn with_latency(settings: Settings) -> Settings {
    let latency = Some(Process { engine: latency_engine(), port: 5001 });
    Settings { processes: Processes { latency, ..settings.processes }, ..settings }
}

pub(crate) fn over(paths: &[Path]) -> Vec<Route> {
    paths.iter().map(|&path| Route { path, ip_family: None }).collect()
}

pub(crate) fn chosen(name: &str) -> Chosen {
    Chosen {
        number: 1,
        node: Node { name: name.into(), ..Node::default() },
        tolerations: Vec::new(),
        addresses: Vec::new(),
        unusable: None,
    }
}

/// A run in the namespace `given`, or in a namespace of its own.
pub(crate) fn needs(settings: Settings, given: Option<&str>, client_mode: ClientMode) -> Needs {
    Needs { settings, given: given.map(str::to_owned), client_mode, to: None, claim: None }
}
