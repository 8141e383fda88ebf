//! The metrics of tests: one declared list, which summaries, tables, CSV and Prometheus iterate.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{Schema, json_schema};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cpu, Datagrams, Latency, Measure, Protocol, RoundTripTime, TestRecord, Throughput};

/// A figure that tests yield.
#[derive(Debug)]
pub struct Metric {
    /// The measure that yields it.
    pub measure: Measure,
    /// The protocol whose tests yield it; none if all do.
    pub protocol: Option<Protocol>,
    /// Its unit.
    pub unit: Unit,
    /// The column of CSV with its value in each test.
    pub column: Option<&'static str>,
    /// Its value over all tests of a pair.
    pub aggregate: Option<Aggregate>,
    /// Its name for people, where it is shown to them.
    pub label: Option<&'static str>,
    /// Whether tables of pairs have a column with its aggregate.
    pub is_key: bool,
    /// How it is compared between two runs; none if it is not.
    pub comparison: Option<Compared>,
    /// Its gauge in Prometheus.
    pub gauge: Option<Gauge>,
    value: fn(&TestRecord) -> Option<f64>,
}

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// bit/s.
    BitsPerSecond,
    /// µs.
    Microseconds,
    /// s.
    Seconds,
    /// Percent.
    Percent {
        /// Digits after the decimal point that are worth printing.
        digits: usize,
    },
    /// Bytes.
    Bytes,
    /// A number of something.
    Count,
}

/// How a metric is compared between two runs.
#[derive(Debug)]
pub struct Compared {
    /// Its name in titles: `Throughput change`.
    pub name: &'static str,
    /// Which change is an improvement.
    pub better: Better,
}

/// The better one of two values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The higher one.
    Higher,
    /// The lower one.
    Lower,
}

impl PartialEq for Metric {
    /// Each metric exists once.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// One value for all successful tests of a pair.
#[derive(Debug)]
pub struct Aggregate {
    /// Its field in the summary of the pair.
    pub field: &'static str,
    /// Its meaning, for the JSON Schema.
    pub help: &'static str,
    /// How it is computed.
    pub kind: AggregateKind,
}

/// How the values of several tests become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    /// Their mean.
    Mean,
    /// Their maximum.
    Max,
}

/// A gauge of Prometheus.
#[derive(Debug)]
pub struct Gauge {
    /// Its name without the prefix. Metrics that differ in the label only have the same name.
    pub name: &'static str,
    /// Its meaning.
    pub help: &'static str,
    /// The percentile in the label `percentile`.
    pub percentile: Option<&'static str>,
}

impl Metric {
    const fn new(measure: Measure, unit: Unit, value: fn(&TestRecord) -> Option<f64>) -> Self {
        Self {
            measure,
            protocol: None,
            unit,
            column: None,
            aggregate: None,
            label: None,
            is_key: false,
            comparison: None,
            gauge: None,
            value,
        }
    }

    const fn throughput(unit: Unit, value: fn(&TestRecord) -> Option<f64>) -> Self {
        Self::new(Measure::Throughput, unit, value)
    }

    const fn latency(value: fn(&TestRecord) -> Option<f64>) -> Self {
        Self::new(Measure::Latency, Unit::Microseconds, value)
    }

    const fn only(self, protocol: Protocol) -> Self {
        Self { protocol: Some(protocol), ..self }
    }

    const fn column(self, name: &'static str) -> Self {
        Self { column: Some(name), ..self }
    }

    const fn mean(self, field: &'static str, help: &'static str) -> Self {
        Self { aggregate: Some(Aggregate { field, help, kind: AggregateKind::Mean }), ..self }
    }

    const fn max(self, field: &'static str, help: &'static str) -> Self {
        Self { aggregate: Some(Aggregate { field, help, kind: AggregateKind::Max }), ..self }
    }

    const fn label(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }

    const fn key(self, label: &'static str) -> Self {
        Self { label: Some(label), is_key: true, ..self }
    }

    const fn compared(self, name: &'static str, better: Better) -> Self {
        Self { comparison: Some(Compared { name, better }), ..self }
    }

    const fn gauge(self, name: &'static str, help: &'static str) -> Self {
        Self { gauge: Some(Gauge { name, help, percentile: None }), ..self }
    }

    const fn percentile(self, percentile: &'static str) -> Self {
        let help = "Percentiles of round-trip latency without load";
        Self {
            gauge: Some(Gauge { name: "latency_percentile_seconds", help, percentile: Some(percentile) }),
            ..self
        }
    }

    /// Throughput at the receiver.
    pub fn throughput_mean() -> &'static Self {
        &METRICS[0]
    }

    /// The value in a test; none if the test failed or does not yield it.
    pub fn of(&self, test: &TestRecord) -> Option<f64> {
        (self.value)(test)
    }

    /// Its name in the titles of comparisons.
    pub fn comparison_name(&self) -> &'static str {
        self.comparison.as_ref().map_or("", |compared| compared.name)
    }

    /// Whether a higher value is worse.
    pub fn is_larger_worse(&self) -> bool {
        self.comparison.as_ref().is_some_and(|compared| compared.better == Better::Lower)
    }

    /// Whether tests of this measure and protocol yield it.
    pub fn is_of(&self, measure: Measure, protocol: Protocol) -> bool {
        self.measure == measure && self.protocol.is_none_or(|only| only == protocol)
    }
}

