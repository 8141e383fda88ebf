//! Two nodes: one direction against the other.

use super::names::Names;
use super::{finding, over};
use crate::analysis::diagnosis::Grid;
use crate::analysis::statistics::mean;
use crate::analysis::summary::Way;
use crate::document::{Confirmation, Ends, Finding, FindingKind, Run};
use crate::quantity::rate;

/// Two cells have no majority that is healthy: one counts as slow from this part of the other on.
const SLOW_PART_OF_WAY_BACK: f64 = 0.75;

/// The slow direction between two nodes.
pub(super) struct SlowerWay {
    pub pair: (usize, usize),
    rate: f64,
    /// What the other direction has.
    other: f64,
}

/// Of two nodes: the direction that is slow against the other, if there is one.
pub(super) fn slower_way(grid: &Grid) -> Option<SlowerWay> {
    let (there, back) = (grid.rates[0][1]?, grid.rates[1][0]?);
    let slow = if there < back {
        SlowerWay { pair: (0, 1), rate: there, other: back }
    } else {
        SlowerWay { pair: (1, 0), rate: back, other: there }
    };
    Some(slow).filter(|slow| slow.rate < slow.other * SLOW_PART_OF_WAY_BACK)
}

/// The slow direction, if it was slow again where it was measured again.
pub(super) fn way_back(run: &Run, way: Way, names: &Names, grid: &Grid) -> Option<Finding> {
    let SlowerWay { pair: (sender, receiver), rate: slow, other } = slower_way(grid)?;
    let again = names.again(run, way).into_iter().filter(|(pair, _)| *pair == (sender, receiver));
    let again = mean(&again.map(|(_, rate)| rate).collect::<Vec<_>>());
    if again.is_some_and(|again| again >= other * SLOW_PART_OF_WAY_BACK) {
        return None;
    }
    let (sender, receiver) = (names.nodes[sender].to_owned(), names.nodes[receiver].to_owned());
    let percent = (1.0 - slow / other) * 100.0;
    let told = again.map_or_else(String::new, |again| format!("; measured again: {}", rate(again)));
    let sentence =
        format!("{}{sender} → {receiver} is {percent:.0}% slower than the way back{told}", over(run, way));
    let subjects = vec![sender.clone(), receiver.clone()];
    Some(Finding {
        percent: Some(percent),
        pairs: vec![Ends { sender, receiver }],
        confirmation: again.map(|_| Confirmation::Confirmed),
        ..finding(FindingKind::SlowLink, Some(way), sentence, subjects)
    })
}
