//! What the pods and other objects of a run look like, as cluster policies demand it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::{OptionInfo, flag_value, joined};
use super::duration::parse_time;
use super::measurement::is_false;
use super::resource::ResourceQuantity;
use super::text::{self, is_label_value, is_qualified_name};

/// What every created object and each pod has.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Pods")]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectOptions {
    /// Label for every created object; repeatable
    #[arg(long = "label", value_name = "KEY=VALUE", hide_short_help = true)]
    #[serde(with = "text::map", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub labels: Vec<Label>,
    /// Annotation for every created object; repeatable
    #[arg(long = "annotation", value_name = "KEY=VALUE", hide_short_help = true)]
    #[serde(with = "text::map", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub annotations: Vec<Annotation>,
    /// Resource requests of each container [default: cpu=10m,memory=32Mi]
    #[arg(long, value_name = "NAME=QUANTITY,...", value_delimiter = ',', hide_short_help = true)]
    #[serde(with = "text::map", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub requests: Vec<Resource>,
    /// Resource limits of each container; a CPU limit may throttle the measurement [default: none]
    #[arg(long, value_name = "NAME=QUANTITY,...", value_delimiter = ',', hide_short_help = true)]
    #[serde(with = "text::map", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub limits: Vec<Resource>,
    /// When the nodes pull the image [default: that of the cluster: always for the tag latest, else if it is missing]
    #[arg(long, value_enum, value_name = "POLICY", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// Image pull secret of the namespace; repeatable
    #[arg(long = "image-pull-secret", value_name = "SECRET", hide_short_help = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    /// Service account of the pods; its token is not mounted
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Priority class of the pods
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class: Option<String>,
    /// Runtime class of the pods
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_class: Option<String>,
    /// Taint that the pods tolerate, so that nodes with it are measured too; repeatable.
    /// Taints of nodes that are named are tolerated anyway
    #[arg(long = "toleration", value_name = "KEY[=VALUE][:EFFECT]", hide_short_help = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<TaintToleration>,
}

/// When a node pulls an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
pub enum ImagePullPolicy {
    /// Before every start of a container
    #[value(name = "Always")]
    Always,
    /// If the node does not have it
    #[value(name = "IfNotPresent")]
    IfNotPresent,
    /// Never: the node must have it
    #[value(name = "Never")]
    Never,
}

impl ImagePullPolicy {
    /// The name in the API of Kubernetes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// A level of the Pod Security standards, from strict to lenient.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "camelCase")]
pub enum PodSecurityLevel {
    /// As the pods of a run are
    Restricted,
    /// For containers that webhooks add, without special privileges
    Baseline,
    /// For the host network, and for anything that webhooks add
    Privileged,
}

impl PodSecurityLevel {
    /// The value of the labels of a namespace.
    pub fn name(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Baseline => "baseline",
            Self::Privileged => "privileged",
        }
    }

    /// The level with this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Restricted, Self::Baseline, Self::Privileged].into_iter().find(|level| level.name() == name)
    }
}

/// What the pods of a run have.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Pods")]
#[serde(rename_all = "camelCase", default)]
pub struct PodOptions {
    /// What any pod of this program has.
    #[command(flatten)]
    #[serde(flatten)]
    pub objects: ObjectOptions,
    /// How long a pod may take to start, without pulling its image (up to 3 minutes) [default: 1m]
    #[arg(long = "start-timeout", value_name = "DURATION", value_parser = parse_time, hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timeout_seconds: Option<u32>,
    /// Pod Security level that the run's own namespace enforces [default: restricted; with --host: privileged]
    #[arg(long = "pod-security", value_enum, value_name = "LEVEL", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_security: Option<PodSecurityLevel>,
    /// Create a `NetworkPolicy` that admits only the clients of the run
    #[arg(long, conflicts_with_all = ["keep", "to"], hide_short_help = true)]
    #[serde(skip_serializing_if = "is_false")]
    pub network_policy: bool,
}

