//! A folder of a volume that is reached through a pod of ours.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodSpec, Volume as PodVolume,
    VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};

use super::exec::{self, Ended};
use super::{Folder, Volume, VolumeError};
use crate::cluster::objects::{Object, yaml};
use crate::cluster::{API_SERVER_AWAY, Cluster, RequestError, hardened, patiently, until_answered};
use crate::explanation::nearest;
use crate::options::ObjectOptions;
use crate::testbed::kubernetes::objects::{RUN_LABEL, VOLUME_SUFFIX, labels, scope_name};
use crate::testbed::kubernetes::pods::{PodWatch, StartOutcome};
use crate::testbed::kubernetes::{START_LIMIT, Scope};

/// Where pods have the volume.
pub(crate) const MOUNT: &str = "/netbench";

/// When the cluster ends the pod by itself.
const POD_DEADLINE: Duration = Duration::from_secs(3600);

/// How long its removal is waited for.
const REMOVAL_LIMIT: Duration = Duration::from_secs(30);

/// A volume, and what it takes to reach it.
#[derive(Clone)]
pub struct InCluster {
    /// The cluster.
    pub cluster: Cluster,
    /// The namespace of the claim.
    pub namespace: String,
    /// The volume.
    pub volume: Volume,
    /// The image of the pod: one that has sh.
    pub image: String,
    /// What the user wants of pods.
    pub options: ObjectOptions,
}

/// The folder, while there is a pod for it. It must be closed.
pub struct VolumePod<'a> {
    place: &'a InCluster,
    name: String,
    scope: Scope,
    pods: PodWatch,
}

impl Volume {
    /// Looks whether there is such a claim, as far as it may be looked for.
    ///
    /// # Errors
    /// There is none, its volume is gone, or the cluster does not answer.
    pub async fn check(&self, cluster: &Cluster, namespace: &str) -> Result<(), VolumeError> {
        let api: Api<PersistentVolumeClaim> = Api::namespaced(cluster.client.clone(), namespace);
        let (claim, namespace) = (self.claim.clone(), namespace.to_owned());
        let found = match cluster.call(format!("look for the volume {claim}"), api.get_opt(&claim)).await {
            // the pod will tell
            Err(error) if error.is_forbidden() => return Ok(()),
            found => found?,
        };
        let Some(found) = found else {
            let others = cluster.claims(&namespace).await.unwrap_or_default();
            let nearest = nearest(&claim, others.iter().map(String::as_str));
            return Err(VolumeError::NoClaim { claim, namespace, nearest });
        };
        let phase = found.status.and_then(|status| status.phase);
        if phase.as_deref() == Some("Lost") { Err(VolumeError::Lost { claim, namespace }) } else { Ok(()) }
    }
}

impl InCluster {
    /// Looks whether there is such a claim, as far as it may be looked for.
    ///
    /// # Errors
    /// As of [`Volume::check`].
    pub async fn check(&self) -> Result<(), VolumeError> {
        self.volume.check(&self.cluster, &self.namespace).await
    }

    /// Makes a pod that has the volume; `id` is that of the run, or whatever else this process is known by.
    ///
    /// # Errors
    /// The cluster refuses it. Nothing is left then.
    pub async fn open(&self, id: &str) -> Result<VolumePod<'_>, VolumeError> {
        let session = session(id);
        let opened = VolumePod {
            place: self,
            name: scope_name(&session),
            scope: self.scope(&session),
            pods: PodWatch::new(self.pods(), &format!("{RUN_LABEL}={session}")),
        };
        match opened.make(&session).await {
            Ok(()) => Ok(opened),
            Err(error) => {
                // the first error is the one to tell
                let _ = opened.close().await;
                Err(error.into())
            }
        }
    }

    /// The pod that would be made, as YAML.
    pub fn manifest(&self, id: &str) -> String {
        let session = session(id);
        let pod = self.pod(&session, &scope_name(&session), None);
        yaml(&[Object::namespaced(&pod)], &self.namespace)
    }

    /// The command by which a person removes what is made for it.
    pub fn removal_command(&self, id: &str) -> String {
        self.scope(&session(id)).removal_command(&self.cluster.kubectl_flags)
    }

    fn scope(&self, session: &str) -> Scope {
        Scope::new(session, Some(self.namespace.clone()), false).with(&self.options, false)
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), &self.namespace)
    }

    /// The pod. Pure.
    fn pod(&self, session: &str, name: &str, owner: Option<OwnerReference>) -> Pod {
        let seconds = POD_DEADLINE.as_secs().to_string();
        let command = ["sleep", &seconds].map(str::to_owned).to_vec();
        let mut container = hardened::container("volume".to_owned(), self.image.clone(), command);
        container.resources = Some(self.options.resources());
        let mut spec = hardened::pod_spec(vec![container]);
        hardened::require_linux(&mut spec);
        self.options.apply(&mut spec);
        spec.active_deadline_seconds = i64::try_from(POD_DEADLINE.as_secs()).ok();
        mount(&mut spec, &self.volume.claim);
        Pod {
            metadata: ObjectMeta {
                owner_references: owner.map(|owner| vec![owner]),
                ..self.options.metadata(name, labels(session))
            },
            spec: Some(spec),
            ..Pod::default()
        }
    }
}

