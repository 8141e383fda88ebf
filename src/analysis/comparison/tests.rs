use super::*;
use crate::document::fixtures::{failed, measured, run};
use crate::document::{Measurement, Node, Outcome, Sample};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A test whose intervals have these rates in Gbit/s, after one of slow start.
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

fn only(base: Vec<TestRecord>, now: Vec<TestRecord>) -> PairChange {
    let comparison = compare(&run(&["a", "b"], base), &run(&["a", "b"], now));
    comparison.ways[0].pairs[0].clone()
}

#[test]
fn repeats_tell_a_change_from_noise() {
    let tests = |rates: [f64; 4]| rates.map(|rate| measured("a", "b", rate * 1e9)).to_vec();
    let slower = only(tests([9.4, 9.5, 9.3, 9.4]), tests([8.1, 8.0, 8.2, 8.1]));
    assert_eq!((slower.verdict, slower.percent.unwrap().round()), (Verdict::Slower, -14.0));
    let same = only(tests([9.4, 7.5, 9.3, 6.4]), tests([8.1, 6.0, 9.2, 8.1]));
    assert_eq!(same.verdict, Verdict::Same);
    let faster = only(tests([8.1, 8.0, 8.2, 8.1]), tests([9.4, 9.5, 9.3, 9.4]));
    assert_eq!(faster.verdict, Verdict::Faster);
}

#[test]
fn one_test_each_is_told_by_its_intervals() {
    let steady = [9.4, 9.3, 9.5, 9.4, 9.3, 9.4, 9.5, 9.4];
    let slow = [7.0, 7.2, 6.9, 7.1, 7.0, 7.2, 7.1, 6.9];
    let wild = [9.9, 3.1, 9.0, 2.5, 9.8, 4.0, 9.7, 5.0];
    let change = |then: &[f64], now: &[f64]| {
        only(vec![with_intervals("a", "b", then)], vec![with_intervals("a", "b", now)]).verdict
    };
    assert_eq!(change(&steady, &slow), Verdict::Slower);
    assert_eq!(change(&steady, &steady), Verdict::Same);
    assert_eq!(change(&wild, &slow), Verdict::Same);
}

#[test]
fn one_test_against_several_is_one_more_of_them_or_not() {
    let several = [9.4, 9.5, 9.3, 9.4, 9.4].map(|rate| measured("a", "b", rate * 1e9)).to_vec();
    let verdict = |rate: f64| only(several.clone(), vec![measured("a", "b", rate * 1e9)]).verdict;
    assert_eq!((verdict(7.0), verdict(9.3)), (Verdict::Slower, Verdict::Same));
}

#[test]
fn a_few_repeats_are_enough_where_other_pairs_tell_how_noisy_tests_are() {
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
    let slower: Vec<&str> = comparison.ways[0].worse().iter().map(|pair| pair.sender.as_str()).collect();
    assert_eq!(slower, ["c"; 3]);
}

#[test]
fn where_all_pairs_differ_from_hour_to_hour_one_of_them_is_nothing_special() {
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
        comparison.ways[0].count(Verdict::Slower)
    };
    assert_eq!(verdicts([7.3, 5.9, 7.0, 6.2, 6.0, 7.2, 6.9, 5.8]), 0);
    assert_eq!(verdicts([6.7, 6.5, 6.6, 6.6, 6.7, 6.5, 6.6, 3.0]), 1);
    // all of them alike are all of them
    assert_eq!(verdicts([3.35, 3.25, 3.3, 3.3, 3.35, 3.25, 3.3, 3.3]), 8);
}

#[test]
fn too_few_values_are_said_to_be_too_few() {
    let change = only(vec![measured("a", "b", 9e9)], vec![measured("a", "b", 5e9)]);
    assert_eq!((change.verdict, change.p), (Verdict::Unclear, None));
}

#[test]
fn a_sure_change_that_is_tiny_is_none() {
    let tests = |rates: [f64; 3]| rates.map(|rate| measured("a", "b", rate * 1e9)).to_vec();
    let change = only(tests([9.400, 9.401, 9.402]), tests([9.350, 9.351, 9.352]));
    assert!(change.p.unwrap() < 0.001);
    assert_eq!(change.verdict, Verdict::Same);
}

#[test]
fn failures_are_no_percentages() {
    let (works, fails) = (|| measured("a", "b", 9e9), || failed("a", "b", "no route"));
    let verdict = |then, now| {
        let change = only(vec![then], vec![now]);
        assert_eq!(change.percent, None);
        change.verdict
    };
    assert_eq!(verdict(works(), fails()), Verdict::NowFails);
    assert_eq!(verdict(fails(), works()), Verdict::NowWorks);
    assert_eq!(verdict(fails(), fails()), Verdict::StillFails);
}

#[test]
fn what_is_not_alike_is_said() {
    let base = run(&["a", "b"], vec![measured("a", "b", 9e9)]);
    let mut now = run(&["a", "c"], vec![measured("a", "c", 9e9)]);
    now.parameters.measurement.parallel = 4;
    now.parameters.measurement.repeat = 3;
    now.parameters.placement.image = Some("example.org/iperf3:2".to_owned());
    now.parameters.pods.objects.limits.push("cpu=500m".parse().unwrap());
    now.parameters.pods.objects.labels.push("team=network".parse().unwrap());
    let kernel =
        |kernel: &str| Node { name: "a".to_owned(), kernel: Some(kernel.to_owned()), ..Node::default() };
    now.nodes[0] = kernel("6.12.1");
    let base = Run { nodes: vec![kernel("6.1.0"), base.nodes[1].clone()], ..base };
    let comparison = compare(&base, &now);
    assert_eq!(
        comparison.differences,
        [
            "measured then only: b",
            "measured now only: c",
            "image was not given and is example.org/iperf3:2",
            "limits was not given and is cpu=500m",
            "parallel was 1 and is 4",
            "the kernel of a was 6.1.0 and is 6.12.1",
        ]
    );
    assert_eq!(comparison.ways[0].count(Verdict::OnlyInOne), 2);
}

/// Of pairs that have not changed, hardly any run has one that is called so.
#[test]
fn noise_is_no_change() {
    let mut random = StdRng::seed_from_u64(7);
    let mut tests = || -> Vec<TestRecord> {
        let pairs = (0..30).flat_map(|pair| [pair; 3]);
        let noisy = |pair: i32| {
            measured("a", &format!("n{pair}"), 9e9 * (1.0 + 0.1 * random.random_range(-1.0..1.0)))
        };
        pairs.map(noisy).collect()
    };
    let called = |_: &i32| {
        let comparison = compare(&run(&["a"], tests()), &run(&["a"], tests()));
        let way = &comparison.ways[0];
        way.count(Verdict::Slower) + way.count(Verdict::Faster) > 0
    };
    let runs_with_calls = (0..200).filter(called).count();
    assert!(runs_with_calls <= 20, "{runs_with_calls} of 200");
}
