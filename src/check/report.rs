//! The items of a check, and the views of them that `check` and the start of a run show.

use serde::Serialize;

use super::{ItemRemedy, NamespaceFlag};
use crate::explanation::Explanation;

/// The severity of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Does not affect a run.
    Ok,
    /// Could make a run fail, or distort its results.
    Warning,
    /// Makes a run, or the tests of some nodes, fail.
    Problem,
}

/// The subject of an item. Its serialized name is part of the output format, and survives renames of the
/// variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    /// The API server.
    Cluster,
    /// The nodes to test.
    Nodes,
    /// The objects that the run would create.
    #[serde(rename = "makes")]
    Objects,
    /// The permissions of the user.
    #[serde(rename = "rights")]
    Permissions,
    /// Whether clients can run by exec.
    Exec,
    /// The existence of the namespace.
    Namespace,
    /// Pod Security and PodSecurityPolicy.
    PodSecurity,
    /// Resource quotas.
    Quota,
    /// Limit ranges.
    LimitRange,
    /// Other admission plugins, webhooks and policies.
    Admission,
    /// Network policies.
    NetworkPolicies,
    /// Ports of the nodes.
    HostPorts,
    /// The container image.
    Image,
    /// Requests that the API server refused or did not answer.
    NotChecked,
}

impl Topic {
    /// The name in text output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Nodes => "nodes",
            Self::Objects => "objects",
            Self::Permissions => "permissions",
            Self::Exec => "exec",
            Self::Namespace => "namespace",
            Self::PodSecurity => "pod security",
            Self::Quota => "quota",
            Self::LimitRange => "limit range",
            Self::Admission => "admission",
            Self::NetworkPolicies => "network policies",
            Self::HostPorts => "host ports",
            Self::Image => "image",
            Self::NotChecked => "not checked",
        }
    }
}

/// One result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its severity.
    pub level: Level,
    /// Its subject.
    pub topic: Topic,
    /// What was found.
    pub found: String,
    /// What to do about it; none if the level is [`Level::Ok`].
    pub remedy: Option<ItemRemedy>,
    /// Whether a run refuses to start because of it.
    #[serde(skip)]
    pub is_fatal: bool,
}

impl Item {
    pub(super) fn ok(topic: Topic, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, topic, found: found.into(), remedy: None, is_fatal: false }
    }

    pub(super) fn warning(topic: Topic, found: impl Into<String>, remedy: impl Into<ItemRemedy>) -> Self {
        Self { level: Level::Warning, remedy: Some(remedy.into()), ..Self::ok(topic, found) }
    }

    pub(super) fn problem(topic: Topic, found: impl Into<String>, remedy: impl Into<ItemRemedy>) -> Self {
        Self { level: Level::Problem, remedy: Some(remedy.into()), ..Self::ok(topic, found) }
    }

    /// Marks a problem that a run refuses to start with, because the API server would certainly reject its
    /// requests.
    pub(super) fn fatal(self) -> Self {
        Self { is_fatal: true, ..self }
    }
}

/// All results of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of items of [`Level::Problem`].
    pub problems: usize,
    /// The number of items of [`Level::Warning`].
    pub warnings: usize,
    /// The items, in the order in which they are shown.
    pub items: Vec<Item>,
    /// The command that prints all required roles.
    #[serde(skip)]
    pub(crate) rbac_hint: String,
}

impl Report {
    pub(super) fn new(items: Vec<Item>, rbac_hint: String) -> Self {
        let count = |level| items.iter().filter(|item| item.level == level).count();
        Self { problems: count(Level::Problem), warnings: count(Level::Warning), items, rbac_hint }
    }

    /// The fatal problems as one error; none if there are none. Other problems are only warned of: a quota may
    /// be sufficient for some of the nodes. `namespace` is that of the command whose error it is.
    pub fn error(&self, namespace: NamespaceFlag) -> Option<Explanation> {
        if !self.items.iter().any(|item| item.is_fatal) {
            return None;
        }
        // with every missing permission, so that the user can request all of them at once
        let is_included =
            |item: &&Item| item.is_fatal || item.level == Level::Problem && item.topic == Topic::Permissions;
        let problems = || self.items.iter().filter(is_included);
        let lines = |line: &dyn Fn(&Item) -> Option<String>| {
            let mut lines: Vec<String> = problems().filter_map(line).collect();
            lines.dedup();
            lines.join("\n")
        };
        let what = match problems().count() {
            1 => "cannot start the run: 1 problem".to_owned(),
            count => format!("cannot start the run: {count} problems"),
        };
        let why = lines(&|item| Some(format!("{}: {}", item.topic.name(), item.found)));
        let hint = self.hint().map_or(String::new(), |hint| format!("\n{hint}"));
        let remedies = lines(&|item| Some(item.remedy.as_ref()?.text(namespace)));
        Some(Explanation::new(what).cause(why).help(remedies + &hint))
    }

    /// The command that prints all required roles, if a permission is missing.
    pub(crate) fn hint(&self) -> Option<&str> {
        let is_missing = |item: &Item| item.topic == Topic::Permissions && item.level != Level::Ok;
        self.items.iter().any(is_missing).then_some(self.rbac_hint.as_str())
    }

    /// A line for each item that a run should print and continue in spite of. Missing optional permissions
    /// and items that could not be checked are omitted, since every run would repeat them; so are nodes,
    /// since a run reports skipped nodes on its own.
    pub fn remarks(&self) -> Vec<String> {
        let is_included = |item: &&Item| {
            item.level != Level::Ok
                && !item.is_fatal
                && (item.level == Level::Problem || item.topic != Topic::Permissions)
                && !matches!(item.topic, Topic::NotChecked | Topic::Nodes)
        };
        let line = |item: &Item| {
            let remedy = item.remedy.as_ref().map_or(String::new(), |remedy| format!("; {remedy}"));
            format!("{}: {}{remedy}", item.topic.name(), item.found)
        };
        self.items.iter().filter(is_included).map(line).collect()
    }
}
