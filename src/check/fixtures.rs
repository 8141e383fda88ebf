//! Planned objects for tests.

use super::planned_objects::PlannedObjects;
use crate::document::Path;
use crate::options::{ClientMode, ObjectOptions, PodOptions};
use crate::testbed::kubernetes::Settings;
use crate::testbed::kubernetes::objects::fixtures::{chosen, needs, over, settings};

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

fn with_settings(settings: Settings) -> PlannedObjects {
    let needs = needs(settings, Some("team-a"), ClientMode::Job);
    PlannedObjects::new(&needs, &["node-1", "node-2", "node-3", "node-4"].map(chosen), &[])
}
