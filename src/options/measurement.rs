//! What each test does.

use std::fmt;

use clap::builder::{BoolValueParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::{OptionInfo, flag_value};
use super::duration::{parse_omit, parse_time};
use super::number::number_in;
use super::quantity::{parse_dscp, parse_rate, parse_size};
use crate::quantity::{plural, rate};

/// The transport protocol of throughput tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// A program that measures throughput.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    ValueEnum,
)]
#[serde(rename_all = "camelCase")]
pub enum EngineId {
    /// iperf3.
    #[default]
    Iperf3,
    /// iperf 2, for images without iperf3.
    Iperf2,
}

/// Longest latency test, in seconds: by then it has tens of thousands of samples.
const MAX_LATENCY_SECONDS: u32 = 2;

/// What each test does. The same in the arguments of a command, in an engine's input and in the run
/// document.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Measuring")]
#[serde(rename_all = "camelCase")]
pub struct MeasurementOptions {
    /// Duration of each test: 5s, 1m30s
    #[arg(short, long = "time", value_name = "DURATION", default_value = "10s", value_parser = parse_time)]
    #[schemars(description = "Duration of each throughput test.")]
    pub time_seconds: u32,
    /// Discard the first DURATION of each test (TCP slow start)
    ///
    /// More than 60s needs iperf3 3.18 or later.
    #[arg(
        long = "omit", value_name = "DURATION", default_value = "0s", value_parser = parse_omit,
        hide_short_help = true
    )]
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(description = "Discarded at the start of each test, before `timeSeconds`.")]
    pub omit_seconds: u32,
    /// Parallel streams per test
    #[arg(
        short = 'P', long, value_name = "N", default_value_t = 1,
        value_parser = number_in(1..=128u32)
    )]
    pub parallel: u32,
    /// Number of tests per pair; the table shows means, `-o wide` and JSON the spread
    #[arg(
        long, value_name = "N", default_value_t = 1,
        value_parser = number_in(1..=1000u32), hide_short_help = true
    )]
    #[schemars(description = "Number of tests per pair.")]
    pub repeat: u32,
    /// Also measure round-trip latency
    ///
    /// By iperf 2 in the same pods, for at most 2s per test.
    #[arg(
        id = "rtt", long = "rtt", action = ArgAction::SetTrue,
        value_parser = BoolValueParser::new().map(|is_set| is_set.then_some(MAX_LATENCY_SECONDS))
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "Duration of each latency test; absent if latency was not measured.")]
    // the whole path keeps clap from taking the flag for one with an optional value
    pub latency_time_seconds: std::option::Option<u32>,
    /// Measure both directions at the same time
    #[arg(long = "bidir", hide_short_help = true)]
    #[serde(default, skip_serializing_if = "is_false")]
    pub bidirectional: bool,
    /// Measure UDP: throughput, packet loss and jitter
    #[arg(
        id = "udp", long = "udp", action = ArgAction::SetTrue,
        value_parser = BoolValueParser::new().map(|is_set| if is_set { Protocol::Udp } else { Protocol::Tcp })
    )]
    #[schemars(description = "The transport protocol of throughput tests.")]
    pub protocol: Protocol,
    /// Target bitrate of all streams together: 940M, 9.4Gbit/s, 0 for unlimited
    /// [default: unlimited for TCP; for UDP 80% of the TCP throughput in a probe of 1s]
    #[arg(long = "bitrate", value_name = "RATE", value_parser = parse_rate, hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        description = "Target bitrate of all streams together; 0 for unlimited; absent for the default."
    )]
    pub target_bits_per_second: Option<u64>,
    /// Size of each write or datagram: 1400, 128K
    #[arg(long = "length", value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_bytes: Option<u64>,
    /// TCP maximum segment size in bytes
    #[arg(
        long = "mss", value_name = "BYTES", value_parser = number_in(88..=9216u32),
        hide_short_help = true
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss_bytes: Option<u32>,
    /// Socket buffer size: 256K, 4M
    #[arg(long = "window", value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_bytes: Option<u64>,
    /// TCP congestion control algorithm: cubic, bbr, or another one of the nodes' kernels
    #[arg(long = "congestion", value_name = "NAME", hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion_control: Option<String>,
    /// DSCP of the packets: 0 to 63, ef, cs1, af41
    #[arg(long, value_name = "DSCP", value_parser = parse_dscp, hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dscp: Option<u8>,
    /// Program that measures throughput
    #[arg(long, value_enum, default_value_t, hide_short_help = true)]
    pub engine: EngineId,
    /// Additional arguments for the throughput clients
    ///
    /// Passed on unchanged; those that would break the report or the placement are rejected.
    #[arg(last = true, value_name = "CLIENT_ARGUMENT", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_arguments: Vec<String>,
}

