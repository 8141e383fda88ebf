use super::*;
use crate::document::fixtures::{failed, measured, measured_latency, run};
use crate::document::{Measurement, Node, Outcome, Sample};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A test whose intervals have these rates in Gbit/s, after an interval of slow start.
fn with_intervals(sender: &str, receiver: &str, rates: &[f64]) -> TestRecord {
    let mean = rates.iter().sum::<f64>() / rates.len() as f64 * 1e9;
    let mut record = measured(sender, receiver, mean);
    let Outcome::Ok(Measurement::Throughput(throughput)) = &mut record.outcome else { unreachable!() };
    let sample = |(second, rate): (usize, &f64)| Sample {
        start_seconds: second as f64,
        end_seconds: second as f64 + 1.0,
        bits_per_second: rate * 1e9,
        retransmits: None,
        round_trip_time_microseconds: None,
    };
    throughput.samples = std::iter::once(&0.1).chain(rates).enumerate().map(sample).collect();
    record
}

fn compare_single_pair(base: Vec<TestRecord>, now: Vec<TestRecord>) -> PairChange {
    let comparison = compare(&run(&["a", "b"], base), &run(&["a", "b"], now));
    comparison.routes[0].pairs[0].clone()
}

#[test]
fn repeated_tests_distinguish_change_from_noise() {
    let tests = |rates: [f64; 4]| rates.map(|rate| measured("a", "b", rate * 1e9)).to_vec();
    let slower = compare_single_pair(tests([9.4, 9.5, 9.3, 9.4]), tests([8.1, 8.0, 8.2, 8.1]));
    assert_eq!((slower.verdict, slower.percent.unwrap().round()), (Verdict::Slower, -14.0));
    let same = compare_single_pair(tests([9.4, 7.5, 9.3, 6.4]), tests([8.1, 6.0, 9.2, 8.1]));
    assert_eq!(same.verdict, Verdict::Same);
    let faster = compare_single_pair(tests([8.1, 8.0, 8.2, 8.1]), tests([9.4, 9.5, 9.3, 9.4]));
    assert_eq!(faster.verdict, Verdict::Faster);
}

#[test]
fn higher_latency_is_slower() {
    let tests = |factor: f64| {
        [50.0, 52.0, 51.0, 49.0].map(|latency| measured_latency("a", "b", latency * factor)).to_vec()
    };
    let compared = |factor: f64| {
        let comparison = compare(&run(&["a", "b"], tests(1.0)), &run(&["a", "b"], tests(factor)));
        assert_eq!(comparison.routes.len(), 1);
        comparison.routes[0].clone()
    };
    let slower = compared(2.0);
    assert_eq!((slower.pairs[0].verdict, slower.pairs[0].percent), (Verdict::Slower, Some(100.0)));
    assert_eq!(slower.worse(), [&slower.pairs[0]]);
    assert_eq!(compared(0.5).pairs[0].verdict, Verdict::Faster);
    assert_eq!(compared(1.01).pairs[0].verdict, Verdict::Same);
}

#[test]
fn single_tests_are_compared_by_their_intervals() {
    let steady = [9.4, 9.3, 9.5, 9.4, 9.3, 9.4, 9.5, 9.4];
    let slow = [7.0, 7.2, 6.9, 7.1, 7.0, 7.2, 7.1, 6.9];
    let wild = [9.9, 3.1, 9.0, 2.5, 9.8, 4.0, 9.7, 5.0];
    let change = |then: &[f64], now: &[f64]| {
        compare_single_pair(vec![with_intervals("a", "b", then)], vec![with_intervals("a", "b", now)]).verdict
    };
    assert_eq!(change(&steady, &slow), Verdict::Slower);
    assert_eq!(change(&steady, &steady), Verdict::Same);
    assert_eq!(change(&wild, &slow), Verdict::Same);
}

#[test]
fn single_test_against_several_is_slower_only_if_it_is_an_outlier() {
    let several = [9.4, 9.5, 9.3, 9.4, 9.4].map(|rate| measured("a", "b", rate * 1e9)).to_vec();
    let verdict =
        |rate: f64| compare_single_pair(several.clone(), vec![measured("a", "b", rate * 1e9)]).verdict;
    assert_eq!((verdict(7.0), verdict(9.3)), (Verdict::Slower, Verdict::Same));
}

#[test]
fn few_repeats_suffice_with_the_noise_of_other_pairs() {
    let nodes = ["a", "b", "c", "d"];
    let tests = |slow: f64| -> Vec<TestRecord> {
        let noise = [1.0, 1.14, 0.91];
        let pairs =
            nodes.iter().flat_map(|one| nodes.map(|other| (*one, other))).filter(|(one, other)| one != other);
        let rate = |sender: &str, number: usize| {
            6.6e9 * noise[(number + sender.len()) % 3] * if sender == "c" { slow } else { 1.0 }
        };
        pairs
            .flat_map(|(one, other)| (0..3).map(move |number| measured(one, other, rate(one, number))))
            .collect()
    };
    let comparison = compare(&run(&nodes, tests(1.0)), &run(&nodes, tests(0.5)));
    let slower: Vec<&str> = comparison.routes[0].worse().iter().map(|pair| pair.sender.name()).collect();
    assert_eq!(slower, ["c"; 3]);
}

