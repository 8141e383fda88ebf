//! The selection of the nodes to measure. Pure.

use std::collections::HashSet;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Node, Taint, Toleration};
use kube::ResourceExt;

use crate::document::{self, NodeId, SkippedNode};
use crate::explanation::{Explanation, nearest};
use crate::options::PodOptions;
use crate::sanitize;

/// The taint of cordoned nodes; a node may be cordoned a moment before it has it.
pub(super) const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// The requested nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// All nodes that pods can be scheduled to.
    Usable {
        /// The tolerations of the run: taints that they match do not exclude a node.
        tolerated: Vec<Toleration>,
    },
    /// These nodes in this order, including tainted and cordoned ones.
    Named(Vec<String>),
}

impl Wanted {
    /// All nodes that pods with these options can run on.
    pub fn usable(pods: &PodOptions) -> Self {
        Self::Usable { tolerated: pods.objects.tolerations.iter().map(Toleration::from).collect() }
    }
}

/// A node to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Its number among the chosen nodes, from 1.
    pub number: usize,
    /// The node in the run document.
    pub node: document::Node,
    /// Tolerations for exactly the taints of the node.
    pub tolerations: Vec<Toleration>,
    /// The addresses of the node, internal ones first.
    pub addresses: Vec<NodeAddress>,
    /// Why no pod can run on this node, which was requested by name.
    pub unusable: Option<String>,
}

/// An address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeAddress {
    /// The address.
    pub ip: IpAddr,
    /// Whether it is an `ExternalIP`, not an `InternalIP`.
    pub external: bool,
}

/// The result of a selection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// The selected nodes, at least as many as were needed.
    pub chosen: Vec<Chosen>,
    /// The skipped nodes and the reasons.
    pub skipped_nodes: Vec<SkippedNode>,
}

/// Why no nodes can be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// The cluster has no node of this name.
    #[error("node `{name}` not found")]
    Unknown {
        /// The requested name.
        name: String,
        /// The most similar existing name.
        nearest: Option<String>,
    },
    /// A name was given twice, and no other.
    #[error("node `{name}` is named twice")]
    Same {
        /// The name.
        name: String,
    },
    /// There are fewer usable nodes than needed.
    #[error("{}", match needed { 1 => "no usable node", _ => "fewer than two usable nodes" })]
    TooFew {
        /// The number of nodes needed.
        needed: usize,
        /// The usable nodes.
        usable: Vec<String>,
        /// The skipped nodes and the reasons.
        skipped_nodes: Vec<SkippedNode>,
    },
}

impl SelectionError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => what.help(format!("did you mean `{nearest}`?")),
            Self::Unknown { .. } => what.help("`kubectl get nodes` lists the nodes"),
            Self::Same { .. } => {
                what.cause("a node cannot be measured against itself").help("name two different nodes")
            }
            Self::TooFew { usable, skipped_nodes, .. } => {
                let mut why: Vec<String> = usable.iter().map(|name| format!("{name}: usable")).collect();
                why.extend(skipped_nodes.iter().map(|node| format!("{}: {}", node.name, node.reason)));
                let what =
                    if why.is_empty() { what.cause("no nodes match") } else { what.cause(why.join("\n")) };
                what.help("name nodes on the command line to include tainted and cordoned ones")
            }
        }
    }
}

/// Selects at least `needed` of the cluster's `nodes`.
///
/// # Errors
/// An unknown name, or too few usable nodes.
pub fn choose(nodes: &[Node], wanted: &Wanted, needed: usize) -> Result<Choice, SelectionError> {
    let (mut chosen, mut skipped_nodes) = (Vec::new(), Vec::new());
    match wanted {
        Wanted::Usable { tolerated } => {
            for node in nodes {
                match unusable_reason(node).or_else(|| unschedulable_reason(node, tolerated)) {
                    Some(reason) => {
                        skipped_nodes.push(SkippedNode { name: sanitize::line(&node.name_any()), reason });
                    }
                    None => chosen.push(selected(node, chosen.len() + 1)),
                }
            }
        }
        Wanted::Named(names) => {
            let mut seen = HashSet::new();
            for name in names.iter().filter(|name| seen.insert(*name)) {
                let node = nodes.iter().find(|node| node.name_any() == *name);
                let node = node.ok_or_else(|| unknown(name, nodes))?;
                chosen.push(selected(node, chosen.len() + 1));
            }
            if names.len() > 1 && seen.len() == 1 {
                return Err(SelectionError::Same { name: names[0].clone() });
            }
        }
    }
    if chosen.len() < needed {
        let usable = chosen.into_iter().map(|chosen| chosen.node.name.to_string()).collect();
        return Err(SelectionError::TooFew { needed, usable, skipped_nodes });
    }
    Ok(Choice { chosen, skipped_nodes })
}

