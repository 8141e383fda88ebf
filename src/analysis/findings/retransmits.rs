//! Pairs that send many more segments again than the others.

use super::{finding, over};
use crate::analysis::statistics::median;
use crate::analysis::summary::Way;
use crate::document::{Ends, Finding, FindingKind, Measure, PairSummary, Run, ThroughputSummary};

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
    let parts: Vec<(&PairSummary, f64)> =
        summary.pairs.iter().filter_map(|pair| Some((pair, part(run, way, pair)?))).collect();
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

/// The part of a pair's segments that were sent again; none if its sender does not tell.
fn part(run: &Run, way: Way, pair: &PairSummary) -> Option<f64> {
    let again = pair.mean_retransmits?;
    let figures = run.tests.iter().filter(|test| {
        test.measure == Measure::Throughput
            && (test.path, test.ip_family) == way
            && test.sender_and_receiver() == (&pair.sender, &pair.receiver)
    });
    let figures: Vec<_> = figures.filter_map(|test| test.outcome.throughput()).collect();
    let bytes = figures.iter().map(|figures| figures.bytes as f64).sum::<f64>() / figures.len().max(1) as f64;
    let mss = figures.iter().find_map(|figures| figures.mss_bytes).map_or(USUAL_MSS_BYTES, f64::from);
    (bytes > 0.0).then(|| again / (bytes / mss))
}
