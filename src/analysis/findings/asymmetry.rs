//! The slower direction between two nodes: with two cells, no majority could be healthy.

use super::node_index::NodeIndex;
use super::{finding, route_prefix};
use crate::analysis::diagnosis::Grid;
use crate::analysis::statistics::mean;
use crate::document::{Confirmation, Ends, Finding, FindingKind, Route, Run};
use crate::quantity::rate;

/// A direction is slow below this fraction of the rate of the reverse direction.
const SLOW_FRACTION_OF_REVERSE: f64 = 0.75;

/// The slow direction between two nodes.
pub(super) struct SlowDirection {
    /// Sender and receiver.
    pub pair: (usize, usize),
    rate: f64,
    reverse_rate: f64,
}

/// Returns the slow direction between two nodes, if one is slow compared with the other.
pub(super) fn find_slow_direction(grid: &Grid) -> Option<SlowDirection> {
    let (forward, backward) = (*grid.rates.get(&(0, 1))?, *grid.rates.get(&(1, 0))?);
    let slower = if forward < backward {
        SlowDirection { pair: (0, 1), rate: forward, reverse_rate: backward }
    } else {
        SlowDirection { pair: (1, 0), rate: backward, reverse_rate: forward }
    };
    Some(slower).filter(|slower| slower.rate < slower.reverse_rate * SLOW_FRACTION_OF_REVERSE)
}

/// The slow direction between two nodes, unless its retests were normal.
pub(super) fn asymmetry_finding(run: &Run, route: Route, index: &NodeIndex, grid: &Grid) -> Option<Finding> {
    let SlowDirection { pair, rate: slow_rate, reverse_rate } = find_slow_direction(grid)?;
    let retests = index.retested_rates(run, route).into_iter().filter(|(retested, _)| *retested == pair);
    let retested_rate = mean(&retests.map(|(_, rate)| rate).collect::<Vec<_>>());
    if retested_rate.is_some_and(|retested| retested >= reverse_rate * SLOW_FRACTION_OF_REVERSE) {
        return None;
    }
    let (sender, receiver) = (index.nodes[pair.0], index.nodes[pair.1]);
    let percent = (1.0 - slow_rate / reverse_rate) * 100.0;
    let confirmed = retested_rate.map_or_else(String::new, |retested| {
        format!("; confirmed when retested in isolation: {}", rate(retested))
    });
    let prefix = route_prefix(run, route);
    let sentence = format!(
        "{prefix}{sender} → {receiver} is {percent:.0}% slower than {receiver} → {sender}{confirmed}"
    );
    let subjects = vec![sender.to_string(), receiver.to_string()];
    Some(Finding {
        percent: Some(percent),
        pairs: vec![Ends { sender, receiver }],
        confirmation: retested_rate.map(|_| Confirmation::Confirmed),
        ..finding(FindingKind::SlowLink, Some(route), sentence, subjects)
    })
}