fn unknown(name: &str, nodes: &[Node]) -> SelectionError {
    let names: Vec<String> = nodes.iter().map(ResourceExt::name_any).collect();
    SelectionError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, names.iter().map(String::as_str)),
    }
}

/// Why no pod can run on a node.
pub(super) fn unusable_reason(node: &Node) -> Option<String> {
    let labels = node.labels();
    if let Some(os) = labels.get("kubernetes.io/os").filter(|os| *os != "linux") {
        return Some(sanitize::reason(&format!("runs {os}; only Linux nodes can be measured")));
    }
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
    match conditions.unwrap_or_default().iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => None,
        Some(ready) => {
            let message = ready.message.as_deref().map_or(String::new(), |message| format!(": {message}"));
            Some(sanitize::reason(&format!("not ready{}", message.trim_end_matches('.'))))
        }
        None => Some("not ready: the kubelet has not reported its status yet".to_owned()),
    }
}

/// Why no pod is scheduled to a node unless the node is named.
fn unschedulable_reason(node: &Node, tolerated: &[Toleration]) -> Option<String> {
    let spec = node.spec.as_ref()?;
    if spec.unschedulable == Some(true) {
        return Some("cordoned".to_owned());
    }
    let repels = |taint: &&Taint| repels(taint) && !tolerated.iter().any(|one| tolerates(one, taint));
    let taint = spec.taints.as_deref().unwrap_or_default().iter().find(repels)?;
    let value = taint.value.as_deref().map_or(String::new(), |value| format!("={value}"));
    Some(sanitize::reason(&format!("untolerated taint {}{value}:{}", taint.key, taint.effect)))
}

fn repels(taint: &Taint) -> bool {
    matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
}

/// Whether a toleration matches a taint, by the rules of Kubernetes.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let value = taint.value.as_deref().unwrap_or_default();
    toleration.key.as_ref().is_none_or(|key| *key == taint.key)
        && toleration.effect.as_ref().is_none_or(|effect| *effect == taint.effect)
        && (toleration.operator.as_deref() == Some("Exists")
            || toleration.value.as_deref().unwrap_or_default() == value)
}

fn selected(node: &Node, number: usize) -> Chosen {
    Chosen {
        number,
        node: describe(node),
        tolerations: tolerations(node),
        addresses: addresses(node),
        unusable: unusable_reason(node),
    }
}

fn addresses(node: &Node) -> Vec<NodeAddress> {
    let all = node.status.as_ref().and_then(|status| status.addresses.as_deref()).unwrap_or_default();
    let of_kind = |kind: &'static str, external: bool| {
        all.iter()
            .filter(move |address| address.type_ == kind)
            .filter_map(move |address| Some(NodeAddress { ip: address.address.parse().ok()?, external }))
    };
    of_kind("InternalIP", false).chain(of_kind("ExternalIP", true)).collect()
}

/// Tolerations for exactly the taints of the node.
fn tolerations(node: &Node) -> Vec<Toleration> {
    let Some(spec) = &node.spec else {
        return Vec::new();
    };
    let mut tolerations: Vec<Toleration> = spec
        .taints
        .as_deref()
        .unwrap_or_default()
        .iter()
        .filter(|taint| repels(taint))
        .map(|taint| Toleration {
            key: Some(taint.key.clone()),
            operator: Some("Equal".to_owned()),
            value: Some(taint.value.clone().unwrap_or_default()),
            effect: Some(taint.effect.clone()),
            ..Toleration::default()
        })
        .collect();
    let tolerated = tolerations.iter().any(|toleration| toleration.key.as_deref() == Some(UNSCHEDULABLE));
    if spec.unschedulable == Some(true) && !tolerated {
        tolerations.push(Toleration {
            key: Some(UNSCHEDULABLE.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some("NoSchedule".to_owned()),
            ..Toleration::default()
        });
    }
    tolerations
}

/// The node in the run document. All its fields are untrusted text that is shown on terminals.
fn describe(node: &Node) -> document::Node {
    let label =
        |key: &str| node.labels().get(key).filter(|value| !value.is_empty()).map(|text| sanitize::line(text));
    let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
    document::Node {
        name: NodeId::from(sanitize::line(&node.name_any()).as_str()),
        zone: label("topology.kubernetes.io/zone"),
        region: label("topology.kubernetes.io/region"),
        instance_type: label("node.kubernetes.io/instance-type"),
        architecture: info.map(|info| sanitize::line(&info.architecture)),
        os_image: info.map(|info| sanitize::line(&info.os_image)),
        kernel: info.map(|info| sanitize::line(&info.kernel_version)),
        kubelet: info.map(|info| sanitize::line(&info.kubelet_version)),
        container_runtime: info.map(|info| sanitize::line(&info.container_runtime_version)),
        engines: document::EngineVersions::default(),
    }
}
