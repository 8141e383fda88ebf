//! Which node, direction, link or zone is slow: the diagnosis in terms of a run.

use std::collections::HashMap;

use super::{finding, over};
use crate::analysis::diagnosis::{self, Cause, Fault, Grid, Verdict};
use crate::analysis::statistics::{mean, median};
use crate::analysis::summary::Way;
use crate::document::{
    Confirmation, Ends, Finding, FindingKind, Measure, Outcome, Run, TestRecord, ThroughputSummary,
};
use crate::quantity::rate;

/// Two cells have no majority that is healthy: one counts as slow from this part of the other on.
const SLOW_PART_OF_WAY_BACK: f64 = 0.75;

/// From this part of the median on, a rate is as usual.
const USUAL_PART: f64 = 0.85;

/// How many pairs a finding keeps as its evidence.
const KEPT_PAIRS: usize = 12;

/// The findings about slow pairs, way by way.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    run.summary.throughput.iter().flat_map(|summary| of_way(run, summary)).collect()
}

/// One test of each pair that is to be measured again.
pub(super) fn suspicious(run: &Run) -> Vec<&TestRecord> {
    let of_way = |summary: &ThroughputSummary| {
        let names = Names::of(run);
        let faults = diagnosis::suspects(&names.grid(run, summary));
        let pairs = diagnosis::to_measure_again(&faults, run.nodes.len());
        let way = (summary.path, summary.ip_family);
        pairs
            .into_iter()
            .filter_map(|(sender, receiver)| {
                run.tests.iter().find(|test| {
                    is_of(test, way)
                        && test.sender_and_receiver() == (names.nodes[sender], names.nodes[receiver])
                })
            })
            .collect::<Vec<_>>()
    };
    // what is sent to one server outside goes one at a time in any case, and two nodes are a pair
    if run.nodes.len() < 3 || run.parameters.to.is_some() {
        return Vec::new();
    }
    run.summary.throughput.iter().flat_map(of_way).collect()
}

fn is_of(test: &TestRecord, way: Way) -> bool {
    test.measure == Measure::Throughput && (test.path, test.ip_family) == way
}

fn of_way(run: &Run, summary: &ThroughputSummary) -> Vec<Finding> {
    let way = (summary.path, summary.ip_family);
    let names = Names::of(run);
    let grid = names.grid(run, summary);
    if names.nodes.len() == 2 {
        return way_back(run, way, &names, &grid);
    }
    let faults = diagnosis::suspects(&grid);
    let again = names.again(run, way);
    let was_tried = run.retests.iter().any(|test| is_of(test, way));
    let judged: Vec<(Fault, Option<Verdict>)> = if was_tried {
        let judged = diagnosis::judge(&grid, faults, &again).into_iter();
        let judged = judged.map(|(fault, verdict)| (fault, Some(verdict)));
        judged.filter(|(fault, verdict)| is_told(fault, *verdict)).collect()
    } else {
        diagnosis::certain(faults).into_iter().map(|fault| (fault, None)).collect()
    };
    let usual = median(grid.rates.iter().flatten().flatten().copied().collect()).unwrap_or_default();
    let telling = Telling { run, way, names: &names, grid: &grid, usual, again: &again };
    judged.iter().map(|(fault, verdict)| telling.finding(fault, *verdict)).collect()
}

fn is_told(fault: &Fault, verdict: Option<Verdict>) -> bool {
    match verdict {
        Some(Verdict::Recovered) => false,
        Some(Verdict::NotMeasured) => !diagnosis::certain(vec![fault.clone()]).is_empty(),
        _ => true,
    }
}

/// Of two nodes: whether one direction is slow against the other.
fn way_back(run: &Run, way: Way, names: &Names, grid: &Grid) -> Vec<Finding> {
    let (Some(there), Some(back)) = (grid.rates[0][1], grid.rates[1][0]) else { return Vec::new() };
    let (slow, fast, sender, receiver) = if there < back { (there, back, 0, 1) } else { (back, there, 1, 0) };
    if slow / fast > SLOW_PART_OF_WAY_BACK {
        return Vec::new();
    }
    let (sender, receiver) = (names.nodes[sender].to_owned(), names.nodes[receiver].to_owned());
    let percent = (1.0 - slow / fast) * 100.0;
    let sentence =
        format!("{}{sender} → {receiver} is {percent:.0}% slower than the way back", over(run, way));
    let subjects = vec![sender.clone(), receiver.clone()];
    vec![Finding {
        percent: Some(percent),
        pairs: vec![Ends { sender, receiver }],
        ..finding(FindingKind::SlowLink, Some(way), sentence, subjects)
    }]
}

