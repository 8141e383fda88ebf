//! How long a plan will take, said before it starts.

use std::time::Duration;

use super::Plan;

/// What a run costs beside the measuring itself.
#[derive(Debug, Clone, Copy)]
pub struct Estimate {
    /// From the start until all servers listen.
    pub startup: Duration,
    /// From the end of one slot to the first byte of the next.
    pub per_slot: Duration,
}

impl Estimate {
    /// The time from start to result, for tests of `time` each.
    pub fn total(&self, plan: &Plan, time: Duration) -> Duration {
        // a plan of u32::MAX slots is beyond any cluster
        let slots = u32::try_from(plan.slot_count()).unwrap_or(u32::MAX);
        self.startup + (time + self.per_slot).saturating_mul(slots)
    }
}

/// A duration as people write it: `8s`, `1m04s`, `2h05m`.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{:02}s", seconds % 60),
        _ => format!("{hours}h{minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let written = |seconds| format_duration(Duration::from_secs(seconds));
        assert_eq!([written(8), written(64), written(7500)], ["8s", "1m04s", "2h05m"]);
    }

    #[test]
    fn time_grows_with_the_slots() {
        let estimate = Estimate { startup: Duration::from_secs(4), per_slot: Duration::ZERO };
        let time = Duration::from_secs(10);
        let total = estimate.total(&Plan::matrix(4, 1, None), time);
        assert_eq!(total, Duration::from_secs(64));
    }
}
