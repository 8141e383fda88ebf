use crate::analysis::analyse;
use crate::document::fixtures::{failed, measured, run};
use crate::document::{
    Confirmation, Failure, FailureKind, Finding, Measurement, NodeId, Outcome, Path, Run, TestRecord,
    Throughput,
};

const NODES: [&str; 5] = ["node-1", "node-2", "node-3", "node-4", "node-5"];

/// A run of five nodes with these rates in Gbit/s and up to 4% of noise.
fn five_nodes(rate: impl Fn(&str, &str) -> f64) -> Run {
    let mut tests = Vec::new();
    for (row, client) in NODES.iter().enumerate() {
        for (column, server) in NODES.iter().enumerate().filter(|(column, _)| *column != row) {
            let noise = 1.0 + 0.01 * ((row * 7 + column * 3) % 5) as f64;
            tests.push(measured(client, server, rate(client, server) * noise * 1e9));
        }
    }
    run(&NODES, tests)
}

fn analysed(mut run: Run) -> Vec<Finding> {
    analyse(&mut run);
    run.findings
}

fn sentences(run: Run) -> Vec<String> {
    analysed(run).into_iter().map(|finding| finding.sentence).collect()
}

fn with_result(mut test: TestRecord, change: impl FnOnce(&mut Throughput)) -> TestRecord {
    if let Outcome::Ok(Measurement::Throughput(throughput)) = &mut test.outcome {
        change(throughput);
    }
    test
}

#[test]
fn healthy_run_has_no_findings() {
    assert_eq!(sentences(five_nodes(|_, _| 9.4)), [""; 0]);
}

