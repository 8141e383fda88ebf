//! The pairs of a run as a matrix: rows send, columns receive.

use std::collections::HashMap;

use super::statistics::mean;
use crate::document::{
    Cost, LatencySummary, Metric, NodeId, RouteComparison, Run, ThroughputSummary, Verdict,
};

/// A cell of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A node against itself: never measured.
    Diagonal,
    /// The mean of the pair's successful tests.
    Measured {
        /// In the unit of the matrix.
        value: f64,
        /// The quality relative to the median, which is 1: less is worse.
        part: f64,
        /// Whether some tests of this pair failed.
        some_failed: bool,
        /// Whether the value is doubtful ([`Run::is_doubtful`]).
        is_doubtful: bool,
    },
    /// All tests of the pair failed.
    Failed,
    /// Not tested, as in a partial run.
    NotMeasured,
}

/// How good a value is compared with the others of its matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Below 50% of the median's quality.
    VeryBad,
    /// Below 85% of the median's quality.
    Bad,
    /// Anything better.
    Usual,
}

/// The quality of a throughput relative to the median, which is 1: less is worse.
pub fn part_of_rate(rate: f64, median: f64) -> f64 {
    rate / median
}

/// The quality of a latency relative to the median: 0.5 for twice the latency.
pub fn part_of_latency(latency: f64, median: f64) -> f64 {
    median / latency
}

/// The fraction of the throughput that a cost in percent leaves.
pub fn part_of_cost(percent: f64) -> f64 {
    1.0 - percent / 100.0
}

/// The quality of a metric that has changed by a percentage, relative to before, which is 1.
pub fn part_of_change(percent: f64, metric: &Metric) -> f64 {
    let ratio = 1.0 + percent / 100.0;
    if metric.is_larger_worse() { 1.0 / ratio } else { ratio }
}

impl Cell {
    /// The marks before the value: `*` if some tests failed, `~` for a doubtful value.
    pub fn marks(&self) -> &'static str {
        match self {
            Self::Measured { some_failed: true, is_doubtful: true, .. } => "*~",
            Self::Measured { some_failed: true, .. } => "*",
            Self::Measured { is_doubtful: true, .. } => "~",
            _ => "",
        }
    }
}

impl Level {
    const BAD: f64 = 0.85;
    const VERY_BAD: f64 = 0.5;

    /// The level of a relative quality.
    pub fn of_part(part: f64) -> Self {
        match part {
            part if part < Self::VERY_BAD => Self::VeryBad,
            part if part < Self::BAD => Self::Bad,
            _ => Self::Usual,
        }
    }
}

/// A matrix of the nodes of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// The nodes of the rows: senders, or clients of latency tests.
    pub rows: Vec<NodeId>,
    /// The nodes of the columns: receivers, or servers of latency tests.
    pub columns: Vec<NodeId>,
    /// The cells by row.
    pub cells: Vec<Vec<Cell>>,
    /// The mean of each row; none for a row without measured cells.
    pub row_means: Vec<Option<f64>>,
    /// The mean of each column; none for a column without measured cells.
    pub column_means: Vec<Option<f64>>,
    /// The mean of all measured cells; none if there are none.
    pub mean: Option<f64>,
}

impl Matrix {
    /// The throughput on one route, in bits per second.
    pub fn of_throughput(run: &Run, summary: &ThroughputSummary) -> Self {
        let median = summary.median_bits_per_second;
        let cells = summary.pairs.iter().map(|pair| {
            let cell = match (pair.mean_bits_per_second(), median) {
                (Some(value), Some(median)) => {
                    let is_doubtful = run.is_doubtful(pair);
                    let part = part_of_rate(value, median);
                    Cell::Measured { value, part, some_failed: pair.failed > 0, is_doubtful }
                }
                _ => Cell::Failed,
            };
            ((pair.sender, pair.receiver), cell)
        });
        Self::new(run, cells.collect())
    }

    /// The throughput on one route from the server outside the cluster, in bits per second: columns send,
    /// rows receive. None if that server did not send.
    pub fn from_external_server(run: &Run, summary: &ThroughputSummary) -> Option<Self> {
        let to = run.external_server()?;
        let mut back = summary.clone();
        back.pairs.retain(|pair| pair.sender == to);
        for pair in &mut back.pairs {
            std::mem::swap(&mut pair.sender, &mut pair.receiver);
        }
        (!back.pairs.is_empty()).then(|| Self::of_throughput(run, &back))
    }

    /// The mean latency on one route, in microseconds.
    pub fn of_latency(run: &Run, summary: &LatencySummary) -> Self {
        let median = summary.median_microseconds;
        let cells = summary.pairs.iter().map(|pair| {
            let cell = match (pair.mean_microseconds(), median) {
                (Some(value), Some(median)) => Cell::Measured {
                    value,
                    part: part_of_latency(value, median),
                    some_failed: pair.failed > 0,
                    is_doubtful: false,
                },
                _ => Cell::Failed,
            };
            ((pair.client, pair.server), cell)
        });
        Self::new(run, cells.collect())
    }

