//! Quantities and lists as text: throughput, latency, counts, names.

use std::fmt;

/// `1 test`, `2 tests`.
pub fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The first `limit` items, and how many there are besides: `a, b and 3 more`.
pub fn join_first<T: AsRef<str>>(items: impl IntoIterator<Item = T>, limit: usize) -> String {
    let items: Vec<T> = items.into_iter().collect();
    let first = items.iter().take(limit).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(limit) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Unit of all rates of one table, so that they can be compared at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateUnit {
    /// 10⁹ bit/s.
    Gigabit,
    /// 10⁶ bit/s.
    Megabit,
    /// 10³ bit/s.
    Kilobit,
}

impl RateUnit {
    /// Largest unit in which the largest of `rates` (bit/s) is at least 1.
    pub fn of_largest(rates: impl Iterator<Item = f64>) -> Self {
        match rates.fold(0.0, f64::max) {
            0.0 => Self::Gigabit,
            largest if largest >= 1e9 => Self::Gigabit,
            largest if largest >= 1e6 => Self::Megabit,
            _ => Self::Kilobit,
        }
    }

    /// Formats bit/s as a number of this unit, without the unit. What would round to zero becomes
    /// `<0.01`: it was measured, and is not zero.
    pub fn format(self, bits_per_second: f64) -> String {
        let (scale, digits) = match self {
            Self::Gigabit => (1e9, 2),
            Self::Megabit => (1e6, 1),
            Self::Kilobit => (1e3, 1),
        };
        let smallest = 10f64.powi(-digits);
        let value = bits_per_second / scale;
        let digits = digits.unsigned_abs() as usize;
        if value < smallest / 2.0 { format!("<{smallest:.digits$}") } else { format!("{value:.digits$}") }
    }
}

/// Formats bit/s in the unit that fits this rate: `9.41 Gbit/s`.
pub fn rate(bits_per_second: f64) -> String {
    let unit = RateUnit::of_largest(std::iter::once(bits_per_second));
    format!("{} {unit}", unit.format(bits_per_second))
}

/// Formats microseconds as milliseconds with three significant digits: `0.132 ms`.
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
    fn join_first_counts_items_beyond_limit() {
        let items = ["a", "b", "c"];
        assert_eq!(join_first(items, 3), "a, b, c");
        assert_eq!(join_first(items, 2), "a, b and 1 more");
    }

    #[test]
    fn rate_unit_fits_largest_rate() {
        let unit = |rates: &[f64]| RateUnit::of_largest(rates.iter().copied());
        assert_eq!(unit(&[940e6, 9.4e9]), RateUnit::Gigabit);
        assert_eq!(unit(&[940e6, 1e3]), RateUnit::Megabit);
        assert_eq!(unit(&[940e3]), RateUnit::Kilobit);
    }

    #[test]
    fn measured_rate_is_never_formatted_as_zero() {
        assert_eq!(RateUnit::Gigabit.format(9.414e9), "9.41");
        assert_eq!(RateUnit::Gigabit.format(190e6), "0.19");
        assert_eq!(RateUnit::Gigabit.format(1e6), "<0.01");
        assert_eq!(RateUnit::Megabit.format(1e3), "<0.1");
    }
}
