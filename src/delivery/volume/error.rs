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
        /// The namespace.
        namespace: String,
    },
    /// The cluster has refused, or does not answer.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The pod that has the volume does not start.
    #[error("the pod for the volume {claim} does not start")]
    Pod {
        /// The claim.
        claim: String,
        /// The namespace.
        namespace: String,
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
        /// The namespace.
        namespace: String,
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

/// What to do about the words of a program or system that cannot use a volume.
fn remedy(why: &str, claim: &str, namespace: Option<&str>) -> String {
    let why = why.to_lowercase();
    if ["denied", "read-only", "not permitted"].iter().any(|sign| why.contains(sign)) {
        WRITABLE.to_owned()
    } else if why.contains("no space") || why.contains("quota") {
        "make room on the volume, and keep fewer documents there: --volume-keep 30d".to_owned()
    } else {
        described(claim, namespace)
    }
}

fn described(claim: &str, namespace: Option<&str>) -> String {
    let namespace = namespace.map_or(String::new(), |namespace| format!(" --namespace {namespace}"));
    format!("`kubectl describe pvc {claim}{namespace}` tells what becomes of the volume")
}

impl VolumeError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Request(error) => error.explain(),
            Self::NoClaim { nearest: Some(nearest), .. } => what.help(format!("is {nearest} meant?")),
            Self::NoClaim { namespace, .. } => {
                what.help(format!("`kubectl get pvc --namespace {namespace}` shows all that there are"))
            }
            Self::Lost { claim, namespace } => what.help(described(claim, Some(namespace))),
            Self::Pod { claim, namespace, unusable } => {
                let described = || described(claim, Some(namespace));
                let remedy = unusable.remedy().map_or_else(described, str::to_owned);
                what.cause(unusable.reason()).help(remedy)
            }
            Self::Command { why, claim, namespace, .. } => {
                what.cause(why).help(remedy(why, claim, Some(namespace)))
            }
            Self::Directory { source, volume } => {
                let why = source.to_string();
                what.help(remedy(&why, &volume.claim, None)).cause(why)
            }
            Self::NoRun { why, .. } => what.cause(why).help("delete that file if nobody needs it"),
        }
    }
}
