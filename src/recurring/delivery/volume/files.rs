//! The file names of run documents on a volume, and their retention. Pure.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::document::Run;
use crate::options::Retention;
use crate::store::is_id;

/// The format of the time in a file name: it sorts chronologically, and is valid on every file system.
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

const EXTENSION: &str = ".json";

/// The file of a run document: `20260502T030004Z-k3v9x2mq.json`. Files are ordered by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentFile {
    /// The start of the run, in whole seconds.
    pub started_at: Timestamp,
    /// The id of the run.
    pub id: String,
}

impl DocumentFile {
    /// The file of this run.
    pub fn new(run: &Run) -> Self {
        let seconds = Timestamp::from_second(run.started_at.as_second());
        Self { started_at: seconds.unwrap_or(run.started_at), id: run.id.clone() }
    }

    /// Parses a file name; none if it is not that of a run document.
    pub fn parse(name: &str) -> Option<Self> {
        let (time, id) = name.strip_suffix(EXTENSION)?.split_once('-')?;
        let started_at =
            DateTime::strptime(TIME_FORMAT, time).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let file = Self { started_at, id: id.to_owned() };
        // we write no other spelling of a time
        (is_id(id) && file.to_string() == name).then_some(file)
    }
}

impl fmt::Display for DocumentFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}{EXTENSION}", self.started_at.strftime(TIME_FORMAT), self.id)
    }
}

impl Retention {
    /// The files to delete at the time `now`.
    pub fn expired(self, mut files: Vec<DocumentFile>, now: Timestamp) -> Vec<DocumentFile> {
        files.sort_unstable();
        files.reverse();
        let is_old = |file: &DocumentFile| match self {
            Self::Newest(_) => true,
            Self::MaxAge(age) => {
                now.duration_since(file.started_at).unsigned_abs() > age && file.started_at < now
            }
        };
        let kept = match self {
            Self::Newest(count) => count,
            Self::MaxAge(_) => 1,
        };
        files.into_iter().skip(kept).filter(is_old).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(second: i64, id: &str) -> DocumentFile {
        DocumentFile { started_at: Timestamp::from_second(second).unwrap(), id: id.to_owned() }
    }

    #[test]
    fn name_of_another_file_is_no_document() {
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
    fn retention_is_a_number_or_an_age() {
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
        for invalid in ["", "d", "0", "0d", "-1", "1w", "1.5d"] {
            assert!(Retention::parse(invalid).is_err(), "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn names_round_trip_and_sort_by_time(one in 0..4_102_444_800_i64, other in 0..4_102_444_800_i64) {
            let (one, other) = (file(one, "k3v9x2mq"), file(other, "k3v9x2mq"));
            prop_assert_eq!(DocumentFile::parse(&one.to_string()), Some(one.clone()));
            prop_assert_eq!(one.to_string().cmp(&other.to_string()), one.cmp(&other));
        }

        #[test]
        fn newest_document_is_never_expired(times in prop::collection::vec(0..1_000_000_i64, 1..20), text in "[1-9][dh]?") {
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
