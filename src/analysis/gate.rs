//! What a run has to reach.

use std::fmt;

use crate::document::{Breach, Comparison, PairSummary, Run, ThroughputSummary, Verdict};

/// The least throughput that a pair may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// In bits per second.
    Rate(u64),
    /// In percent of the median of all pairs on the same way.
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

/// What a run has to reach. A pair that failed has reached nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gates {
    /// Throughputs, each with the words in which it was asked for.
    pub below: Vec<(Threshold, String)>,
    /// How much slower than in the baseline a pair may be, in percent, with the words in which it
    /// was asked for.
    pub regression: Option<(f64, String)>,
}

impl Gates {
    /// Whether nothing has to be reached.
    pub fn is_empty(&self) -> bool {
        self.below.is_empty() && self.regression.is_none()
    }

    /// The pairs that don't reach it, gate by gate, the worst first.
    pub fn breaches(&self, run: &Run) -> Vec<Breach> {
        let below = self.below.iter().map(|(threshold, gate)| -> Vec<Breach> {
            run.summary.throughput.iter().flat_map(|summary| below(summary, *threshold, gate)).collect()
        });
        let regressions = match (&self.regression, &run.comparison) {
            (Some((percent, gate)), Some(comparison)) => regressions(comparison, *percent, gate),
            _ => Vec::new(),
        };
        let reached =
            |breach: &Breach| breach.bits_per_second.map_or(0.0, |rate| rate / breach.limit_bits_per_second);
        let worst_first = |mut breaches: Vec<Breach>| {
            breaches.sort_by(|one, other| reached(one).total_cmp(&reached(other)));
            breaches
        };
        below.chain([regressions]).flat_map(worst_first).collect()
    }
}

fn below(summary: &ThroughputSummary, threshold: Threshold, gate: &str) -> Vec<Breach> {
    let limit = match threshold {
        Threshold::Rate(rate) => rate as f64,
        // without a median nothing was measured, and every pair fails
        Threshold::PercentOfMedian(percent) => {
            summary.median_bits_per_second.unwrap_or_default() * percent / 100.0
        }
    };
    let breaks = |pair: &&PairSummary| pair.mean_bits_per_second.is_none_or(|rate| rate < limit);
    let pairs = summary.pairs.iter().filter(breaks);
    pairs
        .map(|pair| Breach {
            gate: gate.to_owned(),
            path: summary.path,
            ip_family: summary.ip_family,
            sender: pair.sender.clone(),
            receiver: pair.receiver.clone(),
            bits_per_second: pair.mean_bits_per_second,
            limit_bits_per_second: limit,
        })
        .collect()
}

/// A change that may be chance breaks no gate; one of which that cannot be told does.
fn regressions(comparison: &Comparison, percent: f64, gate: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for way in &comparison.ways {
        for pair in &way.pairs {
            let breaks = match pair.verdict {
                Verdict::NowFails => true,
                Verdict::Slower | Verdict::Unclear => pair.percent.is_some_and(|change| -change > percent),
                _ => false,
            };
            let Some(base) = pair.base_bits_per_second.filter(|_| breaks) else { continue };
            breaches.push(Breach {
                gate: gate.to_owned(),
                path: way.path,
                ip_family: way.ip_family,
                sender: pair.sender.clone(),
                receiver: pair.receiver.clone(),
                bits_per_second: pair.bits_per_second,
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
        breaches.iter().map(|breach| (breach.sender.as_str(), breach.receiver.as_str())).collect()
    }

    fn below(threshold: Threshold) -> Gates {
        Gates { below: vec![(threshold, "--fail-below".to_owned())], regression: None }
    }

    #[test]
    fn slow_and_failed_pairs_are_below() {
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
        // the median of those that were measured is 8 Gbit/s
        let breaches = below(Threshold::PercentOfMedian(80.0)).breaches(&run);
        assert_eq!(names(&breaches), [("b", "c"), ("b", "a")]);
        assert!((breaches[0].limit_bits_per_second - 6.4e9).abs() < 1.0);
    }

    #[test]
    fn a_regression_is_one_beyond_what_is_allowed() {
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
