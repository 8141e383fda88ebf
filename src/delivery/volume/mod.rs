//! Run documents on a volume of the cluster: one file per run, named after its start.
//!
//! The run of a schedule has the volume mounted in its own pod ([`MountedDirectory`]). Any other process accesses it
//! through a temporary pod ([`VolumeClient`]).

mod error;
mod exec;
mod files;
mod mounted;
mod pod;

pub use error::VolumeError;
pub use files::{DocumentFile, Retention};
pub use mounted::MountedDirectory;
pub(crate) use pod::mount;
pub use pod::{VolumeClient, VolumePod};

use std::fmt;

use jiff::Timestamp;

use crate::cluster::objects::valid_name;
use crate::document::Run;
use crate::store;

/// A directory of a volume: `CLAIM` or `CLAIM:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The name of the PersistentVolumeClaim.
    pub claim: String,
    /// The directory, without leading and trailing slashes; empty for the root of the volume.
    pub directory: String,
}

impl Volume {
    /// Parses `CLAIM` or `CLAIM:PATH`.
    ///
    /// # Errors
    /// The name of the claim is invalid, or the path leads out of the volume.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (claim, directory) = text.split_once(':').unwrap_or((text, ""));
        // a claim is named like a DNS subdomain
        if claim.len() > 253 || !claim.split('.').all(valid_name) {
            return Err(format!(
                "`{claim}` is not a valid name of a PersistentVolumeClaim: use CLAIM or CLAIM:PATH"
            ));
        }
        let directory = directory.trim_matches('/');
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        if !directory.is_empty() && !directory.split('/').all(is_plain) {
            return Err(format!("`{directory}` is not a directory of the volume: use CLAIM:runs/nightly"));
        }
        Ok(Self { claim: claim.to_owned(), directory: directory.to_owned() })
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.claim)?;
        if self.directory.is_empty() { Ok(()) } else { write!(formatter, ":{}", self.directory) }
    }
}

/// A directory of run documents, mounted or remote.
pub trait DocumentDirectory {
    /// The names of all files, including those that are no documents.
    fn names(&self) -> impl Future<Output = Result<Vec<String>, VolumeError>>;

    /// Reads a file.
    fn read(&self, name: &str) -> impl Future<Output = Result<Vec<u8>, VolumeError>>;

    /// Writes a file atomically. Creates the directory if it does not exist.
    fn write(&self, name: &str, text: &[u8]) -> impl Future<Output = Result<(), VolumeError>>;

    /// Deletes files.
    fn delete(&self, names: &[String]) -> impl Future<Output = Result<(), VolumeError>>;
}

/// Writes the document of a run into a directory, and deletes the documents that have expired.
///
/// # Errors
/// The directory cannot be written or read.
pub async fn keep_document(
    directory: &impl DocumentDirectory,
    run: &Run,
    retention: Option<Retention>,
    now: Timestamp,
) -> Result<DocumentFile, VolumeError> {
    let file = DocumentFile::new(run);
    // writing to memory cannot fail
    let text = store::document(run).unwrap_or_default();
    directory.write(&file.to_string(), &text).await?;
    if let Some(retention) = retention {
        let expired = retention.expired(list_documents(directory).await?, now);
        if !expired.is_empty() {
            directory.delete(&expired.iter().map(ToString::to_string).collect::<Vec<_>>()).await?;
        }
    }
    Ok(file)
}

/// The run documents in a directory, newest first.
///
/// # Errors
/// The directory cannot be read.
pub async fn list_documents(directory: &impl DocumentDirectory) -> Result<Vec<DocumentFile>, VolumeError> {
    let names = directory.names().await?;
    let mut files: Vec<DocumentFile> = names.iter().filter_map(|name| DocumentFile::parse(name)).collect();
    files.sort_unstable();
    files.reverse();
    Ok(files)
}

/// Reads a run document.
///
/// # Errors
/// The file cannot be read, or is not the document of its run.
pub async fn read_document(
    directory: &impl DocumentDirectory,
    file: &DocumentFile,
) -> Result<Run, VolumeError> {
    let text = directory.read(&file.to_string()).await?;
    let run = String::from_utf8(text).map_err(|error| error.to_string());
    let run = run.and_then(|text| store::parse(&text).map_err(|error| error.to_string()));
    let check_id =
        |run: Run| if run.id == file.id { Ok(run) } else { Err(format!("it contains run {}", run.id)) };
    run.and_then(check_id).map_err(|cause| VolumeError::InvalidDocument { file: file.to_string(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_a_claim_and_a_directory_within_it() {
        let parsed = |text: &str| Volume::parse(text).map(|volume| volume.to_string());
        assert_eq!(parsed("results").unwrap(), "results");
        assert_eq!(parsed("results:/").unwrap(), "results");
        assert_eq!(parsed("my.results:/runs/nightly/").unwrap(), "my.results:runs/nightly");
        for invalid in ["", "Results", "a b", "results:..", "results:a/../b", "results:a//b", "-a"] {
            assert!(parsed(invalid).is_err(), "{invalid}");
        }
    }
}
