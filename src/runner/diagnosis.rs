//! Why a test transferred nothing or did not end: shown by short tests, of small packets and of those of the test.

use std::time::Duration;

use super::Run;
use super::attempt::{MAX_BUSY_ATTEMPTS, short_test};
use crate::document::{Failure, FailureKind, Measure};
use crate::engine::Flow;
use crate::options::{MeasurementOptions, Protocol};
use crate::plan::Test;

/// The duration of a short test.
const SECONDS: u32 = 1;

/// How long the client of a short test may take to report after its time.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// The pause before a short test is repeated because the server was busy.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Small enough for every path: IPv4 requires 576 bytes, headers included.
const SMALL_BYTES: u32 = 500;

/// The rate of short tests of small packets or datagrams, in bits per second: what is lost at this rate is not lost
/// because of a full queue.
const SMALL_RATE: u64 = 1_000_000;

/// The write size of short TCP tests: what a path of 64 kbit/s transfers in the time of a short test is more.
const MAX_WRITE_BYTES: u64 = 4096;

/// What short tests show.
pub(super) enum Diagnosis {
    /// The server accepts connections, but does not respond.
    Unresponsive,
    /// The server remains busy with a test that has ended.
    Stuck,
    /// A short test of the same packets succeeds.
    Transient,
    /// The reason: a test that repeats this one fails as well.
    Cause(Failure),
    /// Nothing new.
    Unknown,
}

impl Run<'_> {
    /// Finds out why `test` has failed with `failure`: that nothing arrived, or that it did not end.
    pub(super) async fn diagnose(&self, test: Test, failure: &Failure) -> Diagnosis {
        if test.variant.measure == Measure::Latency {
            return match self.short_test(test, &self.settings.options).await {
                Ok(()) => Diagnosis::Transient,
                Err(failure) => without_small_packets(&failure),
            };
        }
        // one after the other: the report of both directions may be larger than the packets that arrive
        let flows: &[Flow] = match test.flow {
            Flow::Forward => &[Flow::Forward],
            Flow::Reverse => &[Flow::Reverse],
            Flow::Both => &[Flow::Forward, Flow::Reverse],
        };
        for &flow in flows {
            match self.diagnose_flow(Test { flow, ..test }, failure).await {
                Diagnosis::Transient => {}
                diagnosis => return diagnosis,
            }
        }
        Diagnosis::Transient
    }

    async fn diagnose_flow(&self, test: Test, failure: &Failure) -> Diagnosis {
        let options = short(&self.settings.options);
        let over_tcp = short(&MeasurementOptions { protocol: Protocol::Tcp, ..options.clone() });
        match self.short_test(test, &small(&over_tcp)).await {
            Ok(()) => {}
            Err(failure) => return without_small_packets(&failure),
        }
        // without a rate, TCP determines it: then TCP is what has failed
        let is_udp = options.protocol == Protocol::Udp && !self.settings.options.needs_probe();
        let options = if is_udp { options } else { over_tcp };
        if is_udp
            && let Err(lost) = self.short_test(test, &small(&options)).await
            && matches!(lost.kind, FailureKind::NoData | FailureKind::TimedOut | FailureKind::Engine)
        {
            let reason = format!("{}; TCP works, small UDP datagrams do not arrive either", failure.reason);
            let remedy = "look for a NetworkPolicy or a firewall that blocks UDP";
            return Diagnosis::Cause(
                Failure::new(FailureKind::NoData, reason).with_remedy(Some(remedy.to_owned())),
            );
        }
        match self.short_test(test, &options).await {
            Ok(()) => Diagnosis::Transient,
            Err(lost) if lost.kind == FailureKind::NoData && !is_small(&options) => {
                Diagnosis::Cause(packet_size(failure, &options))
            }
            Err(_) => Diagnosis::Unknown,
        }
    }

    /// Repeated while the server is busy with the test that has failed, or resets connections after it.
    async fn short_test(&self, test: Test, options: &MeasurementOptions) -> Result<(), Failure> {
        let mut attempt = 1;
        loop {
            match short_test(self, test, options, REPORT_LIMIT).await {
                Ok(_) => return Ok(()),
                Err(failure)
                    if matches!(failure.kind, FailureKind::Busy | FailureKind::ConnectionLost)
                        && attempt < MAX_BUSY_ATTEMPTS => {}
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(BUSY_PAUSE).await;
            attempt += 1;
        }
    }
}

/// What the failure of a short test of small packets shows.
fn without_small_packets(failure: &Failure) -> Diagnosis {
    match failure.kind {
        FailureKind::TimedOut => Diagnosis::Unresponsive,
        FailureKind::Busy => Diagnosis::Stuck,
        _ => Diagnosis::Unknown,
    }
}

/// The options of a short test.
fn short(options: &MeasurementOptions) -> MeasurementOptions {
    let short = MeasurementOptions { time_seconds: SECONDS, omit_seconds: 0, parallel: 1, ..options.clone() };
    match options.protocol {
        // received bytes are counted by the write
        Protocol::Tcp => {
            MeasurementOptions { length_bytes: Some(MAX_WRITE_BYTES), target_bits_per_second: None, ..short }
        }
        Protocol::Udp => MeasurementOptions { target_bits_per_second: Some(SMALL_RATE), ..short },
    }
}

/// The same with small packets, each sent on its own: virtual interfaces pass several on as one.
fn small(options: &MeasurementOptions) -> MeasurementOptions {
    let mss_bytes = match options.protocol {
        Protocol::Tcp => Some(SMALL_BYTES),
        Protocol::Udp => None,
    };
    MeasurementOptions {
        mss_bytes,
        length_bytes: Some(SMALL_BYTES.into()),
        target_bits_per_second: Some(SMALL_RATE),
        ..options.clone()
    }
}

/// Whether the packets of a test are small.
fn is_small(options: &MeasurementOptions) -> bool {
    match options.protocol {
        Protocol::Tcp => options.mss_bytes.is_some_and(|size| size <= SMALL_BYTES),
        Protocol::Udp => options.length_bytes.is_some_and(|size| size <= SMALL_BYTES.into()),
    }
}

fn packet_size(failure: &Failure, options: &MeasurementOptions) -> Failure {
    let (flag, packets) = match options.protocol {
        Protocol::Tcp => ("--mss", "packets"),
        Protocol::Udp => ("--length", "datagrams"),
    };
    let reason = format!(
        "{}; the same test works with {flag} {SMALL_BYTES}: large {packets} are lost (path MTU)",
        failure.reason
    );
    let remedy = format!(
        "find the largest size that works with {flag}, and set the MTU of the pods or of the interfaces accordingly; \
         or let ICMP \"fragmentation needed\" pass, by which the path reports its MTU"
    );
    Failure::new(FailureKind::PacketSize, reason).with_remedy(Some(remedy))
}
