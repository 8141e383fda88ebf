//! Pairs with far more TCP retransmits than the others.

use std::collections::HashMap;

use super::{finding, route_prefix};
use crate::analysis::statistics::median;
use crate::document::{Ends, Finding, FindingKind, NodeId, PairSummary, Route, Run, ThroughputSummary};

/// A smaller fraction of retransmitted segments is never an outlier.
const MIN_FRACTION: f64 = 0.001;

/// An outlier has more than this many times the median fraction.
const OUTLIER_FACTOR: f64 = 10.0;

/// Assumed where no MSS was reported: that of an MTU of 1500.
const DEFAULT_MSS_BYTES: f64 = 1448.0;

/// One finding per route with outliers.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    run.summary.throughput.iter().filter_map(|summary| retransmit_finding(run, summary)).collect()
}

fn retransmit_finding(run: &Run, summary: &ThroughputSummary) -> Option<Finding> {
    let route = summary.route;
    let fractions = retransmitted_fractions(run, route);
    let pairs: Vec<(&PairSummary, f64)> = summary
        .pairs
        .iter()
        .filter_map(|pair| Some((pair, *fractions.get(&(pair.sender, pair.receiver))?)))
        .collect();
    let usual = median(pairs.iter().map(|(_, fraction)| *fraction).collect())?;
    let is_outlier = |fraction: f64| fraction >= MIN_FRACTION && fraction > usual * OUTLIER_FACTOR;
    let mut outliers: Vec<(&PairSummary, f64)> =
        pairs.into_iter().filter(|(_, fraction)| is_outlier(*fraction)).collect();
    outliers.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (worst, worst_fraction) = *outliers.first()?;
    let common = |end: fn(&PairSummary) -> NodeId| {
        let node = end(worst);
        (outliers.len() > 1 && outliers.iter().all(|(pair, _)| end(pair) == node)).then_some(node)
    };
    let (most, count) = (percent(worst_fraction), outliers.len());
    let (what, subjects) = if let Some(sender) = common(|pair| pair.sender) {
        (format!("{sender} retransmits up to {most} of its segments to {count} receivers"), vec![sender])
    } else if let Some(receiver) = common(|pair| pair.receiver) {
        let what = format!("{count} senders retransmit up to {most} of their segments to {receiver}");
        (what, vec![receiver])
    } else {
        let (sender, receiver) = (worst.sender, worst.receiver);
        let rank = if count > 1 { format!(", the worst of {count} outliers") } else { String::new() };
        (format!("{sender} → {receiver} retransmits {most} of its segments{rank}"), vec![sender, receiver])
    };
    let subjects = subjects.iter().map(NodeId::to_string).collect();
    let sentence = format!("{}{what}; the median is {}", route_prefix(run, route), percent(usual));
    let ends = |(pair, _): &(&PairSummary, f64)| Ends { sender: pair.sender, receiver: pair.receiver };
    Some(Finding {
        pairs: outliers.iter().map(ends).collect(),
        ..finding(FindingKind::Retransmits, Some(route), sentence, subjects)
    })
}

fn percent(fraction: f64) -> String {
    match fraction * 100.0 {
        percent if percent < 0.01 => "less than 0.01%".to_owned(),
        percent => format!("{percent:.2}%"),
    }
}

/// The retransmitted fraction of the segments by sender and receiver, of pairs whose sender reports
/// retransmits.
fn retransmitted_fractions(run: &Run, route: Route) -> HashMap<(NodeId, NodeId), f64> {
    let mut sums: HashMap<(NodeId, NodeId), (f64, f64)> = HashMap::new();
    let tests = run.tests.iter().filter(|test| test.route == route);
    for (test, result) in tests.filter_map(|test| Some((test, test.outcome.throughput()?))) {
        let Some(retransmits) = result.retransmits else { continue };
        let mss = result.mss_bytes.map_or(DEFAULT_MSS_BYTES, f64::from);
        let sum = sums.entry(test.sender_and_receiver()).or_default();
        *sum = (sum.0 + retransmits as f64, sum.1 + result.bytes as f64 / mss);
    }
    sums.retain(|_, (_, segments)| *segments > 0.0);
    sums.into_iter().map(|(pair, (retransmits, segments))| (pair, retransmits / segments)).collect()
}
