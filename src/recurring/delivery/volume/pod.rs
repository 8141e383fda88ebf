//! A volume that is accessed through a temporary pod.

use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodSpec, Volume as PodVolume,
    VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};

use super::{DocumentDirectory, VolumeError, exec};
use crate::cluster::hardened::Relaxation;
use crate::cluster::objects::{Object, yaml};
use crate::cluster::{API_SERVER_OUTAGE, Cluster, RequestError, hardened, retry_transient, retry_unanswered};
use crate::explanation::nearest;
use crate::options::ObjectOptions;
use crate::options::Volume;
use crate::testbed::kubernetes::objects::{RUN_LABEL, VOLUME_SUFFIX, labels, scope_name};
use crate::testbed::kubernetes::pods::{PodWatch, StartOutcome};
use crate::testbed::kubernetes::{Scope, StartLimits};

/// Where pods mount the volume.
pub(crate) const MOUNT_PATH: &str = "/netbench";

/// Maximum lifetime of the pod, in case that it is not deleted.
const POD_DEADLINE: Duration = Duration::from_secs(3600);

/// Maximum time to wait until the pod is deleted.
const DELETION_TIMEOUT: Duration = Duration::from_secs(30);

/// Access to a volume through a temporary pod.
#[derive(Clone)]
pub struct VolumeClient {
    /// The cluster.
    pub cluster: Cluster,
    /// The namespace of the PersistentVolumeClaim.
    pub namespace: String,
    /// The volume.
    pub volume: Volume,
    /// The image of the pod. It needs `sh`.
    pub image: String,
    /// The options of the pod.
    pub options: ObjectOptions,
}

/// The temporary pod that mounts a volume. It must be closed.
pub struct VolumePod<'a> {
    client: &'a VolumeClient,
    name: String,
    scope: Scope,
    pods: PodWatch,
}

impl Volume {
    /// Checks that the PersistentVolumeClaim exists and has its volume. Succeeds if the user may not get it.
    ///
    /// # Errors
    /// The claim does not exist, its volume is lost, or the cluster does not answer.
    pub async fn check(&self, cluster: &Cluster, namespace: &str) -> Result<(), VolumeError> {
        let api: Api<PersistentVolumeClaim> = Api::namespaced(cluster.client.clone(), namespace);
        let (claim, namespace) = (self.claim.clone(), namespace.to_owned());
        let found =
            match cluster.call(format!("get PersistentVolumeClaim {claim}"), api.get_opt(&claim)).await {
                // the status of the pod will say
                Err(error) if error.is_forbidden() => return Ok(()),
                found => found?,
            };
        let Some(found) = found else {
            let others = cluster.claims(&namespace).await.unwrap_or_default();
            let nearest = nearest(&claim, others.iter().map(String::as_str));
            return Err(VolumeError::ClaimNotFound { claim, namespace, nearest });
        };
        let phase = found.status.and_then(|status| status.phase);
        if phase.as_deref() == Some("Lost") {
            Err(VolumeError::ClaimLost { claim, namespace })
        } else {
            Ok(())
        }
    }
}

impl VolumeClient {
    /// Checks the PersistentVolumeClaim.
    ///
    /// # Errors
    /// See [`Volume::check`].
    pub async fn check(&self) -> Result<(), VolumeError> {
        self.volume.check(&self.cluster, &self.namespace).await
    }

    /// Creates the pod. Its labels contain `id`, the ID of the run or of this process.
    ///
    /// # Errors
    /// The cluster rejects the pod; nothing remains.
    pub async fn open(&self, id: &str) -> Result<VolumePod<'_>, VolumeError> {
        let session = session(id);
        let opened = VolumePod {
            client: self,
            name: scope_name(&session),
            scope: self.scope(&session),
            pods: PodWatch::new(self.pods(), &format!("{RUN_LABEL}={session}")),
        };
        match opened.create(&session).await {
            Ok(()) => Ok(opened),
            Err(error) => {
                // the first error is the one to report
                let _ = opened.close().await;
                Err(error.into())
            }
        }
    }

    /// The pod as YAML.
    pub fn manifest(&self, id: &str) -> String {
        let session = session(id);
        let pod = self.pod(&session, &scope_name(&session), None);
        yaml(&[Object::namespaced(&pod)], &self.namespace)
    }

    /// The kubectl command that deletes the objects of [`Self::open`].
    pub fn removal_command(&self, id: &str) -> String {
        self.scope(&session(id)).removal_command(&self.cluster.kubectl_flags)
    }

    fn scope(&self, session: &str) -> Scope {
        Scope::new(session, Some(self.namespace.clone())).with(&self.options, false)
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), &self.namespace)
    }

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
        let mut metadata = ObjectMeta {
            owner_references: owner.map(|owner| vec![owner]),
            ..self.options.metadata(name, labels(session))
        };
        hardened::record_containers(&mut metadata, &spec);
        Pod { metadata, spec: Some(spec), ..Pod::default() }
    }
}