#[test]
fn slow_receiver_is_reported_with_its_direction() {
    let run = five_nodes(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    assert_eq!(
        sentences(run),
        ["node-3 receives 62% slower than unaffected pairs (4 of 4 senders); it sends normally"]
    );
}

#[test]
fn slow_link_is_not_reported_as_a_slow_node() {
    let run = five_nodes(|client, server| if (client, server) == ("node-2", "node-4") { 2.0 } else { 9.4 });
    let sentence = "node-2 → node-4 is 79% slower than unaffected pairs (this pair only); the reverse direction is normal";
    assert_eq!(sentences(run), [sentence]);
}

#[test]
fn slow_zones_are_reported_by_name_with_their_nodes() {
    let zone = |name: &str| if name <= "node-3" { "zone-a" } else { "zone-b" };
    let found = |is_slow: &dyn Fn(&str, &str) -> bool| {
        let mut run =
            five_nodes(|client, server| if is_slow(zone(client), zone(server)) { 5.0 } else { 9.4 });
        for node in &mut run.nodes {
            node.zone = Some(zone(&node.name).to_owned());
        }
        sentences(run)
    };
    let between = "zone-a → zone-b (node-1, node-2, node-3 → node-4, node-5) is 47% slower than unaffected pairs (6 of \
                   6 pairs)";
    assert_eq!(found(&|from, to| from < to), [between]);
    let within =
        "traffic within zone-a (node-1, node-2, node-3) is 47% slower than unaffected pairs (6 of 6 pairs)";
    assert_eq!(found(&|from, to| from == "zone-a" && to == "zone-a"), [within]);
}

#[test]
fn retest_confirms_a_finding_or_shows_concurrent_load() {
    let slow = || five_nodes(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    let retested = |rate: f64| {
        let mut run = slow();
        run.retests = super::suspicious(&run)
            .into_iter()
            .cloned()
            .map(|test| with_result(test, |result| result.bits_per_second = rate))
            .collect();
        analysed(run)
    };
    let confirmed = retested(3.7e9).remove(0);
    assert_eq!(confirmed.confirmation, Some(Confirmation::Confirmed));
    assert!(
        confirmed.sentence.ends_with("it sends normally; confirmed when retested in isolation: 3.70 Gbit/s"),
        "{}",
        confirmed.sentence
    );
    let cleared = retested(9.3e9).remove(0);
    assert_eq!(cleared.confirmation, Some(Confirmation::OnlyTogether));
    let retest = "; only under concurrent load, as on a shared uplink: normal when retested in isolation (9.30 Gbit/s)";
    assert!(cleared.sentence.ends_with(retest), "{}", cleared.sentence);
    // pairs of the slow node are among the retested ones
    let suspects: Vec<NodeId> = super::suspicious(&slow()).iter().map(|test| test.server).collect();
    assert!(suspects.len() >= 2 && suspects.iter().filter(|server| *server == "node-3").count() >= 2);
}

/// The sentence about the slow receiver node-3, after a change of the run and its retests.
fn sentence_after_retest(change: impl Fn(&mut Run)) -> String {
    let mut run = five_nodes(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    run.retests = super::suspicious(&run).into_iter().cloned().collect();
    change(&mut run);
    sentences(run).remove(0)
}

#[test]
fn normal_retest_of_a_serial_run_is_reported_as_transient() {
    let sentence = sentence_after_retest(|run| {
        run.tests.iter_mut().enumerate().for_each(|(number, test)| test.slot = number);
        let retests = std::mem::take(&mut run.retests).into_iter();
        run.retests =
            retests.map(|test| with_result(test, |result| result.bits_per_second = 9.3e9)).collect();
    });
    assert!(sentence.ends_with("; transient: normal when retested (9.30 Gbit/s)"), "{sentence}");
}

#[test]
fn failed_retest_is_reported_with_its_reason() {
    let sentence = sentence_after_retest(|run| {
        let retests = run.retests.iter().map(|test| failed(&test.client, &test.server, "no route to host"));
        run.retests = retests.collect();
    });
    assert!(sentence.ends_with("; the retest failed: no route to host"), "{sentence}");
}

#[test]
fn certain_finding_without_own_retest_is_reported_as_not_retested() {
    let sentence = sentence_after_retest(|run| run.retests = vec![measured("node-1", "node-2", 9.4e9)]);
    assert!(sentence.ends_with("; not retested"), "{sentence}");
}

#[test]
fn finding_on_one_of_several_paths_names_the_path() {
    let mut run = five_nodes(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    let host =
        five_nodes(|_, _| 9.4).tests.into_iter().map(|test| TestRecord { route: Path::Host.into(), ..test });
    run.tests.extend(host);
    let findings = analysed(run);
    assert_eq!((findings.len(), findings[0].route), (1, Some(Path::Pod.into())));
    assert!(findings[0].sentence.starts_with("on path pod, node-3 receives"), "{}", findings[0].sentence);
}

#[test]
fn slow_direction_between_two_nodes_is_reported_unless_retests_are_normal() {
    let two = |forward: f64, backward: f64| {
        run(&["a", "b"], vec![measured("a", "b", forward), measured("b", "a", backward)])
    };
    assert_eq!(sentences(two(9.4e9, 4.7e9)), ["b → a is 50% slower than a → b"]);
    assert_eq!(sentences(two(9.4e9, 8.7e9)), [""; 0]);
    let retested = |rate: f64| {
        let run = two(9.4e9, 4.7e9);
        let tests = super::suspicious(&run).into_iter().cloned();
        let retests = tests.map(|test| with_result(test, |result| result.bits_per_second = rate)).collect();
        sentences(Run { retests, ..run })
    };
    let confirmed = "b → a is 50% slower than a → b; confirmed when retested in isolation: 4.80 Gbit/s";
    assert_eq!(retested(4.8e9), [confirmed]);
    assert_eq!(retested(9.0e9), [""; 0]);
}

#[test]
fn unreachable_node_is_reported_with_the_common_reason() {
    let mut run = five_nodes(|_, _| 9.4);
    for test in &mut run.tests {
        if test.server == "node-3" {
            *test = failed(&test.client, "node-3", "no route to host");
        }
    }
    assert_eq!(sentences(run), ["node-3 is unreachable: all 4 pairs failed (no route to host)"]);
}

#[test]
fn unusable_node_is_reported_as_not_measured() {
    let mut run = five_nodes(|_, _| 9.4);
    for test in &mut run.tests {
        if [test.server, test.client].contains(&"node-3".into()) {
            let failure = Failure::new(FailureKind::NodeUnusable, "node-3 cannot be measured: no room");
            test.outcome = Outcome::Failed(failure);
        }
    }
    let sentence = "node-3 was not measured: all 8 pairs failed (node-3 cannot be measured: no room)";
    assert_eq!(sentences(run), [sentence]);
}

#[test]
fn retransmit_outliers_of_one_sender_are_one_finding() {
    let mut run = five_nodes(|_, _| 9.4);
    run.tests = run
        .tests
        .into_iter()
        .map(|test| {
            let lossy = test.client == "node-2";
            with_result(test, |result| result.retransmits = Some(if lossy { 90_000 } else { 20 }))
        })
        .collect();
    let sentences = sentences(run);
    assert_eq!(sentences.len(), 1);
    assert!(sentences[0].starts_with("node-2 retransmits up to 1.1"), "{}", sentences[0]);
    assert!(sentences[0].ends_with("to 4 receivers; the median is less than 0.01%"), "{}", sentences[0]);
}

#[test]
fn deviating_mtu_is_reported_by_mss_unless_mss_is_set() {
    let mut run = five_nodes(|_, _| 9.4);
    run.tests = run
        .tests
        .into_iter()
        .map(|test| {
            let small = [&test.client, &test.server].iter().any(|name| *name == "node-5");
            with_result(test, |result| result.mss_bytes = Some(if small { 1398 } else { 1448 }))
        })
        .collect();
    assert_eq!(sentences(run.clone()), ["MTU differs: the TCP MSS is 1448 bytes, but 1398 bytes on node-5"]);
    run.parameters.measurement.mss_bytes = Some(1448);
    assert_eq!(sentences(run), [""; 0]);
}

#[test]
fn mixed_versions_and_saturated_cpu_are_reported() {
    let mut run = five_nodes(|_, _| 9.4);
    for (node, version) in run.nodes.iter_mut().zip(["3.12", "3.12", "3.18", "3.12", "3.12"]) {
        node.engines.insert(crate::options::EngineId::Iperf3, version.to_owned());
    }
    run.tests[0] = with_result(run.tests[0].clone(), |result| {
        result.cpu.as_mut().unwrap().server_percent = 99.0;
    });
    assert_eq!(
        sentences(run),
        [
            "iperf3 versions differ: 3.12 on node-1, node-2, node-4, node-5; 3.18 on node-3",
            "CPU-bound: iperf3 saturated its CPU in 1 of 20 tests (on node-2); this result is limited by the CPU, \
             not by the network",
        ]
    );
}
