//! How runs are named on the command line.

use std::path::PathBuf;

/// A run, as it was named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// So many runs before the newest.
    Latest(usize),
    /// By its id, or the beginning of it.
    Id,
    /// By its file.
    File(PathBuf),
}

impl Reference {
    /// Ids have neither dots nor slashes, files have one of them.
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
    fn runs_are_named_by_age_by_id_and_by_file() {
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
