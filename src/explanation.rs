//! Errors as they are shown to the user.

use std::collections::HashMap;

/// The parts of an error message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What failed, and on what.
    pub error: String,
    /// Why, with the message of the cluster or the system quoted.
    pub cause: Option<String>,
    /// A command or flag to try.
    pub help: Option<String>,
}

impl Explanation {
    /// An error whose cause and help are not known yet.
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), cause: None, help: None }
    }

    /// The error and its cause.
    pub fn in_one_line(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {cause}", self.error),
            None => self.error.clone(),
        }
    }

    /// Sets the cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Sets the help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Groups items by their reason, in order of first appearance.
pub fn by_reason<'a, T>(items: impl Iterator<Item = (&'a str, T)>) -> Vec<(&'a str, Vec<T>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut reasons: Vec<(&str, Vec<T>)> = Vec::new();
    for (reason, item) in items {
        let place = *places.entry(reason).or_insert_with(|| {
            reasons.push((reason, Vec::new()));
            reasons.len() - 1
        });
        reasons[place].1.push(item);
    }
    reasons
}

/// The name closest to `name`; none if no name is similar, or several are equally close.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    const MIN_SIMILARITY: f64 = 0.7;
    let scored = names.map(|known| (strsim::jaro_winkler(name, known), known));
    let mut similar: Vec<(f64, &str)> = scored.filter(|(score, _)| *score >= MIN_SIMILARITY).collect();
    similar.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    match similar.as_slice() {
        [(first, _), (second, _), ..] if first.total_cmp(second).is_eq() => None,
        [(_, known), ..] => Some((*known).to_owned()),
        [] => None,
    }
}