/// The session in the labels of the objects. It marks them as part of a run that is not measuring.
fn session(id: &str) -> String {
    format!("{id}{VOLUME_SUFFIX}")
}

/// The directory of a volume in the pod: joined with `/`, whatever separates directories on this machine.
fn directory(volume: &Volume) -> String {
    format!("{MOUNT_PATH}/{}", volume.directory)
}

/// Mounts a volume into the containers of a pod, writable for their group.
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
            mount_path: MOUNT_PATH.to_owned(),
            ..VolumeMount::default()
        });
    };
    spec.containers.iter_mut().for_each(mount);
    let security = spec.security_context.get_or_insert_default();
    security.fs_group = security.run_as_group;
    // otherwise the kubelet changes the group of every file each time
    security.fs_group_change_policy = Some("OnRootMismatch".to_owned());
}

impl VolumePod<'_> {
    async fn create(&self, session: &str) -> Result<(), RequestError> {
        let (cluster, api) = (&self.client.cluster, self.client.pods());
        let owner = self.scope.create(cluster).await?;
        let pod = self.client.pod(session, &self.name, owner);
        let parameters = PostParams::default();
        let create = async |relaxation: Relaxation| {
            let pod = Pod { spec: pod.spec.clone().map(|spec| relaxation.apply(spec)), ..pod.clone() };
            let create = || cluster.call("create the pod for the volume", api.create(&parameters, &pod));
            retry_unanswered(create).await
        };
        match Relaxation::default().during(create).await.1 {
            // a retry finds what the first request created
            Err(error) if error.is_conflict() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Waits until the pod runs. Calls `waiting` with what it waits for.
    ///
    /// # Errors
    /// The pod does not start.
    pub async fn ready(&self, waiting: impl FnMut(&str) + Send) -> Result<(), VolumeError> {
        match self.pods.wait_for_start(|pod| pod.name_any() == self.name, StartLimits::DEFAULT, waiting).await
        {
            StartOutcome::Running { .. } => Ok(()),
            StartOutcome::Failed { unusable, .. } => {
                let (claim, namespace) = self.claim();
                Err(VolumeError::Pod { claim, namespace, unusable })
            }
        }
    }

    /// Deletes the pod, and waits up to half a minute until it is gone.
    ///
    /// # Errors
    /// The cluster rejects a request, or does not answer.
    pub async fn close(self) -> Result<(), VolumeError> {
        let cluster = &self.client.cluster;
        let parameters = DeleteParams::default().grace_period(0);
        let api = self.client.pods();
        let delete = || cluster.call("delete the pod for the volume", api.delete(&self.name, &parameters));
        let (scope, pod) = tokio::join!(
            retry_transient(API_SERVER_OUTAGE, || self.scope.delete(cluster)),
            retry_transient(API_SERVER_OUTAGE, delete)
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
        // after the timeout, the cluster continues with the deletion
        let gone: Result<Result<(), RequestError>, _> = tokio::time::timeout(DELETION_TIMEOUT, gone).await;
        Ok(gone.unwrap_or(Ok(()))?)
    }

    fn claim(&self) -> (String, String) {
        (self.client.volume.claim.clone(), self.client.namespace.clone())
    }

    /// Runs a shell script in the pod. Its `$1` is the directory, `arguments` follow.
    async fn run(
        &self,
        doing: &'static str,
        script: &str,
        arguments: &[&str],
        input: Option<&[u8]>,
    ) -> Result<Vec<u8>, VolumeError> {
        let directory = directory(&self.client.volume);
        let command: Vec<&str> =
            ["sh", "-c", script, "sh", &directory].into_iter().chain(arguments.iter().copied()).collect();
        let output =
            exec::run(&self.client.cluster, &self.client.pods(), &self.name, &command, input).await?;
        output.map_err(|cause| {
            let (claim, namespace) = self.claim();
            VolumeError::Command { doing, claim, namespace, cause }
        })
    }
}

impl DocumentDirectory for VolumePod<'_> {
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

    async fn delete(&self, names: &[String]) -> Result<(), VolumeError> {
        // the names are part of the request URL, whose length is limited
        for some in names.chunks(100) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            self.run("delete old documents on", r#"cd "$1" && shift && rm -f -- "$@""#, &some, None).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_in_the_pod_has_slashes_on_every_system() {
        let directory = |text: &str| directory(&Volume::parse(text).unwrap());
        assert_eq!(directory("results:runs/nightly"), "/netbench/runs/nightly");
        assert_eq!(directory("results"), "/netbench/");
    }
}
