//! The name and the times of a schedule.

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::text::valid_name;

/// Maximum length of a schedule's name. The names of its Jobs and Services add a prefix and a suffix, and must stay
/// valid.
pub const MAX_NAME_LENGTH: usize = 40;

/// The suffix of the names of an exporter's objects.
pub(crate) const EXPORTER_SUFFIX: &str = "-exporter";

/// Parses the name of a schedule.
///
/// # Errors
/// It is not a valid name of objects, or the name of another schedule's exporter.
pub fn parse_schedule_name(text: &str) -> Result<String, String> {
    if text.ends_with(EXPORTER_SUFFIX) {
        Err(format!("names that end in {EXPORTER_SUFFIX} are reserved for exporters"))
    } else if valid_name(text) && text.len() <= MAX_NAME_LENGTH {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "use at most {MAX_NAME_LENGTH} lower-case letters, digits and dashes, as in `nightly-pod`"
        ))
    }
}

/// A cron expression as CronJobs accept it.
#[derive(Debug, Clone)]
pub struct Cron {
    expression: String,
    timezone: Option<String>,
    /// None for expressions whose times only the controller knows.
    crontab: Option<Crontab>,
}

/// Why an expression is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The expression itself is invalid.
    #[error("{0}")]
    Expression(String),
    /// The time zone is unknown.
    #[error("unknown time zone {0}")]
    Timezone(String),
}

/// The macros of CronJobs.
const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Cron {
    /// Parses an expression of five fields, a macro such as `@daily`, or `@every 6h`. Its times are in `timezone`, a
    /// name of the IANA time zone database, or in UTC.
    ///
    /// # Errors
    /// The expression is invalid for a CronJob, it matches no date, or the time zone is unknown.
    pub fn parse(expression: &str, timezone: Option<&str>) -> Result<Self, CronError> {
        if let Some(zone) = timezone {
            TimeZone::get(zone).map_err(|_| CronError::Timezone(zone.to_owned()))?;
        }
        let cron = |crontab| Self {
            expression: expression.to_owned(),
            timezone: timezone.map(str::to_owned),
            crontab,
        };
        let invalid = |message: String| Err(CronError::Expression(message));
        if let Some(period) = expression.strip_prefix("@every ") {
            return match period.parse::<SignedDuration>() {
                // the period starts when the controller sees the CronJob
                Ok(period) if period.is_positive() => Ok(cron(None)),
                _ => invalid(format!("`{period}` is not a duration: use @every 6h")),
            };
        }
        let known = MACROS.iter().find(|(name, _)| *name == expression);
        let text = known.map_or(expression, |(_, fields)| *fields);
        if text.starts_with('@') {
            let names: Vec<&str> = MACROS.iter().map(|(name, _)| *name).collect();
            return invalid(format!("unknown macro {text}: use {}, or @every 6h", names.join(", ")));
        }
        if text.contains("TZ=") {
            return invalid("set the time zone with --timezone".to_owned());
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [_, _, day_of_month, _, day_of_week] = fields[..] else {
            return invalid(format!(
                "expected 5 fields (minute, hour, day of the month, month, day of the week), found {}",
                fields.len()
            ));
        };
        // the parser accepts more than CronJobs do
        if text.contains(['L', 'W', '#', 'H']) && !has_only_names(text) {
            return invalid("CronJobs do not support L, W, # and H".to_owned());
        }
        let mut bounds =
            day_of_week.split(',').filter_map(|part| part.split('/').next()).flat_map(|part| part.split('-'));
        if bounds.any(|bound| bound == "7") {
            return invalid("the days of the week in a CronJob are 0 (Sunday) to 6 (Saturday)".to_owned());
        }
        let with_zone = format!("{text} {}", timezone.unwrap_or("UTC"));
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let crontab = cronexpr::parse_crontab_with(&with_zone, options)
            .map_err(|error| CronError::Expression(last_line(&error.to_string())))?;
        if crontab.find_next(MakeTimestamp(Timestamp::UNIX_EPOCH)).is_err() {
            return invalid("it matches no date".to_owned());
        }
        // where a day field has a step, the controller matches either of the two day fields, the parser both
        let has_step = |field: &str| field.starts_with("*/");
        let is_ambiguous =
            has_step(day_of_month) && day_of_week != "*" || has_step(day_of_week) && day_of_month != "*";
        Ok(cron((!is_ambiguous).then_some(crontab)))
    }

    /// The expression as the user wrote it.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone; none for that of the cluster's controller manager, usually UTC.
    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// The first time after `now`; none if only the controller knows it.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.crontab.as_ref()?.find_next(MakeTimestamp(now)).ok().map(|zoned| zoned.timestamp())
    }
}