/// All metrics, in the order of columns.
pub static METRICS: &[Metric] = &[
    Metric::throughput(Unit::BitsPerSecond, |test| Some(throughput(test)?.bits_per_second))
        .label("Throughput")
        .compared("Throughput", Better::Higher)
        .column("bits_per_second")
        .gauge(
            "throughput_bytes_per_second",
            "Mean throughput at the receiver; absent if all tests of the pair failed",
        )
        .mean(
            "meanBitsPerSecond",
            "The mean throughput at the receiver over the successful tests; none if all failed.",
        ),
    Metric::throughput(Unit::Bytes, |test| Some(throughput(test)?.bytes as f64)).column("bytes"),
    // of tests of both measures
    Metric::throughput(Unit::Seconds, |test| {
        throughput(test).map(|result| result.seconds).or(latency(test).map(|result| result.seconds))
    })
    .column("seconds"),
    Metric::throughput(Unit::Count, |test| throughput(test)?.retransmits.map(|count| count as f64))
        .only(Protocol::Tcp)
        .column("retransmits")
        .mean("meanRetransmits", "TCP retransmits, mean per test.")
        .key("Retransmits")
        .gauge("retransmits", "Mean number of retransmitted TCP segments per test"),
    Metric::throughput(Unit::Bytes, |test| throughput(test)?.mss_bytes.map(f64::from))
        .column("mss_bytes")
        .label("MSS"),
    Metric::throughput(Unit::Microseconds, |test| Some(round_trip_time(test)?.min_microseconds))
        .column("round_trip_time_min_microseconds")
        .label("RTT, min"),
    Metric::throughput(Unit::Microseconds, |test| Some(round_trip_time(test)?.mean_microseconds))
        .only(Protocol::Tcp)
        .column("round_trip_time_mean_microseconds")
        .mean("meanRoundTripTimeMicroseconds", "The mean TCP round-trip time under load.")
        .key("RTT")
        .gauge("round_trip_time_seconds", "Mean TCP round-trip time under load"),
    Metric::throughput(Unit::Microseconds, |test| Some(round_trip_time(test)?.max_microseconds))
        .column("round_trip_time_max_microseconds")
        .label("RTT, max"),
    Metric::throughput(CPU, |test| Some(cpu(test)?.client_percent)).column("client_cpu_percent"),
    Metric::throughput(CPU, |test| Some(cpu(test)?.server_percent)).column("server_cpu_percent"),
    Metric::throughput(Unit::BitsPerSecond, |test| datagrams(test)?.target_bits_per_second)
        .only(Protocol::Udp)
        .column("target_bits_per_second")
        .mean("meanTargetBitsPerSecond", "The mean target rate of the UDP senders.")
        .key("Target"),
    Metric::throughput(Unit::Percent { digits: 2 }, |test| Some(datagrams(test)?.lost_percent))
        .only(Protocol::Udp)
        .column("lost_percent")
        .mean("meanLostPercent", "Lost UDP datagrams, in percent.")
        .key("Loss")
        .gauge("lost_ratio", "Packet loss of UDP"),
    Metric::throughput(Unit::Microseconds, |test| Some(datagrams(test)?.jitter_microseconds))
        .only(Protocol::Udp)
        .column("jitter_microseconds")
        .mean("meanJitterMicroseconds", "The jitter of UDP datagrams.")
        .key("Jitter")
        .gauge("jitter_seconds", "Jitter of UDP"),
    Metric::throughput(Unit::Count, |test| datagrams(test)?.out_of_order.map(|count| count as f64))
        .only(Protocol::Udp)
        .mean("meanOutOfOrder", "UDP datagrams received out of order, mean per test.")
        .key("Out of order"),
    Metric::throughput(CPU, |test| {
        let (cpu, (sender, _)) = (cpu(test)?, test.sender_and_receiver());
        Some(if sender == test.client { cpu.client_percent } else { cpu.server_percent })
    })
    .mean("meanSenderCpuPercent", "The CPU usage of the engine at the sender, in percent of one CPU.")
    .key("Sender CPU")
    .gauge("sender_cpu_ratio", "CPU usage of the sender; 1 is one CPU"),
    Metric::throughput(CPU, |test| {
        let (cpu, (_, receiver)) = (cpu(test)?, test.sender_and_receiver());
        Some(if receiver == test.client { cpu.client_percent } else { cpu.server_percent })
    })
    .mean("meanReceiverCpuPercent", "The CPU usage of the engine at the receiver, in percent of one CPU.")
    .key("Receiver CPU")
    .gauge("receiver_cpu_ratio", "CPU usage of the receiver; 1 is one CPU"),
    Metric::latency(|test| Some(latency(test)?.mean_microseconds))
        .label("Mean")
        .compared("Latency", Better::Lower)
        .column("latency_mean_microseconds")
        .mean("meanMicroseconds", "The mean round-trip latency.")
        .gauge("latency_seconds", "Mean round-trip latency without load"),
    Metric::latency(|test| Some(latency(test)?.min_microseconds)).label("Min"),
    Metric::latency(|test| Some(latency(test)?.p50_microseconds))
        .column("latency_p50_microseconds")
        .mean("p50Microseconds", "The median round-trip latency.")
        .key("p50")
        .percentile("50"),
    Metric::latency(|test| Some(latency(test)?.p95_microseconds))
        .column("latency_p95_microseconds")
        .mean("p95Microseconds", "The 95th percentile of the round-trip latency.")
        .key("p95")
        .percentile("95"),
    Metric::latency(|test| Some(latency(test)?.p99_microseconds))
        .column("latency_p99_microseconds")
        .mean("p99Microseconds", "The 99th percentile of the round-trip latency.")
        .key("p99")
        .percentile("99"),
    Metric::latency(|test| Some(latency(test)?.max_microseconds))
        .column("latency_max_microseconds")
        .max("maxMicroseconds", "The maximum round-trip latency of all tests.")
        .key("Max"),
    Metric::new(Measure::Latency, Unit::Count, |test| Some(latency(test)?.requests as f64)).label("Requests"),
];

