//! Converts the numbers of iperf3. A missing or invalid number becomes a missing figure, not zero.

use std::borrow::Cow;

use super::wire;
use crate::document::{Cpu, Datagrams, Direction, RoundTripTime, Sample, is_possible};

/// The figures of one direction in the `end` object.
#[derive(Debug)]
pub(super) struct DirectionFigures {
    pub received: Option<Received>,
    pub retransmits: Option<f64>,
    pub round_trip_time: Option<RoundTripTime>,
    pub cpu: Option<Cpu>,
    pub datagrams: Option<Datagrams>,
}

/// The received data of one direction.
#[derive(Debug)]
pub(super) struct Received {
    pub bits_per_second: f64,
    pub bytes: f64,
    pub seconds: f64,
}

/// The TCP maximum segment size. A client that did not query its kernel reports none, or zero.
pub(super) fn mss(start: &wire::Start) -> Option<u32> {
    finite(start.tcp_mss_default).map(|bytes| bytes as u32).filter(|&bytes| bytes > 0)
}

/// An interval, from its sum and the streams on which the client sends; `None` if it is omitted from the result.
pub(super) fn sample(sum: Option<&wire::Sum>, streams: &[wire::IntervalStream]) -> Option<Sample> {
    let sum = sum?;
    if sum.omitted == Some(true) {
        return None;
    }
    Some(Sample {
        start_seconds: finite(sum.start)?,
        end_seconds: finite(sum.end)?,
        bits_per_second: finite(sum.bits_per_second)?,
        retransmits: finite(sum.retransmits).map(|count| count as u64),
        round_trip_time_microseconds: mean(streams.iter().filter_map(|s| finite(s.rtt))),
    })
}

/// The figures of one direction. `is_reverse_of_both` is set for what the client received in a bidirectional
/// test. `datagrams` is the number of datagrams that the client sent, those of the omitted start included.
pub(super) fn direction_figures(
    end: &wire::EndFields,
    direction: Direction,
    is_reverse_of_both: bool,
    datagrams: f64,
) -> DirectionFigures {
    let (sent, received, sum) = if is_reverse_of_both {
        (&end.sum_sent_bidir_reverse, &end.sum_received_bidir_reverse, &end.sum_bidir_reverse)
    } else {
        (&end.sum_sent, &end.sum_received, &end.sum)
    };
    let of_sum = sum.as_ref().filter(|_| received.is_none());
    // a client that receives counts without the omitted start
    let counted = if direction == Direction::ClientToServer { datagrams } else { 0.0 };
    let of_sum = of_sum.and_then(|sum| received_of_sum(sum, counted));
    let received = received.as_ref().or(of_sum.as_ref());
    let cpu = end.cpu_utilization_percent.as_ref().and_then(|cpu| {
        Some(Cpu { client_percent: finite(cpu.host_total)?, server_percent: finite(cpu.remote_total)? })
    });
    DirectionFigures {
        received: received.and_then(|sum| {
            Some(Received {
                bits_per_second: finite(sum.bits_per_second)?,
                bytes: finite(sum.bytes)?,
                seconds: finite(sum.seconds).or_else(|| finite(Some(sum.end? - sum.start?)))?,
            })
        }),
        retransmits: sent.as_ref().and_then(|sum| finite(sum.retransmits)),
        // only the sender's kernel knows it, and iperf3 only queries the client's
        round_trip_time: match direction {
            Direction::ClientToServer => round_trip_time(&end.streams),
            Direction::ServerToClient => None,
        },
        cpu,
        datagrams: received.and_then(|sum| received_datagrams(sum, sent.as_ref(), &end.streams, direction)),
    }
}

