//! Whether a run can succeed in a cluster, and what is missing. Pure: from what the run needs and
//! what the cluster says of itself to a list of findings, each with what to do.

mod amount;
mod cidr;
mod limits;
mod made;
mod nodes;
mod policies;
mod ports;
mod quota;
mod rbac;
mod remedy;
mod report;
mod rights;
mod security;
mod selector;

pub use rbac::rbac;
pub use remedy::{ItemRemedy, NamespaceFlag};
pub use report::{Item, Level, Report, Topic};

use k8s_openapi::api::core::v1::Node;

use crate::cluster::RequestError;
use crate::explanation::Explanation;
use crate::testbed::kubernetes::{Choice, Facts, Known, Needs};
use made::Made;

/// What is known of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The kubeconfig context.
    pub context: Option<&'a str>,
    /// The API server's version, if the user may know it.
    pub version: Option<&'a str>,
    /// The nodes.
    pub nodes: &'a [Node],
    /// Those of them that are measured.
    pub choice: &'a Choice,
    /// Why those that were asked for cannot be.
    pub refused: Option<&'a Explanation>,
    /// All else.
    pub facts: &'a Facts,
}

/// Judges whether a run with these needs can succeed.
pub fn check(needs: &Needs, seen: &Seen<'_>) -> Report {
    let made = Made::of(needs, &seen.choice.chosen, &seen.facts.rights);
    let mut unknown = Unknown::default();
    let mut items = vec![cluster(seen)];
    items.extend(nodes::items(needs, seen));
    items.extend(made.item(needs));
    items.extend(rights::items(needs, seen.facts, &mut unknown));
    items.extend(security::items(needs, seen, &mut unknown));
    if let Some(given) = &seen.facts.given {
        let limits = unknown.of(&given.limits);
        let quotas = unknown.of(&given.quotas);
        items.extend(limits::items(limits, &made));
        items.extend(quota::items(quotas, limits, &made));
        items.extend(policies::items(needs, seen, given, &made, &mut unknown));
    }
    items.extend(ports::items(needs, seen, &mut unknown));
    items.push(image(needs, seen.choice));
    items.extend(unknown.item());
    Report::new(items, rbac::hint(needs))
}

fn cluster(seen: &Seen<'_>) -> Item {
    let version = seen.version.map_or("answers".to_owned(), |version| format!("Kubernetes {version}"));
    let context = seen.context.map_or(String::new(), |context| format!(", context {context}"));
    Item::ok(Topic::Cluster, version + &context)
}

fn image(needs: &Needs, choice: &Choice) -> Item {
    let image = &needs.settings.image;
    let by = if image.contains("@sha256:") { "by its digest" } else { "by a tag, which may move" };
    let architectures = choice.chosen.iter().filter_map(|chosen| chosen.node.architecture.as_deref());
    // a node that was never ready has none
    let mut architectures: Vec<&str> = architectures.filter(|name| !name.is_empty()).collect();
    architectures.sort_unstable();
    architectures.dedup();
    let of = match architectures.as_slice() {
        [_, _, ..] => format!("; it must be there for {}", architectures.join(" and ")),
        _ => String::new(),
    };
    let told = "; whether it can be pulled, and its version of iperf3, is known once a pod runs";
    Item::ok(Topic::Image, format!("{image}, {by}{of}{told}"))
}

/// What could not be looked at, collected.
#[derive(Debug, Default)]
struct Unknown {
    /// What this user may not do.
    forbidden: Vec<String>,
    /// What went wrong otherwise.
    failed: Vec<String>,
}

impl Unknown {
    /// What is known; nothing if it is not, which is noted.
    fn of<'a, T>(&mut self, known: &'a Known<Vec<T>>) -> &'a [T] {
        match known {
            Ok(items) => items,
            Err(error) => {
                self.add(error);
                &[]
            }
        }
    }

    fn add(&mut self, error: &RequestError) {
        if error.is_forbidden() {
            self.forbidden.push(error.doing.clone());
        } else {
            self.failed.push(format!("{error}: {}", error.why()));
        }
    }

    fn item(mut self) -> Option<Item> {
        let remedy = if self.failed.is_empty() {
            "have it checked by somebody who may; a run needs none of these rights"
        } else {
            "check again: what did not answer may do so now"
        };
        if !self.forbidden.is_empty() {
            self.failed.insert(0, format!("you may not {}", self.forbidden.join(", ")));
        }
        let found = self.failed.join("; ");
        (!found.is_empty()).then(|| Item::warning(Topic::NotChecked, found, remedy))
    }
}

/// Names in a sentence, not more than a few of them.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const NAMED: usize = 6;
    let all: Vec<&str> = names.collect();
    let named = all.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// A number of things: `1 pod`, `4 pods`.
fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
