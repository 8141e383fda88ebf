//! Gates: the thresholds that a run must meet.

use std::fmt;

use crate::document::{
    Breach, Comparison, Metric, PairSummary, RouteComparison, Run, ThroughputSummary, Verdict,
};

/// The minimum throughput of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// In bits per second.
    Rate(u64),
    /// In percent of the median of all pairs on the same route.
    PercentOfMedian(f64),
}

impl fmt::Display for Threshold {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::PercentOfMedian(percent) => write!(formatter, "{percent}%"),
            Self::Rate(rate) => {
                let rate = *rate as f64;
                let units = [("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)];
                let (unit, scale) =
                    units.into_iter().find(|(_, scale)| rate >= *scale).unwrap_or(("bit/s", 1.0));
                write!(formatter, "{}{unit}", rate / scale)
            }
        }
    }
}

/// The thresholds of a run. A pair without a successful test fails all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gates {
    /// Minimum throughputs, each with its flag as given: `--fail-below 5Gbit/s`.
    pub below: Vec<(Threshold, String)>,
    /// The largest regression against the baseline, in percent, with its flag as given.
    pub regression: Option<(f64, String)>,
}

impl Gates {
    /// Whether there are no thresholds.
    pub fn is_empty(&self) -> bool {
        self.below.is_empty() && self.regression.is_none()
    }

    /// The pairs that fail each gate, the worst first within a gate.
    pub fn breaches(&self, run: &Run) -> Vec<Breach> {
        let below = self.below.iter().map(|(threshold, gate)| -> Vec<Breach> {
            run.summary.throughput.iter().flat_map(|summary| below(summary, *threshold, gate)).collect()
        });
        let regressions = match (&self.regression, &run.comparison) {
            (Some((percent, gate)), Some(comparison)) => regressions(comparison, *percent, gate),
            _ => Vec::new(),
        };
        let ratio =
            |breach: &Breach| breach.bits_per_second.map_or(0.0, |rate| rate / breach.limit_bits_per_second);
        let worst_first = |mut breaches: Vec<Breach>| {
            breaches.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
            breaches
        };
        below.chain([regressions]).flat_map(worst_first).collect()
    }
}

fn below(summary: &ThroughputSummary, threshold: Threshold, gate: &str) -> Vec<Breach> {
    let limit = match threshold {
        Threshold::Rate(rate) => rate as f64,
        // without a median every test failed, and so does every pair
        Threshold::PercentOfMedian(percent) => {
            summary.median_bits_per_second.unwrap_or_default() * percent / 100.0
        }
    };
    let fails = |pair: &&PairSummary| pair.mean_bits_per_second().is_none_or(|rate| rate < limit);
    let pairs = summary.pairs.iter().filter(fails);
    pairs
        .map(|pair| Breach {
            gate: gate.to_owned(),
            route: summary.route,
            sender: pair.sender,
            receiver: pair.receiver,
            bits_per_second: pair.mean_bits_per_second(),
            limit_bits_per_second: limit,
        })
        .collect()
}

/// A change within chance fails no gate; one for which significance could not be tested does.
fn regressions(comparison: &Comparison, percent: f64, gate: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let throughput = |changes: &&RouteComparison| changes.metric == Metric::throughput_mean();
    for changes in comparison.routes.iter().filter(throughput) {
        for pair in &changes.pairs {
            let fails = match pair.verdict {
                Verdict::NowFails => true,
                Verdict::Slower | Verdict::Unclear => pair.percent.is_some_and(|change| -change > percent),
                _ => false,
            };
            let Some(base) = pair.base.filter(|_| fails) else { continue };
            breaches.push(Breach {
                gate: gate.to_owned(),
                route: changes.route,
                sender: pair.sender,
                receiver: pair.receiver,
                bits_per_second: pair.value,
                limit_bits_per_second: base * (1.0 - percent / 100.0),
            });
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::compare;
    use crate::document::fixtures::{failed, measured, run};

    fn names(breaches: &[Breach]) -> Vec<(&str, &str)> {
        breaches.iter().map(|breach| (breach.sender.name(), breach.receiver.name())).collect()
    }

    fn below(threshold: Threshold) -> Gates {
        Gates { below: vec![(threshold, "--fail-below".to_owned())], regression: None }
    }

    #[test]
    fn slow_and_failed_pairs_fail_the_gate() {
        let run = run(
            &["a", "b", "c"],
            vec![
                measured("a", "b", 8e9),
                measured("b", "a", 4e9),
                measured("a", "c", 8e9),
                failed("b", "c", "no route"),
            ],
        );
        let breaches = below(Threshold::Rate(5_000_000_000)).breaches(&run);
        assert_eq!(names(&breaches), [("b", "c"), ("b", "a")]);
        assert_eq!((breaches[0].bits_per_second, breaches[1].bits_per_second), (None, Some(4e9)));
        assert_eq!(names(&below(Threshold::Rate(4_000_000_000)).breaches(&run)), [("b", "c")]);
        // the median of the measured pairs is 8 Gbit/s
        let breaches = below(Threshold::PercentOfMedian(80.0)).breaches(&run);
        assert_eq!(names(&breaches), [("b", "c"), ("b", "a")]);
        assert!((breaches[0].limit_bits_per_second - 6.4e9).abs() < 1.0);
    }

    #[test]
    fn regression_beyond_the_limit_fails_the_gate() {
        let base = run(&["a", "b"], vec![measured("a", "b", 8e9), measured("b", "a", 8e9)]);
        let mut now = run(&["a", "b"], vec![measured("a", "b", 6e9), failed("b", "a", "no route")]);
        now.comparison = Some(compare(&base, &now));
        let gates = |percent| Gates {
            below: Vec::new(),
            regression: Some((percent, "--fail-regression".to_owned())),
        };
        assert_eq!(names(&gates(10.0).breaches(&now)), [("b", "a"), ("a", "b")]);
        assert_eq!(names(&gates(30.0).breaches(&now)), [("b", "a")]);
    }
}
