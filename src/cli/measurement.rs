//! How to measure: the flags that `matrix` and `pair` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration::{parse_omit, parse_time};
use super::quantity::{parse_dscp, parse_rate, parse_size};
use crate::document::{EngineName, Parameters, Protocol};
use crate::engine::iperf2::{Bounceback, Iperf2};
use crate::engine::iperf3::Iperf3;
use crate::engine::{ClientOptions, Engine, Flow};

/// The longest latency test: it has tens of thousands of answers by then.
const LONGEST_LATENCY_TIME: Duration = Duration::from_secs(2);

/// The program that measures throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// iperf3.
    Iperf3,
    /// iperf 2, for images that have only that.
    Iperf2,
}

impl EngineArg {
    /// The program.
    pub fn engine(self) -> &'static dyn Engine {
        match self {
            Self::Iperf3 => &Iperf3,
            Self::Iperf2 => &Iperf2,
        }
    }
}

/// How to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub struct MeasurementArgs {
    /// How long each test sends: 5s, 1m30s.
    #[arg(short, long, value_name = "DURATION", default_value = "10s", value_parser = parse_time)]
    pub time: Duration,
    /// Leave so much of the start of each test out of its figures, before its time.
    #[arg(long, value_name = "DURATION", value_parser = parse_omit, hide_short_help = true)]
    pub omit: Option<Duration>,
    /// Streams at the same time in each test.
    #[arg(short = 'P', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub parallel: u32,
    /// Measure each pair this often; the table shows means, wide and JSON the spread.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), hide_short_help = true)]
    pub repeat: u32,
    /// Measure how long an answer takes as well.
    ///
    /// By iperf 2 in the same pods, for 2s at most.
    #[arg(long)]
    pub rtt: bool,
    /// Measure both directions at the same time.
    #[arg(long, hide_short_help = true)]
    pub bidir: bool,
    /// Measure UDP: what arrives, and how much is lost.
    #[arg(long)]
    pub udp: bool,
    /// Send at this rate, all streams together: 940M, 9.4Gbit/s, 0 for no limit
    /// [default: none for TCP; for UDP 80% of what TCP gets in a probe of 1s].
    #[arg(long, value_name = "RATE", value_parser = parse_rate, hide_short_help = true)]
    pub bitrate: Option<u64>,
    /// The bytes of one write, or of one datagram: 1400, 128K.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub length: Option<u64>,
    /// TCP's maximum segment size, in bytes.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(88..=9216), hide_short_help = true)]
    pub mss: Option<u32>,
    /// The size of the sockets' buffers: 256K, 4M.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub window: Option<u64>,
    /// TCP's congestion control: cubic, bbr, whatever the nodes' kernels have.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub congestion: Option<String>,
    /// Mark packets with this code point: 0 to 63, ef, cs1, af41.
    #[arg(long, value_name = "DSCP", value_parser = parse_dscp, hide_short_help = true)]
    pub dscp: Option<u8>,
    /// The program that measures throughput.
    #[arg(long, value_enum, default_value_t = EngineArg::Iperf3, hide_short_help = true)]
    pub engine: EngineArg,
    /// Further arguments of the clients, as they are.
    ///
    /// Of those of throughput tests, but for what would break their report or their placing.
    #[arg(last = true, value_name = "CLIENT_ARGUMENT", allow_hyphen_values = true, hide_short_help = true)]
    pub client_arguments: Vec<String>,
}

impl MeasurementArgs {
    /// The flags that a run was measured with.
    pub fn of(parameters: &Parameters) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            time: seconds(parameters.time_seconds),
            omit: (parameters.omit_seconds > 0).then(|| seconds(parameters.omit_seconds)),
            parallel: parameters.parallel,
            repeat: parameters.repeat,
            rtt: parameters.latency_time_seconds.is_some(),
            bidir: parameters.bidirectional,
            udp: parameters.protocol == Protocol::Udp,
            bitrate: parameters.target_bits_per_second,
            length: parameters.length_bytes,
            mss: parameters.mss_bytes,
            window: parameters.window_bytes,
            congestion: parameters.congestion_control.clone(),
            dscp: parameters.dscp,
            engine: match parameters.engine {
                EngineName::Iperf3 => EngineArg::Iperf3,
                EngineName::Iperf2 => EngineArg::Iperf2,
            },
            client_arguments: parameters.client_arguments.clone(),
        }
    }

    /// The program that measures throughput.
    pub fn engine(&self) -> &'static dyn Engine {
        self.engine.engine()
    }

    /// Its name in documents.
    pub fn engine_name(&self) -> EngineName {
        match self.engine {
            EngineArg::Iperf3 => EngineName::Iperf3,
            EngineArg::Iperf2 => EngineName::Iperf2,
        }
    }

    /// The program that measures latency; none if that is not asked for.
    pub fn latency_engine(&self) -> Option<&'static dyn Engine> {
        self.rtt.then_some(&Bounceback)
    }

    /// What clients of throughput tests are to do.
    pub fn throughput(&self) -> ClientOptions {
        ClientOptions {
            time_seconds: seconds(self.time),
            omit_seconds: seconds(self.omit.unwrap_or_default()),
            parallel: self.parallel,
            flow: if self.bidir { Flow::Both } else { Flow::Forward },
            protocol: if self.udp { Protocol::Udp } else { Protocol::Tcp },
            target_bits_per_second: self.bitrate,
            length_bytes: self.length,
            mss_bytes: self.mss,
            window_bytes: self.window,
            congestion_control: self.congestion.clone(),
            dscp: self.dscp,
            arguments: self.client_arguments.clone(),
        }
    }

    /// What clients of latency tests are to do.
    pub fn latency(&self) -> ClientOptions {
        let time_seconds = seconds(self.time.min(LONGEST_LATENCY_TIME));
        ClientOptions { dscp: self.dscp, ..ClientOptions::tcp(time_seconds) }
    }

    /// Why these flags cannot be used together.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        const LARGEST_DATAGRAM: u64 = 65_507;
        let engine = self.engine();
        if let Some(flag) = engine.unsupported(&self.throughput()) {
            return Err(format!("{flag} cannot be used with --engine iperf2: leave one of them out"));
        }
        if let Some(refused) = engine.options().refused(&self.client_arguments) {
            return Err(format!(
                "`{}` cannot be handed to {}: {}",
                refused.argument,
                engine.program(),
                refused.instead
            ));
        }
        if self.udp && self.length.is_some_and(|length| length > LARGEST_DATAGRAM) {
            return Err(format!("--length: a datagram has {LARGEST_DATAGRAM} bytes at most"));
        }
        match self.udp {
            true if self.mss.is_some() => Err("--mss is TCP's: leave it out, or --udp".to_owned()),
            true if self.congestion.is_some() => {
                Err("--congestion is TCP's: leave it out, or --udp".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Whole seconds; the parsers have bounded them to a day.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
