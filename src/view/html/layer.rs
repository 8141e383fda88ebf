//! What the matrix can show: one layer for each measure and way.

use std::collections::HashMap;

use serde::Serialize;

use super::compact::{Number, Test};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::{
    Cost, IpFamily, LatencySummary, PairChange, Path, Route, Run, ThroughputSummary, Verdict, WayComparison,
};
use crate::view::words::way;

/// What a layer shows; it decides the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    /// Mbit/s, more is better.
    Throughput,
    /// Microseconds, less is better.
    Latency,
    /// Percent that are missing against another path, less is better.
    Cost,
    /// Percent of what was measured earlier, more is better.
    Change,
}

/// One matrix.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layer {
    pub kind: Kind,
    pub title: String,
    /// The way of the packets, as the command line has it.
    pub way: String,
    /// Whether rows receive and columns send: the way back from a server outside.
    pub reversed: bool,
    /// Whether there is but one column, the server outside.
    pub outside: bool,
    /// What is usual: the median.
    pub usual: Option<Number>,
    /// Row by row; none where there is no figure.
    pub values: Vec<Option<Number>>,
    /// A letter for each cell: `u`sual, `b`ad, `v`ery bad (capital where some tests failed),
    /// `f`ailed, `n`ot measured, `d`iagonal.
    pub states: String,
    pub row_means: Vec<Option<Number>>,
    pub column_means: Vec<Option<Number>>,
    pub mean: Option<Number>,
    /// The tests of each cell; nothing for a layer that follows from others.
    pub tests: Vec<Vec<Test>>,
    /// Tests that were made again, each with its cell.
    pub retests: Vec<(usize, Test)>,
    /// What is known of each cell's change: then, now, probability by chance, meaning.
    pub changes: Vec<Option<Change>>,
    /// The layers of throughput from which this one follows.
    pub from: Vec<usize>,
    #[serde(skip)]
    path: Path,
    #[serde(skip)]
    ip_family: Option<IpFamily>,
}

/// Then and now in Mbit/s, the probability of so large a change by chance, and what it means.
#[derive(Debug, Serialize)]
pub(super) struct Change(Option<Number>, Option<Number>, Option<Number>, Verdict);

/// All layers of a run, in the order in which they are offered.
pub(super) fn all(run: &Run) -> Vec<Layer> {
    let mut layers = Vec::new();
    for summary in &run.summary.throughput {
        layers.push(Layer::of_throughput(run, summary));
        layers.extend(Layer::of_way_back(run, summary));
    }
    layers.extend(run.summary.latency.iter().map(|summary| Layer::of_latency(run, summary)));
    let from: Vec<Layer> = run.summary.costs.iter().map(|cost| Layer::of_cost(run, cost, &layers)).collect();
    layers.extend(from);
    let ways = run.comparison.iter().flat_map(|comparison| &comparison.ways);
    let from: Vec<Layer> = ways.map(|way| Layer::of_change(run, way, &layers)).collect();
    layers.extend(from);
    layers
}

impl Layer {
    fn of_throughput(run: &Run, summary: &ThroughputSummary) -> Self {
        Self::of_rates(run, summary, &Matrix::of_throughput(run, summary))
    }

    /// The same where the server outside sends: as its columns would be rows, they are swapped.
    fn of_way_back(run: &Run, summary: &ThroughputSummary) -> Option<Self> {
        let mut layer = Self::of_rates(run, summary, &Matrix::of_way_back(run, summary)?);
        layer.title.push_str(", back");
        Some(Self { reversed: true, ..layer })
    }

    fn of_rates(run: &Run, summary: &ThroughputSummary, matrix: &Matrix) -> Self {
        let title = format!("Throughput{}", way(run, summary.path, summary.ip_family));
        Self {
            usual: summary.median_bits_per_second.map(Number::rate),
            ..Self::new(run, Kind::Throughput, title, (summary.path, summary.ip_family), matrix)
        }
    }

    fn of_latency(run: &Run, summary: &LatencySummary) -> Self {
        let matrix = Matrix::of_latency(run, summary);
        let title = format!("Latency{}", way(run, summary.path, summary.ip_family));
        Self {
            usual: summary.median_microseconds.map(Number::time),
            ..Self::new(run, Kind::Latency, title, (summary.path, summary.ip_family), &matrix)
        }
    }

