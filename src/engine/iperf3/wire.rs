//! The fields of iperf3's JSON that are read.
//!
//! Every field is optional and every number a float: older versions omit fields, and a missing field must not
//! become zero.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// A line of `--json-stream`.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub event: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    pub data: Option<&'a serde_json::value::RawValue>,
}

/// The output of `--json`.
#[derive(Deserialize)]
pub(super) struct Document {
    pub start: Option<Start>,
    #[serde(default)]
    pub intervals: Vec<Interval>,
    #[serde(default)]
    pub end: Option<End>,
    #[serde(default)]
    pub error: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Start {
    /// `TCP_MAXSEG` of the control connection: excludes the TCP options of each segment.
    pub tcp_mss_default: Option<f64>,
}

/// The keys that versions up to 3.11 use twice in a test of both directions, each with the one that later versions use
/// for what the client receives. What the client sends comes first.
const REPEATED: [(&str, &str); 3] = [
    ("sum", "sum_bidir_reverse"),
    ("sum_sent", "sum_sent_bidir_reverse"),
    ("sum_received", "sum_received_bidir_reverse"),
];

/// Deserializes an object in which keys may be repeated.
fn with_repeated_keys<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Fields;

    impl<'de> Visitor<'de> for Fields {
        type Value = serde_json::Map<String, Value>;

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut fields = serde_json::Map::new();
            while let Some((key, value)) = entries.next_entry::<String, Value>()? {
                let repeated =
                    REPEATED.iter().find(|(first, _)| *first == key && fields.contains_key(*first));
                fields.insert(repeated.map_or(key, |(_, second)| (*second).to_owned()), value);
            }
            Ok(fields)
        }
    }

    let fields = deserializer.deserialize_map(Fields)?;
    T::deserialize(Value::Object(fields)).map_err(de::Error::custom)
}

/// An interval of a report.
pub(super) struct Interval(pub IntervalFields);

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        with_repeated_keys(deserializer).map(Self)
    }
}

/// The end of a report.
pub(super) struct End(pub EndFields);

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        with_repeated_keys(deserializer).map(Self)
    }
}

#[derive(Deserialize)]
pub(super) struct IntervalFields {
    #[serde(default)]
    pub streams: Vec<IntervalStream>,
    #[serde(default)]
    pub sum: Option<Sum>,
    /// With `--bidir`: the data received by the client.
    #[serde(default)]
    pub sum_bidir_reverse: Option<Sum>,
}

#[derive(Deserialize)]
pub(super) struct IntervalStream {
    /// Microseconds.
    pub rtt: Option<f64>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Sum {
    pub start: Option<f64>,
    pub end: Option<f64>,
    pub seconds: Option<f64>,
    pub bytes: Option<f64>,
    pub bits_per_second: Option<f64>,
    pub retransmits: Option<f64>,
    #[serde(default)]
    pub omitted: Option<bool>,
    /// UDP only, like the following three.
    pub jitter_ms: Option<f64>,
    pub lost_packets: Option<f64>,
    pub packets: Option<f64>,
    pub lost_percent: Option<f64>,
}

#[derive(Default, Deserialize)]
pub(super) struct EndFields {
    #[serde(default)]
    pub streams: Vec<EndStream>,
    /// UDP up to 3.10, which has no other sum: the sent bytes, and the lost datagrams.
    pub sum: Option<Sum>,
    pub sum_bidir_reverse: Option<Sum>,
    pub sum_sent: Option<Sum>,
    pub sum_received: Option<Sum>,
    pub sum_sent_bidir_reverse: Option<Sum>,
    pub sum_received_bidir_reverse: Option<Sum>,
    pub cpu_utilization_percent: Option<Cpu>,
}

#[derive(Deserialize)]
pub(super) struct EndStream {
    pub sender: Option<Sender>,
    pub udp: Option<UdpStream>,
}

#[derive(Deserialize)]
pub(super) struct UdpStream {
    pub out_of_order: Option<f64>,
    /// Whether the client sends on this stream.
    pub sender: Option<bool>,
}

/// Round-trip times in microseconds.
#[derive(Deserialize)]
pub(super) struct Sender {
    #[serde(rename = "min_rtt")]
    pub min: Option<f64>,
    #[serde(rename = "mean_rtt")]
    pub mean: Option<f64>,
    #[serde(rename = "max_rtt")]
    pub max: Option<f64>,
    /// Whether the client sends on this stream.
    #[serde(rename = "sender")]
    pub is_client: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Cpu {
    pub host_total: Option<f64>,
    pub remote_total: Option<f64>,
}
