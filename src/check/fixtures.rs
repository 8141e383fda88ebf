//! Runs for tests.

use super::made::Made;
use crate::document::Path;
use crate::testbed::kubernetes::objects::fixtures::{chosen, needs, over, settings};
use crate::testbed::kubernetes::{Clients, Settings};

/// What a run over these paths on four nodes makes, with clients by Job.
pub(super) fn made_over(paths: &[Path]) -> Made {
    let needs = needs(Settings { ways: over(paths), ..settings() }, Some("team-a"), Clients::Job);
    Made::of(&needs, &["node-1", "node-2", "node-3", "node-4"].map(chosen))
}

/// The same over the pod network.
pub(super) fn made() -> Made {
    made_over(&[Path::Pod])
}
