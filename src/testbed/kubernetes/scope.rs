//! What holds a run's objects together, so that removing one thing removes them all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};

use crate::cluster::quoted;
use crate::cluster::{Cluster, RequestError, until_answered};
use crate::testbed::kubernetes::objects::{self, Marks, PodOptions};

/// How often it is looked whether something is gone.
const POLL: Duration = Duration::from_millis(200);

/// How long a creation that had no answer may take to happen all the same.
const LATE_CREATION: Duration = Duration::from_secs(5);

/// The namespace of a run: its own, which is removed with all that is in it, or a given one, in
/// which a ConfigMap owns all that the run makes.
#[derive(Debug, Clone)]
pub struct Scope {
    run: String,
    given: Option<String>,
    host_network: bool,
    marks: Marks,
    has_policy: bool,
    owner: Option<OwnerReference>,
    existence: Arc<Mutex<Existence>>,
}

/// How long the namespace of servers that stayed may take to go.
const KEPT_GONE_LIMIT: Duration = Duration::from_secs(60);

/// Whether there is something to remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Existence {
    /// Its creation was not asked for, or was refused.
    #[default]
    No,
    /// Its creation had no answer, and so may have happened, or still happen.
    Perhaps,
    /// It was made.
    Yes,
}

impl Scope {
    /// The scope of run `run`: in the namespace `given`, or in one of its own.
    pub fn new(run: &str, given: Option<String>, host_network: bool) -> Self {
        Self {
            run: run.to_owned(),
            given,
            host_network,
            marks: Marks::default(),
            has_policy: false,
            owner: None,
            existence: Arc::default(),
        }
    }

    /// The same, with what the user wants of all objects.
    #[must_use]
    pub fn with(self, options: &PodOptions) -> Self {
        Self { marks: options.marks.clone(), has_policy: options.network_policy, ..self }
    }

    /// The same, as a part of `owner`, which is in the given namespace: with it, all goes.
    #[must_use]
    pub fn owned_by(self, owner: OwnerReference) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// The namespace of the run's objects.
    pub fn namespace(&self) -> String {
        self.given.clone().unwrap_or_else(|| objects::scope_name(&self.run))
    }

    /// The run's own namespace, as it is made.
    pub(in crate::testbed::kubernetes) fn namespace_object(&self) -> Namespace {
        objects::namespace(&self.run, self.host_network, &self.marks)
    }

    /// The owner of all objects in a given namespace, as it is made.
    pub(in crate::testbed::kubernetes) fn owner_object(&self) -> ConfigMap {
        let mut object = objects::owner(&self.run, &self.marks);
        object.metadata.owner_references = self.owner.clone().map(|owner| vec![owner]);
        object
    }

