//! The responses of the API server to objects of the run in a dry run: which it rejects, and what policies and
//! webhooks change in its pods.

mod changes;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::{ClusterSnapshot, Item, ItemRemedy, MAX_NAMES, Topic, Unchecked};
use crate::cluster::{Rejection, RequestError, RequestErrorKind};
use crate::options::PodSecurityLevel;
use crate::quantity::join_first;
use crate::sanitize;
use crate::testbed::kubernetes::objects::{Network, POD_SECURITY_ENFORCE};
use crate::testbed::kubernetes::{DryRun, DryRunObject, DryRuns, Needs, has_client_jobs};

/// The annotation with the PodSecurityPolicy that has admitted a pod.
const SECURITY_POLICY: &str = "kubernetes.io/psp";

/// The annotation with the security context constraint that has admitted a pod.
const SECURITY_CONTEXT_CONSTRAINT: &str = "openshift.io/scc";

pub(super) fn check(needs: &Needs, cluster: &ClusterSnapshot<'_>, unchecked: &mut Unchecked) -> Vec<Item> {
    let dry_runs = cluster.dry_runs;
    let check = Check {
        needs,
        dry_runs,
        has_client_jobs: has_client_jobs(needs.client_mode, &cluster.facts.permissions),
    };
    for DryRun { answer, .. } in &dry_runs.answers {
        if let Some(error) = answer.as_ref().err().filter(|error| error.rejection().is_none()) {
            unchecked.add(error);
        }
    }
    let mut items = check.rejections();
    items.extend(check.pod_security());
    items.extend(check.changes());
    items.extend(check.admitted());
    let order = [Topic::PodSecurity, Topic::LimitRange, Topic::Quota, Topic::Admission];
    let position = |topic| order.iter().position(|other| *other == topic).unwrap_or(order.len());
    items.sort_by_key(|item| position(item.topic));
    items
}

/// Objects that were rejected for the same reason.
struct Rejected<'a> {
    rejection: Rejection,
    /// The message of the API server, without the name of the object.
    reason: &'a str,
    objects: Vec<DryRunObject>,
    error: &'a RequestError,
}

struct Check<'a> {
    needs: &'a Needs,
    dry_runs: &'a DryRuns,
    has_client_jobs: bool,
}

