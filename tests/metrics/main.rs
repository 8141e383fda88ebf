//! Tests of the metrics with promtool, Prometheus and a Pushgateway, of the Debian packages `prometheus`
//! and `prometheus-pushgateway`.
//!
//! `cargo test --test metrics -- --ignored`

#![allow(clippy::expect_used, reason = "a test fails by a panic")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/prometheus.rs"]
mod prometheus;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Ended, netbench, signal};
use kubectl_netbench::document::Run;
use prometheus::{free_port, get, until};
use tempfile::TempDir;

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prometheus")
}

fn run(data: &Path, arguments: &str) -> Ended {
    netbench(data).args(arguments.split_whitespace()).output().expect("the program starts").into()
}

/// Measures two servers on this machine for one second.
fn measure(data: &Path, flags: &str) -> Run {
    run(data, &format!("pair --local 2 -t 1s -o json {flags}")).expect_code(0).run()
}

fn bytes_per_second(run: &Run, sender: &str) -> f64 {
    let pair = run.summary.throughput[0].pairs.iter().find(|pair| pair.sender == sender);
    pair.and_then(|pair| pair.mean_bits_per_second).expect("the pair was measured") / 8.0
}

fn promtool(arguments: &[&str], standard_input: Stdio) -> Ended {
    let promtool =
        Command::new("promtool").args(arguments).current_dir(documents()).stdin(standard_input).output();
    promtool.expect("promtool runs").into()
}

/// An exporter that is killed when dropped.
struct Exporter(Child);

impl Exporter {
    fn start(data: &Path, port: u16) -> Self {
        let mut command = netbench(data);
        command.args(["exporter", "--listen", &format!("127.0.0.1:{port}")]);
        let exporter = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        until("exporter", Duration::from_secs(10), || get(&format!("http://127.0.0.1:{port}/healthz")));
        Self(exporter)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs promtool from the Debian package prometheus"]
fn promtool_accepts_metrics() {
    let data = TempDir::new().expect("a temporary directory");
    let file = data.path().join("netbench.prom");
    measure(data.path(), &format!("--rtt --metrics-file {}", file.display()));
    let metrics = fs::File::open(file).expect("the file was written");
    let checked = promtool(&["check", "metrics"], metrics.into());
    assert_eq!(checked.stderr, "");
    checked.expect_code(0);
}

#[test]
#[ignore = "needs promtool from the Debian package prometheus"]
fn promtool_accepts_alert_rules_and_their_tests() {
    promtool(&["check", "rules", "alerts.yaml"], Stdio::null()).expect_code(0);
    promtool(&["test", "rules", "alerts.test.yaml"], Stdio::null()).expect_code(0);
}

#[test]
#[ignore = "needs prometheus"]
fn query_returns_result_of_latest_run() {
    let data = TempDir::new().expect("a temporary directory");
    let port = free_port();
    let mut exporter = Exporter::start(data.path(), port);
    let prometheus = prometheus::prometheus(&[port], &documents().join("alerts.yaml"));
    assert!(prometheus.value("netbench_run_available") < 0.5);
    let first = measure(data.path(), "");
    let query = r#"netbench_throughput_bytes_per_second{sender="local-1", receiver="local-2"}"#;
    let value = prometheus.value(query);
    assert!((value / bytes_per_second(&first, "local-1") - 1.0).abs() < 1e-9, "{value}");
    assert!(prometheus.value("netbench_run_age_seconds") < 60.0);
    let second = measure(data.path(), "");
    until("the next run", Duration::from_secs(20), || {
        (prometheus.query("netbench_run_info").iter())
            .any(|(labels, _)| labels["run"] == second.id.as_str())
            .then_some(())
    });
    signal(exporter.0.id(), "TERM");
    assert!(exporter.0.wait().expect("the exporter exits").success());
}

#[test]
#[ignore = "needs prometheus and prometheus-pushgateway"]
fn pushed_run_is_found_by_query() {
    let data = TempDir::new().expect("a temporary directory");
    let gateway = prometheus::pushgateway();
    let prometheus = prometheus::prometheus(&[gateway.port], &documents().join("alerts.yaml"));
    let pushed = measure(data.path(), &format!("--push http://127.0.0.1:{}", gateway.port));
    let query = r#"netbench_throughput_bytes_per_second{job="netbench", sender="local-2"}"#;
    let value = prometheus.value(query);
    assert!((value / bytes_per_second(&pushed, "local-2") - 1.0).abs() < 1e-9, "{value}");
}

#[test]
fn unreachable_pushgateway_keeps_result_and_saved_run() {
    let data = TempDir::new().expect("a temporary directory");
    let port = free_port();
    let ended = run(data.path(), &format!("pair --local 2 -t 1s --push http://me:secret@127.0.0.1:{port}"));
    let ended = ended.expect_code(1);
    assert!(ended.stdout.starts_with("SENDER"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains(&format!("cannot push the metrics to http://127.0.0.1:{port}")),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    run(data.path(), "report -o prometheus").expect_code(0);
}

#[test]
fn metrics_file_is_checked_early_and_replaced_atomically() {
    let data = TempDir::new().expect("a temporary directory");
    let early = run(data.path(), "pair --local 2 -t 60s --metrics-file /nosuch/netbench.prom").expect_code(1);
    assert!(early.stderr.contains("cannot write /nosuch/netbench.prom"), "{}", early.stderr);
    let file = data.path().join("netbench.txt");
    fs::write(&file, "longer than any metrics of a run of two nodes\n".repeat(1000)).expect("there is room");
    let ended =
        run(data.path(), &format!("pair --local 2 -t 1s --metrics-file {}", file.display())).expect_code(0);
    assert!(ended.stderr.contains("end in .prom only"), "{}", ended.stderr);
    let written = fs::read_to_string(&file).expect("the file exists");
    assert!(written.starts_with("# HELP netbench_run_info") && written.ends_with("# EOF\n"), "{written}");
    let entries = fs::read_dir(data.path()).expect("the directory exists").filter_map(Result::ok);
    let entries: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(!entries.iter().any(|name| name.starts_with("netbench.txt.")), "{entries:?}");
}

#[test]
fn exporter_with_used_port_reports_address() {
    let data = TempDir::new().expect("a temporary directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = taken.local_addr().expect("the socket has an address");
    let ended = run(data.path(), &format!("exporter --listen {address}")).expect_code(1);
    assert!(ended.stderr.contains(&format!("cannot listen on {address}")), "{}", ended.stderr);
}
