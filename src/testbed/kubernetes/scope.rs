//! The namespace, or the owner, that holds the objects of a run together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use tokio::time::Instant;

use super::objects;
use crate::cluster::{Cluster, RequestError, ok_if_exists, ok_if_gone, quoted, retry, retry_unanswered};
use crate::options::{ObjectOptions, PodSecurityLevel};

/// How often to check whether something is gone.
const POLL: Duration = Duration::from_millis(200);

/// How long a creation without an answer may take to happen all the same.
const LATE_CREATION: Duration = Duration::from_secs(5);

/// How long the deletion of the namespace of kept servers may take.
const KEPT_DELETION_LIMIT: Duration = Duration::from_secs(60);

/// What all objects of a run are part of: a namespace of its own, which is deleted with all its contents,
/// or a ConfigMap in a given namespace, which owns all other objects.
#[derive(Debug, Clone)]
pub struct Scope {
    run: String,
    given: Option<String>,
    level: PodSecurityLevel,
    options: ObjectOptions,
    has_policy: bool,
    owner: Option<OwnerReference>,
    creation: Arc<Mutex<Creation>>,
}

/// Whether the scope was created, and so must be deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Creation {
    /// It was not requested, or was refused.
    #[default]
    None,
    /// It was requested without an answer, and may still happen.
    Unknown,
    /// It has succeeded.
    Done,
}

impl Scope {
    /// The scope of run `run`: in the namespace `given`, or a namespace of its own.
    pub fn new(run: &str, given: Option<String>) -> Self {
        Self {
            run: run.to_owned(),
            given,
            level: PodSecurityLevel::Restricted,
            options: ObjectOptions::default(),
            has_policy: false,
            owner: None,
            creation: Arc::default(),
        }
    }

    /// The scope of kept servers.
    pub fn kept(given: Option<String>) -> Self {
        Self::new(objects::KEPT, given)
    }

    /// Sets the Pod Security level of the run's own namespace.
    #[must_use]
    pub fn enforcing(self, level: PodSecurityLevel) -> Self {
        Self { level, ..self }
    }

    /// Applies the options that concern all objects.
    #[must_use]
    pub fn with(self, objects: &ObjectOptions, has_policy: bool) -> Self {
        Self { options: objects.clone(), has_policy, ..self }
    }

    /// Makes an object of the given namespace the owner of the scope, so that both are deleted together.
    #[must_use]
    pub fn owned_by(self, owner: OwnerReference) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// The namespace of the run's objects.
    pub fn namespace(&self) -> String {
        self.given.clone().unwrap_or_else(|| self.name())
    }

