//! The metrics, by the programs that they are made for: promtool, Prometheus, a Pushgateway. They are of
//! Debian's packages prometheus and prometheus-pushgateway.
//!
//! `cargo test --test metrics -- --ignored`

#![allow(clippy::expect_used, reason = "a test ends by a panic")]

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

/// Two servers of this machine, measured for a second.
fn measured(data: &Path, flags: &str) -> Run {
    run(data, &format!("pair --local 2 -t 1s -o json {flags}")).expect_code(0).run()
}

fn bytes_per_second(run: &Run, sender: &str) -> f64 {
    let pair = run.summary.throughput[0].pairs.iter().find(|pair| pair.sender == sender);
    pair.and_then(kubectl_netbench::document::PairSummary::mean_bits_per_second).expect("it was measured")
        / 8.0
}

fn promtool(arguments: &[&str], standard_input: Stdio) -> Ended {
    let promtool =
        Command::new("promtool").args(arguments).current_dir(documents()).stdin(standard_input).output();
    promtool.expect("promtool runs").into()
}

/// An exporter that ends with its test.
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
#[ignore = "needs promtool, of Debian's package prometheus"]
fn promtool_accepts_the_metrics() {
    let data = TempDir::new().expect("a temporary directory");
    let file = data.path().join("netbench.prom");
    measured(data.path(), &format!("--rtt --metrics-file {}", file.display()));
    let metrics = fs::File::open(file).expect("it was written");
    let checked = promtool(&["check", "metrics"], metrics.into());
    assert_eq!(checked.stderr, "");
    checked.expect_code(0);
}

#[test]
#[ignore = "needs promtool, of Debian's package prometheus"]
fn promtool_accepts_the_rules_and_their_tests() {
    promtool(&["check", "rules", "alerts.yaml"], Stdio::null()).expect_code(0);
    promtool(&["test", "rules", "alerts.test.yaml"], Stdio::null()).expect_code(0);
}

#[test]
#[ignore = "needs prometheus"]
fn a_query_gives_the_figure_of_the_newest_run() {
    let data = TempDir::new().expect("a temporary directory");
    let port = free_port();
    let mut exporter = Exporter::start(data.path(), port);
    let prometheus = prometheus::prometheus(&[port], &documents().join("alerts.yaml"));
    assert!(prometheus.value("netbench_run_available") < 0.5);
    let first = measured(data.path(), "");
    let asked = r#"netbench_throughput_bytes_per_second{sender="local-1", receiver="local-2"}"#;
    let figure = prometheus.value(asked);
    assert!((figure / bytes_per_second(&first, "local-1") - 1.0).abs() < 1e-9, "{figure}");
    assert!(prometheus.value("netbench_run_age_seconds") < 60.0);
    let second = measured(data.path(), "");
    until("the next run", Duration::from_secs(20), || {
        (prometheus.query("netbench_run_info").iter())
            .any(|(labels, _)| labels["run"] == second.id.as_str())
            .then_some(())
    });
    signal(exporter.0.id(), "TERM");
    assert!(exporter.0.wait().expect("it ends").success());
}

#[test]
#[ignore = "needs prometheus and prometheus-pushgateway"]
fn a_pushed_run_shows_up_in_a_query() {
    let data = TempDir::new().expect("a temporary directory");
    let gateway = prometheus::pushgateway();
    let prometheus = prometheus::prometheus(&[gateway.port], &documents().join("alerts.yaml"));
    let pushed = measured(data.path(), &format!("--push http://127.0.0.1:{}", gateway.port));
    let asked = r#"netbench_throughput_bytes_per_second{job="netbench", sender="local-2"}"#;
    let figure = prometheus.value(asked);
    assert!((figure / bytes_per_second(&pushed, "local-2") - 1.0).abs() < 1e-9, "{figure}");
}

#[test]
fn a_gateway_that_is_away_loses_neither_the_result_nor_the_run() {
    let data = TempDir::new().expect("a temporary directory");
    let port = free_port();
    let ended = run(data.path(), &format!("pair --local 2 -t 1s --push http://me:secret@127.0.0.1:{port}"));
    let ended = ended.expect_code(1);
    assert!(ended.stdout.starts_with("SENDER"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains(&format!("cannot push metrics to http://127.0.0.1:{port}")),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    run(data.path(), "report -o prometheus").expect_code(0);
}

#[test]
fn a_file_of_metrics_is_refused_early_and_replaced_as_a_whole() {
    let data = TempDir::new().expect("a temporary directory");
    let early = run(data.path(), "pair --local 2 -t 60s --metrics-file /nosuch/netbench.prom").expect_code(1);
    assert!(early.stderr.contains("cannot write /nosuch/netbench.prom"), "{}", early.stderr);
    let file = data.path().join("netbench.txt");
    fs::write(&file, "something longer than any metrics of a run of two nodes\n".repeat(1000))
        .expect("there is room");
    let ended =
        run(data.path(), &format!("pair --local 2 -t 1s --metrics-file {}", file.display())).expect_code(0);
    assert!(ended.stderr.contains("does not end in .prom"), "{}", ended.stderr);
    let written = fs::read_to_string(&file).expect("it is there");
    assert!(written.starts_with("# HELP netbench_run_info") && written.ends_with("# EOF\n"), "{written}");
    let beside = fs::read_dir(data.path()).expect("it is there").filter_map(Result::ok);
    let beside: Vec<String> = beside.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(!beside.iter().any(|name| name.starts_with("netbench.txt.")), "{beside:?}");
}

#[test]
fn an_exporter_says_why_it_cannot_listen() {
    let data = TempDir::new().expect("a temporary directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = taken.local_addr().expect("it has an address");
    let ended = run(data.path(), &format!("exporter --listen {address}")).expect_code(1);
    assert!(ended.stderr.contains(&format!("cannot listen on {address}")), "{}", ended.stderr);
}
