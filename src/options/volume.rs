//! Volumes for run documents.

use std::fmt;
use std::time::Duration;

use super::text::valid_name;

/// A directory of a volume: `CLAIM` or `CLAIM:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The name of the PersistentVolumeClaim.
    pub claim: String,
    /// The directory, without leading and trailing slashes; empty for the root of the volume.
    pub directory: String,
}

impl Volume {
    /// Parses `CLAIM` or `CLAIM:PATH`.
    ///
    /// # Errors
    /// The name of the claim is invalid, or the path leads out of the volume.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (claim, directory) = text.split_once(':').unwrap_or((text, ""));
        // a claim is named like a DNS subdomain
        if claim.len() > 253 || !claim.split('.').all(valid_name) {
            return Err(format!(
                "`{claim}` is not a valid name of a PersistentVolumeClaim: use CLAIM or CLAIM:PATH"
            ));
        }
        let directory = directory.trim_matches('/');
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        if !directory.is_empty() && !directory.split('/').all(is_plain) {
            return Err(format!("`{directory}` is not a directory of the volume: use CLAIM:runs/nightly"));
        }
        Ok(Self { claim: claim.to_owned(), directory: directory.to_owned() })
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.claim)?;
        if self.directory.is_empty() { Ok(()) } else { write!(formatter, ":{}", self.directory) }
    }
}

/// Which run documents to keep on a volume. The newest one is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// This number of the newest documents.
    Newest(usize),
    /// The documents of runs that started at most this long ago.
    MaxAge(Duration),
}

impl Retention {
    /// Parses a number of documents, or an age: `100`, `90d`, `36h`.
    ///
    /// # Errors
    /// It is neither, or zero.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{text}` is neither a number nor an age: use 100, 90d or 36h");
        let (number, hours) = match text.char_indices().next_back() {
            Some((at, 'd')) => (&text[..at], Some(24)),
            Some((at, 'h')) => (&text[..at], Some(1)),
            _ => (text, None),
        };
        let number: u32 = number.parse().map_err(|_| invalid())?;
        match hours {
            _ if number == 0 => Err("the latest document is always kept: use 1 or more".to_owned()),
            None => Ok(Self::Newest(number as usize)),
            Some(hours) => Ok(Self::MaxAge(Duration::from_secs(u64::from(number) * hours * 3600))),
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest(count) => write!(formatter, "{count}"),
            Self::MaxAge(age) => write!(formatter, "{}h", age.as_secs() / 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_a_claim_and_a_directory_within_it() {
        let parsed = |text: &str| Volume::parse(text).map(|volume| volume.to_string());
        assert_eq!(parsed("results").unwrap(), "results");
        assert_eq!(parsed("results:/").unwrap(), "results");
        assert_eq!(parsed("my.results:/runs/nightly/").unwrap(), "my.results:runs/nightly");
        for invalid in ["", "Results", "a b", "results:..", "results:a/../b", "results:a//b", "-a"] {
            assert!(parsed(invalid).is_err(), "{invalid}");
        }
    }
}