/// The nodes of a run by their numbers in a grid.
struct Names<'a> {
    /// A server that is no node of the cluster's is the last.
    nodes: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
    zones: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(run: &'a Run) -> Self {
        let nodes: Vec<&str> = run.nodes.iter().map(|node| node.name.as_str()).collect();
        let nodes: Vec<&str> = nodes.into_iter().chain(run.parameters.to.as_deref()).collect();
        let mut zones: Vec<&str> = run.nodes.iter().filter_map(|node| node.zone.as_deref()).collect();
        zones.sort_unstable();
        zones.dedup();
        let numbers = nodes.iter().enumerate().map(|(number, name)| (*name, number)).collect();
        Self { nodes, numbers, zones }
    }

    fn grid(&self, run: &Run, summary: &ThroughputSummary) -> Grid {
        let mut rates = vec![vec![None; self.nodes.len()]; self.nodes.len()];
        for pair in &summary.pairs {
            if let Some((sender, receiver)) = self.pair((&pair.sender, &pair.receiver)) {
                rates[sender][receiver] = pair.mean_bits_per_second;
            }
        }
        let zone = |name: &&str| {
            let node = run.nodes.iter().find(|node| node.name == **name)?;
            self.zones.iter().position(|zone| node.zone.as_deref() == Some(zone))
        };
        Grid { rates, zones: self.nodes.iter().map(zone).collect() }
    }

    fn pair(&self, (sender, receiver): (&str, &str)) -> Option<(usize, usize)> {
        Some((*self.numbers.get(sender)?, *self.numbers.get(receiver)?))
    }

    /// What pairs were when they were measured again.
    fn again(&self, run: &Run, way: Way) -> Vec<((usize, usize), f64)> {
        let tests = run.retests.iter().filter(|test| is_of(test, way));
        let measured = tests.filter_map(|test| {
            Some((self.pair(test.sender_and_receiver())?, test.outcome.throughput()?.bits_per_second))
        });
        measured.collect()
    }
}

/// Faults into sentences.
struct Telling<'a> {
    run: &'a Run,
    way: Way,
    names: &'a Names<'a>,
    grid: &'a Grid,
    /// The median of all rates.
    usual: f64,
    again: &'a [((usize, usize), f64)],
}