impl ObjectOptions {
    /// Every option of this group.
    pub const CATALOG: &[OptionInfo<Self>] = &[
        OptionInfo::new("label", "labels", |o: &Self| joined(&o.labels)).setting().neutral(),
        OptionInfo::new("annotation", "annotations", |o: &Self| joined(&o.annotations)).setting().neutral(),
        OptionInfo::new("requests", "resource requests", |o: &Self| joined(&o.requests)).setting(),
        OptionInfo::new("limits", "resource limits", |o: &Self| joined(&o.limits)).setting(),
        OptionInfo::new("image-pull-policy", "image pull policy", |o: &Self| {
            o.image_pull_policy.map(|policy| policy.name().to_owned())
        })
        .setting()
        .neutral(),
        OptionInfo::new("image-pull-secret", "image pull secrets", |o: &Self| joined(&o.image_pull_secrets))
            .setting()
            .neutral(),
        OptionInfo::new("service-account", "service account", |o: &Self| o.service_account.clone())
            .setting()
            .neutral(),
        OptionInfo::new("priority-class", "priority class", |o: &Self| o.priority_class.clone()).setting(),
        OptionInfo::new("runtime-class", "runtime class", |o: &Self| o.runtime_class.clone()).setting(),
        OptionInfo::new("toleration", "tolerations", |o: &Self| joined(&o.tolerations)).setting().neutral(),
    ];
}

impl PodOptions {
    /// Whether no option is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The Pod Security level of a run's own namespace.
    pub fn pod_security_level(&self, host_network: bool) -> PodSecurityLevel {
        let needed = if host_network { PodSecurityLevel::Privileged } else { PodSecurityLevel::Restricted };
        self.pod_security.unwrap_or(needed)
    }

    /// How long a pod may take to start, if that was set.
    pub fn start_timeout(&self) -> Option<Duration> {
        self.start_timeout_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// The options of this group beside those of [`ObjectOptions`].
    pub const CATALOG: &[OptionInfo<Self>] = &[
        OptionInfo::new("start-timeout", "start timeout", |o: &Self| {
            o.start_timeout_seconds.map(|seconds| format!("{seconds} s"))
        })
        .setting()
        .neutral(),
        OptionInfo::new("pod-security", "Pod Security level", |o: &Self| {
            o.pod_security.map(|level| level.name().to_owned())
        })
        .setting()
        .neutral(),
        OptionInfo::new("network-policy", "NetworkPolicy", |o: &Self| flag_value(o.network_policy)).setting(),
    ];
}

/// Keys, or prefixes of keys, that a run sets itself.
const RESERVED_KEYS: [&str; 4] = [
    "netbench.dev/",
    "app.kubernetes.io/name",
    "app.kubernetes.io/managed-by",
    "pod-security.kubernetes.io/",
];

/// Splits `KEY=VALUE` and checks the key.
fn key_and_value(text: &str, what: &str) -> Result<(String, String), String> {
    let invalid = || format!("`{text}` is not {what}: use KEY=VALUE, for example team=network");
    let (key, value) = text.split_once('=').ok_or_else(invalid)?;
    if !is_qualified_name(key) {
        return Err(invalid());
    }
    match RESERVED_KEYS.iter().find(|reserved| key.starts_with(**reserved)) {
        Some(reserved) => Err(format!("`{reserved}` is set by the run itself")),
        None => Ok((key.to_owned(), value.to_owned())),
    }
}

/// A label: `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// A qualified name.
    pub key: String,
    /// At most 63 characters; may be empty.
    pub value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = key_and_value(text, "a label")?;
        if value.is_empty() || is_label_value(&value) {
            return Ok(Self { key, value });
        }
        Err(format!("`{value}` is not a label value: at most 63 letters, digits, `-`, `_` and `.`"))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}={}", self.key, self.value)
    }
}

/// An annotation: `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// A qualified name.
    pub key: String,
    /// Any text.
    pub value: String,
}

impl FromStr for Annotation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = key_and_value(text, "an annotation")?;
        Ok(Self { key, value })
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}={}", self.key, self.value)
    }
}

