//! What the user may not do.

use super::made::is_needed;
use super::rbac::rule;
use super::{Item, Topic, Unknown};
use crate::testbed::kubernetes::{Facts, Granted, Necessity, Needs, Reach, Right};

pub(super) fn items(needs: &Needs, facts: &Facts, unknown: &mut Unknown) -> Vec<Item> {
    let rights: Vec<&Granted> =
        facts.rights.iter().filter(|granted| is_needed(granted.right.necessity, &facts.rights)).collect();
    let mut items = Vec::new();
    let mut granted = 0;
    let mut error = None;
    for Granted { right, missing } in &rights {
        match missing {
            Ok(missing) if missing.is_empty() => granted += right.verbs.len(),
            Ok(missing) => items.push(lacking(needs, right, missing)),
            Err(why) => error = Some(why),
        }
    }
    if let Some(error) = error {
        unknown.add(error);
    }
    if granted > 0 || items.is_empty() && error.is_none() {
        let all = rights.iter().map(|granted| granted.right.verbs.len()).sum::<usize>();
        let found = if granted == all {
            format!("all {all} that it takes")
        } else {
            format!("{granted} of the {all} that it takes")
        };
        items.insert(0, Item::ok(Topic::Rights, found));
    }
    items
}

fn lacking(needs: &Needs, right: &Right, missing: &[&str]) -> Item {
    let place = match right.reach {
        Reach::Cluster => "in the cluster".to_owned(),
        Reach::Namespace => match &needs.given {
            Some(namespace) => format!("in the namespace {namespace}"),
            None => "in namespaces of its own".to_owned(),
        },
    };
    let what = format!("you may not {} {} {place}", missing.join(", "), right.name());
    let found = format!("{what}, which is needed for {}", right.purpose);
    let role = match (right.reach, &needs.given) {
        (Reach::Namespace, Some(_)) => "a Role",
        _ => "a ClusterRole",
    };
    let remedy = format!("ask for {role} with {}", rule(right, missing));
    match right.necessity {
        Necessity::Optional(lost) => Item::warning(Topic::Rights, format!("{found}: {lost}"), remedy),
        Necessity::Required | Necessity::InsteadOfExec => {
            let item = Item::problem(Topic::Rights, found, remedy);
            // rights in a namespace may come with it, by whatever watches over new namespaces
            let is_known = right.reach == Reach::Cluster || needs.given.is_some();
            if is_known { item.certain() } else { item }
        }
    }
}