/// What arrived, from a sum of what was sent and lost. Servers count the lost ones of the omitted start as well: those of
/// `counted` datagrams, of which the same part is lost.
fn received_of_sum(sum: &wire::Sum, counted: f64) -> Option<wire::Sum> {
    let sent = finite(sum.packets).filter(|&packets| packets > 0.0)?;
    let lost = (finite(sum.lost_packets)? / sent.max(counted)).min(1.0);
    Some(wire::Sum {
        bytes: Some(finite(sum.bytes)? * (1.0 - lost)),
        bits_per_second: Some(finite(sum.bits_per_second)? * (1.0 - lost)),
        lost_packets: Some((sent * lost).round()),
        lost_percent: Some(lost * 100.0),
        ..sum.clone()
    })
}

/// The number of lost datagrams, if that in the report does not agree with the sent datagrams and the received bytes.
///
/// Clients from 3.14 report none if the server is older, and servers before 3.14 also count those of the omitted start.
/// Datagrams in flight at the end are tolerated.
fn recount(received: &wire::Sum, sent: Option<&wire::Sum>) -> Option<f64> {
    let datagrams = finite(received.packets).filter(|&datagrams| datagrams > 0.0)?;
    let of_sender = sent.and_then(|sent| finite(sent.packets)).filter(|&datagrams| datagrams > 0.0);
    let size = finite(sent?.bytes)? / of_sender.unwrap_or(datagrams);
    if size <= 0.0 {
        return None;
    }
    let lost = (datagrams - finite(received.bytes)? / size).max(0.0).round();
    let per_second = datagrams / finite(received.seconds).filter(|&seconds| seconds > 0.0)?;
    let tolerance = (datagrams * 0.005).max(per_second * 0.1);
    ((lost - finite(received.lost_packets)?).abs() > tolerance).then_some(lost)
}

fn received_datagrams(
    received: &wire::Sum,
    sent: Option<&wire::Sum>,
    streams: &[wire::EndStream],
    direction: Direction,
) -> Option<Datagrams> {
    let client_sends = direction == Direction::ClientToServer;
    let of_direction = streams.iter().filter_map(|stream| stream.udp.as_ref());
    let of_direction = of_direction.filter(|udp| udp.sender.is_none_or(|sender| sender == client_sends));
    let out_of_order = of_direction.filter_map(|udp| finite(udp.out_of_order)).reduce(|a, b| a + b);
    let count = finite(received.packets)?;
    let (lost, lost_percent) = match recount(received, sent) {
        Some(lost) => (lost, lost / count * 100.0),
        None => (finite(received.lost_packets)?, finite(received.lost_percent)?),
    };
    Some(Datagrams {
        target_bits_per_second: None,
        sent: count as u64,
        lost: lost as u64,
        lost_percent,
        out_of_order: out_of_order.map(|count| count as u64),
        jitter_microseconds: finite(received.jitter_ms.map(|jitter| jitter * 1e3))?,
    })
}

fn round_trip_time(streams: &[wire::EndStream]) -> Option<RoundTripTime> {
    // zero on streams on which the client receives, and where the operating system does not report it
    let senders =
        || streams.iter().filter_map(|stream| stream.sender.as_ref()).filter(|s| s.is_client != Some(false));
    let known = |value: Option<f64>| finite(value).filter(|&microseconds| microseconds > 0.0);
    Some(RoundTripTime {
        min_microseconds: senders().filter_map(|s| known(s.min)).reduce(f64::min)?,
        mean_microseconds: mean(senders().filter_map(|s| known(s.mean)))?,
        max_microseconds: senders().filter_map(|s| known(s.max)).reduce(f64::max)?,
    })
}

fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| is_possible(*number))
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0u32), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Replaces `nan`, `-nan`, `inf` and `-inf` outside of strings by `null`. iperf3 has printed them as numbers
/// (esnet/iperf#613), which is not valid JSON.
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
    fn nan_and_inf_are_replaced_outside_of_strings_only() {
        assert_eq!(repaired(r#"{"a":"inf \" nan","b":nan}"#), r#"{"a":"inf \" nan","b":null}"#);
    }
}
