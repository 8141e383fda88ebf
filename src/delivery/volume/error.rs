//! Why a volume cannot be used.

use std::io;

use super::Volume;
use crate::cluster::RequestError;
use crate::explanation::Explanation;
use crate::testbed::Unusable;

/// Why a volume cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// There is no such claim.
    #[error("there is no PersistentVolumeClaim {claim} in the namespace {namespace}")]
    NoClaim {
        /// The claim.
        claim: String,
        /// The namespace.
        namespace: String,
        /// One that is called alike.
        nearest: Option<String>,
    },
    /// Its volume is gone.
    #[error("the PersistentVolumeClaim {claim} has lost its volume")]
    Lost {
        /// The claim.
        claim: String,
    },
    /// The cluster has refused, or does not answer.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The pod that has the volume does not start.
    #[error("the pod for the volume {claim} does not start")]
    Pod {
        /// The claim.
        claim: String,
        /// Why.
        unusable: Unusable,
    },
    /// Something could not be done in that pod.
    #[error("cannot {doing} the volume {claim}")]
    Command {
        /// What: `write to`.
        doing: &'static str,
        /// The claim.
        claim: String,
        /// Why.
        why: String,
    },
    /// The volume in the own pod cannot be used.
    #[error("cannot write to the volume {volume}")]
    Directory {
        /// The volume.
        volume: Volume,
        /// Why.
        source: io::Error,
    },
    /// A file is no run.
    #[error("{file} on the volume is not a run that can be read")]
    NoRun {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
}

/// What lets pods write to a volume.
const WRITABLE: &str = "pods write as the user and group 65532: a volume that does not give itself to their group, \
                        as a hostPath, needs `chown 65532:65532`";

impl VolumeError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Request(error) => error.explain(),
            Self::NoClaim { nearest: Some(nearest), .. } => what.remedy(format!("is {nearest} meant?")),
            Self::NoClaim { namespace, .. } => {
                what.remedy(format!("`kubectl get pvc --namespace {namespace}` shows all that there are"))
            }
            Self::Lost { claim } => what.remedy(format!("`kubectl describe pvc {claim}` tells more")),
            Self::Pod { unusable, .. } => {
                let what = what.because(unusable.reason());
                match unusable.remedy() {
                    Some(remedy) => what.remedy(remedy),
                    None => what,
                }
            }
            Self::Command { why, .. } if why.contains("denied") || why.contains("Read-only") => {
                what.because(why).remedy(WRITABLE)
            }
            Self::Directory { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                what.because(source.to_string()).remedy(WRITABLE)
            }
            Self::Directory { source, .. } => what.because(source.to_string()),
            Self::Command { why, .. } | Self::NoRun { why, .. } => what.because(why),
        }
    }
}
