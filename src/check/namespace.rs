//! Whether the given namespace exists.

use super::{ClusterSnapshot, Item, ItemRemedy, Topic, Unchecked};
use crate::cluster::Rejection;
use crate::testbed::kubernetes::{GivenNamespace, Needs};

/// A problem of the namespace. What a user may not read follows from the dry runs.
pub(super) fn check(
    needs: &Needs,
    cluster: &ClusterSnapshot<'_>,
    given: &GivenNamespace,
    unchecked: &mut Unchecked,
) -> Option<Item> {
    let name = needs.namespace();
    let dry_runs = cluster.dry_runs;
    let is_rejected = |by| dry_runs.rejected().any(|(_, rejection, _)| rejection == by);
    let namespace = given.namespace.as_ref();
    let is_terminating = namespace.is_ok_and(|namespace| {
        namespace.as_ref().is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_some())
    });
    let (found, remedy) = if matches!(namespace, Ok(None)) || is_rejected(Rejection::NamespaceMissing) {
        (format!("namespace {name} does not exist"), "create it")
    } else if is_terminating || is_rejected(Rejection::NamespaceTerminating) {
        (format!("namespace {name} is being deleted"), "recreate it after the deletion")
    } else {
        // an object is only admitted to a namespace that exists
        let is_admitted = dry_runs.answers.iter().any(|dry_run| dry_run.answer.is_ok());
        if let Some(error) = namespace.err().filter(|_| !is_admitted) {
            unchecked.add(error);
        }
        return None;
    };
    Some(Item::problem(Topic::Namespace, found, ItemRemedy::OrOmitNamespace(remedy.to_owned())).fatal())
}