impl Telling<'_> {
    fn finding(&self, fault: &Fault, verdict: Option<Verdict>) -> Finding {
        let percent = (1.0 - fault.part) * 100.0;
        let (kind, subjects, what) = self.what(fault, percent);
        let ends = |&(sender, receiver): &(usize, usize)| Ends {
            sender: self.names.nodes[sender].to_owned(),
            receiver: self.names.nodes[receiver].to_owned(),
        };
        let sentence = format!("{}{what}{}", over(self.run, self.way), self.alone(fault, verdict));
        Finding {
            percent: Some(percent),
            pairs: fault.evidence.iter().take(KEPT_PAIRS).map(ends).collect(),
            confirmation: verdict.map(|verdict| match verdict {
                Verdict::Confirmed => Confirmation::Confirmed,
                Verdict::OnlyTogether | Verdict::Recovered => Confirmation::OnlyTogether,
                Verdict::NotMeasured => Confirmation::NotMeasured,
            }),
            ..finding(kind, Some(self.way), sentence, subjects)
        }
    }

    fn what(&self, fault: &Fault, percent: f64) -> (FindingKind, Vec<String>, String) {
        let Fault { slow, of, .. } = fault;
        let name = |node: usize| self.names.nodes[node].to_owned();
        let also = |rates: Vec<f64>, normally: &str| match median(rates) {
            Some(rate) if self.is_usual(rate) => format!("; it {normally} normally"),
            _ => String::new(),
        };
        let received = |node: usize| self.grid.rates.iter().filter_map(|row| row[node]).collect::<Vec<_>>();
        let sent = |node: usize| self.grid.rates[node].iter().flatten().copied().collect::<Vec<_>>();
        match fault.cause {
            Cause::Node(node) => {
                let sentence = format!(
                    "{} sends and receives {percent:.0}% below the rest ({slow} of {of} pairs)",
                    name(node)
                );
                (FindingKind::SlowNode, vec![name(node)], sentence)
            }
            Cause::Sender(node) => {
                let normally = also(received(node), "receives");
                let sentence = format!(
                    "{} sends {percent:.0}% below the rest ({slow} of {of} servers){normally}",
                    name(node)
                );
                (FindingKind::SlowSender, vec![name(node)], sentence)
            }
            Cause::Receiver(node) => {
                let normally = also(sent(node), "sends");
                let sentence = format!(
                    "{} receives {percent:.0}% below the rest ({slow} of {of} clients){normally}",
                    name(node)
                );
                (FindingKind::SlowReceiver, vec![name(node)], sentence)
            }
            Cause::Pair(one, other) => {
                let sentence = format!(
                    "{} ↔ {} alone is slow, {percent:.0}% below the rest, both ways",
                    name(one),
                    name(other)
                );
                (FindingKind::SlowPair, vec![name(one), name(other)], sentence)
            }
            Cause::Link { sender, receiver } => {
                let back = match self.grid.rates[receiver][sender] {
                    Some(rate) if self.is_usual(rate) => "; the way back is fine",
                    _ => "",
                };
                let sentence = format!(
                    "{} → {} alone is slow, {percent:.0}% below the rest{back}",
                    name(sender),
                    name(receiver)
                );
                (FindingKind::SlowLink, vec![name(sender), name(receiver)], sentence)
            }
            Cause::Zones { from, to } => {
                let (from, to) = (self.names.zones[from].to_owned(), self.names.zones[to].to_owned());
                let pairs = format!("{percent:.0}% slower than the rest ({slow} of {of} pairs)");
                if from == to {
                    (FindingKind::SlowZones, vec![from.clone()], format!("within {from} it is {pairs}"))
                } else {
                    let sentence = format!("{from} → {to} is {pairs}");
                    (FindingKind::SlowZones, vec![from, to], sentence)
                }
            }
        }
    }

    fn is_usual(&self, rate: f64) -> bool {
        rate >= self.usual * USUAL_PART
    }

    /// What measuring again has shown.
    fn alone(&self, fault: &Fault, verdict: Option<Verdict>) -> String {
        let of_fault = self.again.iter().filter(|(pair, _)| fault.evidence.contains(pair));
        let alone = mean(&of_fault.map(|(_, rate)| *rate).collect::<Vec<_>>()).map(rate);
        match (verdict, alone) {
            (Some(Verdict::Confirmed), Some(rate)) => format!("; measured alone: {rate}"),
            (Some(Verdict::OnlyTogether), Some(rate)) if self.was_beside_others(fault) => {
                format!(
                    "; but measured alone: {rate}, so it is slow only beside other tests, as on a shared uplink"
                )
            }
            (Some(Verdict::OnlyTogether), Some(rate)) => {
                format!("; but measured again: {rate}, so it was slow for a time only")
            }
            (Some(Verdict::NotMeasured), _) => match self.failure(fault) {
                Some(reason) => format!("; measured again, it failed: {reason}"),
                None => "; it was not measured again".to_owned(),
            },
            _ => String::new(),
        }
    }

    fn shows(&self, fault: &Fault, test: &TestRecord) -> bool {
        is_of(test, self.way)
            && self.names.pair(test.sender_and_receiver()).is_some_and(|pair| fault.evidence.contains(&pair))
    }

    /// Whether a test that shows the fault ran at the same time as another one.
    fn was_beside_others(&self, fault: &Fault) -> bool {
        let shows = self.run.tests.iter().filter(|test| self.shows(fault, test));
        shows.into_iter().any(|test| {
            let ends = [&test.client, &test.server];
            self.run.tests.iter().any(|other| other.slot == test.slot && !ends.contains(&&other.client))
        })
    }

    /// Why it could not be measured again.
    fn failure(&self, fault: &Fault) -> Option<&str> {
        let mut again = self.run.retests.iter().filter(|test| self.shows(fault, test));
        again.find_map(|test| match &test.outcome {
            Outcome::Failed(failure) => Some(failure.reason.as_str()),
            Outcome::Ok(_) => None,
        })
    }
}