    /// The cost of one path compared with another, in percent.
    pub fn of_cost(run: &Run, cost: &Cost) -> Self {
        let cells = cost.pairs.iter().map(|pair| {
            let part = part_of_cost(pair.percent);
            let cell = Cell::Measured { value: pair.percent, part, some_failed: false, is_doubtful: false };
            ((pair.sender, pair.receiver), cell)
        });
        Self::new(run, cells.collect())
    }

    /// The change on one route since the baseline, in percent.
    pub fn of_change(run: &Run, changes: &RouteComparison) -> Self {
        let cells = changes.pairs.iter().map(|pair| {
            let cell = match (pair.percent, pair.verdict) {
                (Some(value), _) => {
                    let part = part_of_change(value, changes.metric);
                    Cell::Measured { value, part, some_failed: false, is_doubtful: false }
                }
                (None, Verdict::NowFails | Verdict::StillFails) => Cell::Failed,
                (None, _) => Cell::NotMeasured,
            };
            ((pair.sender, pair.receiver), cell)
        });
        Self::new(run, cells.collect())
    }

    fn new(run: &Run, mut known: HashMap<(NodeId, NodeId), Cell>) -> Self {
        let nodes = run.nodes.iter().map(|node| node.name);
        // a server outside the cluster is the only column
        let (rows, columns): (Vec<NodeId>, Vec<NodeId>) = match run.external_server() {
            Some(to) => (nodes.collect(), vec![to]),
            None => (nodes.clone().collect(), nodes.collect()),
        };
        let mut cell = |row: NodeId, column: NodeId| match known.remove(&(row, column)) {
            Some(cell) => cell,
            None if row == column => Cell::Diagonal,
            None => Cell::NotMeasured,
        };
        let cells: Vec<Vec<Cell>> =
            rows.iter().map(|row| columns.iter().map(|column| cell(*row, *column)).collect()).collect();
        let mean_of =
            |cells: &mut dyn Iterator<Item = &Cell>| mean(&cells.filter_map(Cell::value).collect::<Vec<_>>());
        Self {
            row_means: cells.iter().map(|row| mean_of(&mut row.iter())).collect(),
            column_means: (0..columns.len())
                .map(|column| mean_of(&mut cells.iter().map(|row| &row[column])))
                .collect(),
            mean: mean_of(&mut cells.iter().flatten()),
            rows,
            columns,
            cells,
        }
    }

    /// The measured cells as (row, column, value).
    pub fn measured(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        self.cells.iter().enumerate().flat_map(|(row, cells)| {
            let of_row = cells.iter().enumerate();
            of_row.filter_map(move |(column, cell)| Some((row, column, cell.value()?)))
        })
    }
}

impl Cell {
    /// The value of a measured cell.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Measured { value, .. } => Some(*value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures::{failed, measured, run};

    #[test]
    fn failed_and_missing_cells_are_excluded_from_means() {
        let run = run(
            &["a", "b", "c"],
            vec![
                measured("a", "b", 8e9),
                measured("b", "a", 10e9),
                failed("a", "c", "no route"),
                measured("c", "a", 1e9),
            ],
        );
        let matrix = Matrix::of_throughput(&run, &run.summary.throughput[0]);
        assert_eq!(matrix.row_means, [Some(8e9), Some(10e9), Some(1e9)]);
        assert_eq!(matrix.column_means, [Some(5.5e9), Some(8e9), None]);
        assert_eq!(matrix.cells[0][2], Cell::Failed);
        assert_eq!(matrix.cells[1][2], Cell::NotMeasured);
        assert_eq!(matrix.cells[1][1], Cell::Diagonal);
        assert!(
            matches!(matrix.cells[2][0], Cell::Measured { part, .. } if Level::of_part(part) == Level::VeryBad)
        );
    }

    #[test]
    fn server_outside_the_cluster_is_the_only_column() {
        let mut run = run(&["a", "b"], vec![measured("a", "192.0.2.7", 8e9)]);
        run.parameters.placement.to = Some("192.0.2.7".parse().unwrap());
        let matrix = Matrix::of_throughput(&run, &run.summary.throughput[0]);
        assert_eq!((matrix.rows.len(), matrix.columns), (2, vec!["192.0.2.7".into()]));
        assert_eq!(matrix.cells[1], [Cell::NotMeasured]);
    }

    #[test]
    fn high_latency_and_high_cost_are_bad() {
        let levels = [part_of_latency(250.0, 100.0), part_of_latency(50.0, 100.0)].map(Level::of_part);
        assert_eq!(levels, [Level::VeryBad, Level::Usual]);
        let levels = [60.0, 20.0, -5.0].map(|percent| Level::of_part(part_of_cost(percent)));
        assert_eq!(levels, [Level::VeryBad, Level::Bad, Level::Usual]);
    }
}