    /// The given namespace; none for a namespace of the run's own.
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }

    /// The name of the namespace, or of the ConfigMap.
    fn name(&self) -> String {
        objects::scope_name(&self.run)
    }

    /// The run's own namespace.
    pub(in crate::testbed::kubernetes) fn namespace_object(&self) -> Namespace {
        objects::namespace(&self.run, self.level, &self.options)
    }

    /// The owner of all objects in a given namespace.
    pub(in crate::testbed::kubernetes) fn owner_object(&self) -> ConfigMap {
        let mut object = objects::owner(&self.run, &self.options);
        object.metadata.owner_references = self.owner.clone().map(|owner| vec![owner]);
        object
    }

    fn is_kept(&self) -> bool {
        self.run == objects::KEPT
    }

    /// The shell command that removes all objects of the run.
    pub fn removal_command(&self, kubectl_flags: &str) -> String {
        if self.is_kept() {
            let namespace = self.given.as_ref();
            let namespace = namespace.map_or(String::new(), |name| format!(" --namespace {}", quoted(name)));
            return format!("kubectl netbench cleanup{kubectl_flags}{namespace}");
        }
        match &self.given {
            // all of them, not only the owner: garbage collection may take a minute
            Some(namespace) => format!(
                "kubectl{kubectl_flags} delete jobs,services,{}pods,configmaps --namespace {} --selector {}={}",
                if self.has_policy { "networkpolicies," } else { "" },
                quoted(namespace),
                objects::RUN_LABEL,
                self.run
            ),
            None => format!("kubectl{kubectl_flags} delete namespace {}", self.name()),
        }
    }

    /// Creates the scope. Returns the owner for all objects; none in a namespace of the run's own.
    ///
    /// # Errors
    /// The cluster refuses, or the given namespace does not exist.
    pub async fn create(&self, cluster: &Cluster) -> Result<Option<OwnerReference>, RequestError> {
        self.set_creation(Creation::Unknown);
        let created = retry_unanswered(|| self.try_create(cluster)).await;
        match &created {
            Ok(_) => self.set_creation(Creation::Done),
            Err(error) if error.is_transient() => {}
            Err(_) => self.set_creation(Creation::None),
        }
        created
    }

    async fn try_create(&self, cluster: &Cluster) -> Result<Option<OwnerReference>, RequestError> {
        match &self.given {
            Some(namespace) => self.create_owner(cluster, namespace).await.map(Some),
            None => self.create_namespace(cluster).await.map(|()| None),
        }
    }

    async fn create_namespace(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let (api, namespace) = (cluster.all::<Namespace>(), self.namespace_object());
        let (doing, parameters) = (format!("create the namespace {}", self.name()), PostParams::default());
        let created = ok_if_exists(cluster.call(doing, api.create(&parameters, &namespace)).await)?;
        if created.is_none() && self.is_kept() {
            self.adapt_kept_namespace(cluster).await?;
        }
        Ok(())
    }

    async fn create_owner(&self, cluster: &Cluster, namespace: &str) -> Result<OwnerReference, RequestError> {
        let (api, owner, name) = (cluster.namespaced(namespace), self.owner_object(), self.name());
        let doing = format!("create the ConfigMap {name} in the namespace {namespace}");
        let parameters = PostParams::default();
        let owner = match ok_if_exists(cluster.call(&doing, api.create(&parameters, &owner)).await)? {
            Some(created) => created,
            None => cluster.call(&doing, api.get(&name)).await?,
        };
        Ok(OwnerReference {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            uid: owner.uid().unwrap_or_default(),
            name,
            // blocking the deletion of the owner takes a permission on finalizers, and is not needed
            block_owner_deletion: None,
            controller: None,
        })
    }

    /// Prepares the existing namespace of kept servers for those of this run: it may be terminating, or
    /// enforce a Pod Security level that is too strict.
    async fn adapt_kept_namespace(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let (api, namespace, name) = (cluster.all::<Namespace>(), self.namespace_object(), self.name());
        let doing = format!("use the namespace {name}");
        let give_up = Instant::now() + KEPT_DELETION_LIMIT;
        let found = loop {
            let Some(found) = cluster.call(&doing, api.get_opt(&name)).await? else {
                return cluster.call(&doing, api.create(&PostParams::default(), &namespace)).await.map(drop);
            };
            if found.metadata.deletion_timestamp.is_none() || Instant::now() >= give_up {
                break found;
            }
            tokio::time::sleep(POLL).await;
        };
        let level = found.labels().get(objects::POD_SECURITY_ENFORCE);
        // without a label, everything is admitted
        let level = level.map_or(Some(PodSecurityLevel::Privileged), |name| PodSecurityLevel::of(name));
        if level.is_some_and(|level| level >= self.level) {
            return Ok(());
        }
        let patch = Patch::Merge(serde_json::json!({"metadata": {"labels": namespace.metadata.labels}}));
        cluster.call(&doing, api.patch(&name, &PatchParams::default(), &patch)).await.map(drop)
    }

    fn creation(&self) -> Creation {
        // nothing panics while it is locked
        *self.creation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_creation(&self, creation: Creation) {
        *self.creation.lock().unwrap_or_else(PoisonError::into_inner) = creation;
    }

    /// Deletes the scope, and with it all objects of the run. A scope that is gone already is no error.
    ///
    /// # Errors
    /// The cluster refuses.
    pub async fn delete(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let wait = match self.creation() {
            Creation::None => return Ok(()),
            Creation::Unknown => LATE_CREATION,
            Creation::Done => Duration::ZERO,
        };
        let deleted = retry(wait, POLL, RequestError::is_not_found, || self.try_delete(cluster));
        ok_if_gone(deleted.await)
    }

    async fn try_delete(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let (name, parameters) = (self.name(), DeleteParams::background());
        match &self.given {
            Some(given) => {
                let doing = format!("delete the ConfigMap {name} in the namespace {given}");
                let api = cluster.namespaced::<ConfigMap>(given);
                cluster.call(doing, api.delete(&name, &parameters)).await.map(drop)
            }
            None => {
                let doing = format!("delete the namespace {name}");
                let api = cluster.all::<Namespace>();
                cluster.call(doing, api.delete(&name, &parameters)).await.map(drop)
            }
        }
    }

    /// Waits until the scope is gone, if the user may read it; the caller limits the time.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn wait_until_gone(&self, cluster: &Cluster) -> Result<(), RequestError> {
        while self.creation() != Creation::None {
            match self.exists(cluster).await {
                Ok(true) => tokio::time::sleep(POLL).await,
                Err(error) if !error.is_forbidden() => return Err(error),
                Ok(false) | Err(_) => break,
            }
        }
        Ok(())
    }

    async fn exists(&self, cluster: &Cluster) -> Result<bool, RequestError> {
        let name = self.name();
        let doing = format!("check whether {name} still exists");
        Ok(match &self.given {
            Some(given) => {
                cluster.call(doing, cluster.namespaced::<ConfigMap>(given).get_opt(&name)).await?.is_some()
            }
            None => cluster.call(doing, cluster.all::<Namespace>().get_opt(&name)).await?.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_in_a_removal_command_is_quoted() {
        let given = || Some("a; reboot".to_owned());
        let of_run = Scope::new("k3v9x2mq", given()).removal_command(" --context east");
        assert_eq!(
            of_run,
            "kubectl --context east delete jobs,services,pods,configmaps --namespace 'a; reboot' \
             --selector netbench.dev/run=k3v9x2mq"
        );
        assert!(Scope::kept(given()).removal_command("").ends_with(" --namespace 'a; reboot'"));
    }
}
