use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::document::fixtures::{failed, measured, measured_latency, run};
use crate::document::{
    Breach, Comparison, Confirmation, Direction, Ends, Finding, FindingKind, Metric, PairChange, Path,
    RouteComparison, TestRecord, Verdict,
};

/// Parses the data that the page contains.
fn data(run: &Run) -> Value {
    let page = render(run);
    let (_, data) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn policy_contains_hashes_of_style_and_script() {
    for (name, text) in [("style", STYLE), ("script", SCRIPT)] {
        let hash = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        assert!(POLICY.contains(&hash), "the {name} has changed: its hash in POLICY is now {hash}");
    }
}

#[test]
fn markup_in_data_is_escaped() {
    let hostile = "</script><img src=x onerror=alert(1)>{{style}}\u{2028}<!--";
    let run = run(&[hostile, "b"], vec![failed(hostile, "b", hostile)]);
    let page = render(&run);
    assert_eq!(page.matches("</script>").count(), 2, "one for the data, one for the script");
    assert!(!page.contains("<img") && !page.contains('\u{2028}'));
    let data = data(&run);
    assert_eq!(data["endpoints"][0]["name"], hostile);
    assert_eq!(data["reasons"][0][0], hostile.replace('\u{2028}', " "));
    assert_eq!(data["failures"][0]["pairs"], json!([[0, 1]]));
}

#[test]
fn page_loads_nothing() {
    let page = render(&run(&["a", "b"], vec![measured("a", "b", 9e9)]));
    let namespace = "http://www.w3.org/2000/svg";
    assert_eq!(
        page.matches("http").count(),
        page.matches(namespace).count() + page.matches("http-equiv").count()
    );
    assert!(!page.contains("innerHTML") && !SCRIPT.contains("</"));
}

#[test]
fn failed_and_missing_cells_have_no_value() {
    let tests = vec![
        measured("a", "b", 9.414e9),
        failed("a", "c", "no route"),
        failed("b", "a", "no route"),
        measured("b", "a", 9.4e9),
        measured("c", "a", 1e9),
    ];
    let data = data(&run(&["a", "b", "c"], tests));
    let layer = &data["layers"][0];
    assert_eq!(layer["values"], json!([null, 9414, null, 9400, null, null, 1000, null, null]));
    assert_eq!(layer["states"], "dufUdnvnd");
    assert_eq!(layer["rowMeans"], json!([9414, 9400, 1000]));
    assert_eq!(layer["columnMeans"], json!([5200, 9414, null]));
    assert_eq!(layer["tests"][2], json!([[1, 1, 0]]));
    let labels: Vec<&str> = data["metrics"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| metric["label"].as_str().unwrap())
        .collect();
    let expected =
        ["Throughput", "Retransmits", "MSS", "RTT, min", "RTT", "RTT, max", "Sender CPU", "Receiver CPU"];
    assert_eq!(labels, expected);
    assert_eq!(
        layer["tests"][1],
        json!([[1, 1, [9414, 12, 1448, 84, 132, 220, 42.3, 61.5], [null, [], null, null]]])
    );
    assert_eq!(data["reasons"], json!([["no route", null]]));
    assert_eq!(data["tests"], json!([3, 2, 6]));
}

#[test]
fn receiving_client_has_cpu_of_receiver() {
    let test = TestRecord { direction: Direction::ServerToClient, ..measured("a", "b", 9e9) };
    let data = data(&run(&["a", "b"], vec![test]));
    assert_eq!(data["layers"][0]["values"], json!([null, null, 9000, null]));
    assert_eq!(data["layers"][0]["tests"][2][0][2].as_array().unwrap()[6..], [json!(61.5), json!(42.3)]);
}

#[test]
fn latency_and_overhead_have_separate_layers() {
    let over = |path: Path, test: TestRecord| TestRecord { route: path.into(), ..test };
    let tests = vec![
        over(Path::Pod, measured("a", "b", 8e9)),
        over(Path::Host, measured("a", "b", 10e9)),
        over(Path::Pod, measured_latency("a", "b", 204.7)),
    ];
    let mut run = run(&["a", "b"], tests);
    run.parameters.placement.paths = vec![Path::Pod, Path::Host];
    let data = data(&run);
    let layers = data["layers"].as_array().unwrap();
    let titles: Vec<&str> = layers.iter().map(|layer| layer["title"].as_str().unwrap()).collect();
    let expected = [
        "Throughput over pod",
        "Throughput over host",
        "Latency over pod",
        "Overlay overhead (pod vs. host)",
    ];
    assert_eq!(titles, expected);
    assert_eq!(layers[2]["values"][1], 205);
    assert_eq!(layers[2]["tests"][1], json!([[1, 1, [205, 102, 205, 409, 614, 8190, 20000]]]));
    assert_eq!((&layers[3]["values"][1], &layers[3]["sources"]), (&json!(20), &json!([0, 1])));
    assert_eq!(layers[3]["states"], "dbnd");
}

#[test]
fn only_significant_changes_are_marked() {
    let change = |sender: &str, receiver: &str, percent, verdict| PairChange {
        sender: sender.into(),
        receiver: receiver.into(),
        base: Some(10e9),
        value: Some(9e9),
        percent,
        p: Some(0.012_345),
        verdict,
    };
    let pairs = vec![
        change("a", "b", Some(-6.0), Verdict::Slower),
        change("b", "a", Some(-40.0), Verdict::Same),
        change("a", "c", None, Verdict::NowFails),
        change("a", "not-in-this-run", Some(-60.0), Verdict::Slower),
    ];
    let mut run = run(&["a", "b", "c"], vec![measured("a", "b", 9e9)]);
    run.comparison = Some(Comparison {
        base: "other".to_owned(),
        base_started_at: run.started_at,
        differences: Vec::new(),
        level: 0.05,
        routes: vec![RouteComparison {
            metric: Metric::throughput_mean(),
            route: Path::Pod.into(),
            median_percent: Some(-1.0),
            pairs,
        }],
    });
    let layer = &data(&run)["layers"][1];
    assert_eq!((&layer["kind"], &layer["sources"]), (&json!("change"), &json!([0])));
    assert_eq!(layer["values"], json!([null, -6, null, -40, null, null, null, null, null]));
    assert_eq!(layer["states"], "dbfudnnnd");
    assert_eq!(layer["changes"][1], json!([10000, 9000, 0.0123, "slower"]));
}

#[test]
fn external_server_has_one_column_and_reverse_layer() {
    let reverse = TestRecord { direction: Direction::ServerToClient, ..measured("b", "192.0.2.7", 2e9) };
    let mut run = run(&["a", "b"], vec![measured("b", "192.0.2.7", 8e9), reverse]);
    run.parameters.placement.to = Some("192.0.2.7".parse().unwrap());
    run.parameters.measurement.bidirectional = true;
    let data = data(&run);
    assert_eq!(data["endpoints"][2]["name"], "192.0.2.7");
    let [forward, reverse] = [&data["layers"][0], &data["layers"][1]];
    assert_eq!((&forward["values"], &reverse["values"]), (&json!([null, 8000]), &json!([null, 2000])));
    assert_eq!((&forward["reversed"], &reverse["reversed"]), (&json!(false), &json!(true)));
    assert_eq!((&forward["tests"][1][0][2][0], &reverse["tests"][1][0][2][0]), (&json!(8000), &json!(2000)));
}

#[test]
fn findings_gates_and_retests_refer_to_pairs() {
    let mut run = run(&["a", "b"], vec![measured("a", "b", 1e9), measured("b", "a", 9e9)]);
    run.retests = vec![measured("a", "b", 1.2e9)];
    run.findings = vec![Finding {
        kind: FindingKind::SlowLink,
        route: Some(Path::Pod.into()),
        sentence: "a is slow towards b".to_owned(),
        subjects: vec!["a".to_owned()],
        percent: Some(88.88),
        pairs: vec![Ends { sender: "a".into(), receiver: "b".into() }],
        confirmation: Some(Confirmation::Confirmed),
    }];
    run.breaches = vec![Breach {
        gate: "--fail-below 5G".to_owned(),
        route: Path::Pod.into(),
        sender: "a".into(),
        receiver: "b".into(),
        bits_per_second: Some(1e9),
        limit_bits_per_second: 5e9,
    }];
    let data = data(&run);
    let finding = json!({
        "sentence": "a is slow towards b", "layer": 0, "percent": 88.9, "confirmation": "confirmed",
        "pairs": [[0, 1]],
    });
    assert_eq!(data["findings"], json!([finding]));
    assert_eq!(data["breaches"][0]["pair"], json!([0, 1]));
    assert_eq!(data["breaches"][0]["limit"], 5000);
    assert_eq!(data["layers"][0]["retests"][0][0], 1);
}
