//! What a cluster's policies ask of pods and other objects.

use std::collections::BTreeMap;

use clap::Args;
use k8s_openapi::api::core::v1::Toleration;

use super::PlacementArgs;
use crate::cluster::objects::MANAGED_BY;
use crate::document::{Path, PodParameters};
use crate::testbed::kubernetes::{Amount, Marks, PodOptions};

/// What the objects of a run are to have.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pods")]
pub struct PodArgs {
    /// Each of them.
    #[command(flatten)]
    pub objects: ObjectArgs,
    /// Make a `NetworkPolicy` that lets only the run's own clients in.
    #[arg(long, conflicts_with_all = ["keep", "to"], hide_short_help = true)]
    pub network_policy: bool,
}

/// What every object that is made is to have, and each pod.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pods")]
pub struct ObjectArgs {
    /// A label for every object that is made; may be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = parse_label, hide_short_help = true)]
    labels: Vec<(String, String)>,
    /// An annotation for every object that is made; may be repeated.
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = parse_annotation, hide_short_help = true)]
    annotations: Vec<(String, String)>,
    /// What each container asks for [default: cpu=10m,memory=32Mi].
    #[arg(long, value_name = "NAME=AMOUNT,...", value_delimiter = ',', value_parser = parse_amount, hide_short_help = true)]
    requests: Vec<(String, Amount)>,
    /// What each container may have; a limit on CPU may be what is measured [default: none].
    #[arg(long, value_name = "NAME=AMOUNT,...", value_delimiter = ',', value_parser = parse_amount, hide_short_help = true)]
    limits: Vec<(String, Amount)>,
    /// A secret of the namespace to pull the image with; may be repeated.
    #[arg(long = "image-pull-secret", value_name = "SECRET", hide_short_help = true)]
    pull_secrets: Vec<String>,
    /// A service account of the namespace for the pods; its token is not mounted.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    service_account: Option<String>,
    /// The priority class of the pods.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    priority_class: Option<String>,
    /// The runtime class of the pods.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    runtime_class: Option<String>,
    /// A taint that pods tolerate, so that nodes with it are measured too; may be repeated. Those
    /// of nodes that are named are tolerated anyway.
    #[arg(long = "toleration", value_name = "KEY[=VALUE][:EFFECT]", value_parser = parse_toleration, hide_short_help = true)]
    tolerations: Vec<Toleration>,
}

impl PodArgs {
    /// The flags that a run was made with.
    ///
    /// # Errors
    /// What is wrong with those that a document tells.
    pub fn of(parameters: &PodParameters) -> Result<Self, String> {
        Ok(Self { objects: ObjectArgs::of(parameters)?, network_policy: parameters.network_policy })
    }

    /// The flags as documents tell them.
    pub fn parameters(&self) -> PodParameters {
        PodParameters { network_policy: self.network_policy, ..self.objects.parameters() }
    }

    /// The flags as options of a testbed.
    pub fn options(&self) -> PodOptions {
        PodOptions { network_policy: self.network_policy, ..self.objects.options() }
    }

    /// Why these flags cannot be used with the namespace that is `given`, and in this placement.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self, given: Option<&str>, placement: &PlacementArgs) -> Result<(), String> {
        if self.network_policy && (placement.keep || placement.to.is_some()) {
            // as the command line has it, but a saved run may say anything
            return Err(
                "--network-policy cannot be used with --keep or --to: leave one of them out".to_owned()
            );
        }
        if self.network_policy && placement.paths().contains(&Path::LoadBalancer) {
            return Err(
                "--network-policy does not know where a load balancer's traffic comes from: leave it out, \
                or use another --path"
                    .to_owned(),
            );
        }
        let of_namespace = [
            (!self.objects.pull_secrets.is_empty(), "--image-pull-secret"),
            (self.objects.service_account.is_some(), "--service-account"),
        ];
        match of_namespace.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, flag)) if given.is_none() => {
                Err(format!("{flag} is of a namespace that is there already: name it with --namespace"))
            }
            _ => Ok(()),
        }
    }
}

impl ObjectArgs {
    fn of(parameters: &PodParameters) -> Result<Self, String> {
        Ok(Self {
            labels: pairs(parse_label, &parameters.labels)?,
            annotations: pairs(parse_annotation, &parameters.annotations)?,
            requests: pairs(parse_amount, &parameters.requests)?,
            limits: pairs(parse_amount, &parameters.limits)?,
            pull_secrets: parameters.image_pull_secrets.clone(),
            service_account: parameters.service_account.clone(),
            priority_class: parameters.priority_class.clone(),
            runtime_class: parameters.runtime_class.clone(),
            tolerations: {
                let tolerations = parameters.tolerations.iter().map(|text| parse_toleration(text));
                tolerations.collect::<Result<_, _>>()?
            },
        })
    }

