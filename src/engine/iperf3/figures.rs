//! From iperf3's numbers to ours: a number that is not there, or is none, becomes no figure.

use std::borrow::Cow;

use super::wire;
use crate::document::{Cpu, RoundTripTime, Sample};

/// The figures of the end event that don't come from the samples.
#[derive(Debug)]
pub(super) struct Measured {
    pub received: Option<Received>,
    pub retransmits: Option<f64>,
    pub round_trip_time: Option<RoundTripTime>,
    pub cpu: Option<Cpu>,
}

#[derive(Debug)]
pub(super) struct Received {
    pub bits_per_second: f64,
    pub bytes: f64,
    pub seconds: f64,
}

/// An interval that is part of the result.
pub(super) fn sample(interval: &wire::Interval) -> Option<Sample> {
    let sum = interval.sum.as_ref()?;
    if sum.omitted == Some(true) {
        return None;
    }
    Some(Sample {
        start_seconds: finite(sum.start)?,
        end_seconds: finite(sum.end)?,
        bits_per_second: finite(sum.bits_per_second)?,
        retransmits: finite(sum.retransmits).map(|count| count as u64),
        round_trip_time_microseconds: mean(interval.streams.iter().filter_map(|s| finite(s.rtt))),
    })
}

/// The figures of the end of a test.
pub(super) fn measured(end: &wire::End) -> Measured {
    let received = end.sum_received.as_ref().and_then(|sum| {
        Some(Received {
            bits_per_second: finite(sum.bits_per_second)?,
            bytes: finite(sum.bytes)?,
            seconds: finite(sum.seconds).or_else(|| Some(finite(sum.end)? - finite(sum.start)?))?,
        })
    });
    let cpu = end.cpu_utilization_percent.as_ref().and_then(|cpu| {
        Some(Cpu { client_percent: finite(cpu.host_total)?, server_percent: finite(cpu.remote_total)? })
    });
    Measured {
        received,
        retransmits: end.sum_sent.as_ref().and_then(|sum| finite(sum.retransmits)),
        round_trip_time: round_trip_time(&end.streams),
        cpu,
    }
}

fn round_trip_time(streams: &[wire::EndStream]) -> Option<RoundTripTime> {
    let senders = || streams.iter().filter_map(|stream| stream.sender.as_ref());
    // a system that doesn't tell has zeros here
    let known = |value: Option<f64>| finite(value).filter(|&microseconds| microseconds > 0.0);
    Some(RoundTripTime {
        min_microseconds: senders().filter_map(|s| known(s.min)).reduce(f64::min)?,
        mean_microseconds: mean(senders().filter_map(|s| known(s.mean)))?,
        max_microseconds: senders().filter_map(|s| known(s.max)).reduce(f64::max)?,
    })
}

fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite() && *number >= 0.0)
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0u32), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// iperf3 has printed `nan`, `-nan` and `inf` as numbers (esnet/iperf#613), which JSON has not.
/// Outside of strings they become `null`: a figure that is not there.
pub(super) fn repaired(json: &str) -> Cow<'_, str> {
    if !json.contains("nan") && !json.contains("inf") {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = json;
    while let Some(character) = rest.chars().next() {
        if !in_string
            && let Some(after) =
                ["-nan", "nan", "-inf", "inf"].iter().find_map(|word| rest.strip_prefix(word))
        {
            text.push_str("null");
            rest = after;
            continue;
        }
        in_string ^= character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
        text.push(character);
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_inside_strings_stay() {
        assert_eq!(repaired(r#"{"a":"inf \" nan","b":nan}"#), r#"{"a":"inf \" nan","b":null}"#);
    }
}