impl Check<'_> {
    /// Marks a finding about pods in a namespace that is not that of the run.
    fn marked(&self, found: String) -> String {
        match self.needs.given {
            Some(_) => found,
            None => {
                format!("{found} (as in namespace {}; a new namespace may differ)", self.dry_runs.namespace)
            }
        }
    }

    /// The pods as they were sent, and as they would be stored.
    fn admitted_pods(&self) -> impl Iterator<Item = (&Pod, &Pod)> {
        let answers = self.dry_runs.answers.iter();
        answers.filter_map(|dry_run| Some((dry_run.sent.as_ref()?, dry_run.answer.as_ref().ok()?.as_ref()?)))
    }

    fn rejections(&self) -> Vec<Item> {
        let mut rejected: Vec<Rejected<'_>> = Vec::new();
        for (object, rejection, error) in self.dry_runs.rejected() {
            let reason = reason(error);
            let is_namespace = |object| object == DryRunObject::Namespace;
            let same = rejected.iter_mut().find(|other| {
                (other.rejection, other.reason) == (rejection, reason)
                    && is_namespace(other.objects[0]) == is_namespace(object)
            });
            match same {
                Some(same) => same.objects.push(object),
                None => rejected.push(Rejected { rejection, reason, objects: vec![object], error }),
            }
        }
        rejected.iter().filter_map(|rejected| self.rejection(rejected)).collect()
    }

    fn rejection(&self, rejected: &Rejected<'_>) -> Option<Item> {
        let Rejected { rejection, reason, objects, .. } = rejected;
        let names = list(objects);
        let is_own_namespace = objects[0] == DryRunObject::Namespace;
        let is_given = self.needs.given.is_some();
        let topic = match rejection {
            // reported with the missing permissions
            Rejection::Permission => return None,
            // reported with the namespace
            Rejection::NamespaceMissing | Rejection::NamespaceTerminating if is_given => return None,
            Rejection::NamespaceMissing | Rejection::NamespaceTerminating | Rejection::DryRunUnsupported => {
                return Some(Item::warning(
                    Topic::NotChecked,
                    format!("{names} could not be checked: {reason}"),
                    "a run shows whether the object is admitted",
                ));
            }
            // the run's own namespace would enforce privileged
            Rejection::PodSecurity
                if !is_given && self.needs.settings.pod_security() == PodSecurityLevel::Privileged =>
            {
                return None;
            }
            Rejection::PodSecurity | Rejection::PodSecurityPolicy | Rejection::SecurityContextConstraint => {
                Topic::PodSecurity
            }
            Rejection::LimitRange => Topic::LimitRange,
            Rejection::Quota | Rejection::QuotaWithoutResources => Topic::Quota,
            Rejection::RoleEscalation
            | Rejection::WebhookFailure
            | Rejection::Policy
            | Rejection::Invalid => Topic::Admission,
        };
        let found = format!("{names} rejected: {reason}");
        // the policies of another namespace may not apply to that of the run, unless they are cluster-wide
        let is_cluster_wide =
            matches!(rejection, Rejection::PodSecurityPolicy | Rejection::SecurityContextConstraint);
        let found = if is_own_namespace { found } else { self.marked(found) };
        let item =
            if is_given || is_own_namespace || is_cluster_wide { Item::problem } else { Item::warning };
        let item = item(topic, found, self.remedy(rejected));
        Some(if is_given && self.are_all_servers_rejected() { item.fatal() } else { item })
    }

    /// Whether no server can start; otherwise a run can measure the paths of one of its networks. A webhook that
    /// fails may be back in a moment, and one that does not support dry runs may admit the pods of the run.
    fn are_all_servers_rejected(&self) -> bool {
        let is_server = |dry_run: &&DryRun| matches!(dry_run.object, DryRunObject::ServerPod(_));
        let is_certain = |error: &RequestError| {
            let rejection = error.rejection();
            rejection
                .is_some_and(|by| !matches!(by, Rejection::WebhookFailure | Rejection::DryRunUnsupported))
        };
        let mut servers = self.dry_runs.answers.iter().filter(is_server);
        servers.all(|dry_run| dry_run.answer.as_ref().is_err_and(is_certain))
    }

    fn remedy(&self, rejected: &Rejected<'_>) -> ItemRemedy {
        let Rejected { rejection, objects, error, .. } = rejected;
        let host = DryRunObject::ServerPod(Network::Host);
        match (rejection, &self.needs.given) {
            (Rejection::PodSecurity, Some(name)) if objects.contains(&host) => {
                let label = format!("kubectl label namespace {name} {POD_SECURITY_ENFORCE}=privileged --overwrite");
                format!("{label}, or omit --host").into()
            }
            // pods on the pod network satisfy every level as they are sent
            (Rejection::PodSecurity, _) => "exclude the pods from the webhook that adds what violates the level, for \
                                            example by a label: --label KEY=VALUE"
                .into(),
            (Rejection::LimitRange, Some(_)) => ItemRemedy::OrOmitNamespace(
                "set --requests and --limits (such as cpu=10m,memory=32Mi) within the LimitRange of the namespace"
                    .to_owned(),
            ),
            (Rejection::Quota, Some(_)) => {
                ItemRemedy::OrOmitNamespace("raise the quota of the namespace or test fewer nodes".to_owned())
            }
            (Rejection::LimitRange, None) => "ignore this if new namespaces have no LimitRange".into(),
            (Rejection::Quota | Rejection::QuotaWithoutResources, None) => {
                "ignore this if new namespaces have no ResourceQuota".into()
            }
            (Rejection::WebhookFailure, _) => {
                "check whether the webhook runs: kubectl get \
                 validatingwebhookconfigurations,mutatingwebhookconfigurations"
                    .into()
            }
            (Rejection::Policy, None) if objects.contains(&DryRunObject::Namespace) => {
                "add what the policy requires with --label or --annotation, or run in an existing namespace: \
                 --namespace NAME"
                    .into()
            }
            (Rejection::Policy, _) if objects[..] == [host] => {
                "omit --host, or ask a cluster administrator for an exception".into()
            }
            (Rejection::Policy, _) => "add what the policy requires with --label or --annotation, or ask a cluster \
                                       administrator for an exception"
                .into(),
            _ => error.remedy().unwrap_or_else(|| "change the flag that sets this field".to_owned()).into(),
        }
    }

    /// What has admitted the pods, if their security was not the reason for a rejection.
    fn pod_security(&self) -> Option<Item> {
        let is_security = |rejection| {
            matches!(
                rejection,
                Rejection::PodSecurity | Rejection::PodSecurityPolicy | Rejection::SecurityContextConstraint
            )
        };
        if let Some(item) = self.service_account() {
            return Some(item);
        }
        if self.needs.given.is_none() {
            let level = self.needs.settings.pod_security().name();
            let mut answers = self.dry_runs.answers.iter();
            let namespace = answers.find(|dry_run| dry_run.object == DryRunObject::Namespace);
            let unknown = match namespace.map(|dry_run| &dry_run.answer) {
                Some(Ok(_)) => "",
                Some(Err(_)) => return None,
                None => "; an admission policy could reject its labels",
            };
            return Some(Item::ok(
                Topic::PodSecurity,
                format!("the new namespace enforces the {level} level{unknown}"),
            ));
        }
        let is_rejected = self.dry_runs.rejected().any(|(_, rejection, _)| is_security(rejection));
        (!is_rejected && self.admitted_pods().next().is_some()).then(|| {
            Item::ok(Topic::PodSecurity, format!("namespace {} admits the pods", self.dry_runs.namespace))
        })
    }

    /// The PodSecurityPolicy or security context constraint that has admitted the pods, which depends on who
    /// creates them: the pods of Jobs are only admitted by those of their service account.
    fn service_account(&self) -> Option<Item> {
        let by = |annotation: &str| -> BTreeSet<String> {
            let admitted = self.admitted_pods();
            admitted
                .filter_map(|(_, pod)| pod.annotations().get(annotation))
                .map(|name| sanitize::line(name))
                .collect()
        };
        let (kind, names) = [("PodSecurityPolicy", SECURITY_POLICY), ("SCC", SECURITY_CONTEXT_CONSTRAINT)]
            .into_iter()
            .map(|(kind, annotation)| (kind, by(annotation)))
            .find(|(_, names)| !names.is_empty())?;
        // every service account may use these SCCs
        let is_for_all = kind == "SCC" && names.iter().all(|name| name.starts_with("restricted"));
        let names = join_first(&names, MAX_NAMES);
        if !self.has_client_jobs || is_for_all {
            return Some(Item::ok(
                Topic::PodSecurity,
                self.marked(format!("admitted by the {kind} {names}")),
            ));
        }
        let account = self.needs.settings.options.objects.service_account.as_deref().unwrap_or("default");
        let account = match &self.needs.given {
            Some(namespace) => format!("the service account {account} of namespace {namespace}"),
            None => "the group system:serviceaccounts".to_owned(),
        };
        Some(Item::warning(
            Topic::PodSecurity,
            self.marked(format!(
                "pods that you create are admitted by the {kind} {names}; those of client Jobs depend on {account}"
            )),
            format!("use --via exec, or grant {account} the verb `use` on the {kind}"),
        ))
    }

    /// The objects that were admitted, if all were.
    fn admitted(&self) -> Option<Item> {
        let answers = &self.dry_runs.answers;
        if answers.is_empty() || answers.iter().any(|dry_run| dry_run.answer.is_err()) {
            return None;
        }
        let objects: Vec<DryRunObject> = answers.iter().map(|dry_run| dry_run.object).collect();
        let place = match &self.needs.given {
            Some(_) => String::new(),
            None => {
                format!(" (pods as in namespace {}; a new namespace may differ)", self.dry_runs.namespace)
            }
        };
        Some(Item::ok(Topic::Admission, format!("admitted in a dry run: {}{place}", list(&objects))))
    }
}

/// `server pod, client pod and Service`.
fn list(objects: &[DryRunObject]) -> String {
    let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}

/// The message of a rejection without the name of the object, which differs between objects:
/// `pods "x" is forbidden: REASON`.
fn reason(error: &RequestError) -> &str {
    let RequestErrorKind::Refused { message, .. } = &error.kind else {
        return "";
    };
    let named = ["\" is forbidden: ", "\" is invalid: "];
    let reason = named.iter().find_map(|named| {
        let (object, reason) = message.split_once(named)?;
        let (kind, name) = object.split_once(" \"")?;
        let is_object = !kind.contains(' ') && !name.contains(' ');
        is_object.then_some(reason)
    });
    reason.unwrap_or(message)
}

#[cfg(test)]
mod tests;
