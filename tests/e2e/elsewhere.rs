//! Servers outside of the cluster of the clients.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cluster::{Cluster, command, first_nodes, kubectl, required, run_netbench};
use kubectl_netbench::document::{Direction, EngineId, Path};

/// A server on this machine, which ends when this is dropped.
struct OwnServer(Child);

impl OwnServer {
    fn start(port: u16) -> Self {
        let mut command = Command::new("iperf3");
        let command = command.args(["-s", "-p", &port.to_string()]).stdout(Stdio::null());
        let server = command.spawn().expect("iperf3 runs");
        std::thread::sleep(Duration::from_millis(500));
        Self(server)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn every_node_is_measured_against_an_outside_server(cluster: &Cluster) {
    let address = required("NETBENCH_E2E_OUTSIDE");
    let nodes = first_nodes(3);
    let _server = OwnServer::start(5299);
    let to = format!("{address}:5299");
    let arguments = format!("matrix {} --to {to} --host -t 1s", nodes.join(" "));
    let run = cluster.run(&format!("{arguments} -o json")).expect_code(0).run();
    assert_eq!((run.tests.len(), run.external_server()), (3, Some(to.as_str().into())));
    assert!(run.tests.iter().all(|test| test.server == to && nodes.iter().any(|node| test.client == *node)));

    let pair = format!("pair {} --to {to} --host -t 1s -o json --via exec", nodes[0]);
    let run = cluster.run(&pair).expect_code(0).run();
    let directions: Vec<Direction> = run.tests.iter().map(|test| test.direction).collect();
    assert_eq!(directions, [Direction::ClientToServer, Direction::ServerToClient]);
}

pub fn outside_server_that_does_not_listen_fails_with_a_reason(cluster: &Cluster) {
    let address = required("NETBENCH_E2E_OUTSIDE");
    let node = first_nodes(1).remove(0);
    let ended = cluster.run(&format!("pair {node} --to {address}:5298 --host -t 1s")).expect_code(1);
    assert!(ended.stdout.contains("unable to connect"), "{}", ended.stdout);
    // a server with the name of a node is not taken for the node
    let run = cluster.run(&format!("pair {node} --to {node} -t 1s -o json")).expect_code(1).run();
    assert_eq!(run.external_server(), Some(format!("{node}:5201").as_str().into()));
    assert!(run.nodes[0].engines.get(EngineId::Iperf3).is_some(), "{:?}", run.nodes);
}

/// A copy of the kubeconfig with another context name.
fn other_kubeconfig() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let path = file.path().to_str().expect("its path is text");
    let config = kubectl(&["config", "view", "--raw", "--minify", "--flatten"]).expect_code(0).stdout;
    std::fs::write(path, config).expect("it can be written");
    let context = kubectl(&["config", "current-context"]).expect_code(0).stdout;
    kubectl(&["--kubeconfig", path, "config", "rename-context", context.trim(), "far"]).expect_code(0);
    file
}

pub fn two_clusters_are_measured_and_both_are_cleaned_up(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let file = other_kubeconfig();
    let far = format!("--server-context far --server-kubeconfig {}", file.path().display());
    let arguments = format!("pair {} {} {far} --path nodeport,host --rtt -t 1s -o json", nodes[0], nodes[2]);
    let run = cluster.run(&arguments).expect_code(0).run();
    assert_eq!(
        (run.tests.len(), run.parameters.placement.paths.as_slice()),
        (6, &[Path::NodePort, Path::Host][..])
    );
    let contexts =
        [&run.cluster, &run.server_cluster].map(|of| of.as_ref().and_then(|of| of.context.clone()));
    assert_eq!(contexts[1].as_deref(), Some("far"));
    assert_ne!(contexts[0], contexts[1]);
    assert!(run.tests.iter().all(|test| test.client == nodes[0] && test.server == nodes[2]));

    let same = format!("pair {0} {0} {far} -t 1s -o json", nodes[0]);
    let run = cluster.run(&same).expect_code(0).run();
    assert_eq!(run.nodes[1].name, format!("far/{}", nodes[0]));
}

/// Assigns an address to every Service of type `LoadBalancer`, as a cloud would.
fn balance(address: &str, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(300));
        let services = kubectl(&["get", "services", "-A", "-o", "json"]).stdout;
        let services: serde_json::Value = serde_json::from_str(&services).unwrap_or_default();
        for service in services["items"].as_array().into_iter().flatten() {
            let waits = service["spec"]["type"] == "LoadBalancer"
                && service["status"]["loadBalancer"]["ingress"].is_null();
            if waits {
                let mut service = service.clone();
                service["status"]["loadBalancer"]["ingress"] = serde_json::json!([{"ip": address}]);
                let text = |field: &str| service["metadata"][field].as_str().unwrap_or_default().to_owned();
                let of = format!("/api/v1/namespaces/{}/services/{}/status", text("namespace"), text("name"));
                let file = tempfile::NamedTempFile::new().expect("a temporary file");
                std::fs::write(file.path(), service.to_string()).expect("it can be written");
                let _ = command("kubectl").args(["replace", "--raw", &of, "-f"]).arg(file.path()).output();
            }
        }
    }
}

pub fn load_balancer_is_waited_for_and_measured() {
    let address = required("NETBENCH_E2E_LOAD_BALANCER");
    let nodes = first_nodes(3);
    let file = other_kubeconfig();
    let done = AtomicBool::new(false);
    let run = std::thread::scope(|scope| {
        scope.spawn(|| balance(&address, &done));
        let far = format!("--server-context far --server-kubeconfig {}", file.path().display());
        let arguments = format!("pair {} {} {far} --path loadbalancer -t 1s -o json", nodes[0], nodes[2]);
        let ended = run_netbench(&arguments);
        done.store(true, Ordering::Relaxed);
        ended.expect_code(0).run()
    });
    assert_eq!((run.tests.len(), run.parameters.placement.paths.as_slice()), (2, &[Path::LoadBalancer][..]));
}
