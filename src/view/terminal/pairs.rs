//! Throughput with one row per pair, and the values that may explain it.

use super::{Canvas, style};
use crate::analysis::part_of_rate;
use crate::document::{Measure, Metric, PairSummary, Run, ThroughputSummary};
use crate::quantity::RateUnit;
use crate::view::text::{format_value, key_metrics, titles};

/// One row per pair and route, in the order of the run. `wide` adds the spread of the values, and how
/// many tests succeeded.
pub(super) fn table(run: &Run, wide: bool, canvas: Canvas) -> String {
    let summaries = &run.summary.throughput;
    let rates = summaries.iter().flat_map(|summary| &summary.pairs);
    let unit = RateUnit::of_largest(rates.filter_map(PairSummary::mean_bits_per_second));
    let columns = Columns {
        has_path: summaries.len() > 1,
        metrics: key_metrics(run, Measure::Throughput).collect(),
        is_wide: wide,
        unit,
        canvas,
    };
    let mut table = style::Table::new(canvas);
    table.add_row(columns.header());
    for summary in summaries {
        for pair in &summary.pairs {
            table.add_row(columns.row(summary, pair, run.is_doubtful(pair)));
        }
    }
    table.finish()
}

struct Columns {
    has_path: bool,
    /// Those that may explain the throughput.
    metrics: Vec<&'static Metric>,
    is_wide: bool,
    unit: RateUnit,
    canvas: Canvas,
}

impl Columns {
    fn header(&self) -> Vec<style::Cell> {
        let mut header = vec![style::header("SENDER"), style::header("RECEIVER")];
        if self.has_path {
            header.push(style::header("PATH"));
        }
        header.push(style::right(style::header(format!("{}  ", self.unit))));
        let mut titles: Vec<String> = titles(self.metrics.iter().copied()).collect();
        if self.is_wide {
            titles.extend(["MIN", "MAX", "STDDEV", "TESTS"].map(str::to_owned));
        }
        header.extend(titles.into_iter().map(|title| style::right(style::header(title))));
        header
    }

    fn row(&self, summary: &ThroughputSummary, pair: &PairSummary, is_doubtful: bool) -> Vec<style::Cell> {
        let mut row = vec![style::Cell::new(pair.sender), style::Cell::new(pair.receiver)];
        if self.has_path {
            row.push(style::Cell::new(summary.route.to_string()));
        }
        row.push(match (pair.mean_bits_per_second(), summary.median_bits_per_second) {
            (Some(rate), Some(median)) => {
                let mark = if is_doubtful { "~" } else { "" };
                let text = format!("{mark}{}", self.unit.format(rate));
                style::heat_cell(&text, part_of_rate(rate, median), false, self.canvas)
            }
            _ => style::failed(),
        });
        let rate = |value: Option<f64>| value.map(|value| self.unit.format(value));
        let value = |metric: &Metric| Some(format_value(metric, pair.aggregates.get(metric)?, self.unit));
        let mut values: Vec<Option<String>> = self.metrics.iter().map(|metric| value(metric)).collect();
        if self.is_wide {
            values.extend([
                rate(pair.min_bits_per_second),
                rate(pair.max_bits_per_second),
                rate(pair.standard_deviation_bits_per_second),
                Some(format!("{}/{}", pair.measured, pair.measured + pair.failed)),
            ]);
        }
        row.extend(values.into_iter().map(style::or_dash));
        row
    }
}
