//! Gates: the figures that a run has to reach.

use clap::Args;

use super::conflict::Conflict;
use crate::analysis::{Gates, Threshold};
use crate::options::parse_rate;

/// The gates of a run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gates")]
pub struct GateArgs {
    /// Compare with this run: an ID, latest, latest~1, or a file
    #[arg(long, value_name = "RUN", hide_short_help = true)]
    pub baseline: Option<String>,
    /// Exit with code 4 if a pair failed or is below this rate or percentage of the median, e.g. 5Gbit/s or 80%
    ///
    /// Repeatable.
    #[arg(long, value_name = "RATE|PERCENT", value_parser = parse_threshold)]
    fail_below: Vec<Threshold>,
    /// Exit with code 4 if a pair fails now or is significantly slower than in the baseline, by more than e.g. 10%
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent, hide_short_help = true)]
    fail_regression: Option<f64>,
}

impl GateArgs {
    /// The gates, each with its flag.
    pub fn gates(&self) -> Gates {
        Gates {
            below: self.fail_below.iter().map(|&below| (below, format!("--fail-below {below}"))).collect(),
            regression: regression(self.fail_regression),
        }
    }

    /// Checks that a baseline is named where one is needed; `earlier` is how the run before is named.
    pub(super) fn check(&self, earlier: &str) -> Result<(), Conflict> {
        if self.fail_regression.is_some() && self.baseline.is_none() {
            return Err(Conflict::of_line(format!(
                "--fail-regression needs a baseline: add --baseline {earlier}"
            )));
        }
        Ok(())
    }
}

/// The gate of `compare`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gates")]
pub struct RegressionArgs {
    /// Exit with code 4 if a pair fails now or is significantly slower, by more than e.g. 10%
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    fail_regression: Option<f64>,
}

impl RegressionArgs {
    /// The gate with its flag.
    pub fn gates(&self) -> Gates {
        Gates { below: Vec::new(), regression: regression(self.fail_regression) }
    }
}

fn regression(percent: Option<f64>) -> Option<(f64, String)> {
    percent.map(|percent| (percent, format!("--fail-regression {percent}%")))
}

/// Parses a bitrate, or a percentage of the median.
fn parse_threshold(text: &str) -> Result<Threshold, String> {
    if text.ends_with('%') {
        return parse_percent(text).map(Threshold::PercentOfMedian);
    }
    parse_rate(text).map(Threshold::Rate).map_err(|_| {
        format!("`{text}` is neither a bitrate nor a percentage: use 940M, 9.4Gbit/s, 1.2GB/s or 80%")
    })
}

/// Parses a percentage up to 100: `10%`, `2.5%`.
fn parse_percent(text: &str) -> Result<f64, String> {
    let invalid = || format!("`{text}` is not a percentage of at most 100%: use 10% or 2.5%");
    let number = text.strip_suffix('%').ok_or_else(invalid)?;
    let plain = number.chars().all(|character| character.is_ascii_digit() || character == '.');
    let percent: f64 = number.parse().map_err(|_| invalid())?;
    if plain && percent <= 100.0 { Ok(percent) } else { Err(invalid()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threshold_is_a_bitrate_or_a_percentage() {
        assert_eq!(parse_threshold("5Gbit/s"), Ok(Threshold::Rate(5_000_000_000)));
        assert_eq!(parse_threshold("80%"), Ok(Threshold::PercentOfMedian(80.0)));
        assert_eq!(parse_percent("2.5%"), Ok(2.5));
        for text in ["", "%", "5X", "-1%", "101%", "nan%", "fast"] {
            assert!(parse_threshold(text).unwrap_err().contains('%'), "{text}");
        }
        assert!(parse_percent("10").unwrap_err().contains("10%"));
    }
}
