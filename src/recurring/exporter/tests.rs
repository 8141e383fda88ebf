//! The served metrics as runs are added and their source fails.

use super::*;
use crate::document::fixtures;
use crate::store::Store;

fn saved_run(store: &Store, id: &str, second: i64) -> Run {
    let mut run = fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 8e9)]);
    run.id = id.to_owned();
    run.started_at = Timestamp::from_second(second).unwrap();
    store.add(&run).unwrap();
    run
}

#[tokio::test]
async fn newest_complete_run_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::of_user(directory.path());
    let exporter = Exporter::new(SavedRuns::new(store.clone()), None, 1000, |_| {});
    let none = exporter.metrics().await;
    assert!(none.contains("netbench_run_available 0.0\n") && none.contains("netbench_up 1.0\n"), "{none}");

    saved_run(&store, "first", 10);
    let metrics = exporter.metrics().await;
    for line in ["netbench_run_info{run=\"first\"", "netbench_run_available 1.0\n", "} 1000000000.0\n"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let mut second = saved_run(&store, "second", 20);
    assert!(exporter.metrics().await.contains("run=\"second\""));
    second.id = "third".to_owned();
    second.started_at = Timestamp::from_second(30).unwrap();
    second.state = crate::document::State::Partial;
    store.add(&second).unwrap();
    assert!(exporter.metrics().await.contains("run=\"second\""));
}

#[tokio::test]
async fn unavailable_source_serves_the_last_run_and_reports_its_error_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::of_user(directory.path());
    let errors = Arc::new(Mutex::new(0));
    let count = errors.clone();
    let exporter =
        Exporter::new(SavedRuns::new(store.clone()), Some("nightly".to_owned()), 1000, move |_| {
            *count.lock().unwrap() += 1;
        });
    saved_run(&store, "first", 10);
    assert!(exporter.metrics().await.contains("netbench_up{schedule=\"nightly\"} 1.0\n"));
    let runs = directory.path().join("kubectl-netbench/runs");
    std::fs::remove_dir_all(&runs).unwrap();
    std::fs::write(&runs, "not a directory").unwrap();
    for _ in 0..2 {
        let metrics = exporter.metrics().await;
        assert!(metrics.contains("netbench_up{schedule=\"nightly\"} 0.0\n"), "{metrics}");
        assert!(metrics.contains("run=\"first\""), "{metrics}");
    }
    assert_eq!(*errors.lock().unwrap(), 1);
}

#[tokio::test]
async fn number_of_series_never_exceeds_the_maximum() {
    let nodes: Vec<String> = (1..=40).map(|number| format!("node-{number}")).collect();
    let names: Vec<&str> = nodes.iter().map(String::as_str).collect();
    let pairs = names.iter().flat_map(|one| names.iter().map(move |other| (*one, *other)));
    let tests =
        pairs.filter(|(one, other)| one != other).map(|(one, other)| fixtures::measured(one, other, 8e9));
    let mut run = fixtures::run(&names, tests.collect());
    crate::analysis::analyse(&mut run);
    let samples = |max_series: usize| {
        let served = Served { schedule: None, is_up: true, now: Timestamp::now(), max_series };
        let text = view::served(Some(&run), served);
        (text.lines().filter(|line| !line.starts_with('#')).count(), text)
    };
    let (all, complete) = samples(100_000);
    assert!(all > 40 * 39 && complete.contains("netbench_pairs_left_out 0.0"));
    let (of_nodes, nodes) = samples(all - 1);
    assert!((80..200).contains(&of_nodes) && nodes.contains("netbench_pairs_left_out 1.0"));
    assert!(nodes.contains("netbench_node_sent_bytes_per_second{node=\"node-40\""));
    let (of_paths, paths) = samples(of_nodes - 1);
    assert!(of_paths < 30 && paths.contains("netbench_throughput_median_bytes_per_second"), "{paths}");
}

#[test]
fn every_metric_is_documented() {
    let documentation = include_str!("../../../docs/over-time.md");
    let mut run = fixtures::run(
        &["a", "b"],
        vec![fixtures::measured("a", "b", 8e9), fixtures::measured_latency("a", "b", 90.0)],
    );
    crate::analysis::analyse(&mut run);
    let served = Served { schedule: None, is_up: true, now: Timestamp::now(), max_series: 1000 };
    let text = view::served(Some(&run), served);
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(names.len() > 14, "{names:?}");
    for name in names {
        assert!(documentation.contains(&format!("`{name}`")), "{name}");
    }
}
