//! What an error says to the person who has to do something about it.

use std::collections::HashMap;

/// An error as it is shown: what happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What could not be done.
    pub error: String,
    /// Why, in the words of whoever refused.
    pub cause: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Explanation {
    /// An explanation of an error that only says what happened.
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), cause: None, help: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What shares a reason, together, in the order in which the reasons first appear.
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

/// The name that is most like `name`, if one is alike at all.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    const ALIKE: f64 = 0.7;
    let likenesses = names.map(|known| (strsim::jaro_winkler(name, known), known));
    let mut alike: Vec<(f64, &str)> = likenesses.filter(|(likeness, _)| *likeness >= ALIKE).collect();
    alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    match alike.as_slice() {
        // nobody knows which of them was meant
        [(first, _), (second, _), ..] if first.total_cmp(second).is_eq() => None,
        [(_, known), ..] => Some((*known).to_owned()),
        [] => None,
    }
}
