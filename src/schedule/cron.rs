//! When a schedule comes.

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When a schedule comes: an expression as CronJobs have it.
#[derive(Debug, Clone)]
pub struct Cron {
    expression: String,
    timezone: Option<String>,
    times: Crontab,
}

/// Why an expression makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It has not five fields, or one of them is wrong.
    #[error("{0}")]
    Expression(String),
    /// There is no such time zone.
    #[error("there is no time zone {0}")]
    Timezone(String),
}

/// The names that CronJobs know for expressions.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Cron {
    /// Reads an expression of five fields, or a name as `@daily`, of times in a zone of the IANA's
    /// database, UTC without one.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn parse(expression: &str, timezone: Option<&str>) -> Result<Self, CronError> {
        if let Some(zone) = timezone {
            TimeZone::get(zone).map_err(|_| CronError::Timezone(zone.to_owned()))?;
        }
        let named = NAMED.iter().find(|(name, _)| *name == expression);
        let fields = named.map_or(expression, |(_, fields)| *fields);
        let count = fields.split_whitespace().count();
        if count != 5 {
            let what = "minute, hour, day of the month, month, day of the week";
            return Err(CronError::Expression(format!("it has {count} fields, not five: {what}")));
        }
        // what the library knows beyond that, a CronJob does not
        if fields.contains(['L', 'W', '#', 'H']) && !has_names_only(fields) {
            return Err(CronError::Expression("a CronJob knows no L, W, # or H".to_owned()));
        }
        let with_zone = format!("{fields} {}", timezone.unwrap_or("UTC"));
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let times = cronexpr::parse_crontab_with(&with_zone, options)
            .map_err(|error| CronError::Expression(one_line(&error.to_string())))?;
        Ok(Self { expression: expression.to_owned(), timezone: timezone.map(str::to_owned), times })
    }

    /// The expression, as it was written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone; none for that of the cluster's controllers, which is UTC nearly everywhere.
    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// The first time after `now`; none if there never is one.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.times.find_next(MakeTimestamp(now)).ok().map(|zoned| zoned.timestamp())
    }
}

/// Whether the letters are those of months and days.
fn has_names_only(fields: &str) -> bool {
    const NAMES: [&str; 19] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "SUN", "MON",
        "TUE", "WED", "THU", "FRI", "SAT",
    ];
    let upper = fields.to_uppercase();
    let words = upper.split(|character: char| !character.is_ascii_alphabetic());
    !fields.contains('#') && words.filter(|word| !word.is_empty()).all(|word| NAMES.contains(&word))
}

/// The library draws where the mistake is: people see the words only.
fn one_line(error: &str) -> String {
    let words = error.lines().next_back().unwrap_or_default();
    crate::plain::line(words.trim_start().trim_start_matches("^ "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, timezone: Option<&str>) -> String {
        let now: Timestamp = "2026-03-28T22:30:00Z".parse().unwrap();
        Cron::parse(expression, timezone).unwrap().next(now).unwrap().to_string()
    }

    #[test]
    fn the_next_time_is_that_of_cron() {
        assert_eq!(next("0 3 * * *", None), "2026-03-29T03:00:00Z");
        assert_eq!(next("*/7 * * * *", None), "2026-03-28T22:35:00Z");
        assert_eq!(next("@hourly", None), "2026-03-28T23:00:00Z");
        assert_eq!(next("30 6 * JUL mon-fri", None), "2026-07-01T06:30:00Z");
        // either of the two, as neither begins with an asterisk
        assert_eq!(next("0 0 13 * 1", None), "2026-03-30T00:00:00Z");
    }

    #[test]
    fn a_time_zone_has_its_summer() {
        assert_eq!(next("0 3 * * *", Some("Europe/Berlin")), "2026-03-29T01:00:00Z");
        assert_eq!(next("0 1 * * *", Some("Asia/Tokyo")), "2026-03-29T16:00:00Z");
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let why = |expression: &str, zone| Cron::parse(expression, zone).unwrap_err().to_string();
        assert!(why("0 3 * *", None).contains("4 fields"));
        assert!(why("61 3 * * *", None).contains("61"), "{}", why("61 3 * * *", None));
        assert!(why("0 3 L * *", None).contains("CronJob"));
        assert!(why("0 3 * * *", Some("Mars/Olympus")).contains("Mars/Olympus"));
    }
}
