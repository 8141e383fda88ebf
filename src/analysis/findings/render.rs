//! Renders faults as findings.

use super::node_index::NodeIndex;
use super::{MAX_NAMES, finding, is_throughput_test_on, route_prefix};
use crate::analysis::diagnosis::{Cause, Fault, Grid, RetestVerdict};
use crate::analysis::statistics::{mean, median};
use crate::analysis::{Level, part_of_rate};
use crate::document::{Confirmation, Ends, Finding, FindingKind, NodeId, Outcome, Route, Run, TestRecord};
use crate::quantity::{join_first, rate};

/// The number of pairs that a finding lists as evidence.
const MAX_PAIRS: usize = 12;

/// Renders the faults of one route as findings.
pub(super) struct FindingRenderer<'a> {
    pub run: &'a Run,
    pub route: Route,
    pub index: &'a NodeIndex<'a>,
    pub grid: &'a Grid,
    /// The median of all rates in the grid.
    pub median_rate: f64,
    /// The rates of retested pairs.
    pub retests: &'a [((usize, usize), f64)],
}

impl FindingRenderer<'_> {
    /// `verdict` is none if nothing was retested on the route.
    pub(super) fn render(&self, fault: &Fault, verdict: Option<RetestVerdict>) -> Finding {
        let percent = (1.0 - fault.ratio) * 100.0;
        let (kind, subjects, problem) = self.describe_problem(fault, percent);
        let ends = |&(sender, receiver): &(usize, usize)| Ends {
            sender: self.node(sender),
            receiver: self.node(receiver),
        };
        let prefix = route_prefix(self.run, self.route);
        let retest = verdict.map_or_else(String::new, |verdict| self.describe_retest(fault, verdict));
        Finding {
            percent: Some(percent),
            pairs: fault.evidence.iter().take(MAX_PAIRS).map(ends).collect(),
            confirmation: verdict.map(|verdict| match verdict {
                RetestVerdict::Confirmed => Confirmation::Confirmed,
                RetestVerdict::NormalAlone | RetestVerdict::Dismissed => Confirmation::OnlyTogether,
                RetestVerdict::NotRetested => Confirmation::NotMeasured,
            }),
            ..finding(kind, Some(self.route), format!("{prefix}{problem}{retest}"), subjects)
        }
    }

    fn describe_problem(&self, fault: &Fault, percent: f64) -> (FindingKind, Vec<String>, String) {
        let slower = format!("{percent:.0}% slower than unaffected pairs");
        let pairs = |noun: &str| format!("({} of {} {noun})", fault.slow_pairs, fault.measured_pairs);
        match fault.cause {
            Cause::Node(node) => {
                let node = self.node(node);
                let sentence = format!("{node} sends and receives {slower} {}", pairs("pairs"));
                (FindingKind::SlowNode, vec![node.to_string()], sentence)
            }
            Cause::Sender(node) => {
                let received: Vec<f64> = self.rates(|_, receiver| receiver == node);
                let other = if self.are_normal(received) { "; it receives normally" } else { "" };
                let node = self.node(node);
                let sentence = format!("{node} sends {slower} {}{other}", pairs("receivers"));
                (FindingKind::SlowSender, vec![node.to_string()], sentence)
            }
            Cause::Receiver(node) => {
                let sent: Vec<f64> = self.rates(|sender, _| sender == node);
                let other = if self.are_normal(sent) { "; it sends normally" } else { "" };
                let node = self.node(node);
                let sentence = format!("{node} receives {slower} {}{other}", pairs("senders"));
                (FindingKind::SlowReceiver, vec![node.to_string()], sentence)
            }
            Cause::Pair(one, other) => {
                let (one, other) = (self.node(one), self.node(other));
                let sentence = format!("{one} ↔ {other} is {slower} in both directions (this pair only)");
                (FindingKind::SlowPair, vec![one.to_string(), other.to_string()], sentence)
            }
            Cause::Link { sender, receiver } => {
                let reverse = match self.grid.rates.get(&(receiver, sender)) {
                    Some(&rate) if self.is_normal(rate) => "; the reverse direction is normal",
                    _ => "",
                };
                let (sender, receiver) = (self.node(sender), self.node(receiver));
                let sentence = format!("{sender} → {receiver} is {slower} (this pair only){reverse}");
                (FindingKind::SlowLink, vec![sender.to_string(), receiver.to_string()], sentence)
            }
            Cause::Zones { from, to } if from == to => {
                let (zone, nodes) = (self.zone(from), self.nodes_of_zone(from));
                let sentence = format!("traffic within {zone} ({nodes}) is {slower} {}", pairs("pairs"));
                (FindingKind::SlowZones, vec![zone], sentence)
            }
            Cause::Zones { from, to } => {
                let ends = format!("{} → {}", self.nodes_of_zone(from), self.nodes_of_zone(to));
                let (from, to) = (self.zone(from), self.zone(to));
                let sentence = format!("{from} → {to} ({ends}) is {slower} {}", pairs("pairs"));
                (FindingKind::SlowZones, vec![from, to], sentence)
            }
        }
    }

    /// The rates of the pairs that `is_wanted` selects by sender and receiver.
    fn rates(&self, is_wanted: impl Fn(usize, usize) -> bool) -> Vec<f64> {
        let wanted = self.grid.rates.iter().filter(|((sender, receiver), _)| is_wanted(*sender, *receiver));
        wanted.map(|(_, rate)| *rate).collect()
    }

    fn describe_retest(&self, fault: &Fault, verdict: RetestVerdict) -> String {
        let rates = self.retests.iter().filter(|(pair, _)| fault.evidence.contains(pair));
        let rate = mean(&rates.map(|(_, rate)| *rate).collect::<Vec<_>>()).map(rate);
        match (verdict, rate) {
            (RetestVerdict::Confirmed, Some(rate)) => {
                format!("; confirmed when retested in isolation: {rate}")
            }
            (RetestVerdict::NormalAlone, Some(rate)) if self.ran_concurrently(fault) => {
                format!(
                    "; only under concurrent load, as on a shared uplink: normal when retested in isolation ({rate})"
                )
            }
            (RetestVerdict::NormalAlone, Some(rate)) => {
                format!("; transient: normal when retested ({rate})")
            }
            (RetestVerdict::NotRetested, _) => match self.retest_failure(fault) {
                Some(reason) => format!("; the retest failed: {reason}"),
                None => "; not retested".to_owned(),
            },
            _ => String::new(),
        }
    }

    fn node(&self, node: usize) -> NodeId {
        self.index.nodes[node]
    }

    fn zone(&self, zone: usize) -> String {
        self.index.zones[zone].to_owned()
    }

    fn nodes_of_zone(&self, zone: usize) -> String {
        let nodes = self.index.nodes.iter().zip(&self.grid.zones);
        let nodes = nodes.filter(|(_, of)| **of == Some(zone)).map(|(node, _)| node.to_string());
        join_first(nodes, MAX_NAMES)
    }

    fn is_normal(&self, rate: f64) -> bool {
        Level::of_part(part_of_rate(rate, self.median_rate)) == Level::Usual
    }

    /// Whether the median is normal; false without rates.
    fn are_normal(&self, rates: Vec<f64>) -> bool {
        median(rates).is_some_and(|rate| self.is_normal(rate))
    }

    /// Whether a test of the fault's route measured a pair of its evidence.
    fn is_evidence(&self, fault: &Fault, test: &TestRecord) -> bool {
        is_throughput_test_on(self.route, test)
            && self.index.pair(test.sender_and_receiver()).is_some_and(|pair| fault.evidence.contains(&pair))
    }

    /// Whether a test that is evidence of the fault ran at the same time as one of other nodes.
    fn ran_concurrently(&self, fault: &Fault) -> bool {
        let mut evidence = self.run.tests.iter().filter(|test| self.is_evidence(fault, test));
        evidence.any(|test| {
            let ends = [test.client, test.server];
            self.run.tests.iter().any(|other| other.slot == test.slot && !ends.contains(&other.client))
        })
    }

    /// The reason of the first failed retest.
    fn retest_failure(&self, fault: &Fault) -> Option<String> {
        let mut retests = self.run.retests.iter().filter(|test| self.is_evidence(fault, test));
        retests.find_map(|test| match &test.outcome {
            Outcome::Failed(failure) => Some(failure.to_string()),
            Outcome::Ok(_) => None,
        })
    }
}
