//! The objects that runs have left in a cluster: found by their labels, whatever version created them, and
//! removed.

pub(super) mod blockers;
mod find;
mod remove;

pub use find::{FoundLeftovers, Search, find};

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::testbed::kubernetes::objects::{KEPT, VOLUME_SUFFIX};

/// How long a run may take from its first object to its first pod.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The kinds of objects that runs create, in the order in which they are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The namespace of a run.
    Namespace,
    /// A client.
    Job,
    /// The Service in front of a server.
    Service,
    /// Admits only the run's own clients.
    NetworkPolicy,
    /// The owner of the other objects in a given namespace.
    ConfigMap,
    /// A server or a client pod.
    Pod,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Namespace, Self::Job, Self::Service, Self::NetworkPolicy, Self::ConfigMap, Self::Pod];

    /// The name of one or several objects of this kind.
    pub fn name(self, count: usize) -> &'static str {
        let (singular, plural) = match self {
            Self::Namespace => ("namespace", "namespaces"),
            Self::Job => ("Job", "Jobs"),
            Self::Service => ("Service", "Services"),
            Self::NetworkPolicy => ("NetworkPolicy", "NetworkPolicies"),
            Self::ConfigMap => ("ConfigMap", "ConfigMaps"),
            Self::Pod => ("pod", "pods"),
        };
        if count == 1 { singular } else { plural }
    }
}

/// An object of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// The namespace; of a namespace, its own name.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The ID of the run, if the object has that label.
    pub run: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// Whether it is a pod that has not ended.
    pub is_alive: bool,
}

/// What is to be thought of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerState {
    /// Its run has ended: it is a leftover.
    Ended,
    /// Kept servers.
    Kept,
    /// Its run is in progress on this machine.
    RunningHere,
    /// Its run may be in progress on another machine, or as another user.
    MayBeRunning,
}

/// The objects that a run has left in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The ID of the run, if its objects have that label.
    pub run: Option<String>,
    /// The namespace of the objects.
    pub namespace: String,
    /// The objects, including the namespace if it is the run's own.
    pub objects: Vec<Object>,
    /// Whether the user may list the pods of the namespace.
    pub can_list_pods: bool,
}

impl Leftover {
    /// When the first object was created.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.objects.iter().filter_map(|object| object.created_at).min()
    }

    /// The time since the first object was created.
    pub fn age(&self, now: Timestamp) -> Duration {
        let age = self.created_at().map(|created| now.duration_since(created));
        age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
    }

    /// Whether these are kept servers.
    pub fn was_kept(&self) -> bool {
        self.run.as_deref() == Some(KEPT)
    }

    /// Whether it only gives access to a volume, and so measures nothing.
    pub fn is_for_volume(&self) -> bool {
        self.run.as_deref().is_some_and(|run| run.ends_with(VOLUME_SUFFIX))
    }

    /// Whether it is being removed already.
    pub fn is_terminating(&self) -> bool {
        self.is_own_namespace() && self.namespaces().all(|namespace| namespace.is_terminating)
            || self.objects.iter().all(|object| object.is_terminating)
    }

    /// What is to be thought of it, given whether the process of its run lives, where that is known.
    pub fn owner_state(&self, process_lives: Option<bool>, now: Timestamp) -> OwnerState {
        match process_lives {
            _ if self.was_kept() => OwnerState::Kept,
            Some(true) => OwnerState::RunningHere,
            Some(false) => OwnerState::Ended,
            None if self.is_over(now) => OwnerState::Ended,
            None => OwnerState::MayBeRunning,
        }
    }

    /// Whether its run must be over, on whatever machine: its pods have ended or are gone, and it is too old
    /// to belong to a run that is starting.
    fn is_over(&self, now: Timestamp) -> bool {
        self.can_list_pods && !self.is_alive() && self.age(now) > START_LIMIT
    }

    /// Whether it has a pod that has not ended.
    pub fn is_alive(&self) -> bool {
        self.objects.iter().any(|object| object.is_alive)
    }

    /// Whether the namespace is the run's own.
    pub fn is_own_namespace(&self) -> bool {
        self.namespaces().next().is_some()
    }

    fn namespaces(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(|object| object.kind == Kind::Namespace)
    }

    /// The numbers of objects except for the run's own namespace: `4 pods, 2 Services`.
    pub fn contents(&self) -> String {
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        for object in self.objects.iter().filter(|object| object.kind != Kind::Namespace) {
            *counts.entry(object.kind).or_default() += 1;
        }
        let count = |(kind, count): (&Kind, &usize)| format!("{count} {}", kind.name(*count));
        // pods first: they use resources
        counts.iter().rev().map(count).collect::<Vec<_>>().join(", ")
    }
}

