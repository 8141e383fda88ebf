//! Why an object that is being deleted still exists.

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::ListParams;
use kube::core::DynamicObject;

use super::{Kind, Object};
use crate::cluster::Cluster;

/// The conditions with which the namespace controller reports why a namespace is not gone.
const BLOCKING_CONDITIONS: [&str; 5] = [
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
];

/// What blocks the deletion of the terminating objects in `left`, with the cluster's messages, one per line;
/// none if the cluster does not report it.
pub(in crate::testbed::kubernetes) async fn blockers(
    cluster: &Cluster,
    namespace: &str,
    left: &[Object],
) -> Option<String> {
    let doing = "find out what blocks the deletion";
    let mut reasons = Vec::new();
    if left.iter().any(|object| object.kind == Kind::Namespace) {
        let api = cluster.all::<Namespace>();
        if let Ok(Some(found)) = cluster.call(doing, api.get_opt(namespace)).await {
            reasons.extend(of_namespace(&found));
        }
    }
    let left: Vec<&Object> = left.iter().filter(|object| object.is_terminating).collect();
    let mut kinds: Vec<Kind> = left.iter().map(|object| object.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds.into_iter().filter(|kind| *kind != Kind::Namespace) {
        let api = cluster.dynamic(&kind.resource(), Some(namespace));
        let list = cluster.call(doing, api.list(&ListParams::default())).await;
        let found = list.map(|list| list.items).unwrap_or_default();
        let is_left = |object: &&DynamicObject| {
            left.iter().any(|left| left.kind == kind && left.name == object.name_any())
        };
        reasons.extend(found.iter().filter(is_left).filter_map(|object| of_object(kind, object)));
    }
    reasons.dedup();
    (!reasons.is_empty()).then(|| reasons.join("\n"))
}

fn of_namespace(namespace: &Namespace) -> Vec<String> {
    let conditions = namespace.status.as_ref().and_then(|status| status.conditions.as_deref());
    let blocking = conditions.unwrap_or_default().iter().filter(|condition| {
        condition.status == "True" && BLOCKING_CONDITIONS.contains(&condition.type_.as_str())
    });
    let mut reasons: Vec<String> = blocking.filter_map(|condition| condition.message.clone()).collect();
    let spec = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_deref()).unwrap_or_default();
    let others = spec.iter().filter(|finalizer| *finalizer != "kubernetes");
    let finalizers: Vec<&str> = namespace.finalizers().iter().chain(others).map(String::as_str).collect();
    if !finalizers.is_empty() {
        reasons.push(format!("the namespace has the finalizer {}", finalizers.join(", ")));
    }
    reasons
}

fn of_object(kind: Kind, object: &DynamicObject) -> Option<String> {
    let (what, name) = (kind.name(1), object.name_any());
    let finalizers = object.finalizers();
    if !finalizers.is_empty() {
        return Some(format!("the {what} {name} has the finalizer {}", finalizers.join(", ")));
    }
    let node = object.data.pointer("/spec/nodeName").and_then(|node| node.as_str());
    node.map(|node| {
        format!("the {what} {name} is waiting for the kubelet of {node} to confirm its termination")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_reports_conditions_and_finalizers() {
        let namespace: Namespace = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "netbench-a", "finalizers": ["example.org/audit"]},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Terminating", "conditions": [
                {"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "reason": "DiscoveryFailed",
                 "message": "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of \
                             server APIs: metrics.k8s.io/v1beta1"},
                {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "All content successfully \
                             deleted"},
                {"type": "NamespaceFinalizersRemaining", "status": "True",
                 "message": "Some content in the namespace has finalizers remaining: example.org/hold in 1 resource \
                             instances"}
            ]}
        }))
        .unwrap();
        assert_eq!(
            of_namespace(&namespace),
            [
                "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: \
                 metrics.k8s.io/v1beta1",
                "Some content in the namespace has finalizers remaining: example.org/hold in 1 resource instances",
                "the namespace has the finalizer example.org/audit",
            ]
        );
    }
}