/// A quantity of a resource: `NAME=QUANTITY`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// `cpu`, `memory` or another resource.
    pub name: String,
    /// How much of it.
    pub quantity: ResourceQuantity,
}

impl FromStr for Resource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{text}` is not a resource quantity: use cpu=100m or memory=64Mi");
        let (name, quantity) = text.split_once('=').ok_or_else(invalid)?;
        if !is_qualified_name(name) {
            return Err(invalid());
        }
        Ok(Self { name: name.to_owned(), quantity: ResourceQuantity::parse(quantity).ok_or_else(invalid)? })
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}={}", self.name, self.quantity.as_str())
    }
}

/// A toleration, written as `kubectl taint` writes taints: `KEY[=VALUE][:EFFECT]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TaintToleration {
    /// The key of the taint.
    pub key: String,
    /// `None` tolerates any value.
    pub value: Option<String>,
    /// `None` tolerates every effect.
    pub effect: Option<String>,
}

impl FromStr for TaintToleration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{text}` is not a toleration: use KEY, KEY=VALUE or KEY=VALUE:NoSchedule");
        let (taint, effect) = match text.rsplit_once(':') {
            None => (text, None),
            Some((taint, effect @ ("NoSchedule" | "NoExecute" | "PreferNoSchedule"))) => {
                (taint, Some(effect))
            }
            Some(_) => return Err(invalid()),
        };
        let (key, value) = taint.split_once('=').map_or((taint, None), |(key, value)| (key, Some(value)));
        if !is_qualified_name(key) {
            return Err(invalid());
        }
        Ok(Self { key: key.to_owned(), value: value.map(str::to_owned), effect: effect.map(str::to_owned) })
    }
}

impl fmt::Display for TaintToleration {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(formatter, "={value}")?;
        }
        if let Some(effect) = &self.effect {
            write!(formatter, ":{effect}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for TaintToleration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TaintToleration> for String {
    fn from(toleration: TaintToleration) -> Self {
        toleration.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toleration_is_parsed_as_kubectl_writes_taints() {
        let parse = |text: &str| {
            let TaintToleration { key, value, effect } = text.parse().unwrap();
            (key, value, effect)
        };
        assert_eq!(parse("dedicated"), ("dedicated".to_owned(), None, None));
        assert_eq!(
            parse("example.org/pool=gpu:NoSchedule"),
            ("example.org/pool".to_owned(), Some("gpu".to_owned()), Some("NoSchedule".to_owned()))
        );
        for text in ["dedicated", "pool=gpu", "pool=gpu:NoSchedule", "pool:NoExecute"] {
            assert_eq!(text.parse::<TaintToleration>().unwrap().to_string(), text);
        }
        for text in ["", "=gpu", "pool:Never", "a b", "pool=gpu:"] {
            assert!(text.parse::<TaintToleration>().is_err(), "{text}");
        }
    }

    #[test]
    fn invalid_and_reserved_labels_are_rejected() {
        let error = |text: &str| text.parse::<Label>().map(drop).unwrap_err();
        assert_eq!("team=network".parse::<Label>().unwrap().value, "network");
        assert_eq!("example.org/cost-centre=".parse::<Label>().unwrap().key, "example.org/cost-centre");
        assert!(error("team=two words").contains("label value"));
        assert!(error("team").contains("not a label"));
        assert!(error("netbench.dev/run=other").contains("set by the run"));
        assert!("note=two words: fine".parse::<Annotation>().is_ok());
        assert!("netbench.dev/run=other".parse::<Annotation>().is_err());
    }

    #[test]
    fn resource_without_name_is_rejected() {
        let resource: Resource = "memory=64Mi".parse().unwrap();
        assert_eq!((resource.name.as_str(), resource.quantity.as_str()), ("memory", "64Mi"));
        assert!("64Mi".parse::<Resource>().is_err_and(|error| error.contains("cpu=100m")));
    }

    #[test]
    fn reserved_label_in_a_document_is_rejected() {
        let json = r#"{"labels":{"netbench.dev/run":"other"}}"#;
        assert!(serde_json::from_str::<PodOptions>(json).is_err());
    }
}
