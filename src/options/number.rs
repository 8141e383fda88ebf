//! Whole numbers within limits on the command line.

use std::fmt::Display;
use std::num::IntErrorKind;
use std::ops::{Bound, RangeBounds};

/// A parser of the whole numbers in `range`, which has a first number and may have a last one. clap's own parser
/// reports `0 is not in 1..=64`.
pub(crate) fn number_in<N>(
    range: impl RangeBounds<N> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static
where
    N: TryFrom<i64> + PartialOrd + Display,
{
    move |text| {
        let number = text.parse::<i64>().or_else(|error| match error.kind() {
            IntErrorKind::PosOverflow => Ok(i64::MAX),
            IntErrorKind::NegOverflow => Ok(i64::MIN),
            _ => Err("not a whole number".to_owned()),
        })?;
        N::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| {
            match (range.start_bound(), range.end_bound()) {
                (Bound::Included(first), Bound::Included(last)) => {
                    format!("must be between {first} and {last}")
                }
                (Bound::Included(first), _) if number < 0 || N::try_from(number).is_ok() => {
                    format!("must be at least {first}")
                }
                _ => "too large".to_owned(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_outside_its_range_is_rejected_with_the_limits() {
        let between = number_in(2..=64u16);
        assert_eq!((between("2"), between("64")), (Ok(2), Ok(64)));
        for text in ["1", "65", "-1", "70000", "99999999999999999999"] {
            assert_eq!(between(text), Err("must be between 2 and 64".to_owned()), "{text}");
        }
    }

    #[test]
    fn number_without_upper_limit_is_rejected_below_the_lower_one() {
        let at_least = number_in(1u32..);
        assert_eq!((at_least("1"), at_least("4294967295")), (Ok(1), Ok(u32::MAX)));
        for text in ["0", "-1", "-99999999999999999999"] {
            assert_eq!(at_least(text), Err("must be at least 1".to_owned()), "{text}");
        }
        assert_eq!(at_least("4294967296"), Err("too large".to_owned()));
    }

    #[test]
    fn text_that_is_not_a_whole_number_is_rejected() {
        for text in ["", "a", "1.5", "1k", " 1"] {
            assert_eq!(number_in(1u32..)(text), Err("not a whole number".to_owned()), "{text}");
        }
    }
}
