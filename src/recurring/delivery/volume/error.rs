//! The errors of operations on volumes.

use std::borrow::Cow;
use std::io;

use crate::cluster::RequestError;
use crate::explanation::Explanation;
use crate::options::Volume;
use crate::testbed::Unusable;

/// Why an operation on a volume failed.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The PersistentVolumeClaim does not exist.
    #[error("PersistentVolumeClaim {claim} not found in namespace {namespace}")]
    ClaimNotFound {
        /// The name of the claim.
        claim: String,
        /// The namespace.
        namespace: String,
        /// A claim with a similar name.
        nearest: Option<String>,
    },
    /// The volume of the claim no longer exists: the claim is in the phase `Lost`.
    #[error("PersistentVolumeClaim {claim} has lost its volume")]
    ClaimLost {
        /// The name of the claim.
        claim: String,
        /// The namespace.
        namespace: String,
    },
    /// A request was rejected, or not answered.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The pod that mounts the volume does not start.
    #[error("the pod for volume {claim} does not start")]
    Pod {
        /// The name of the claim.
        claim: String,
        /// The namespace.
        namespace: String,
        /// The reason.
        unusable: Unusable,
    },
    /// A command in that pod failed.
    #[error("cannot {doing} volume {claim}")]
    Command {
        /// What it was for: `write to`.
        doing: &'static str,
        /// The name of the claim.
        claim: String,
        /// The namespace.
        namespace: String,
        /// The output of the command.
        cause: String,
    },
    /// The volume in this process's own pod cannot be read or written.
    #[error("cannot write to volume {volume}")]
    Directory {
        /// The volume.
        volume: Volume,
        /// The reason.
        source: io::Error,
    },
    /// A file is not a valid run document.
    #[error("{file} on the volume is not a valid run document")]
    InvalidDocument {
        /// The name of the file.
        file: String,
        /// The reason.
        cause: String,
    },
}

/// The help for a volume that pods cannot write to.
const NOT_WRITABLE: &str = "pods write as user and group 65532: run `chown 65532:65532` on the directory if the volume \
                            does not support fsGroup, such as hostPath or NFS";

/// The help for an error that a program or the operating system reports.
fn help(cause: &str, claim: &str, namespace: Option<&str>) -> String {
    let cause = cause.to_lowercase();
    if ["denied", "read-only", "not permitted"].iter().any(|sign| cause.contains(sign)) {
        NOT_WRITABLE.to_owned()
    } else if cause.contains("no space") || cause.contains("quota") {
        "free space on the volume, or keep fewer documents: --volume-keep 30d".to_owned()
    } else {
        describe(claim, namespace)
    }
}

fn describe(claim: &str, namespace: Option<&str>) -> String {
    let namespace = namespace.map_or(String::new(), |namespace| format!(" --namespace {namespace}"));
    format!("see the status of the volume: kubectl describe pvc {claim}{namespace}")
}

impl VolumeError {
    /// The error with its cause and help.
    pub fn explain(&self) -> Explanation {
        let error = Explanation::new(self.to_string());
        match self {
            Self::Request(error) => error.explain(),
            Self::ClaimNotFound { nearest: Some(nearest), .. } => {
                error.help(format!("did you mean {nearest}?"))
            }
            Self::ClaimNotFound { namespace, .. } => {
                error.help(format!("list all claims: kubectl get pvc --namespace {namespace}"))
            }
            Self::ClaimLost { claim, namespace } => error.help(describe(claim, Some(namespace))),
            Self::Pod { claim, namespace, unusable } => {
                let describe = || describe(claim, Some(namespace));
                let help = unusable.remedy().map_or_else(describe, Cow::into_owned);
                error.cause(unusable.reason()).help(help)
            }
            Self::Command { cause, claim, namespace, .. } => {
                error.cause(cause).help(help(cause, claim, Some(namespace)))
            }
            Self::Directory { source, volume } => {
                let cause = source.to_string();
                error.help(help(&cause, &volume.claim, None)).cause(cause)
            }
            Self::InvalidDocument { cause, .. } => {
                error.cause(cause).help("delete the file if it is not needed")
            }
        }
    }
}
