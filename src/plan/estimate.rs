//! Estimates the duration of a plan.

use std::time::Duration;

use super::{Plan, Variant};

/// The estimated times of a run.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// Time until all servers listen.
    pub startup: Duration,
    /// Time from the start of a slot to the start of the next, of each variant.
    pub slots: Vec<(Variant, Duration)>,
}

impl Estimate {
    /// The time from the start of the first slot to the end of the last.
    pub fn measuring(&self, plan: &Plan) -> Duration {
        let of_variant = |(variant, slot): &(Variant, Duration)| {
            // no cluster has u32::MAX slots
            slot.saturating_mul(u32::try_from(plan.slots_of_variant(*variant)).unwrap_or(u32::MAX))
        };
        self.slots.iter().map(of_variant).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The time from start to result.
    pub fn total(&self, plan: &Plan) -> Duration {
        self.startup.saturating_add(self.measuring(plan))
    }
}

/// Formats a duration: `8s`, `1m04s`, `2h05m`.
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
    use crate::engine::Flow;
    use crate::plan::Step;
    use crate::plan::tests::{nodes, variant};

    #[test]
    fn durations_are_formatted_by_magnitude() {
        let written = |seconds| format_duration(Duration::from_secs(seconds));
        assert_eq!([written(8), written(64), written(7500)], ["8s", "1m04s", "2h05m"]);
    }

    #[test]
    fn total_is_startup_plus_slots_of_each_variant() {
        let seconds = Duration::from_secs;
        let slots = vec![(variant(0), seconds(10)), (variant(1), seconds(2))];
        let estimate = Estimate { startup: seconds(4), slots };
        let steps =
            [0, 1].map(|index| Step { variant: variant(index), backward: false, flow: Flow::Forward });
        assert_eq!(estimate.total(&Plan::mesh(&nodes(4), steps.to_vec(), 1, None)), seconds(4 + 30 + 6));
    }
}