    fn of_cost(run: &Run, cost: &Cost, layers: &[Self]) -> Self {
        let matrix = Matrix::of_cost(run, cost);
        let against = Route { path: cost.against, ip_family: cost.ip_family };
        let title = format!(
            "Cost of {} against {against}",
            Route { path: cost.path, ip_family: cost.ip_family }.to_string()
        );
        let mut from = throughput_of(layers, cost.path, cost.ip_family);
        from.extend(throughput_of(layers, cost.against, cost.ip_family));
        let layer = Self::new(run, Kind::Cost, title, (cost.path, cost.ip_family), &matrix);
        Self { from, ..layer }
    }

    fn of_change(run: &Run, change: &WayComparison, layers: &[Self]) -> Self {
        let (path, ip_family) = (change.path, change.ip_family);
        let matrix = Matrix::of_change(run, change);
        let title = format!("Change of throughput{}", way(run, path, ip_family));
        let mut layer = Self {
            from: throughput_of(layers, path, ip_family),
            usual: change.median_percent.map(Number::percent),
            ..Self::new(run, Kind::Change, title, (path, ip_family), &matrix)
        };
        layer.add_changes(&matrix, &change.pairs);
        layer
    }

    fn new(
        run: &Run,
        kind: Kind,
        title: String,
        (path, ip_family): (Path, Option<IpFamily>),
        matrix: &Matrix,
    ) -> Self {
        let number = |value: f64| match kind {
            Kind::Throughput => Number::rate(value),
            Kind::Latency => Number::time(value),
            Kind::Cost | Kind::Change => Number::percent(value),
        };
        let cells = || matrix.cells.iter().flatten();
        let numbers = |values: &[Option<f64>]| values.iter().map(|value| value.map(number)).collect();
        Self {
            kind,
            title,
            way: Route { path, ip_family }.to_string(),
            reversed: false,
            outside: run.parameters.external_server().is_some(),
            usual: None,
            values: cells().map(|cell| cell.value().map(number)).collect(),
            states: cells().map(state).collect(),
            row_means: numbers(&matrix.row_means),
            column_means: numbers(&matrix.column_means),
            mean: matrix.mean.map(number),
            tests: Vec::new(),
            retests: Vec::new(),
            changes: Vec::new(),
            from: Vec::new(),
            path,
            ip_family,
        }
    }

    /// What the comparison says of each pair; only what is no chance is marked.
    fn add_changes(&mut self, matrix: &Matrix, pairs: &[PairChange]) {
        let places =
            |names: &[String]| -> HashMap<String, usize> { names.iter().cloned().zip(0..).collect() };
        let (rows, columns) = (places(&matrix.rows), places(&matrix.columns));
        let mut states: Vec<char> = self.states.chars().collect();
        self.changes.resize_with(states.len(), || None);
        for pair in pairs {
            let (Some(row), Some(column)) = (rows.get(&pair.sender), columns.get(&pair.receiver)) else {
                continue;
            };
            let cell = row * columns.len() + column;
            states[cell] = match (pair.verdict, states[cell]) {
                (Verdict::NowFails | Verdict::StillFails, _) => 'f',
                (Verdict::Slower, 'u') => 'b',
                (Verdict::Slower, state) => state,
                (_, 'b' | 'v') => 'u',
                (_, state) => state,
            };
            self.changes[cell] = Some(Change(
                pair.base_bits_per_second.map(Number::rate),
                pair.bits_per_second.map(Number::rate),
                pair.p.map(Number::time),
                pair.verdict,
            ));
        }
        self.states = states.into_iter().collect();
    }

    /// Whether the layer shows the way.
    pub(super) fn is_of(&self, kind: Kind, path: Path, ip_family: Option<IpFamily>) -> bool {
        (self.kind, self.path, self.ip_family) == (kind, path, ip_family)
    }
}

fn throughput_of(layers: &[Layer], path: Path, ip_family: Option<IpFamily>) -> Vec<usize> {
    let of_way =
        layers.iter().enumerate().filter(|(_, layer)| layer.is_of(Kind::Throughput, path, ip_family));
    of_way.map(|(place, _)| place).collect()
}

fn state(cell: &Cell) -> char {
    match cell {
        Cell::Diagonal => 'd',
        Cell::Failed => 'f',
        Cell::NotMeasured => 'n',
        Cell::Measured { part, some_failed, .. } => {
            let letter = match Level::of_part(*part) {
                Level::VeryBad => 'v',
                Level::Bad => 'b',
                Level::Usual => 'u',
            };
            if *some_failed { letter.to_ascii_uppercase() } else { letter }
        }
    }
}