/// Whether all letters belong to names of months and days.
fn has_only_names(expression: &str) -> bool {
    const NAMES: [&str; 19] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "SUN", "MON",
        "TUE", "WED", "THU", "FRI", "SAT",
    ];
    let upper = expression.to_uppercase();
    let words = upper.split(|character: char| !character.is_ascii_alphabetic());
    !expression.contains('#') && words.filter(|word| !word.is_empty()).all(|word| NAMES.contains(&word))
}

/// The last line of the parser's message: those before it draw the expression and mark the error.
fn last_line(message: &str) -> String {
    let line = message.lines().next_back().unwrap_or_default();
    crate::sanitize::line(line.trim_start().trim_start_matches("^ "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, timezone: Option<&str>) -> String {
        let now: Timestamp = "2026-03-28T22:30:00Z".parse().unwrap();
        Cron::parse(expression, timezone).unwrap().next(now).unwrap().to_string()
    }

    #[test]
    fn next_time_follows_cron() {
        assert_eq!(next("0 3 * * *", None), "2026-03-29T03:00:00Z");
        assert_eq!(next("*/7 * * * *", None), "2026-03-28T22:35:00Z");
        assert_eq!(next("@hourly", None), "2026-03-28T23:00:00Z");
        assert_eq!(next("30 6 * JUL mon-fri", None), "2026-07-01T06:30:00Z");
        // either of the two day fields, as neither begins with an asterisk
        assert_eq!(next("0 0 13 * 1", None), "2026-03-30T00:00:00Z");
    }

    #[test]
    fn timezone_observes_daylight_saving_time() {
        assert_eq!(next("0 3 * * *", Some("Europe/Berlin")), "2026-03-29T01:00:00Z");
        assert_eq!(next("0 1 * * *", Some("Asia/Tokyo")), "2026-03-29T16:00:00Z");
    }

    #[test]
    fn times_that_only_the_controller_knows_are_none() {
        for expression in ["@every 1h30m", "0 0 */2 * 1", "0 0 1 * */2"] {
            assert_eq!(Cron::parse(expression, None).unwrap().next(Timestamp::UNIX_EPOCH), None);
        }
    }

    #[test]
    fn invalid_expression_is_rejected_with_the_reason() {
        let why = |expression: &str, zone| Cron::parse(expression, zone).unwrap_err().to_string();
        assert!(why("0 3 * *", None).ends_with("found 4"));
        assert!(why("*/5", None).ends_with("found 1"));
        assert!(why("61 3 * * *", None).contains("61"), "{}", why("61 3 * * *", None));
        assert!(why("@dayly", None).contains("@daily"));
        assert!(why("TZ=Asia/Tokyo 0 3 * * *", None).contains("--timezone"));
        assert_eq!(why("0 0 30 2 *", None), "it matches no date");
        assert!(why("0 3 * * 5-7", None).contains("0 (Sunday) to 6"));
        assert!(why("@every day", None).contains("@every 6h"));
        assert!(why("0 3 L * *", None).contains("CronJobs do not support"));
        assert_eq!(why("0 3 * * *", Some("Mars/Olympus")), "unknown time zone Mars/Olympus");
    }
}
