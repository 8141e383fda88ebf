//! What runs have left in a cluster: found by its labels, whatever version made it, and removed.

mod find;
mod remove;

pub use find::{Found, Search, find};

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::testbed::kubernetes::objects::{KEPT, OF_VOLUME};

/// How long a run may take from its first object to its first pod.
const STARTING: Duration = Duration::from_secs(60);

/// The kinds of objects that runs make, in the order in which they are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A namespace of a run's own.
    Namespace,
    /// A client of a run.
    Job,
    /// The address of a server.
    Service,
    /// What lets only the run's own clients in.
    NetworkPolicy,
    /// The owner of all the others in somebody else's namespace.
    ConfigMap,
    /// A server or a client.
    Pod,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Namespace, Self::Job, Self::Service, Self::NetworkPolicy, Self::ConfigMap, Self::Pod];

    /// Its name for people, one or several.
    pub fn name(self, count: usize) -> &'static str {
        let (one, several) = match self {
            Self::Namespace => ("namespace", "namespaces"),
            Self::Job => ("Job", "Jobs"),
            Self::Service => ("Service", "Services"),
            Self::NetworkPolicy => ("NetworkPolicy", "NetworkPolicies"),
            Self::ConfigMap => ("ConfigMap", "ConfigMaps"),
            Self::Pod => ("pod", "pods"),
        };
        if count == 1 { one } else { several }
    }
}

/// An object of a run, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; that of a namespace is itself.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The id of its run, if it is labelled with one.
    pub run: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Whether it is on its way out.
    pub is_going: bool,
    /// Whether it is a pod that has not ended.
    pub is_alive: bool,
}

/// What is to be thought of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerState {
    /// Its run is over: it is a leftover.
    Ended,
    /// Servers that were to stay.
    Kept,
    /// Its run is going on on this machine.
    RunningHere,
    /// Its run may be going on on another machine, or as another user.
    MayBeRunning,
}

/// What one run has left in one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The id of the run, if its objects are labelled with one.
    pub run: Option<String>,
    /// Where it is.
    pub namespace: String,
    /// The objects; the namespace is among them if it is the run's own.
    pub objects: Vec<Object>,
    /// Whether its pods could be looked for.
    pub shows_pods: bool,
}

impl Leftover {
    /// When the first object was made.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.objects.iter().filter_map(|object| object.created_at).min()
    }

    /// How long ago the first object was made.
    pub fn age(&self, now: Timestamp) -> Duration {
        let age = self.created_at().map(|created| now.duration_since(created));
        age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
    }

    /// Whether these are servers that were to stay.
    pub fn was_kept(&self) -> bool {
        self.run.as_deref() == Some(KEPT)
    }

    /// Whether it was made for a volume, and so measures nothing.
    pub fn is_of_volume(&self) -> bool {
        self.run.as_deref().is_some_and(|run| run.ends_with(OF_VOLUME))
    }

    /// Whether its removal has begun.
    pub fn is_going(&self) -> bool {
        self.is_own_namespace() && self.namespaces().all(|namespace| namespace.is_going)
            || self.objects.iter().all(|object| object.is_going)
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

    /// Whether nothing of it runs any longer, whoever made it: the cluster has ended its pods, or
    /// they are gone, and it is too old to be a run that only begins.
    fn is_over(&self, now: Timestamp) -> bool {
        self.shows_pods && !self.is_alive() && self.age(now) > STARTING
    }

    /// Whether it has a pod that has not ended.
    pub fn is_alive(&self) -> bool {
        self.objects.iter().any(|object| object.is_alive)
    }

    /// Whether the whole namespace is the run's own.
    pub fn is_own_namespace(&self) -> bool {
        self.namespaces().next().is_some()
    }

    fn namespaces(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(|object| object.kind == Kind::Namespace)
    }

    /// `4 pods, 2 Services`: what there is but for a namespace that is its own.
    pub fn contents(&self) -> String {
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        for object in self.objects.iter().filter(|object| object.kind != Kind::Namespace) {
            *counts.entry(object.kind).or_default() += 1;
        }
        let count = |(kind, count): (&Kind, &usize)| format!("{count} {}", kind.name(*count));
        // pods first: they are what costs something
        counts.iter().rev().map(count).collect::<Vec<_>>().join(", ")
    }
}

/// Puts together what belongs together: all that is in a run's own namespace, and what has the same
/// run in another one. The oldest first.
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
    let leftover = |((namespace, run), objects)| Leftover { run, namespace, objects, shows_pods: true };
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
            is_going: false,
            is_alive: kind == Kind::Pod,
        }
    }

    #[test]
    fn what_is_in_a_runs_own_namespace_goes_with_it_and_others_run_by_run() {
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
    fn a_run_is_over_when_its_pods_have_ended_and_it_does_not_only_begin() {
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
