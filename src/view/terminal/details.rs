//! Every pair on a line of its own, with what explains its throughput.

use comfy_table::Cell;

use super::{Canvas, style};
use crate::analysis::part_of_rate;
use crate::document::{PairSummary, Protocol, Route, Run, ThroughputSummary};
use crate::quantity::{RateUnit, duration};

/// One row per pair and way, in the order in which they were measured. `wide` adds the spread, and
/// how many of the tests were measured.
pub(super) fn table(run: &Run, wide: bool, canvas: Canvas) -> String {
    let summaries = &run.summary.throughput;
    let rates = summaries.iter().flat_map(|summary| &summary.pairs);
    let unit = RateUnit::of_largest(rates.filter_map(|pair| pair.mean_bits_per_second));
    let columns = Columns {
        path: summaries.len() > 1,
        udp: run.parameters.measurement.protocol == Protocol::Udp,
        wide,
        unit,
        canvas,
    };
    let mut table = style::table(canvas);
    table.set_header(columns.header());
    for summary in summaries {
        for pair in &summary.pairs {
            table.add_row(columns.row(summary, pair));
        }
    }
    style::finish(table)
}

/// Which columns there are.
struct Columns {
    path: bool,
    udp: bool,
    wide: bool,
    unit: RateUnit,
    canvas: Canvas,
}

impl Columns {
    fn header(&self) -> Vec<Cell> {
        let mut header = vec![style::header("SENDER"), style::header("RECEIVER")];
        if self.path {
            header.push(style::header("PATH"));
        }
        header.push(style::right(style::header(format!("{}  ", self.unit))));
        let mut figures = if self.udp {
            vec!["TARGET", "LOST", "JITTER", "OUT OF ORDER"]
        } else {
            vec!["RETRANSMITS", "RTT"]
        };
        figures.extend(["SENDER CPU", "RECEIVER CPU"]);
        if self.wide {
            figures.extend(["MIN", "MAX", "STDDEV", "TESTS"]);
        }
        header.extend(figures.into_iter().map(|text| style::right(style::header(text))));
        header
    }

    fn row(&self, summary: &ThroughputSummary, pair: &PairSummary) -> Vec<Cell> {
        let mut row = vec![Cell::new(&pair.sender), Cell::new(&pair.receiver)];
        if self.path {
            row.push(Cell::new(Route { path: summary.path, ip_family: summary.ip_family }.to_string()));
        }
        row.push(match (pair.mean_bits_per_second, summary.median_bits_per_second) {
            (Some(rate), Some(median)) => {
                style::figure(&self.unit.figure(rate), part_of_rate(rate, median), false, self.canvas)
            }
            _ => style::failed(),
        });
        let count = |value: Option<f64>| value.map(|count| format!("{count:.0}"));
        let percent = |value: Option<f64>| value.map(|value| format!("{value:.0}%"));
        let rate = |value: Option<f64>| value.map(|value| self.unit.figure(value));
        let mut figures = if self.udp {
            vec![
                rate(pair.mean_target_bits_per_second),
                pair.mean_lost_percent.map(|percent| format!("{percent:.2}%")),
                pair.mean_jitter_microseconds.map(duration),
                count(pair.mean_out_of_order),
            ]
        } else {
            vec![count(pair.mean_retransmits), pair.mean_round_trip_time_microseconds.map(duration)]
        };
        figures.extend([percent(pair.mean_sender_cpu_percent), percent(pair.mean_receiver_cpu_percent)]);
        if self.wide {
            figures.extend([
                rate(pair.min_bits_per_second),
                rate(pair.max_bits_per_second),
                rate(pair.standard_deviation_bits_per_second),
                Some(format!("{}/{}", pair.measured, pair.measured + pair.failed)),
            ]);
        }
        row.extend(figures.into_iter().map(style::or_dash));
        row
    }
}