/// Groups objects by run and namespace, the oldest group first. Everything in a run's own namespace belongs
/// to that run.
fn group(objects: Vec<Object>) -> Vec<Leftover> {
    let own: BTreeMap<String, Option<String>> = objects
        .iter()
        .filter(|object| object.kind == Kind::Namespace)
        .map(|object| (object.name.clone(), object.run.clone()))
        .collect();
    let mut groups: BTreeMap<(String, Option<String>), Vec<Object>> = BTreeMap::new();
    for object in objects {
        let run = own.get(&object.namespace).unwrap_or(&object.run).clone();
        groups.entry((object.namespace.clone(), run)).or_default().push(object);
    }
    let leftover = |((namespace, run), objects)| Leftover { run, namespace, objects, can_list_pods: true };
    let mut leftovers: Vec<Leftover> = groups.into_iter().map(leftover).collect();
    leftovers.sort_by_key(Leftover::created_at);
    leftovers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: Kind, namespace: &str, run: Option<&str>, minute: i8) -> Object {
        let created_at = jiff::civil::date(2026, 5, 1).at(12, minute, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
        Object {
            kind,
            namespace: namespace.to_owned(),
            name: if kind == Kind::Namespace { namespace.to_owned() } else { "x".to_owned() },
            run: run.map(str::to_owned),
            created_at: created_at.ok().map(|zoned| zoned.timestamp()),
            is_terminating: false,
            is_alive: kind == Kind::Pod,
        }
    }

    #[test]
    fn objects_are_grouped_by_own_namespace_or_by_run() {
        let leftovers = group(vec![
            object(Kind::Pod, "default", Some("b"), 7),
            object(Kind::Namespace, "netbench-a", Some("a"), 3),
            object(Kind::Pod, "netbench-a", None, 4),
            object(Kind::Pod, "netbench-a", Some("a"), 4),
            object(Kind::ConfigMap, "default", Some("b"), 5),
            object(Kind::ConfigMap, "default", Some("c"), 1),
            object(Kind::Job, "default", None, 2),
        ]);
        let seen: Vec<_> = leftovers
            .iter()
            .map(|leftover| (leftover.namespace.as_str(), leftover.run.as_deref(), leftover.contents()))
            .collect();
        assert_eq!(
            seen,
            [
                ("default", Some("c"), "1 ConfigMap".to_owned()),
                ("default", None, "1 Job".to_owned()),
                ("netbench-a", Some("a"), "2 pods".to_owned()),
                ("default", Some("b"), "1 pod, 1 ConfigMap".to_owned()),
            ]
        );
    }

    #[test]
    fn run_is_over_when_its_pods_have_ended_and_it_is_not_starting() {
        let mut pod = object(Kind::Pod, "default", Some("a"), 0);
        let (begun, now) = (pod.created_at.unwrap(), |seconds| jiff::SignedDuration::from_secs(seconds));
        let left = |pod: &Object| group(vec![pod.clone()]).remove(0);
        let owner_state =
            |pod: &Object, process, seconds| left(pod).owner_state(process, begun + now(seconds));
        assert_eq!(owner_state(&pod, None, 3600), OwnerState::MayBeRunning, "a pod of it runs");
        assert_eq!(owner_state(&pod, Some(false), 1), OwnerState::Ended, "its process is dead");
        pod.is_alive = false;
        assert_eq!(owner_state(&pod, None, 10), OwnerState::MayBeRunning);
        assert_eq!(owner_state(&pod, None, 61), OwnerState::Ended);
        assert_eq!(owner_state(&pod, Some(true), 61), OwnerState::RunningHere);
    }
}