/// What the objects are labelled with: they are known by it as part of a run, and as none that measures.
fn session(id: &str) -> String {
    format!("{id}{VOLUME_SUFFIX}")
}

/// Gives the containers of a pod a volume, and its group the right to write to it.
pub(crate) fn mount(spec: &mut PodSpec, claim: &str) {
    spec.volumes.get_or_insert_default().push(PodVolume {
        name: "results".to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: claim.to_owned(),
            read_only: None,
        }),
        ..PodVolume::default()
    });
    let mount = |container: &mut Container| {
        container.volume_mounts.get_or_insert_default().push(VolumeMount {
            name: "results".to_owned(),
            mount_path: MOUNT.to_owned(),
            ..VolumeMount::default()
        });
    };
    spec.containers.iter_mut().for_each(mount);
    let security = spec.security_context.get_or_insert_default();
    security.fs_group = security.run_as_group;
    // a volume of many files is not gone through each time
    security.fs_group_change_policy = Some("OnRootMismatch".to_owned());
}

impl VolumePod<'_> {
    async fn make(&self, session: &str) -> Result<(), RequestError> {
        let (cluster, api) = (&self.place.cluster, self.place.pods());
        let owner = self.scope.create(cluster).await?;
        let pod = self.place.pod(session, &self.name, owner);
        let parameters = PostParams::default();
        let create = || cluster.call("make a pod for the volume", api.create(&parameters, &pod));
        match until_answered(create).await {
            // a repeated request finds what the first one made
            Err(error) if error.is_conflict() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Waits until the pod runs; tells `waiting` what it waits for.
    ///
    /// # Errors
    /// It does not start.
    pub async fn ready(&self, waiting: impl FnMut(&str) + Send) -> Result<(), VolumeError> {
        match self.pods.wait_for_start(|pod| pod.name_any() == self.name, START_LIMIT, waiting).await {
            StartOutcome::Running { .. } => Ok(()),
            StartOutcome::Failed { unusable, .. } => {
                let (claim, namespace) = self.claim();
                Err(VolumeError::Pod { claim, namespace, unusable })
            }
        }
    }

    /// Removes the pod, and waits until it is gone.
    ///
    /// # Errors
    /// The cluster refuses, or does not answer.
    pub async fn close(self) -> Result<(), VolumeError> {
        let cluster = &self.place.cluster;
        let parameters = DeleteParams::default().grace_period(0);
        let api = self.place.pods();
        let delete = || cluster.call("delete the pod of the volume", api.delete(&self.name, &parameters));
        let (scope, pod) = tokio::join!(
            patiently(API_SERVER_AWAY, || self.scope.delete(cluster)),
            patiently(API_SERVER_AWAY, delete)
        );
        scope?;
        match pod {
            Err(error) if error.is_not_found() => {}
            other => drop(other?),
        }
        let gone = async {
            self.pods.wait_until_gone().await;
            self.scope.wait_until_gone(cluster).await
        };
        // the cluster goes on with it
        let gone: Result<Result<(), RequestError>, _> = tokio::time::timeout(REMOVAL_LIMIT, gone).await;
        Ok(gone.unwrap_or(Ok(()))?)
    }

    fn claim(&self) -> (String, String) {
        (self.place.volume.claim.clone(), self.place.namespace.clone())
    }

    fn folder(&self) -> String {
        let path = Path::new(MOUNT).join(&self.place.volume.folder);
        path.display().to_string()
    }

    async fn run(
        &self,
        doing: &'static str,
        script: &str,
        words: &[&str],
        input: Option<&[u8]>,
    ) -> Result<Vec<u8>, VolumeError> {
        let folder = self.folder();
        let command: Vec<&str> =
            ["sh", "-c", script, "sh", &folder].into_iter().chain(words.iter().copied()).collect();
        let ended = exec::run(&self.place.cluster, &self.place.pods(), &self.name, &command, input).await?;
        match ended {
            Ended::Well(output) => Ok(output),
            Ended::Badly(why) => {
                let (claim, namespace) = self.claim();
                Err(VolumeError::Command { doing, claim, namespace, why })
            }
        }
    }
}

impl Folder for VolumePod<'_> {
    async fn names(&self) -> Result<Vec<String>, VolumeError> {
        let listed = self.run("list", r#"[ ! -e "$1" ] || ls -1 "$1""#, &[], None).await?;
        Ok(String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect())
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, VolumeError> {
        self.run("read", r#"cat "$1/$2""#, &[name], None).await
    }

    async fn write(&self, name: &str, text: &[u8]) -> Result<(), VolumeError> {
        const WRITE: &str = r#"mkdir -p "$1" && head -c "$3" >"$1/$2.new" && [ "$(wc -c <"$1/$2.new")" -eq "$3" ] &&
            mv "$1/$2.new" "$1/$2" && exit; rm -f "$1/$2.new"; exit 1"#;
        let length = text.len().to_string();
        self.run("write to", WRITE, &[name, &length], Some(text)).await.map(drop)
    }

    async fn remove(&self, names: &[String]) -> Result<(), VolumeError> {
        // they are part of an address, and that must not be too long
        for some in names.chunks(100) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            self.run("delete old documents on", r#"cd "$1" && shift && rm -f -- "$@""#, &some, None).await?;
        }
        Ok(())
    }
}
