//! The findings of a check, and what of them is told.

use serde::Serialize;

use super::{ItemRemedy, NamespaceFlag};
use crate::explanation::Explanation;

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
    pub remedy: Option<ItemRemedy>,
    /// Whether a run would fail for certain.
    #[serde(skip)]
    pub is_certain: bool,
}

impl Item {
    pub(super) fn ok(topic: Topic, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, topic, found: found.into(), remedy: None, is_certain: false }
    }

    pub(super) fn warning(topic: Topic, found: impl Into<String>, remedy: impl Into<ItemRemedy>) -> Self {
        let remedy = Some(remedy.into());
        Self { level: Level::Warning, topic, found: found.into(), remedy, is_certain: false }
    }

    /// The same, where it keeps a run from beginning, as the cluster knows for certain.
    pub(super) fn certain(self) -> Self {
        Self { is_certain: true, ..self }
    }

    pub(super) fn problem(topic: Topic, found: impl Into<String>, remedy: impl Into<ItemRemedy>) -> Self {
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
    pub(super) fn new(items: Vec<Item>, rights_hint: String) -> Self {
        let count = |level| items.iter().filter(|item| item.level == level).count();
        Self { problems: count(Level::Problem), warnings: count(Level::Warning), items, rights_hint }
    }

    /// What keeps a run from beginning, as one error; none if nothing does. Only what the cluster
    /// knows for certain: a policy may have exceptions, and a quota leave room for some of the nodes.
    /// `namespace` is that of the command whose error it is.
    pub fn error(&self, namespace: NamespaceFlag) -> Option<Explanation> {
        if !self.items.iter().any(|item| item.is_certain) {
            return None;
        }
        // what has to be asked for is asked for together
        let is_told =
            |item: &&Item| item.is_certain || item.level == Level::Problem && item.topic == Topic::Rights;
        let problems = || self.items.iter().filter(is_told);
        let lines = |line: &dyn Fn(&Item) -> Option<String>| {
            let mut lines: Vec<String> = problems().filter_map(line).collect();
            lines.dedup();
            lines.join("\n")
        };
        let what = match problems().count() {
            1 => "a problem stands in the way of this run".to_owned(),
            count => format!("{count} problems stand in the way of this run"),
        };
        let why = lines(&|item| Some(format!("{}: {}", item.topic.name(), item.found)));
        let hint = self.hint().map_or(String::new(), |hint| format!("\n{hint}"));
        let remedies = lines(&|item| Some(item.remedy.as_ref()?.text(namespace)));
        Some(Explanation::new(what).because(why).remedy(remedies + &hint))
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
