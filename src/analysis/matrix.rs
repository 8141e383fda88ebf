//! The pairs of a run as a matrix: rows are clients, columns are servers.

use std::collections::HashMap;

use super::summary::mean;
use crate::document::{PairSummary, Run};

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A node and itself: never measured.
    Diagonal,
    /// The mean throughput of the pair's measured tests.
    Measured {
        /// At the receiver.
        bits_per_second: f64,
        /// How it compares with the median of the matrix.
        level: Level,
        /// Whether other tests of this pair failed.
        some_failed: bool,
    },
    /// All tests of the pair failed.
    Failed,
    /// The run ended before the pair's turn.
    NotMeasured,
}

/// How a throughput compares with the median.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Less than half of the median.
    VeryLow,
    /// Less than 85% of it.
    Low,
    /// The rest.
    Usual,
}

impl Level {
    const LOW: f64 = 0.85;
    const VERY_LOW: f64 = 0.5;

    /// Where `rate` stands against `median`.
    pub fn of(rate: f64, median: f64) -> Self {
        match rate / median {
            part if part < Self::VERY_LOW => Self::VeryLow,
            part if part < Self::LOW => Self::Low,
            _ => Self::Usual,
        }
    }
}

/// The matrix of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// The nodes, in the order of rows and of columns.
    pub nodes: Vec<String>,
    /// Row by row: `cells[client][server]`.
    pub cells: Vec<Vec<Cell>>,
    /// The mean of each row: how well the node sends. None where nothing was measured.
    pub row_means: Vec<Option<f64>>,
    /// The mean of each column: how well the node receives.
    pub column_means: Vec<Option<f64>>,
    /// The mean of all measured cells.
    pub mean: Option<f64>,
    /// Their median.
    pub median: Option<f64>,
    /// The slowest measured cell, as (client, server).
    pub slowest: Option<(usize, usize)>,
}

impl Matrix {
    /// The matrix of a run, from its summary.
    pub fn of(run: &Run) -> Self {
        let nodes: Vec<String> = run.nodes.iter().map(|node| node.name.clone()).collect();
        let pairs: HashMap<(&str, &str), &PairSummary> = run
            .summary
            .pairs
            .iter()
            .map(|pair| ((pair.client.as_str(), pair.server.as_str()), pair))
            .collect();
        let median = run.summary.median_bits_per_second;
        let cell = |client: &String, server: &String| {
            if client == server {
                return Cell::Diagonal;
            }
            match pairs.get(&(client.as_str(), server.as_str())) {
                None => Cell::NotMeasured,
                Some(pair) => match (pair.mean_bits_per_second, median) {
                    (Some(bits_per_second), Some(median)) => Cell::Measured {
                        bits_per_second,
                        level: Level::of(bits_per_second, median),
                        some_failed: pair.failed > 0,
                    },
                    _ => Cell::Failed,
                },
            }
        };
        let cells: Vec<Vec<Cell>> =
            nodes.iter().map(|client| nodes.iter().map(|server| cell(client, server)).collect()).collect();
        let at = |client: usize, server: usize| cells[client][server].rate();
        let all = 0..nodes.len();
        let mean_of = |rates: &mut dyn Iterator<Item = f64>| mean(&rates.collect::<Vec<_>>());
        let row_means = all.clone().map(|row| mean_of(&mut all.clone().filter_map(|column| at(row, column))));
        let column_means =
            all.clone().map(|column| mean_of(&mut all.clone().filter_map(|row| at(row, column))));
        let (row_means, column_means) = (row_means.collect(), column_means.collect());
        let measured = || {
            all.clone()
                .flat_map(|row| all.clone().filter_map(move |column| Some((row, column, at(row, column)?))))
        };
        Self {
            row_means,
            column_means,
            mean: mean_of(&mut measured().map(|(_, _, rate)| rate)),
            median,
            slowest: measured()
                .min_by(|(_, _, one), (_, _, other)| one.total_cmp(other))
                .map(|(row, column, _)| (row, column)),
            nodes,
            cells,
        }
    }

    /// The throughputs of all measured cells, in bits per second.
    pub fn rates(&self) -> impl Iterator<Item = f64> {
        self.cells.iter().flatten().filter_map(Cell::rate)
    }
}

impl Cell {
    /// The throughput in bits per second, where there is one.
    pub fn rate(&self) -> Option<f64> {
        match self {
            Self::Measured { bits_per_second, .. } => Some(*bits_per_second),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures::{failed, measured, run};

    #[test]
    fn failed_and_missing_cells_are_in_no_mean() {
        let run = run(
            &["a", "b", "c"],
            vec![
                measured("a", "b", 8e9),
                measured("b", "a", 10e9),
                failed("a", "c", "no route"),
                measured("c", "a", 1e9),
            ],
        );
        let matrix = Matrix::of(&run);
        assert_eq!(matrix.row_means, [Some(8e9), Some(10e9), Some(1e9)]);
        assert_eq!(matrix.column_means, [Some(5.5e9), Some(8e9), None]);
        assert_eq!(matrix.slowest, Some((2, 0)));
        assert_eq!(matrix.cells[0][2], Cell::Failed);
        assert_eq!(matrix.cells[1][2], Cell::NotMeasured);
        assert_eq!(matrix.cells[1][1], Cell::Diagonal);
        assert!(matches!(matrix.cells[2][0], Cell::Measured { level: Level::VeryLow, .. }));
    }
}