impl Default for MeasurementOptions {
    fn default() -> Self {
        Self {
            time_seconds: 10,
            omit_seconds: 0,
            parallel: 1,
            repeat: 1,
            latency_time_seconds: None,
            bidirectional: false,
            protocol: Protocol::Tcp,
            target_bits_per_second: None,
            length_bytes: None,
            mss_bytes: None,
            window_bytes: None,
            congestion_control: None,
            dscp: None,
            engine: EngineId::Iperf3,
            client_arguments: Vec::new(),
        }
    }
}

impl MeasurementOptions {
    /// The defaults for tests of this duration.
    pub fn for_seconds(time_seconds: u32) -> Self {
        Self { time_seconds, ..Self::default() }
    }

    /// With everything derived from other options filled in: a latency test takes no longer than a
    /// throughput test.
    #[must_use]
    pub fn resolved(self) -> Self {
        let latency = self.latency_time_seconds.map(|_| self.time_seconds.min(MAX_LATENCY_SECONDS));
        Self { latency_time_seconds: latency, ..self }
    }

    /// Whether the rate of a UDP test follows from a TCP probe.
    pub fn needs_probe(&self) -> bool {
        self.protocol == Protocol::Udp && self.target_bits_per_second.is_none()
    }

    /// Every option of this group.
    pub const CATALOG: &[OptionInfo<Self>] = &[
        OptionInfo::new("time", "test duration", |o: &Self| Some(format!("{} s", o.time_seconds))).setting(),
        OptionInfo::new("omit", "discarded start of each test", |o: &Self| {
            (o.omit_seconds > 0).then(|| format!("{} s", o.omit_seconds))
        })
        .setting(),
        OptionInfo::new("parallel", "parallel streams", |o: &Self| Some(o.parallel.to_string())).setting(),
        OptionInfo::new("repeat", "repetitions", |o: &Self| Some(o.repeat.to_string())).setting().neutral(),
        OptionInfo::new("rtt", "latency test duration", |o: &Self| {
            o.latency_time_seconds.map(|time| format!("{time} s"))
        })
        .setting(),
        OptionInfo::new("bidir", "both directions at once", |o: &Self| flag_value(o.bidirectional)),
        OptionInfo::new("udp", "protocol", |o: &Self| Some(o.protocol.to_string())),
        OptionInfo::new("bitrate", "target bitrate", |o: &Self| {
            o.target_bits_per_second.map(|target| match target {
                0 => "unlimited".to_owned(),
                target => rate(target as f64),
            })
        }),
        OptionInfo::new("length", "write size", |o: &Self| {
            o.length_bytes.map(|size| plural(size as usize, "byte"))
        }),
        OptionInfo::new("mss", "MSS", |o: &Self| o.mss_bytes.map(|size| plural(size as usize, "byte"))),
        OptionInfo::new("window", "socket buffer size", |o: &Self| {
            o.window_bytes.map(|size| plural(size as usize, "byte"))
        }),
        OptionInfo::new("congestion", "congestion control", |o: &Self| o.congestion_control.clone()),
        OptionInfo::new("dscp", "DSCP", |o: &Self| o.dscp.map(|dscp| dscp.to_string())),
        OptionInfo::new("engine", "engine", |o: &Self| Some(o.engine.name().to_owned())).setting(),
        OptionInfo::new("--", "client arguments", |o: &Self| {
            (!o.client_arguments.is_empty()).then(|| o.client_arguments.join(" "))
        }),
    ];
}

impl EngineId {
    /// As on the command line and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Iperf2 => "iperf2",
        }
    }
}

// serde passes references
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}
