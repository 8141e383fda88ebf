//! The permissions of the user, compared with those that the run needs.

use super::rbac::rule;
use super::{Item, Topic, Unchecked};
use crate::testbed::kubernetes::{Facts, Necessity, Needs, Permission, PermissionCheck, Reach, is_needed};

pub(super) fn check(needs: &Needs, facts: &Facts, unchecked: &mut Unchecked) -> Vec<Item> {
    let permissions: Vec<&PermissionCheck> = facts
        .permissions
        .iter()
        .filter(|granted| is_needed(granted.permission.necessity, &facts.permissions))
        .collect();
    let mut items = Vec::new();
    let mut granted = 0;
    let mut unanswered = None;
    for PermissionCheck { permission, missing } in &permissions {
        match missing {
            Ok(missing) if missing.is_empty() => granted += permission.verbs.len(),
            Ok(missing) => items.push(missing_permission(needs, permission, missing)),
            Err(error) => unanswered = Some(error),
        }
    }
    if let Some(error) = unanswered {
        unchecked.add(error);
    }
    if granted > 0 || items.is_empty() && unanswered.is_none() {
        let all = permissions.iter().map(|granted| granted.permission.verbs.len()).sum::<usize>();
        items.insert(0, Item::ok(Topic::Permissions, format!("{granted} of {all} granted")));
    }
    items
}

fn missing_permission(needs: &Needs, permission: &Permission, missing: &[&str]) -> Item {
    let place = match permission.reach {
        Reach::Cluster => "cluster-wide".to_owned(),
        Reach::Namespace => match &needs.given {
            Some(namespace) => format!("in namespace {namespace}"),
            None => "in the namespace of the run".to_owned(),
        },
    };
    let found = format!(
        "cannot {} {} {place}, needed for {}",
        missing.join(", "),
        permission.name(),
        permission.purpose
    );
    let role = match (permission.reach, &needs.given) {
        (Reach::Namespace, Some(_)) => "a Role",
        _ => "a ClusterRole",
    };
    let help = format!("ask for {role} with {}", rule(permission, missing));
    match permission.necessity {
        Necessity::Optional(lost) => {
            Item::warning(Topic::Permissions, format!("{found}; without it, {lost}"), help)
        }
        Necessity::Required | Necessity::InsteadOfExec => {
            let item = Item::problem(Topic::Permissions, found, help);
            // permissions in a namespace that does not exist yet may be granted by a controller when it is
            // created
            let is_known = permission.reach == Reach::Cluster || needs.given.is_some();
            if is_known { item.fatal() } else { item }
        }
    }
}