#[test]
fn change_within_the_spread_of_all_pairs_is_not_significant() {
    let steady = [1.0, 1.01, 0.99, 1.0, 1.01];
    let tests = |factors: [f64; 8]| -> Vec<TestRecord> {
        let pair = |(pair, factor): (usize, f64)| {
            with_intervals("a", &format!("n{pair}"), &steady.map(|rate| rate * factor))
        };
        factors.into_iter().enumerate().map(pair).collect()
    };
    let base = tests([6.6; 8]);
    let verdicts = |now: [f64; 8]| {
        let comparison = compare(&run(&["a"], base.clone()), &run(&["a"], tests(now)));
        comparison.routes[0].count(Verdict::Slower)
    };
    assert_eq!(verdicts([7.3, 5.9, 7.0, 6.2, 6.0, 7.2, 6.9, 5.8]), 0);
    assert_eq!(verdicts([6.7, 6.5, 6.6, 6.6, 6.7, 6.5, 6.6, 3.0]), 1);
    // the same change of all pairs is a change of each
    assert_eq!(verdicts([3.35, 3.25, 3.3, 3.3, 3.35, 3.25, 3.3, 3.3]), 8);
}

#[test]
fn too_few_values_yield_unclear_verdict() {
    let change = compare_single_pair(vec![measured("a", "b", 9e9)], vec![measured("a", "b", 5e9)]);
    assert_eq!((change.verdict, change.p), (Verdict::Unclear, None));
}

#[test]
fn tiny_significant_change_counts_as_same() {
    let tests = |rates: [f64; 3]| rates.map(|rate| measured("a", "b", rate * 1e9)).to_vec();
    let change = compare_single_pair(tests([9.400, 9.401, 9.402]), tests([9.350, 9.351, 9.352]));
    assert!(change.p.unwrap() < 0.001);
    assert_eq!(change.verdict, Verdict::Same);
}

#[test]
fn failed_pairs_have_a_verdict_but_no_percentage() {
    let (works, fails) = (|| measured("a", "b", 9e9), || failed("a", "b", "no route"));
    let verdict = |then, now| {
        let change = compare_single_pair(vec![then], vec![now]);
        assert_eq!(change.percent, None);
        change.verdict
    };
    assert_eq!(verdict(works(), fails()), Verdict::NowFails);
    assert_eq!(verdict(fails(), works()), Verdict::NowWorks);
    assert_eq!(verdict(fails(), fails()), Verdict::StillFails);
}

#[test]
fn differences_of_nodes_and_parameters_are_listed() {
    let base = run(&["a", "b"], vec![measured("a", "b", 9e9)]);
    let mut now = run(&["a", "c"], vec![measured("a", "c", 9e9)]);
    now.parameters.measurement.parallel = 4;
    now.parameters.measurement.repeat = 3;
    now.parameters.placement.image = Some("example.org/iperf3:2".to_owned());
    now.parameters.pods.objects.limits.push("cpu=500m".parse().unwrap());
    now.parameters.pods.objects.labels.push("team=network".parse().unwrap());
    let kernel = |kernel: &str| Node { name: "a".into(), kernel: Some(kernel.to_owned()), ..Node::default() };
    now.nodes[0] = kernel("6.12.1");
    let base = Run { nodes: vec![kernel("6.1.0"), base.nodes[1].clone()], ..base };
    let comparison = compare(&base, &now);
    assert_eq!(
        comparison.differences,
        [
            "nodes only in the baseline: b",
            "nodes only in this run: c",
            "image: example.org/iperf3:2, was not set",
            "parallel streams: 4, was 1",
            "resource limits: cpu=500m, was not set",
            "kernel of a: 6.12.1, was 6.1.0",
        ]
    );
    assert_eq!(comparison.routes[0].count(Verdict::OnlyInOne), 2);
}

/// The false discovery rate of unchanged pairs: significant changes in at most 20 of 200 comparisons.
#[test]
fn noise_alone_is_rarely_significant() {
    let mut random = StdRng::seed_from_u64(7);
    let mut tests = || -> Vec<TestRecord> {
        let pairs = (0..30).flat_map(|pair| [pair; 3]);
        let noisy = |pair: i32| {
            measured("a", &format!("n{pair}"), 9e9 * (1.0 + 0.1 * random.random_range(-1.0..1.0)))
        };
        pairs.map(noisy).collect()
    };
    let has_significant_change = |_: &i32| {
        let comparison = compare(&run(&["a"], tests()), &run(&["a"], tests()));
        let changes = &comparison.routes[0];
        changes.count(Verdict::Slower) + changes.count(Verdict::Faster) > 0
    };
    let false_alarms = (0..200).filter(has_significant_change).count();
    assert!(false_alarms <= 20, "{false_alarms} of 200");
}
