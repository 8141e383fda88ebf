//! Layers of the heat map: one per measure and route.

use std::collections::HashMap;

use serde::Serialize;

use super::encoded_test::{EncodedTest, Number, encode_value};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::{
    Cost, LatencySummary, Measure, NodeId, Route, RouteComparison, Run, ThroughputSummary, Verdict,
};
use crate::view::labels::{overhead_name, route_suffix};

/// Quantity that a layer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    /// Mbit/s; higher is better.
    Throughput,
    /// Microseconds; lower is better.
    Latency,
    /// Throughput lost compared with another path, in percent; lower is better.
    Overhead,
    /// Throughput change compared with the baseline, in percent; higher is better.
    Change,
}

/// One matrix.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layer {
    pub kind: Kind,
    pub title: String,
    pub route: String,
    /// Whether rows receive and columns send: the reverse direction from an external server.
    pub reversed: bool,
    /// Whether the only column is an external server.
    pub external: bool,
    /// The measure that it is derived from.
    pub measure: Measure,
    pub lower_is_better: bool,
    pub median: Option<Number>,
    /// Row by row; `None` without a result.
    pub values: Vec<Option<Number>>,
    /// One letter per cell: `u`sual, `b`ad, `v`ery bad (upper case if some tests failed), `f`ailed, `n`ot
    /// measured, `d`iagonal.
    pub states: String,
    /// Indices of the cells whose value is doubtful.
    pub doubtful: Vec<usize>,
    pub row_means: Vec<Option<Number>>,
    pub column_means: Vec<Option<Number>>,
    pub mean: Option<Number>,
    /// Tests of each cell; empty for a layer that is derived from others.
    pub tests: Vec<Vec<EncodedTest>>,
    /// Retests, each with the index of its cell.
    pub retests: Vec<(usize, EncodedTest)>,
    /// Changes of each cell; empty unless this is a layer of changes.
    pub changes: Vec<Option<Change>>,
    /// Indices of the throughput layers that this layer is derived from.
    pub sources: Vec<usize>,
    #[serde(skip)]
    shown_route: Route,
}

/// Baseline and current value, p-value, verdict.
#[derive(Debug, Serialize)]
pub(super) struct Change(Option<Number>, Option<Number>, Option<Number>, Verdict);

/// All layers of a run, in the order of the page's selector.
pub(super) fn layers(run: &Run) -> Vec<Layer> {
    let mut layers = Vec::new();
    for summary in &run.summary.throughput {
        layers.push(Layer::of_throughput(run, summary));
        layers.extend(Layer::of_reverse_throughput(run, summary));
    }
    layers.extend(run.summary.latency.iter().map(|summary| Layer::of_latency(run, summary)));
    let overheads = run.summary.costs.iter().map(|cost| Layer::of_overhead(run, cost, &layers));
    let routes = run.comparison.iter().flat_map(|comparison| &comparison.routes);
    let changes = routes.map(|changes| Layer::of_change(run, changes, &layers));
    let derived: Vec<Layer> = overheads.chain(changes).collect();
    layers.extend(derived);
    layers
}

impl Layer {
    fn of_throughput(run: &Run, summary: &ThroughputSummary) -> Self {
        Self::of_rates(run, summary, &Matrix::of_throughput(run, summary))
    }

    /// The direction from an external server to the nodes: rows and columns are swapped, so that it has
    /// one column as well.
    fn of_reverse_throughput(run: &Run, summary: &ThroughputSummary) -> Option<Self> {
        let mut layer = Self::of_rates(run, summary, &Matrix::from_external_server(run, summary)?);
        layer.title.push_str(", reverse");
        Some(Self { reversed: true, ..layer })
    }

    fn of_rates(run: &Run, summary: &ThroughputSummary, matrix: &Matrix) -> Self {
        let title = format!("Throughput{}", route_suffix(run, summary.route));
        Self {
            median: summary.median_bits_per_second.map(Number::rate),
            ..Self::new(run, Kind::Throughput, title, summary.route, matrix)
        }
    }

    fn of_latency(run: &Run, summary: &LatencySummary) -> Self {
        let matrix = Matrix::of_latency(run, summary);
        let title = format!("Latency{}", route_suffix(run, summary.route));
        Self {
            median: summary.median_microseconds.map(Number::time),
            ..Self::new(run, Kind::Latency, title, summary.route, &matrix)
        }
    }

