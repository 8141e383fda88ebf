//! References to runs on the command line.

use std::path::PathBuf;

/// A reference to a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Position from the newest run.
    Latest(usize),
    /// An id, or a prefix of one.
    Id,
    File(PathBuf),
}

impl Reference {
    /// Files contain a dot or a slash, ids do not.
    pub(super) fn parse(text: &str) -> Self {
        if text.contains(['.', '/', '\\']) {
            return Self::File(text.into());
        }
        match text.strip_prefix("latest") {
            Some("") => Self::Latest(0),
            Some(rest) => match rest.strip_prefix('~').map(str::parse) {
                Some(Ok(back)) => Self::Latest(back),
                _ => Self::Id,
            },
            None => Self::Id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_parsed_as_latest_id_or_file() {
        for (text, reference) in [
            ("latest", Reference::Latest(0)),
            ("latest~12", Reference::Latest(12)),
            ("latest~x", Reference::Id),
            ("k3v9", Reference::Id),
            ("./k3v9", Reference::File("./k3v9".into())),
            ("monday.json", Reference::File("monday.json".into())),
        ] {
            assert_eq!(Reference::parse(text), reference, "{text}");
        }
    }
}
