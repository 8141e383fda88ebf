//! When a schedule comes.

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// When a schedule comes: an expression as CronJobs have it.
#[derive(Debug, Clone)]
pub struct Cron {
    expression: String,
    timezone: Option<String>,
    /// None where this program cannot tell them.
    times: Option<Crontab>,
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
    /// Reads an expression of five fields, a name as `@daily`, or `@every 6h`, of times in a zone of the
    /// IANA's database, UTC without one.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn parse(expression: &str, timezone: Option<&str>) -> Result<Self, CronError> {
        if let Some(zone) = timezone {
            TimeZone::get(zone).map_err(|_| CronError::Timezone(zone.to_owned()))?;
        }
        let cron =
            |times| Self { expression: expression.to_owned(), timezone: timezone.map(str::to_owned), times };
        if let Some(period) = expression.strip_prefix("@every ") {
            return match period.parse::<SignedDuration>() {
                // counted from when the controller saw it
                Ok(period) if period.is_positive() => Ok(cron(None)),
                _ => Err(CronError::Expression(format!("`{period}` is no time: write @every 6h"))),
            };
        }
        let named = NAMED.iter().find(|(name, _)| *name == expression);
        let fields = named.map_or(expression, |(_, fields)| *fields);
        let wrong = |what: String| Err(CronError::Expression(what));
        if fields.starts_with('@') {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            return wrong(format!("there is no {fields}, but {}, and @every 6h", names.join(", ")));
        }
        if fields.contains("TZ=") {
            return wrong("the time zone is given by --timezone".to_owned());
        }
        let count = fields.split_whitespace().count();
        if count != 5 {
            let plural = if count == 1 { "" } else { "s" };
            let what = "minute, hour, day of the month, month, day of the week";
            return wrong(format!("it has {count} field{plural}, not five: {what}"));
        }
        // what the library knows beyond that, a CronJob does not
        if fields.contains(['L', 'W', '#', 'H']) && !has_names_only(fields) {
            return Err(CronError::Expression("a CronJob knows no L, W, # or H".to_owned()));
        }
        let [.., of_month, _, of_week] = fields.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(CronError::Expression("it has not five fields".to_owned()));
        };
        let bounds =
            of_week.split(',').filter_map(|part| part.split('/').next()).flat_map(|part| part.split('-'));
        if bounds.into_iter().any(|bound| bound == "7") {
            return Err(CronError::Expression(
                "a CronJob counts the days of the week from 0, Sunday, to 6".to_owned(),
            ));
        }
        let with_zone = format!("{fields} {}", timezone.unwrap_or("UTC"));
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let times = cronexpr::parse_crontab_with(&with_zone, options)
            .map_err(|error| CronError::Expression(one_line(&error.to_string())))?;
        // the controller takes either of the two where one has a step, the library both
        let has_step = |field: &str| field.starts_with("*/");
        let is_unclear = has_step(of_month) && of_week != "*" || has_step(of_week) && of_month != "*";
        if times.find_next(MakeTimestamp(Timestamp::UNIX_EPOCH)).is_err() {
            return wrong("it never comes".to_owned());
        }
        Ok(cron((!is_unclear).then_some(times)))
    }

    /// The expression, as it was written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone; none for that of the cluster's controllers, which is UTC nearly everywhere.
    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// The first time after `now`; none if there never is one, or this program cannot tell.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.times.as_ref()?.find_next(MakeTimestamp(now)).ok().map(|zoned| zoned.timestamp())
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
    crate::sanitize::line(words.trim_start().trim_start_matches("^ "))
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
    fn what_the_controller_alone_knows_is_not_guessed() {
        for expression in ["@every 1h30m", "0 0 */2 * 1", "0 0 1 * */2"] {
            assert_eq!(Cron::parse(expression, None).unwrap().next(Timestamp::UNIX_EPOCH), None);
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let why = |expression: &str, zone| Cron::parse(expression, zone).unwrap_err().to_string();
        assert!(why("0 3 * *", None).contains("4 fields"));
        assert!(why("61 3 * * *", None).contains("61"), "{}", why("61 3 * * *", None));
        assert!(why("*/5", None).contains("1 field,"));
        assert!(why("@dayly", None).contains("@daily"));
        assert!(why("TZ=Asia/Tokyo 0 3 * * *", None).contains("--timezone"));
        assert_eq!(why("0 0 30 2 *", None), "it never comes");
        assert!(why("0 3 * * 5-7", None).contains("from 0, Sunday, to 6"));
        assert!(why("@every day", None).contains("@every 6h"));
        assert!(why("0 3 L * *", None).contains("CronJob"));
        assert!(why("0 3 * * *", Some("Mars/Olympus")).contains("Mars/Olympus"));
    }
}
