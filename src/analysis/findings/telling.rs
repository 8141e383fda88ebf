//! Faults into sentences.

use super::names::Names;
use super::{finding, is_of, over};
use crate::analysis::diagnosis::{Cause, Fault, Grid, Verdict};
use crate::analysis::statistics::{mean, median};
use crate::analysis::summary::Way;
use crate::analysis::{Level, part_of_rate};
use crate::document::{Confirmation, Ends, Finding, FindingKind, Outcome, Run, TestRecord};
use crate::quantity::rate;

/// How many pairs a finding keeps as its evidence.
const KEPT_PAIRS: usize = 12;

/// Faults into sentences.
pub(super) struct Telling<'a> {
    pub run: &'a Run,
    pub way: Way,
    pub names: &'a Names<'a>,
    pub grid: &'a Grid,
    /// The median of all rates.
    pub usual: f64,
    pub again: &'a [((usize, usize), f64)],
}

impl Telling<'_> {
    pub(super) fn finding(&self, fault: &Fault, verdict: Option<Verdict>) -> Finding {
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
        Level::of_part(part_of_rate(rate, self.usual)) == Level::Usual
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
        let mut shows = self.run.tests.iter().filter(|test| self.shows(fault, test));
        shows.any(|test| {
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
