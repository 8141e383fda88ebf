//! Text fragments that several views share.

use std::fmt::Display;

use jiff::Timestamp;

use crate::document::{METRICS, Measure, Metric, Run, Unit};
use crate::quantity::{RateUnit, duration};

/// The legend of inconclusive changes, without a full stop.
pub(super) const INCONCLUSIVE: &str =
    "too few samples to tell the change from chance; use --repeat 3 in both runs";

/// `node-1 → node-2`.
pub(super) fn pair_name(sender: impl Display, receiver: impl Display) -> String {
    format!("{sender} → {receiver}")
}

/// The value of a metric in a table whose rates have one unit.
pub(super) fn format_value(metric: &Metric, value: f64, rates: RateUnit) -> String {
    match metric.unit {
        Unit::BitsPerSecond => rates.format(value),
        Unit::Microseconds => duration(value),
        Unit::Seconds => format!("{value:.1} s"),
        Unit::Percent { digits } => format!("{value:.digits$}%"),
        Unit::Bytes | Unit::Count => format!("{value:.0}"),
    }
}

/// The rows and columns of a matrix.
pub(super) fn axes(measure: Measure) -> &'static str {
    match measure {
        Measure::Throughput => "rows send, columns receive",
        Measure::Latency => "rows are clients, columns servers",
    }
}

/// The metrics that the tables of pairs have columns for.
pub(super) fn key_metrics(run: &Run, measure: Measure) -> impl Iterator<Item = &'static Metric> {
    let protocol = run.parameters.measurement.protocol;
    METRICS.iter().filter(move |metric| metric.is_key && metric.is_of(measure, protocol))
}

/// The titles of their columns.
pub(super) fn titles(metrics: impl Iterator<Item = &'static Metric>) -> impl Iterator<Item = String> {
    metrics.filter_map(|metric| metric.label).map(str::to_uppercase)
}

/// `2026-03-01 09:00 UTC`.
pub(super) fn format_time(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// One decimal, without the percent sign, and never `-0.0`.
pub(super) fn format_percent(percent: f64) -> String {
    format!("{:.1}", if percent.abs() < 0.05 { 0.0 } else { percent })
}

/// Like [`format_percent`], with a sign unless it is zero: `+1.5`, `-3.0`, `0.0`.
pub(super) fn format_signed_percent(percent: f64) -> String {
    if percent.abs() < 0.05 { "0.0".to_owned() } else { format!("{percent:+.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_near_zero_has_no_sign() {
        assert_eq!([-0.04, -0.05, 3.0].map(format_percent), ["0.0", "-0.1", "3.0"]);
        assert_eq!([-0.04, -0.06, 3.0].map(format_signed_percent), ["0.0", "-0.1", "+3.0"]);
    }
}
