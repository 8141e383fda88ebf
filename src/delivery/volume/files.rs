//! The names of documents on a volume, and which of them are not to be kept longer. Pure.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::document::Run;
use crate::store::is_id;

/// The form of the time in a name: it sorts by time, and every file system takes it.
const TIME: &str = "%Y%m%dT%H%M%SZ";

const ENDING: &str = ".json";

/// The file of a run: `20260502T030004Z-k3v9x2mq.json`. The order is that of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentFile {
    /// When the run began, to the second.
    pub at: Timestamp,
    /// Its id.
    pub id: String,
}

impl DocumentFile {
    /// The file of a run.
    pub fn of(run: &Run) -> Self {
        let seconds = Timestamp::from_second(run.started_at.as_second());
        Self { at: seconds.unwrap_or(run.started_at), id: run.id.clone() }
    }

    /// Reads a name; none if the file is not one of ours.
    pub fn parse(name: &str) -> Option<Self> {
        let (time, id) = name.strip_suffix(ENDING)?.split_once('-')?;
        let at = DateTime::strptime(TIME, time).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();

        let file = Self { at, id: id.to_owned() };
        // one that would be written otherwise is somebody else's
        (is_id(id) && file.to_string() == name).then_some(file)
    }
}

impl fmt::Display for DocumentFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}{ENDING}", self.at.strftime(TIME), self.id)
    }
}

/// How many documents are kept, or how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The newest.
    Newest(usize),
    /// Those of runs that began no longer ago.
    Younger(Duration),
}

impl Retention {
    /// Reads a number of documents, or an age: `100`, `90d`, `36h`.
    ///
    /// # Errors
    /// Anything else, with the forms that are understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number nor an age: write 100, 90d or 36h");
        let (number, hours) = match text.char_indices().next_back() {
            Some((at, 'd')) => (&text[..at], Some(24)),
            Some((at, 'h')) => (&text[..at], Some(1)),
            _ => (text, None),
        };
        let number: u32 = number.parse().map_err(|_| wrong())?;
        match hours {
            _ if number == 0 => Err("the newest document at least is kept: write 1 or more".to_owned()),
            None => Ok(Self::Newest(number as usize)),
            Some(hours) => Ok(Self::Younger(Duration::from_secs(u64::from(number) * hours * 3600))),
        }
    }

    /// Those of `files` that are not to be kept. The newest one always is.
    pub fn expired(self, mut files: Vec<DocumentFile>, now: Timestamp) -> Vec<DocumentFile> {
        files.sort_unstable();
        files.reverse();
        let is_old = |file: &DocumentFile| match self {
            Self::Newest(_) => true,
            Self::Younger(age) => now.duration_since(file.at).unsigned_abs() > age && file.at < now,
        };
        let kept = match self {
            Self::Newest(count) => count,
            Self::Younger(_) => 1,
        };
        files.into_iter().skip(kept).filter(is_old).collect()
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest(count) => write!(formatter, "{count}"),
            Self::Younger(age) => write!(formatter, "{}h", age.as_secs() / 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(at: i64, id: &str) -> DocumentFile {
        DocumentFile { at: Timestamp::from_second(at).unwrap(), id: id.to_owned() }
    }

    #[test]
    fn files_of_others_are_left_alone() {
        assert_eq!(DocumentFile::parse("20260502T030004Z-k3v9x2mq.json").unwrap().id, "k3v9x2mq");
        for other in [
            "notes.json",
            "20260502T030004Z-k3v9x2mq.json.part",
            "20260502T030004Z-.json",
            "20260502T030004Z-../a.json",
            "20261302T030004Z-k3v9x2mq.json",
            "2026502T030004Z-k3v9x2mq.json",
        ] {
            assert_eq!(DocumentFile::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_number_or_an_age_says_what_is_kept() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let files =
            vec![file(1_000_000 - 90_000, "old"), file(999_990, "new"), file(1_000_000 - 3_600, "hour")];
        let expired = |text: &str| {
            let expired = Retention::parse(text).unwrap().expired(files.clone(), now);
            expired.into_iter().map(|file| file.id).collect::<Vec<_>>()
        };
        assert_eq!(expired("3"), [""; 0]);
        assert_eq!(expired("1"), ["hour", "old"]);
        assert_eq!(expired("1d"), ["old"]);
        assert_eq!(expired("26h"), [""; 0]);
        for wrong in ["", "d", "0", "0d", "-1", "1w", "1.5d"] {
            assert!(Retention::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn names_tell_times_and_sort_by_them(one in 0..4_102_444_800_i64, other in 0..4_102_444_800_i64) {
            let (one, other) = (file(one, "k3v9x2mq"), file(other, "k3v9x2mq"));
            prop_assert_eq!(DocumentFile::parse(&one.to_string()), Some(one.clone()));
            prop_assert_eq!(one.to_string().cmp(&other.to_string()), one.cmp(&other));
        }

        #[test]
        fn the_newest_is_always_kept(times in prop::collection::vec(0..1_000_000_i64, 1..20), text in "[1-9][dh]?") {
            let files: Vec<DocumentFile> = times.iter().map(|at| file(*at, "k3v9x2mq")).collect();
            let newest = files.iter().max().cloned().unwrap();
            let count = files.len();
            let now = Timestamp::from_second(2_000_000).unwrap();
            let expired = Retention::parse(&text).unwrap().expired(files, now);
            prop_assert!(expired.len() < count);
            prop_assert!(expired.iter().all(|file| *file <= newest));
        }
    }
}
