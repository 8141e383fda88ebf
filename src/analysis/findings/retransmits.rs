//! Pairs that send many more segments again than the others.

use std::collections::HashMap;

use super::{finding, over};
use crate::analysis::statistics::median;
use crate::analysis::summary::Way;
use crate::document::{Ends, Finding, FindingKind, PairSummary, Run, ThroughputSummary};

/// Less than this part of all segments is no sign of anything.
const LEAST_PART: f64 = 0.001;

/// How many times the median's part is out of line.
const OUT_OF_LINE: f64 = 10.0;

/// Where no test knows its segment size: that of an MTU of 1500.
const USUAL_MSS_BYTES: f64 = 1448.0;

/// One finding per way whose pairs have some out of line.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    run.summary.throughput.iter().filter_map(|summary| of_way(run, summary)).collect()
}

fn of_way(run: &Run, summary: &ThroughputSummary) -> Option<Finding> {
    let way = (summary.path, summary.ip_family);
    let parts = parts(run, way);
    let parts: Vec<(&PairSummary, f64)> = summary
        .pairs
        .iter()
        .filter_map(|pair| Some((pair, *parts.get(&(pair.sender.as_str(), pair.receiver.as_str()))?)))
        .collect();
    let usual = median(parts.iter().map(|(_, part)| *part).collect())?;
    let is_out = |part: f64| part >= LEAST_PART && part > usual * OUT_OF_LINE;
    let mut out: Vec<(&PairSummary, f64)> = parts.into_iter().filter(|(_, part)| is_out(*part)).collect();
    out.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (worst, most) = *out.first()?;
    let shared = |end: fn(&PairSummary) -> &String| {
        let name = end(worst);
        (out.len() > 1 && out.iter().all(|(pair, _)| end(pair) == name)).then(|| name.clone())
    };
    let percent = |part: f64| match part * 100.0 {
        percent if percent < 0.01 => "less than 0.01%".to_owned(),
        percent => format!("{percent:.2}%"),
    };
    let (who, subjects) = if let Some(sender) = shared(|pair| &pair.sender) {
        (
            format!("{sender} sends up to {} of its segments again, to {} servers", percent(most), out.len()),
            vec![sender],
        )
    } else if let Some(receiver) = shared(|pair| &pair.receiver) {
        let who = format!(
            "towards {receiver} up to {} of the segments are sent again, by {} clients",
            percent(most),
            out.len()
        );
        (who, vec![receiver])
    } else {
        let (sender, receiver) = (worst.sender.clone(), worst.receiver.clone());
        let more = match out.len() - 1 {
            0 => String::new(),
            1 => ", and 1 more pair many".to_owned(),
            more => format!(", and {more} more pairs many"),
        };
        (
            format!("{sender} → {receiver} sends {} of its segments again{more}", percent(most)),
            vec![sender, receiver],
        )
    };
    let sentence = format!("{}{who}; the median is {}", over(run, way), percent(usual));
    let ends = |(pair, _): &(&PairSummary, f64)| Ends {
        sender: pair.sender.clone(),
        receiver: pair.receiver.clone(),
    };
    Some(Finding {
        pairs: out.iter().map(ends).collect(),
        ..finding(FindingKind::Retransmits, Some(way), sentence, subjects)
    })
}

/// The part of the segments that were sent again, by sender and receiver; of pairs whose senders tell.
fn parts(run: &Run, way: Way) -> HashMap<(&str, &str), f64> {
    let mut sums: HashMap<(&str, &str), (f64, f64)> = HashMap::new();
    let tests = run.tests.iter().filter(|test| (test.path, test.ip_family) == way);
    for (test, figures) in tests.filter_map(|test| Some((test, test.outcome.throughput()?))) {
        let Some(again) = figures.retransmits else { continue };
        let mss = figures.mss_bytes.map_or(USUAL_MSS_BYTES, f64::from);
        let sum = sums.entry(test.sender_and_receiver()).or_default();
        *sum = (sum.0 + again as f64, sum.1 + figures.bytes as f64 / mss);
    }
    sums.retain(|_, (_, segments)| *segments > 0.0);
    sums.into_iter().map(|(pair, (again, segments))| (pair, again / segments)).collect()
}
