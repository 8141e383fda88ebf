//! Node names without their common prefix and suffix, where full names would not fit.

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ShortNames {
    /// In the order of the full names.
    pub names: Vec<String>,
    /// What the names have in common, as `prefix…suffix`.
    pub pattern: String,
}

/// Removes the common prefix and suffix of `names`. `None` if they have neither.
///
/// Cuts only next to a dash or a dot, so that `node-10` and `node-12` become `10` and `12`.
pub(super) fn shorten(names: &[&str]) -> Option<ShortNames> {
    let first = names.first().filter(|_| names.len() > 1)?;
    let is_separator = |character: char| character == '-' || character == '.';
    let shared = names.iter().fold(*first, |shared, name| common_prefix(shared, name));
    let prefix = shared.rfind(is_separator).map_or("", |at| &shared[..=at]);

    let rest = |name: &str| name[prefix.len()..].to_owned();
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    let first_rest = reversed(&rest(first));
    let shared = names
        .iter()
        .fold(first_rest, |shared, name| common_prefix(&shared, &reversed(&rest(name))).to_owned());
    let suffix = shared.rfind(is_separator).map_or(String::new(), |at| reversed(&shared[..=at]));

    let short: Vec<String> =
        names.iter().map(|name| name[prefix.len()..name.len() - suffix.len()].to_owned()).collect();
    let is_usable = !(prefix.is_empty() && suffix.is_empty()) && short.iter().all(|name| !name.is_empty());
    is_usable.then(|| ShortNames { names: short, pattern: format!("{prefix}…{suffix}") })
}

fn common_prefix<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b);
    let length = same.last().map_or(0, |((at, character), _)| at + character.len_utf8());
    &one[..length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn short(names: &[&str]) -> Option<(Vec<String>, String)> {
        shorten(names).map(|short| (short.names, short.pattern))
    }

    #[test]
    fn cloud_node_names_lose_prefix_and_domain() {
        let (names, pattern) =
            short(&["ip-10-0-1-23.eu-west-1.compute.internal", "ip-10-0-2-7.eu-west-1.compute.internal"])
                .unwrap();
        assert_eq!(names, ["1-23", "2-7"]);
        assert_eq!(pattern, "ip-10-0-….eu-west-1.compute.internal");
    }

    #[test]
    fn numbers_are_not_split() {
        assert_eq!(short(&["node-10", "node-12"]).unwrap().0, ["10", "12"]);
        assert_eq!(short(&["worker1", "worker2"]), None);
        assert_eq!(short(&["alpha", "beta"]), None);
        assert_eq!(short(&["alone-1"]), None);
    }

    proptest! {
        #[test]
        fn short_names_are_unique_and_pattern_restores_full_names(
            names in proptest::collection::hash_set("[a-c.-]{1,6}x[a-c.-]{0,6}", 2..6),
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            if let Some(short) = shorten(&names) {
                prop_assert_eq!(short.names.iter().collect::<HashSet<_>>().len(), names.len());
                for (short_name, name) in short.names.iter().zip(&names) {
                    prop_assert_eq!(short.pattern.replace('…', short_name), *name);
                }
            }
        }
    }
}
