//! Durations on the command line: `10s`, `1m30s`, `90`.

use std::time::Duration;

/// Reads a duration of whole seconds: a number with a unit (`h`, `m`, `s`), several of them, or a
/// bare number of seconds, as kubectl takes it.
///
/// # Errors
/// Anything else, with the forms that are understood.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: write 10s, 1m30s or 2h");
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let (mut total, mut number, mut last_unit) = (0u64, String::new(), u64::MAX);
    for character in text.chars() {
        let unit = match character {
            digit if digit.is_ascii_digit() => {
                number.push(digit);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let count: u64 = number.parse().map_err(|_| wrong())?;
        if unit >= last_unit {
            return Err(wrong());
        }
        total = count.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        number.clear();
        last_unit = unit;
    }
    if number.is_empty() && !text.is_empty() { Ok(Duration::from_secs(total)) } else { Err(wrong()) }
}

/// Reads how long a test sends: at least a second, and at most a day.
///
/// # Errors
/// Anything else.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let time = parse(text)?;
    match time.as_secs() {
        0 => Err("a test takes at least 1s".to_owned()),
        1..=86_400 => Ok(time),
        _ => Err("a test takes at most 24h".to_owned()),
    }
}

/// Reads how much of the start of a test is left out: at most a minute, as iperf3 has it.
///
/// # Errors
/// Anything else.
pub(super) fn parse_omit(text: &str) -> Result<Duration, String> {
    let time = parse(text)?;
    if time.as_secs() <= 60 { Ok(time) } else { Err("at most 60s are left out".to_owned()) }
}

/// Reads a limit, where 0 means none.
///
/// # Errors
/// Anything that is no duration.
pub(super) fn parse_limit(text: &str) -> Result<Limit, String> {
    let limit = parse(text)?;
    Ok(Limit((!limit.is_zero()).then_some(limit)))
}

/// A limit in time; none for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_durations_in_these_forms() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs()).ok();
        assert_eq!(seconds("10s"), Some(10));
        assert_eq!(seconds("1m30s"), Some(90));
        assert_eq!(seconds("2h"), Some(7200));
        assert_eq!(seconds("90"), Some(90));
        for wrong in ["", "s", "1s1m", "1.5s", "10ms", "-1s", "1m30", "99999999999999999999h"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_test_has_a_sensible_length() {
        assert!(parse_time("0s").is_err());
        assert!(parse_time("25h").is_err());
        assert!(parse_time("1s").is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(parse_limit("0"), Ok(Limit(None)));
        assert_eq!(parse_limit("30s"), Ok(Limit(Some(Duration::from_secs(30)))));
    }
}
