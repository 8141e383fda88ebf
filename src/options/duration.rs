//! Durations on the command line: `10s`, `1m30s`, `90`.

use std::time::Duration;

use jiff::SignedDuration;

/// Longest `--time`, in seconds: a day.
const MAX_TIME_SECONDS: u32 = 86_400;

/// Parses a duration of whole seconds: `10s`, `1m30s`, `2h` or, as in kubectl, a bare number of seconds.
///
/// # Errors
/// Anything else; the message shows the valid forms.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let parsed = text.parse::<SignedDuration>().ok().and_then(|parsed| Duration::try_from(parsed).ok());
    parsed
        .filter(|duration| duration.subsec_nanos() == 0)
        .ok_or_else(|| format!("`{text}` is not a duration: use 10s, 1m30s or 2h"))
}

/// Parses the duration of a test, in seconds: 1s to 24h.
pub(super) fn parse_time(text: &str) -> Result<u32, String> {
    match seconds(parse_duration(text)?) {
        0 => Err("must be at least 1s".to_owned()),
        time if time > MAX_TIME_SECONDS => Err("must be at most 24h".to_owned()),
        time => Ok(time),
    }
}

/// Parses how much of the start of a test is discarded, in seconds: up to 24h.
pub(super) fn parse_omit(text: &str) -> Result<u32, String> {
    match seconds(parse_duration(text)?) {
        omit if omit > MAX_TIME_SECONDS => Err("must be at most 24h".to_owned()),
        omit => Ok(omit),
    }
}

/// Whole seconds; more than `u32` has are above every limit here.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// A time limit; `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub Option<Duration>);

/// Parses a time limit, where `0` means none.
///
/// # Errors
/// Anything that is not a duration.
pub fn parse_limit(text: &str) -> Result<TimeLimit, String> {
    let limit = parse_duration(text)?;
    Ok(TimeLimit((!limit.is_zero()).then_some(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_in_usual_forms_is_parsed() {
        let seconds = |text| parse_duration(text).map(|duration| duration.as_secs()).ok();
        assert_eq!(seconds("10s"), Some(10));
        assert_eq!(seconds("1m30s"), Some(90));
        assert_eq!(seconds("2h"), Some(7200));
        assert_eq!(seconds("90"), Some(90));
    }

    #[test]
    fn malformed_duration_is_rejected() {
        for text in ["", "s", "1s1m", "1.5s", "10ms", "-1s", "1m30", "99999999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn test_time_outside_its_range_is_rejected() {
        assert!(parse_time("0s").is_err());
        assert!(parse_time("25h").is_err());
        assert_eq!(parse_time("1s"), Ok(1));
        assert_eq!((parse_omit("90s"), parse_omit("25h").is_err()), (Ok(90), true));
    }

    #[test]
    fn zero_limit_means_none() {
        assert_eq!(parse_limit("0"), Ok(TimeLimit(None)));
        assert_eq!(parse_limit("30s"), Ok(TimeLimit(Some(Duration::from_secs(30)))));
    }
}