    /// The namespace that was given; none for one of the run's own.
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }

    /// The scope of servers that stay after their run.
    pub fn kept(given: Option<String>, host_network: bool) -> Self {
        Self::new(objects::KEPT, given, host_network)
    }

    /// The command by which a person removes what the run has made.
    pub fn removal_command(&self, kubectl_flags: &str) -> String {
        if self.is_kept() {
            let namespace = self.given.as_ref();
            let namespace = namespace.map_or(String::new(), |name| format!(" --namespace {}", quoted(name)));
            return format!("kubectl netbench cleanup{kubectl_flags}{namespace}");
        }
        let name = objects::scope_name(&self.run);
        match &self.given {
            // each by itself: the cluster's own garbage collector may take a minute
            Some(namespace) => format!(
                "kubectl{kubectl_flags} delete jobs,services,{}pods,configmaps --namespace {} --selector {}={}",
                if self.has_policy { "networkpolicies," } else { "" },
                quoted(namespace),
                objects::RUN_LABEL,
                self.run
            ),
            None => format!("kubectl{kubectl_flags} delete namespace {name}"),
        }
    }

    /// Makes it. Returns the owner that all objects need; none in a namespace of the run's own.
    ///
    /// # Errors
    /// The cluster refuses, or has no such namespace.
    pub async fn create(&self, cluster: &Cluster) -> Result<Option<OwnerReference>, RequestError> {
        self.set_existence(Existence::Perhaps);
        let created = until_answered(|| self.try_create(cluster)).await;
        match &created {
            Ok(_) => self.set_existence(Existence::Yes),
            Err(error) if error.may_pass() => {}
            Err(_) => self.set_existence(Existence::No),
        }
        created
    }

    async fn try_create(&self, cluster: &Cluster) -> Result<Option<OwnerReference>, RequestError> {
        let name = objects::scope_name(&self.run);
        let parameters = PostParams::default();
        let Some(given) = &self.given else {
            let api = Api::<Namespace>::all(cluster.client.clone());
            let namespace = self.namespace_object();
            let made = cluster
                .call(format!("create the namespace {name}"), api.create(&parameters, &namespace))
                .await;
            return match made {
                Err(error) if error.is_conflict() && self.is_kept() => {
                    self.suit_kept_namespace(cluster).await.map(|()| None)
                }
                // a repeated request finds what the first one made
                Err(error) if error.is_conflict() => Ok(None),
                other => other.map(|_| None),
            };
        };
        let api = Api::<ConfigMap>::namespaced(cluster.client.clone(), given);
        let owner = self.owner_object();
        let doing = format!("create a ConfigMap in the namespace {given}");
        let made = match cluster.call(&doing, api.create(&parameters, &owner)).await {
            Err(error) if error.is_conflict() => cluster.call(&doing, api.get(&name)).await?,
            other => other?,
        };
        Ok(Some(OwnerReference {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            uid: made.uid().unwrap_or_default(),
            name,
            // blocking its deletion would need a right on finalizers, and nothing depends on it
            block_owner_deletion: None,
            controller: None,
        }))
    }

    fn is_kept(&self) -> bool {
        self.run == objects::KEPT
    }

    /// Makes the namespace of servers that stay fit for those of this run: it may be on its way
    /// out, or have been made for pods that needed less.
    async fn suit_kept_namespace(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let api = Api::<Namespace>::all(cluster.client.clone());
        let name = objects::scope_name(&self.run);
        let namespace = self.namespace_object();
        let doing = format!("use the namespace {name}");
        let give_up = tokio::time::Instant::now() + KEPT_GONE_LIMIT;
        let found = loop {
            let found = cluster.call(&doing, api.get_opt(&name)).await?;
            match found {
                Some(found) if found.metadata.deletion_timestamp.is_none() => break found,
                Some(found) if tokio::time::Instant::now() >= give_up => break found,
                Some(_) => tokio::time::sleep(POLL).await,
                None => {
                    let made = cluster.call(&doing, api.create(&PostParams::default(), &namespace)).await;
                    return made.map(drop);
                }
            }
        };
        let level = |namespace: &Namespace| namespace.labels().get(objects::POD_SECURITY_ENFORCE).cloned();
        if !self.host_network || level(&found) == level(&namespace) {
            return Ok(());
        }
        let patch = Patch::Merge(serde_json::json!({"metadata": {"labels": namespace.metadata.labels}}));
        cluster.call(&doing, api.patch(&name, &PatchParams::default(), &patch)).await.map(drop)
    }

    fn existence(&self) -> Existence {
        // nothing panics while it is locked
        *self.existence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_existence(&self, existence: Existence) {
        *self.existence.lock().unwrap_or_else(PoisonError::into_inner) = existence;
    }

    /// Removes it, and with it all that the run has made.
    ///
    /// # Errors
    /// The cluster refuses. That it is gone already is not an error.
    pub async fn delete(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let late = tokio::time::Instant::now() + LATE_CREATION;
        loop {
            let existence = self.existence();
            if existence == Existence::No {
                return Ok(());
            }
            let may_appear = existence == Existence::Perhaps && tokio::time::Instant::now() < late;
            match self.try_delete(cluster).await {
                Err(error) if error.is_not_found() && may_appear => tokio::time::sleep(POLL).await,
                // 409: its deletion has begun already
                Err(error) if error.is_not_found() || error.is_conflict() => return Ok(()),
                other => return other,
            }
        }
    }

    async fn try_delete(&self, cluster: &Cluster) -> Result<(), RequestError> {
        let name = objects::scope_name(&self.run);
        let parameters = DeleteParams::background();
        match &self.given {
            Some(given) => {
                let api = Api::<ConfigMap>::namespaced(cluster.client.clone(), given);
                let doing = format!("delete the ConfigMap {name} in the namespace {given}");
                cluster.call(doing, api.delete(&name, &parameters)).await.map(drop)
            }
            None => {
                let api = Api::<Namespace>::all(cluster.client.clone());
                cluster
                    .call(format!("delete the namespace {name}"), api.delete(&name, &parameters))
                    .await
                    .map(drop)
            }
        }
    }

    /// Waits until it is gone, or may not be looked for; the caller bounds the time.
    ///
    /// # Errors
    /// The cluster does not say.
    pub async fn gone(&self, cluster: &Cluster) -> Result<(), RequestError> {
        while self.existence() != Existence::No {
            match self.is_there(cluster).await {
                Ok(true) => tokio::time::sleep(POLL).await,
                Err(error) if !error.is_forbidden() => return Err(error),
                Ok(false) | Err(_) => break,
            }
        }
        Ok(())
    }

    async fn is_there(&self, cluster: &Cluster) -> Result<bool, RequestError> {
        let name = objects::scope_name(&self.run);
        let doing = format!("see whether {name} is there");
        match &self.given {
            Some(given) => {
                let api = Api::<ConfigMap>::namespaced(cluster.client.clone(), given);
                Ok(cluster.call(doing, api.get_opt(&name)).await?.is_some())
            }
            None => {
                let api = Api::<Namespace>::all(cluster.client.clone());
                Ok(cluster.call(doing, api.get_opt(&name)).await?.is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_of_a_file_is_no_command() {
        let given = || Some("a; reboot".to_owned());
        let of_run = Scope::new("k3v9x2mq", given(), false).removal_command(" --context east");
        assert_eq!(
            of_run,
            "kubectl --context east delete jobs,services,pods,configmaps --namespace 'a; reboot' \
             --selector netbench.dev/run=k3v9x2mq"
        );
        assert!(Scope::kept(given(), false).removal_command("").ends_with(" --namespace 'a; reboot'"));
    }
}
