use crate::analysis::analyse;
use crate::document::fixtures::{failed, measured, run};
use crate::document::{
    Confirmation, Failure, FailureKind, Finding, Measurement, Outcome, Path, Run, TestRecord, Throughput,
};

const NODES: [&str; 5] = ["node-1", "node-2", "node-3", "node-4", "node-5"];

/// A run of five nodes with these rates in Gbit/s, and a little noise.
fn five(rate: impl Fn(&str, &str) -> f64) -> Run {
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

fn with(mut test: TestRecord, change: impl FnOnce(&mut Throughput)) -> TestRecord {
    if let Outcome::Ok(Measurement::Throughput(throughput)) = &mut test.outcome {
        change(throughput);
    }
    test
}

#[test]
fn a_healthy_run_has_no_findings() {
    assert_eq!(sentences(five(|_, _| 9.4)), [""; 0]);
}

#[test]
fn a_slow_receiver_is_named_with_its_direction() {
    let run = five(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    assert_eq!(sentences(run), ["node-3 receives 62% below the rest (4 of 4 clients); it sends normally"]);
}

#[test]
fn a_slow_link_is_told_from_a_slow_node() {
    let run = five(|client, server| if (client, server) == ("node-2", "node-4") { 2.0 } else { 9.4 });
    assert_eq!(sentences(run), ["node-2 → node-4 alone is slow, 79% below the rest; the way back is fine"]);
}

#[test]
fn zones_are_told_by_their_names() {
    let zone = |name: &str| if name <= "node-3" { "zone-a" } else { "zone-b" };
    let mut run = five(|client, server| if zone(client) < zone(server) { 5.0 } else { 9.4 });
    for node in &mut run.nodes {
        node.zone = Some(zone(&node.name).to_owned());
    }
    assert_eq!(sentences(run), ["zone-a → zone-b is 47% slower than the rest (6 of 6 pairs)"]);
}

#[test]
fn a_retest_confirms_or_clears() {
    let slow = || five(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    let again = |rate: f64| {
        let mut run = slow();
        run.retests = super::suspicious(&run)
            .into_iter()
            .cloned()
            .map(|test| with(test, |figures| figures.bits_per_second = rate))
            .collect();
        analysed(run)
    };
    let confirmed = again(3.7e9).remove(0);
    assert_eq!(confirmed.confirmation, Some(Confirmation::Confirmed));
    assert!(
        confirmed.sentence.ends_with("it sends normally; measured alone: 3.70 Gbit/s"),
        "{}",
        confirmed.sentence
    );
    let cleared = again(9.3e9).remove(0);
    assert_eq!(cleared.confirmation, Some(Confirmation::OnlyTogether));
    assert!(cleared.sentence.contains("but measured alone: 9.30 Gbit/s"), "{}", cleared.sentence);
    // the retests are few, and of the pairs that matter
    let suspects: Vec<String> = super::suspicious(&slow()).iter().map(|test| test.server.clone()).collect();
    assert!(suspects.len() >= 2 && suspects.iter().filter(|server| *server == "node-3").count() >= 2);
}

#[test]
fn paths_have_findings_of_their_own() {
    let mut run = five(|_, server| if server == "node-3" { 3.6 } else { 9.4 });
    let host = five(|_, _| 9.4).tests.into_iter().map(|test| TestRecord { path: Path::Host, ..test });
    run.tests.extend(host);
    let findings = analysed(run);
    assert_eq!((findings.len(), findings[0].path), (1, Some(Path::Pod)));
    assert!(findings[0].sentence.starts_with("over pod, node-3 receives"), "{}", findings[0].sentence);
}

#[test]
fn of_two_nodes_the_slow_direction_is_told() {
    let two =
        |there: f64, back: f64| run(&["a", "b"], vec![measured("a", "b", there), measured("b", "a", back)]);
    assert_eq!(sentences(two(9.4e9, 4.7e9)), ["b → a is 50% slower than the way back"]);
    assert_eq!(sentences(two(9.4e9, 8.7e9)), [""; 0]);
    let again = |rate: f64| {
        let run = two(9.4e9, 4.7e9);
        let tests = super::suspicious(&run).into_iter().cloned();
        let retests = tests.map(|test| with(test, |figures| figures.bits_per_second = rate)).collect();
        sentences(Run { retests, ..run })
    };
    assert_eq!(again(4.8e9), ["b → a is 50% slower than the way back; measured again: 4.80 Gbit/s"]);
    assert_eq!(again(9.0e9), [""; 0]);
}

#[test]
fn a_node_that_nothing_gets_to_is_told_with_the_reason() {
    let mut run = five(|_, _| 9.4);
    for test in &mut run.tests {
        if test.server == "node-3" {
            *test = failed(&test.client.clone(), "node-3", "no route to host");
        }
    }
    assert_eq!(sentences(run), ["nothing gets to node-3: 4 of 4 pairs failed (no route to host)"]);
}

#[test]
fn a_node_without_a_server_is_not_laid_to_the_network() {
    let mut run = five(|_, _| 9.4);
    for test in &mut run.tests {
        if [&test.server, &test.client].contains(&&"node-3".to_owned()) {
            let failure = Failure::new(FailureKind::NodeUnusable, "node-3 cannot be measured: no room");
            test.outcome = Outcome::Failed(failure);
        }
    }
    let told = "node-3 was not measured: 8 pairs failed (node-3 cannot be measured: no room)";
    assert_eq!(sentences(run), [told]);
}

#[test]
fn retransmits_out_of_line_are_laid_to_the_end_they_share() {
    let mut run = five(|_, _| 9.4);
    run.tests = run
        .tests
        .into_iter()
        .map(|test| {
            let lossy = test.client == "node-2";
            with(test, |figures| figures.retransmits = Some(if lossy { 90_000 } else { 20 }))
        })
        .collect();
    let sentences = sentences(run);
    assert_eq!(sentences.len(), 1);
    assert!(sentences[0].starts_with("node-2 sends up to 1.1"), "{}", sentences[0]);
    assert!(sentences[0].ends_with("to 4 servers; the median is less than 0.01%"), "{}", sentences[0]);
}

#[test]
fn another_mtu_is_told_by_the_size_of_segments() {
    let mut run = five(|_, _| 9.4);
    run.tests = run
        .tests
        .into_iter()
        .map(|test| {
            let small = [&test.client, &test.server].iter().any(|name| *name == "node-5");
            with(test, |figures| figures.mss_bytes = Some(if small { 1398 } else { 1448 }))
        })
        .collect();
    assert_eq!(
        sentences(run.clone()),
        ["the MTU differs: TCP segments have 1448 bytes, but those of node-5 with 1398 bytes"]
    );
    run.parameters.measurement.mss_bytes = Some(1448);
    assert_eq!(sentences(run), [""; 0]);
}

#[test]
fn a_mix_of_versions_and_a_busy_processor_are_told() {
    let mut run = five(|_, _| 9.4);
    for (node, version) in run.nodes.iter_mut().zip(["3.12", "3.12", "3.18", "3.12", "3.12"]) {
        node.iperf3 = Some(version.to_owned());
    }
    run.tests[0] = with(run.tests[0].clone(), |figures| {
        figures.cpu.as_mut().unwrap().server_percent = 99.0;
    });
    assert_eq!(
        sentences(run),
        [
            "the nodes have different versions of iperf3: 3.12 on node-1, node-2, node-4, node-5; 3.18 on node-3",
            "CPU-bound: iperf3 kept a processor busy in 1 of 20 tests (on node-2); this one shows what the \
             processor can do, not the network",
        ]
    );
}