    fn parameters(&self) -> PodParameters {
        let pairs = |pairs: &[(String, String)]| pairs.iter().cloned().collect();
        let amounts = |amounts: &[(String, Amount)]| {
            amounts.iter().map(|(name, amount)| (name.clone(), amount.as_str().to_owned())).collect()
        };
        PodParameters {
            labels: pairs(&self.labels),
            annotations: pairs(&self.annotations),
            requests: amounts(&self.requests),
            limits: amounts(&self.limits),
            image_pull_secrets: self.pull_secrets.clone(),
            service_account: self.service_account.clone(),
            priority_class: self.priority_class.clone(),
            runtime_class: self.runtime_class.clone(),
            tolerations: self.tolerations.iter().map(written).collect(),
            network_policy: false,
        }
    }

    /// The flags as options of a testbed.
    pub fn options(&self) -> PodOptions {
        PodOptions {
            marks: Marks {
                labels: self.labels.iter().cloned().collect(),
                annotations: self.annotations.iter().cloned().collect(),
            },
            requests: self.requests.iter().cloned().collect(),
            limits: self.limits.iter().cloned().collect(),
            pull_secrets: self.pull_secrets.clone(),
            service_account: self.service_account.clone(),
            priority_class: self.priority_class.clone(),
            runtime_class: self.runtime_class.clone(),
            tolerations: self.tolerations.clone(),
            network_policy: false,
        }
    }
}

/// Reads what flags have as `NAME=VALUE` and documents as pairs.
fn pairs<T>(
    parse: fn(&str) -> Result<T, String>,
    pairs: &BTreeMap<String, String>,
) -> Result<Vec<T>, String> {
    pairs.iter().map(|(name, value)| parse(&format!("{name}={value}"))).collect()
}

/// Prefixes of labels and annotations that are ours, or decide how a run's objects are found.
const OURS: [&str; 4] =
    ["netbench.dev/", "app.kubernetes.io/name", MANAGED_BY, "pod-security.kubernetes.io/"];

fn parse_annotation(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("`{text}` is not an annotation: write KEY=VALUE, as team=network");
    let (key, value) = text.split_once('=').ok_or_else(wrong)?;
    if !is_key(key) {
        return Err(wrong());
    }
    match OURS.iter().find(|ours| key.starts_with(**ours)) {
        Some(ours) => Err(format!("{ours} is set by the run itself")),
        None => Ok((key.to_owned(), value.to_owned())),
    }
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = parse_annotation(text).map_err(|why| why.replace("an annotation", "a label"))?;
    if value.is_empty() || is_name(&value) {
        return Ok((key, value));
    }
    Err(format!("`{value}` cannot be the value of a label: at most 63 letters, digits, `-`, `_` and `.`"))
}

fn parse_amount(text: &str) -> Result<(String, Amount), String> {
    let wrong = || format!("`{text}` is not an amount of a resource: write cpu=100m or memory=64Mi");
    let (name, amount) = text.split_once('=').ok_or_else(wrong)?;
    if !is_key(name) {
        return Err(wrong());
    }
    Ok((name.to_owned(), Amount::parse(amount).ok_or_else(wrong)?))
}

/// As `kubectl taint` writes taints.
fn parse_toleration(text: &str) -> Result<Toleration, String> {
    let wrong = || format!("`{text}` is not a toleration: write KEY, KEY=VALUE or KEY=VALUE:NoSchedule");
    let (taint, effect) = match text.rsplit_once(':') {
        None => (text, None),
        Some((taint, effect @ ("NoSchedule" | "NoExecute" | "PreferNoSchedule"))) => (taint, Some(effect)),
        Some(_) => return Err(wrong()),
    };
    let (key, value) = taint.split_once('=').map_or((taint, None), |(key, value)| (key, Some(value)));
    if !is_key(key) {
        return Err(wrong());
    }
    Ok(Toleration {
        key: Some(key.to_owned()),
        operator: Some(if value.is_some() { "Equal" } else { "Exists" }.to_owned()),
        value: value.map(str::to_owned),
        effect: effect.map(str::to_owned),
        ..Toleration::default()
    })
}

/// What [`parse_toleration`] reads.
fn written(toleration: &Toleration) -> String {
    let part = |before: &str, part: &Option<String>| part.as_ref().map(|part| format!("{before}{part}"));
    let parts = [part("", &toleration.key), part("=", &toleration.value), part(":", &toleration.effect)];
    parts.into_iter().flatten().collect()
}

/// Whether this can be the key of a label: a name, perhaps with a domain before it.
fn is_key(text: &str) -> bool {
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    let is_domain = |domain: &str| {
        (1..=253).contains(&domain.len())
            && domain.chars().all(|character| character.is_ascii_alphanumeric() || "-.".contains(character))
    };
    domain.is_none_or(is_domain) && is_name(name)
}

fn is_name(text: &str) -> bool {
    let is_inner = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let is_outer = |character: Option<char>| character.is_some_and(|one| one.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(is_inner)
        && is_outer(text.chars().next())
        && is_outer(text.chars().next_back())
}

#[cfg(test)]
mod tests;
