//! Which nodes are measured. Pure: from the cluster's list of nodes to the chosen ones.

use std::collections::HashSet;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Node, Taint, Toleration};
use kube::ResourceExt;

use crate::document::{self, LeftOut};
use crate::explanation::{Explanation, nearest};
use crate::sanitize;

/// The taint that a cordoned node has, or will have in a moment.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Which nodes were asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Those of the list that can be measured without further ado.
    Usable {
        /// Taints that keep no node out.
        tolerated: Vec<Toleration>,
    },
    /// These, in this order, in spite of taints and cordons.
    Named(Vec<String>),
}

/// A node that will be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// What the document says of it.
    pub node: document::Node,
    /// Tolerations for exactly the taints that the node has.
    pub tolerations: Vec<Toleration>,
    /// Its addresses, those inside of the cluster's network first.
    pub addresses: Vec<NodeAddress>,
    /// Why no pod will run on it, although it was asked for by name.
    pub unusable: Option<String>,
}

/// An address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeAddress {
    /// The address.
    pub ip: IpAddr,
    /// Whether it is the one for the world outside of the cluster's network.
    pub external: bool,
}

/// What came of a choice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// At least as many as were needed.
    pub chosen: Vec<Chosen>,
    /// The rest, with reasons.
    pub left_out: Vec<LeftOut>,
}

/// Why nodes cannot be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A name is not in the cluster.
    #[error("there is no node `{name}` in this cluster")]
    Unknown {
        /// The name.
        name: String,
        /// The most similar one there is.
        nearest: Option<String>,
    },
    /// One name was given where two are needed, or the same one twice.
    #[error("a node cannot be measured against itself: `{name}` is named twice")]
    Same {
        /// The name.
        name: String,
    },
    /// Fewer nodes are left than are needed.
    #[error("{}", match needed { 1 => "no node can be measured", _ => "fewer than two nodes can be measured" })]
    TooFew {
        /// How many there must be.
        needed: usize,
        /// Those that are usable.
        usable: Vec<String>,
        /// Those that are not.
        left_out: Vec<LeftOut>,
    },
}

impl SelectionError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => what.help(format!("did you mean `{nearest}`?")),
            Self::Unknown { .. } => what.help("`kubectl get nodes` lists the nodes"),
            Self::Same { .. } => what.help("name two different nodes"),
            Self::TooFew { usable, left_out, .. } => {
                let mut why: Vec<String> = usable.iter().map(|name| format!("{name}: usable")).collect();
                why.extend(left_out.iter().map(|node| format!("{}: {}", node.name, node.reason)));
                let what =
                    if why.is_empty() { what.cause("no node matches") } else { what.cause(why.join("\n")) };
                what.help("name nodes on the command line to use them in spite of taints and cordons")
            }
        }
    }
}

/// Chooses from `nodes`, the cluster's; at least `needed`.
///
/// # Errors
/// An unknown name, or too few nodes.
pub fn choose(nodes: &[Node], wanted: &Wanted, needed: usize) -> Result<Choice, SelectionError> {
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    match wanted {
        Wanted::Usable { tolerated } => {
            for node in nodes {
                match obstacle(node).or_else(|| taint_or_cordon(node, tolerated)) {
                    Some(reason) => left_out.push(LeftOut { name: sanitize::line(&node.name_any()), reason }),
                    None => chosen.push(choice(node)),
                }
            }
        }
        Wanted::Named(names) => {
            let mut seen = HashSet::new();
            for name in names.iter().filter(|name| seen.insert(*name)) {
                let node = nodes.iter().find(|node| node.name_any() == *name);
                chosen.push(choice(node.ok_or_else(|| unknown(name, nodes))?));
            }
            if let [name] = names.iter().collect::<HashSet<_>>().into_iter().collect::<Vec<_>>()[..]
                && names.len() > 1
            {
                return Err(SelectionError::Same { name: name.clone() });
            }
        }
    }
    if chosen.len() < needed {
        let usable = chosen.into_iter().map(|chosen| chosen.node.name).collect();
        return Err(SelectionError::TooFew { needed, usable, left_out });
    }
    Ok(Choice { chosen, left_out })
}

fn unknown(name: &str, nodes: &[Node]) -> SelectionError {
    let names: Vec<String> = nodes.iter().map(ResourceExt::name_any).collect();
    SelectionError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, names.iter().map(String::as_str)),
    }
}

/// What keeps every pod from running on a node.
pub(super) fn obstacle(node: &Node) -> Option<String> {
    words_of_obstacle(node).map(|reason| sanitize::reason(&reason))
}

fn words_of_obstacle(node: &Node) -> Option<String> {
    let labels = node.labels();
    if let Some(os) = labels.get("kubernetes.io/os").filter(|os| *os != "linux") {
        return Some(format!("runs {os}, and only Linux is measured"));
    }
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
    match conditions.unwrap_or_default().iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => None,
        Some(ready) => {
            let message = ready.message.as_deref().map_or(String::new(), |message| format!(": {message}"));
            Some(format!("not ready{}", message.trim_end_matches('.')))
        }
        None => Some("not ready: its kubelet has not reported yet".to_owned()),
    }
}

/// What keeps pods away that are not for this node in particular.
fn taint_or_cordon(node: &Node, tolerated: &[Toleration]) -> Option<String> {
    let spec = node.spec.as_ref()?;
    if spec.unschedulable == Some(true) {
        return Some("cordoned".to_owned());
    }
    let repels = |taint: &&Taint| repels(taint) && !tolerated.iter().any(|one| tolerates(one, taint));
    let taint = spec.taints.as_deref().unwrap_or_default().iter().find(repels)?;
    let value = taint.value.as_deref().map_or(String::new(), |value| format!("={value}"));
    Some(sanitize::reason(&format!("has the taint {}{value}:{}", taint.key, taint.effect)))
}

fn repels(taint: &Taint) -> bool {
    matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
}

/// Whether a toleration is one of a taint, by the rules of Kubernetes.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let value = taint.value.as_deref().unwrap_or_default();
    toleration.key.as_ref().is_none_or(|key| *key == taint.key)
        && toleration.effect.as_ref().is_none_or(|effect| *effect == taint.effect)
        && (toleration.operator.as_deref() == Some("Exists")
            || toleration.value.as_deref().unwrap_or_default() == value)
}

fn choice(node: &Node) -> Chosen {
    Chosen {
        node: describe(node),
        tolerations: tolerations(node),
        addresses: addresses(node),
        unusable: obstacle(node),
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

/// Tolerates exactly what the node has: nothing else is let onto it by this.
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

/// What a cluster says of its nodes is shown to people.
fn describe(node: &Node) -> document::Node {
    let label =
        |key: &str| node.labels().get(key).filter(|value| !value.is_empty()).map(|text| sanitize::line(text));
    let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
    document::Node {
        name: sanitize::line(&node.name_any()),
        zone: label("topology.kubernetes.io/zone"),
        region: label("topology.kubernetes.io/region"),
        instance_type: label("node.kubernetes.io/instance-type"),
        architecture: info.map(|info| sanitize::line(&info.architecture)),
        os_image: info.map(|info| sanitize::line(&info.os_image)),
        kernel: info.map(|info| sanitize::line(&info.kernel_version)),
        kubelet: info.map(|info| sanitize::line(&info.kubelet_version)),
        container_runtime: info.map(|info| sanitize::line(&info.container_runtime_version)),
        iperf3: None,
    }
}

#[cfg(test)]
mod tests;
