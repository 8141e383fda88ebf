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
mod rights;
mod security;
mod selector;

pub use rbac::rbac;

use k8s_openapi::api::core::v1::Node;
use serde::Serialize;

use crate::explanation::Explanation;
use crate::testbed::kubernetes::{Choice, Facts, Known, Needs, RequestError};
use made::Made;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Nothing stands in the way.
    Ok,
    /// Something may stand in the way, or distort figures.
    Warning,
    /// A run fails, or some of its nodes do.
    Problem,
}

/// What an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    /// The cluster.
    Cluster,
    /// The nodes.
    Nodes,
    /// What the run makes.
    Makes,
    /// What the user may do.
    Rights,
    /// The namespace.
    Namespace,
    /// What pods may do.
    PodSecurity,
    /// Quotas of the namespace.
    Quota,
    /// What single pods may ask for.
    LimitRange,
    /// What lets pods reach each other.
    NetworkPolicies,
    /// Ports of the nodes.
    HostPorts,
    /// The image of the pods.
    Image,
    /// What this user may not look at.
    NotChecked,
}

impl Topic {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Nodes => "nodes",
            Self::Makes => "makes",
            Self::Rights => "rights",
            Self::Namespace => "namespace",
            Self::PodSecurity => "pod security",
            Self::Quota => "quota",
            Self::LimitRange => "limit range",
            Self::NetworkPolicies => "network policies",
            Self::HostPorts => "host ports",
            Self::Image => "image",
            Self::NotChecked => "not checked",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// How bad it is.
    pub level: Level,
    /// What it is about.
    pub topic: Topic,
    /// What was found.
    pub found: String,
    /// What to do about it; there for all but what is well.
    pub remedy: Option<String>,
    /// Whether a run would fail for certain.
    #[serde(skip)]
    pub is_certain: bool,
}

impl Item {
    fn ok(topic: Topic, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, topic, found: found.into(), remedy: None, is_certain: false }
    }

    fn warning(topic: Topic, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { level: Level::Warning, topic, found: found.into(), remedy, is_certain: false }
    }

    /// The same, where it keeps a run from beginning, as the cluster knows for certain.
    fn certain(self) -> Self {
        Self { is_certain: true, ..self }
    }

    fn problem(topic: Topic, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { level: Level::Problem, topic, found: found.into(), remedy, is_certain: false }
    }
}

/// All findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many problems there are among them.
    pub problems: usize,
    /// How many warnings.
    pub warnings: usize,
    /// The findings.
    pub items: Vec<Item>,
    /// Where to find all rights at once.
    #[serde(skip)]
    pub(crate) rights_hint: String,
}

impl Report {
    fn new(items: Vec<Item>, rights_hint: String) -> Self {
        let count = |level| items.iter().filter(|item| item.level == level).count();
        Self { problems: count(Level::Problem), warnings: count(Level::Warning), items, rights_hint }
    }

    /// What keeps a run from beginning, as one error; none if nothing does. Only what the cluster
    /// knows for certain: a policy may have exceptions, and a quota leave room for some of the nodes.
    pub fn error(&self) -> Option<Explanation> {
        if !self.items.iter().any(|item| item.is_certain) {
            return None;
        }
        // what has to be asked for is asked for together
        let is_told =
            |item: &&Item| item.is_certain || item.level == Level::Problem && item.topic == Topic::Rights;
        let problems = || self.items.iter().filter(is_told);
        let lines = |line: fn(&Item) -> Option<String>| {
            let mut lines: Vec<String> = problems().filter_map(line).collect();
            lines.dedup();
            lines.join("\n")
        };
        let what = match problems().count() {
            1 => "a problem stands in the way of this run".to_owned(),
            count => format!("{count} problems stand in the way of this run"),
        };
        let why = lines(|item| Some(format!("{}: {}", item.topic.name(), item.found)));
        let hint = self.hint().map_or(String::new(), |hint| format!("\n{hint}"));
        Some(Explanation::new(what).because(why).remedy(lines(|item| item.remedy.clone()) + &hint))
    }

    /// Where to find all rights at once, if some are missing.
    pub(crate) fn hint(&self) -> Option<&str> {
        let lacks = self.items.iter().any(|item| item.topic == Topic::Rights && item.level != Level::Ok);
        lacks.then_some(self.rights_hint.as_str())
    }

    /// The rest, a line each, as remarks of a command that goes on in spite of it. Rights that it can
    /// do without, and what could not be looked at, are left out: they would be told anew with each
    /// run. So are nodes that are left out, which a run tells itself.
    pub fn remarks(&self) -> Vec<String> {
        let is_told = |item: &&Item| {
            item.level != Level::Ok
                && !item.is_certain
                && (item.level == Level::Problem || item.topic != Topic::Rights)
                && !matches!(item.topic, Topic::NotChecked | Topic::Nodes)
        };
        let line = |item: &Item| {
            let remedy = item.remedy.as_ref().map_or(String::new(), |remedy| format!("; {remedy}"));
            format!("{}: {}{remedy}", item.topic.name(), item.found)
        };
        self.items.iter().filter(is_told).map(line).collect()
    }
}

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
    let made = Made::of(needs, &seen.choice.chosen);
    let mut unknown = Unknown::default();
    let mut items = vec![cluster(seen)];
    items.extend(nodes::items(needs, seen));
    items.extend(made.item(needs, &seen.facts.rights));
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
    let mut architectures: Vec<&str> = architectures.collect();
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
        if !self.forbidden.is_empty() {
            self.failed.insert(0, format!("you may not {}", self.forbidden.join(", ")));
        }
        let found = self.failed.join("; ");
        let remedy = "have it checked by somebody who may; a run needs none of these rights";
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