    fn of_overhead(run: &Run, cost: &Cost, layers: &[Self]) -> Self {
        let (name, over) = (overhead_name(cost.route.path), cost.route.over_family());
        let title = format!("{name}{over} ({} vs. {})", cost.route.path.name(), cost.against.name());
        let mut sources = layers_of(layers, Measure::Throughput, cost.route);
        sources.extend(layers_of(layers, Measure::Throughput, Route { path: cost.against, ..cost.route }));
        let matrix = Matrix::of_cost(run, cost);
        let layer = Self::new(run, Kind::Overhead, title, cost.route, &matrix);
        Self { sources, median: cost.median_percent.map(Number::percent), ..layer }
    }

    fn of_change(run: &Run, change: &RouteComparison, layers: &[Self]) -> Self {
        let matrix = Matrix::of_change(run, change);
        let name = change.metric.comparison_name();
        let title = format!("{name} change{}", route_suffix(run, change.route));
        let mut layer = Self {
            sources: layers_of(layers, change.metric.measure, change.route),
            measure: change.metric.measure,
            lower_is_better: change.metric.is_larger_worse(),
            median: change.median_percent.map(Number::percent),
            ..Self::new(run, Kind::Change, title, change.route, &matrix)
        };
        layer.add_changes(&matrix, change);
        layer
    }

    fn new(run: &Run, kind: Kind, title: String, route: Route, matrix: &Matrix) -> Self {
        let number = |value: f64| match kind {
            Kind::Throughput => Number::rate(value),
            Kind::Latency => Number::time(value),
            Kind::Overhead | Kind::Change => Number::percent(value),
        };
        let cells = || matrix.cells.iter().flatten();
        let numbers = |values: &[Option<f64>]| values.iter().map(|value| value.map(number)).collect();
        Self {
            kind,
            title,
            route: route.to_string(),
            reversed: false,
            external: run.external_server().is_some(),
            measure: if kind == Kind::Latency { Measure::Latency } else { Measure::Throughput },
            lower_is_better: matches!(kind, Kind::Latency | Kind::Overhead),
            median: None,
            values: cells().map(|cell| cell.value().map(number)).collect(),
            states: cells().map(state_letter).collect(),
            doubtful: cells()
                .enumerate()
                .filter(|(_, cell)| matches!(cell, Cell::Measured { is_doubtful: true, .. }))
                .map(|(index, _)| index)
                .collect(),
            row_means: numbers(&matrix.row_means),
            column_means: numbers(&matrix.column_means),
            mean: matrix.mean.map(number),
            tests: Vec::new(),
            retests: Vec::new(),
            changes: Vec::new(),
            sources: Vec::new(),
            shown_route: route,
        }
    }

    /// Adds the changes of all pairs. Only significant ones keep a mark.
    fn add_changes(&mut self, matrix: &Matrix, change: &RouteComparison) {
        let indices =
            |nodes: &[NodeId]| -> HashMap<NodeId, usize> { nodes.iter().copied().zip(0..).collect() };
        let (rows, columns) = (indices(&matrix.rows), indices(&matrix.columns));
        let mut states: Vec<char> = self.states.chars().collect();
        self.changes.resize_with(states.len(), || None);
        for pair in &change.pairs {
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
                pair.base.map(|value| encode_value(change.metric.unit, value)),
                pair.value.map(|value| encode_value(change.metric.unit, value)),
                pair.p.map(Number::time),
                pair.verdict,
            ));
        }
        self.states = states.into_iter().collect();
    }

    pub(super) fn shows(&self, kind: Kind, route: Route) -> bool {
        (self.kind, self.shown_route) == (kind, route)
    }
}

fn layers_of(layers: &[Layer], measure: Measure, route: Route) -> Vec<usize> {
    let kind = if measure == Measure::Latency { Kind::Latency } else { Kind::Throughput };
    let of_route = layers.iter().enumerate().filter(|(_, layer)| layer.shows(kind, route));
    of_route.map(|(index, _)| index).collect()
}

fn state_letter(cell: &Cell) -> char {
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
