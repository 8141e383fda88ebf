//! The tests of each pair taken together: mean and spread.

use std::collections::HashMap;

use crate::document::{Measurement, Outcome, PairSummary, Path, Summary, TestRecord};

/// Takes the tests of a run together.
pub fn summarise(tests: &[TestRecord]) -> Summary {
    let mut order = Vec::new();
    let mut groups: HashMap<(&str, &str, Path), Vec<&TestRecord>> = HashMap::new();
    for test in tests {
        let pair = (test.client.as_str(), test.server.as_str(), test.path);
        let group = groups.entry(pair).or_default();
        if group.is_empty() {
            order.push(pair);
        }
        group.push(test);
    }
    let pairs: Vec<PairSummary> = order.iter().map(|pair| summarise_pair(&groups[pair])).collect();
    let means = pairs.iter().filter_map(|pair| pair.mean_bits_per_second);
    Summary { median_bits_per_second: median(means.collect()), pairs }
}

/// `tests` are of one pair, and at least one.
fn summarise_pair(tests: &[&TestRecord]) -> PairSummary {
    let measured: Vec<&Measurement> = tests.iter().filter_map(|test| test.outcome.measurement()).collect();
    let rates: Vec<f64> = measured.iter().map(|test| test.bits_per_second).collect();
    let mean_of = |figure: fn(&Measurement) -> Option<f64>| {
        mean(measured.iter().filter_map(|&test| figure(test)).collect::<Vec<_>>().as_slice())
    };
    let failure = tests.iter().rev().find_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some(failure.reason.clone()),
        Outcome::Ok(_) => None,
    });
    PairSummary {
        client: tests[0].client.clone(),
        server: tests[0].server.clone(),
        path: tests[0].path,
        measured: measured.len(),
        failed: tests.len() - measured.len(),
        mean_bits_per_second: mean(&rates),
        standard_deviation_bits_per_second: standard_deviation(&rates),
        min_bits_per_second: rates.iter().copied().reduce(f64::min),
        max_bits_per_second: rates.iter().copied().reduce(f64::max),
        mean_retransmits: mean_of(|test| test.retransmits.map(|count| count as f64)),
        mean_round_trip_time_microseconds: mean_of(|test| {
            test.round_trip_time.map(|time| time.mean_microseconds)
        }),
        mean_client_cpu_percent: mean_of(|test| test.cpu.map(|cpu| cpu.client_percent)),
        mean_server_cpu_percent: mean_of(|test| test.cpu.map(|cpu| cpu.server_percent)),
        failure,
    }
}

/// The arithmetic mean; none of nothing.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median; none of nothing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// The sample standard deviation (n−1); none for fewer than two values.
fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures::{failed, measured};

    #[test]
    fn repetitions_have_a_mean_and_a_spread() {
        let tests = [measured("a", "b", 8e9), measured("a", "b", 10e9), measured("b", "a", 4e9)];
        let summary = summarise(&tests);
        let pair = &summary.pairs[0];
        assert_eq!(pair.mean_bits_per_second, Some(9e9));
        assert_eq!((pair.min_bits_per_second, pair.max_bits_per_second), (Some(8e9), Some(10e9)));
        let spread = pair.standard_deviation_bits_per_second.unwrap();
        assert!((spread - 2f64.sqrt() * 1e9).abs() < 1.0);
        assert_eq!(summary.pairs[1].standard_deviation_bits_per_second, None);
        assert_eq!(summary.median_bits_per_second, Some(6.5e9));
    }

    #[test]
    fn failures_are_counted_and_in_no_mean() {
        let tests = [measured("a", "b", 8e9), failed("a", "b", "no route"), failed("b", "a", "no route")];
        let summary = summarise(&tests);
        assert_eq!((summary.pairs[0].measured, summary.pairs[0].failed), (1, 1));
        assert_eq!(summary.pairs[0].mean_bits_per_second, Some(8e9));
        assert_eq!(summary.pairs[1].mean_bits_per_second, None);
        assert_eq!(summary.pairs[1].failure.as_deref(), Some("no route"));
        assert_eq!(summary.median_bits_per_second, Some(8e9));
    }
}
