//! Rates and durations as people write them.

use std::fmt;

/// The unit of a whole table, so that its figures can be compared at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateUnit {
    /// 10⁹ bits per second.
    Gigabit,
    /// 10⁶ bits per second.
    Megabit,
    /// 10³ bits per second.
    Kilobit,
}

impl RateUnit {
    /// The unit in which the largest of `rates` (bits per second) has at least one digit before
    /// the point.
    pub fn of_largest(rates: impl Iterator<Item = f64>) -> Self {
        match rates.fold(0.0, f64::max) {
            0.0 => Self::Gigabit,
            largest if largest >= 1e9 => Self::Gigabit,
            largest if largest >= 1e6 => Self::Megabit,
            _ => Self::Kilobit,
        }
    }

    /// A rate in bits per second as a figure of this unit, without the unit. What is too small for
    /// the figure's last digit is said to be so: it was measured, and is not zero.
    pub fn figure(self, bits_per_second: f64) -> String {
        let (scale, digits) = match self {
            Self::Gigabit => (1e9, 2),
            Self::Megabit => (1e6, 1),
            Self::Kilobit => (1e3, 1),
        };
        let least = 10f64.powi(-digits);
        let value = bits_per_second / scale;
        let digits = digits.unsigned_abs() as usize;
        if value < least / 2.0 { format!("<{least:.digits$}") } else { format!("{value:.digits$}") }
    }
}

/// A rate in the unit that suits it alone.
pub fn rate(bits_per_second: f64) -> String {
    let unit = RateUnit::of_largest(std::iter::once(bits_per_second));
    format!("{} {unit}", unit.figure(bits_per_second))
}

/// Microseconds as milliseconds with three significant digits.
pub fn duration(microseconds: f64) -> String {
    let milliseconds = microseconds / 1e3;
    let digits = match milliseconds {
        value if value < 1.0 => 3,
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{milliseconds:.digits$} ms")
}

impl fmt::Display for RateUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Gigabit => "Gbit/s",
            Self::Megabit => "Mbit/s",
            Self::Kilobit => "kbit/s",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_rate_decides_the_unit() {
        let unit = |rates: &[f64]| RateUnit::of_largest(rates.iter().copied());
        assert_eq!(unit(&[940e6, 9.4e9]), RateUnit::Gigabit);
        assert_eq!(unit(&[940e6, 1e3]), RateUnit::Megabit);
        assert_eq!(unit(&[940e3]), RateUnit::Kilobit);
    }

    #[test]
    fn a_measured_rate_never_reads_as_zero() {
        assert_eq!(RateUnit::Gigabit.figure(9.414e9), "9.41");
        assert_eq!(RateUnit::Gigabit.figure(190e6), "0.19");
        assert_eq!(RateUnit::Gigabit.figure(1e6), "<0.01");
        assert_eq!(RateUnit::Megabit.figure(1e3), "<0.1");
    }
}
