//! Runs for tests.

use super::made::Made;
use crate::document::Path;
use crate::options::{ClientMode, ObjectOptions, PodOptions};
use crate::testbed::kubernetes::Settings;
use crate::testbed::kubernetes::objects::fixtures::{chosen, needs, over, settings};

/// What a run over these paths on four nodes makes, with clients by Job.
pub(super) fn made_over(paths: &[Path]) -> Made {
    made_of(Settings { routes: over(paths), ..settings() })
}

/// The same over the pod network, with a limit for each container.
pub(super) fn made_with_limit(resource: &str, limit: &str) -> Made {
    let limits = vec![format!("{resource}={limit}").parse().unwrap()];
    let objects = ObjectOptions { limits, ..ObjectOptions::default() };
    made_of(Settings { options: PodOptions { objects, ..PodOptions::default() }, ..settings() })
}

fn made_of(settings: Settings) -> Made {
    let needs = needs(settings, Some("team-a"), ClientMode::Job);
    Made::of(&needs, &["node-1", "node-2", "node-3", "node-4"].map(chosen), &[])
}

/// The same over the pod network.
pub(super) fn made() -> Made {
    made_over(&[Path::Pod])
}
