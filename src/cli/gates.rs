//! What a run has to reach: gates for pipelines.

use clap::Args;

use super::quantity::parse_rate;
use crate::analysis::{Gates, Threshold};

/// What a run has to reach.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gates")]
pub struct GateArgs {
    /// Compare with this run: an id, latest, latest~1, or a file.
    #[arg(long, value_name = "RUN", hide_short_help = true)]
    pub baseline: Option<String>,
    /// Exit with 4 if a pair has less: 5Gbit/s, 80%.
    ///
    /// Or if it failed. A part is one of the run's median. May be repeated.
    #[arg(long, value_name = "RATE|PERCENT", value_parser = parse_threshold)]
    fail_below: Vec<Threshold>,
    /// Exit with 4 if a pair is slower than in the baseline by more than this and more than chance:
    /// 10%.
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent, hide_short_help = true)]
    fail_regression: Option<f64>,
}

impl GateArgs {
    /// The gates, each in the words of the command line.
    pub fn gates(&self) -> Gates {
        Gates {
            below: self.fail_below.iter().map(|&below| (below, format!("--fail-below {below}"))).collect(),
            regression: regression(self.fail_regression),
        }
    }

    /// Why these flags cannot be used together. `earlier` names the run before this one.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self, earlier: &str) -> Result<(), String> {
        if self.fail_regression.is_some() && self.baseline.is_none() {
            return Err(format!("--fail-regression needs a run to compare with: add --baseline {earlier}"));
        }
        Ok(())
    }
}

/// The gate of a comparison.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gates")]
pub struct RegressionArgs {
    /// Exit with 4 if a pair has become slower by more than this and more than chance: 10%.
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    fail_regression: Option<f64>,
}

impl RegressionArgs {
    /// The gate, in the words of the command line.
    pub fn gates(&self) -> Gates {
        Gates { below: Vec::new(), regression: regression(self.fail_regression) }
    }
}

fn regression(percent: Option<f64>) -> Option<(f64, String)> {
    percent.map(|percent| (percent, format!("--fail-regression {percent}%")))
}

/// Reads a rate, or a part of the median in percent.
///
/// # Errors
/// Anything else, with the forms that are understood.
fn parse_threshold(text: &str) -> Result<Threshold, String> {
    if text.ends_with('%') {
        return parse_percent(text).map(Threshold::PercentOfMedian);
    }
    parse_rate(text)
        .map(Threshold::Rate)
        .map_err(|_| format!("`{text}` is neither a rate nor a part: write 940M, 9.4Gbit/s, 1.2GB/s or 80%"))
}

/// Reads a part in percent: `10%`, `2.5%`.
///
/// # Errors
/// Anything else, with the forms that are understood.
fn parse_percent(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a part: write 10% or 2.5%, up to 100%");
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    let plain = number.chars().all(|character| character.is_ascii_digit() || character == '.');
    let percent: f64 = number.parse().map_err(|_| wrong())?;
    if plain && percent <= 100.0 { Ok(percent) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_rates_or_parts() {
        assert_eq!(parse_threshold("5Gbit/s"), Ok(Threshold::Rate(5_000_000_000)));
        assert_eq!(parse_threshold("80%"), Ok(Threshold::PercentOfMedian(80.0)));
        assert_eq!(parse_percent("2.5%"), Ok(2.5));
        for wrong in ["", "%", "5X", "-1%", "101%", "nan%", "fast"] {
            assert!(parse_threshold(wrong).unwrap_err().contains('%'), "{wrong}");
        }
        assert!(parse_percent("10").unwrap_err().contains("10%"));
    }
}
