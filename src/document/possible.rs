//! Plausible figures: a file, or a program in an image, may report anything.

use super::{Latency, Throughput};

/// The largest plausible figure in any unit: 10⁶ Tbit/s, or 30,000 years in microseconds.
const LARGEST: f64 = 1e18;

/// Whether a figure is plausible: finite, not negative, and small enough that sums of many are finite.
pub(crate) fn is_possible(figure: f64) -> bool {
    (0.0..=LARGEST).contains(&figure)
}

impl Throughput {
    /// Whether all figures are plausible.
    pub(super) fn is_possible(&self) -> bool {
        let time = self.round_trip_time;
        let times = time.map(|time| [time.min_microseconds, time.mean_microseconds, time.max_microseconds]);
        let cpu = self.cpu.map(|cpu| [cpu.client_percent, cpu.server_percent]);
        let udp = self.udp.map(|udp| {
            [udp.target_bits_per_second.unwrap_or_default(), udp.lost_percent, udp.jitter_microseconds]
        });
        let samples = self.samples.iter().flat_map(|sample| {
            let time = sample.round_trip_time_microseconds.unwrap_or_default();
            [sample.start_seconds, sample.end_seconds, sample.bits_per_second, time]
        });
        [self.bits_per_second, self.seconds]
            .into_iter()
            .chain(times.into_iter().chain(udp).flatten())
            .chain(cpu.into_iter().flatten())
            .chain(samples)
            .all(is_possible)
    }
}

impl Latency {
    /// Whether all figures are plausible.
    pub(super) fn is_possible(&self) -> bool {
        [
            self.seconds,
            self.mean_microseconds,
            self.min_microseconds,
            self.p50_microseconds,
            self.p95_microseconds,
            self.p99_microseconds,
            self.max_microseconds,
            self.resolution_microseconds,
        ]
        .into_iter()
        .all(is_possible)
    }
}
