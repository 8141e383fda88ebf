//! Latency histograms.

/// The histogram of an interval:
/// `BB8(f)-PDF: bin(w=10us):cnt(27794)=2:466,3:7576,… (5.00/95.00/99.7%=3/14/42,Outliers=92,obl/obu=0/0)`.
///
/// Bin N covers the times from N−1 to N widths.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Histogram {
    /// Width of a bin.
    pub width_microseconds: u64,
    /// Number of replies.
    count: u64,
    /// Number and count of each bin that is not empty, in ascending order.
    bins: Vec<(u64, u64)>,
    /// Number of replies below the first bin.
    below: u64,
}

impl Histogram {
    /// Parses the columns of an interval; `None` if they are not a complete histogram.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, text) = text.trim_start().split_once("-PDF: bin(w=")?;
        let (width, text) = name.starts_with("BB").then(|| text.split_once("):cnt("))??;
        let (count, text) = text.split_once(")=")?;
        let (bins, text) = text.split_once(' ')?;
        let (_, text) = text.split_once("obl/obu=")?;
        let (below, _) = text.strip_suffix(')')?.split_once('/')?;
        let bins: Vec<(u64, u64)> = bins
            .split(',')
            .filter(|bin| !bin.is_empty())
            .map(|bin| bin.split_once(':').and_then(|(bin, count)| Some((number(bin)?, number(count)?))))
            .collect::<Option<_>>()?;
        let histogram = Self {
            width_microseconds: width_in_microseconds(width)?,
            count: number(count)?,
            bins,
            below: number(below)?,
        };
        let is_in_order = histogram.bins.is_sorted_by(|(one, _), (next, _)| one < next);
        let mut counts = histogram.bins.iter().map(|(_, count)| *count);
        // the rest is above the last bin; `obu` is not used, because 2.2 does not count all of them there
        let counted = counts.try_fold(histogram.below, u64::checked_add)?;
        (is_in_order && histogram.count > 0 && counted <= histogram.count).then_some(histogram)
    }

    /// A percentile in microseconds: the upper edge of its bin, limited to `min` and `max`, which are exact.
    pub(super) fn percentile(&self, percent: u8, min: f64, max: f64) -> f64 {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        let mut seen = u128::from(self.below);
        if seen >= rank {
            return min;
        }
        for &(bin, count) in &self.bins {
            seen += u128::from(count);
            if seen >= rank {
                return (bin as f64 * self.width_microseconds as f64).min(max).max(min);
            }
        }
        // of the replies above the last bin, only the maximum is known
        max
    }
}

fn width_in_microseconds(width: &str) -> Option<u64> {
    let width = match width.strip_suffix("us") {
        Some(microseconds) => number(microseconds)?,
        None => number(width.strip_suffix("ms")?)?.checked_mul(1000)?,
    };
    (width > 0).then_some(width)
}

fn number(digits: &str) -> Option<u64> {
    digits.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "BB8(f)-PDF: bin(w=10us):cnt(100)=2:50,3:45,9:4,30:1 (…,obl/obu=0/0)";

    /// Percentiles in microseconds.
    fn percentiles<const N: usize>(text: &str, percents: [u8; N], min: u32, max: u32) -> [u64; N] {
        let histogram = Histogram::parse(text).unwrap();
        percents.map(|percent| histogram.percentile(percent, min.into(), max.into()) as u64)
    }

    #[test]
    fn percentile_is_the_upper_edge_of_its_bin() {
        let percentiles = percentiles(COMPLETE, [1, 50, 51, 95, 96, 99, 100], 17, 296);
        assert_eq!(percentiles, [20, 20, 30, 30, 90, 90, 296]);
    }

    #[test]
    fn percentile_is_limited_to_minimum_and_maximum() {
        let coarse = "BB8-PDF: bin(w=1ms):cnt(4)=1:3,2:1 (…,obl/obu=0/0)";
        assert_eq!(Histogram::parse(coarse).unwrap().width_microseconds, 1000);
        assert_eq!(percentiles(coarse, [50], 19, 400), [400]);
        assert_eq!(percentiles(coarse, [50], 1200, 1400), [1200]);
    }

    #[test]
    fn replies_outside_of_all_bins_count_as_minimum_or_maximum() {
        let few = "BB8-PDF: bin(w=10us):cnt(100)=1:30 (…,obl/obu=10/60)";
        assert_eq!(percentiles(few, [10, 11, 40, 41], 1, 5000), [1, 10, 10, 5000]);
        let none = "BB8-PDF: bin(w=10us):cnt(3)= (…,obl/obu=0/3)";
        assert_eq!(percentiles(none, [50], 1_000_100, 2_000_000), [2_000_000]);
    }

    #[test]
    fn incomplete_or_inconsistent_histogram_is_rejected() {
        for cut in (0..COMPLETE.len()).filter(|&cut| COMPLETE.is_char_boundary(cut)) {
            assert_eq!(Histogram::parse(&COMPLETE[..cut]), None, "{}", &COMPLETE[..cut]);
        }
        for wrong in [
            COMPLETE.replace("cnt(100)", "cnt(99)"),
            COMPLETE.replace("2:50,3:45", "3:45,2:50"),
            COMPLETE.replace("10us", "0us"),
            COMPLETE.replace("BB8", "W8"),
        ] {
            assert_eq!(Histogram::parse(&wrong), None, "{wrong}");
        }
    }
}