const CPU: Unit = Unit::Percent { digits: 0 };

fn throughput(test: &TestRecord) -> Option<&Throughput> {
    test.outcome.throughput()
}

fn round_trip_time(test: &TestRecord) -> Option<RoundTripTime> {
    throughput(test)?.round_trip_time
}

fn cpu(test: &TestRecord) -> Option<Cpu> {
    throughput(test)?.cpu
}

fn datagrams(test: &TestRecord) -> Option<Datagrams> {
    throughput(test)?.udp
}

fn latency(test: &TestRecord) -> Option<&Latency> {
    test.outcome.latency()
}

/// The aggregates of the metrics of a pair. In a document, each is a field with the name of its aggregate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aggregates(Vec<(usize, f64)>);

impl Aggregates {
    /// The aggregates of a measure that `compute` returns.
    pub fn of(measure: Measure, compute: impl Fn(&Metric, AggregateKind) -> Option<f64>) -> Self {
        let of_measure = METRICS.iter().enumerate().filter(|(_, metric)| metric.measure == measure);
        let computed = of_measure
            .filter_map(|(index, metric)| Some((index, compute(metric, metric.aggregate.as_ref()?.kind)?)));
        Self(computed.collect())
    }

    /// The aggregate of a metric; none if no test has yielded it.
    pub fn get(&self, metric: &Metric) -> Option<f64> {
        self.by_field(metric.aggregate.as_ref()?.field)
    }

    /// The aggregate with this field.
    pub(super) fn by_field(&self, field: &str) -> Option<f64> {
        self.iter().find(|(aggregate, _)| aggregate.field == field).map(|(_, value)| value)
    }

    fn iter(&self) -> impl Iterator<Item = (&'static Aggregate, f64)> {
        self.0.iter().filter_map(|(index, value)| Some((METRICS[*index].aggregate.as_ref()?, *value)))
    }

    /// The schema of the fields of one measure.
    pub(super) fn schema(measure: Measure) -> Schema {
        let of_measure = METRICS.iter().filter(|metric| metric.measure == measure);
        let fields = of_measure.filter_map(|metric| metric.aggregate.as_ref()).map(|aggregate| {
            let schema = serde_json::json!({
                "type": ["number", "null"], "format": "double", "description": aggregate.help,
            });
            (aggregate.field.to_owned(), schema)
        });
        json_schema!({ "type": "object", "properties": fields.collect::<serde_json::Map<_, _>>() })
    }
}

impl Serialize for Aggregates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(aggregate, value)| (aggregate.field, value)))
    }
}

impl<'de> Deserialize<'de> for Aggregates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Aggregates;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("aggregates by field")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Aggregates, A::Error> {
                let mut values = BTreeMap::new();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let has_field = |metric: &Metric| {
                        metric.aggregate.as_ref().is_some_and(|aggregate| aggregate.field == name)
                    };
                    match METRICS.iter().position(has_field) {
                        Some(index) => {
                            if let Some(value) = map.next_value()? {
                                values.insert(index, value);
                            }
                        }
                        // another field of the object, or a metric of a newer version of this program
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Aggregates(values.into_iter().collect()))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn throughput_is_the_first_metric() {
        assert_eq!(Metric::throughput_mean().column, Some("bits_per_second"));
    }

    #[test]
    fn names_are_unique() {
        let columns: Vec<&str> = METRICS.iter().filter_map(|metric| metric.column).collect();
        let fields: Vec<&str> =
            METRICS.iter().filter_map(|metric| Some(metric.aggregate.as_ref()?.field)).collect();
        for names in [columns, fields] {
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{names:?}");
        }
    }
}
