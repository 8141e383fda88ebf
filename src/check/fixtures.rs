//! Planned objects for tests.

use k8s_openapi::api::core::v1::Pod;

use super::ClusterSnapshot;
use super::planned_objects::PlannedObjects;
use crate::document::Path;
use crate::options::{ClientMode, ObjectOptions, PodOptions};
use crate::testbed::kubernetes::objects::Network;
use crate::testbed::kubernetes::objects::fixtures::{chosen, needs, over, settings};
use crate::testbed::kubernetes::{
    Choice, Chosen, DryRun, DryRunObject, DryRuns, Facts, GivenNamespace, Settings,
};

/// The objects of a run over the pod network on four nodes, with Jobs as clients.
pub(super) fn planned_objects() -> PlannedObjects {
    planned_objects_over(&[Path::Pod])
}

/// The same over these paths.
pub(super) fn planned_objects_over(paths: &[Path]) -> PlannedObjects {
    with_settings(Settings { routes: over(paths), ..settings() })
}

/// The same over the pod network, with a limit for each container.
pub(super) fn planned_objects_with_limit(resource: &str, limit: &str) -> PlannedObjects {
    let limits = vec![format!("{resource}={limit}").parse().unwrap()];
    let objects = ObjectOptions { limits, ..ObjectOptions::default() };
    with_settings(Settings { options: PodOptions { objects, ..PodOptions::default() }, ..settings() })
}

/// The same over the pod network, whose pods are admitted with the spec of `pod`.
pub(super) fn planned_objects_admitted_as(pod: &Pod) -> PlannedObjects {
    let dry_run = |object| DryRun { object, sent: Some(pod.clone()), answer: Ok(Some(pod.clone())) };
    let objects = [DryRunObject::ServerPod(Network::Pod), DryRunObject::ClientPod];
    let dry_runs = DryRuns { namespace: "team-a".to_owned(), answers: objects.map(dry_run).into() };
    planned(settings(), &dry_runs)
}

fn with_settings(settings: Settings) -> PlannedObjects {
    planned(settings, &DryRuns::default())
}

fn planned(settings: Settings, dry_runs: &DryRuns) -> PlannedObjects {
    let needs = needs(settings, Some("team-a"), ClientMode::Job);
    let nodes = ["node-1", "node-2", "node-3", "node-4"].map(chosen);
    cluster_of(&nodes, None, dry_runs, |cluster| PlannedObjects::new(&needs, cluster))
}

/// Passes on a cluster of which only its nodes, the given namespace and its responses to dry runs are known.
pub(super) fn cluster_of<T>(
    nodes: &[Chosen],
    given: Option<GivenNamespace>,
    dry_runs: &DryRuns,
    check: impl FnOnce(&ClusterSnapshot<'_>) -> T,
) -> T {
    check(&ClusterSnapshot {
        context: None,
        version: None,
        nodes: &[],
        choice: &Choice { chosen: nodes.to_vec(), skipped_nodes: Vec::new() },
        selection_error: None,
        facts: &Facts { permissions: Vec::new(), given, pods: None, exec: None },
        dry_runs,
    })
}
