//! Documents on a volume of the cluster: a file for each run, named by the time at which it began.
//!
//! A run that a schedule has made has the volume in its own pod ([`Directory`]). Anybody else reaches it
//! through a pod that is made for that ([`InCluster`]).

mod directory;
mod error;
mod exec;
mod files;
mod pod;

pub use directory::Directory;
pub use error::VolumeError;
pub use files::{DocumentFile, Retention};
pub(crate) use pod::mount;
pub use pod::{InCluster, VolumePod};

use std::fmt;

use jiff::Timestamp;

use crate::cluster::objects::valid_name;
use crate::document::Run;
use crate::store;

/// A folder of a volume: `CLAIM` or `CLAIM:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The PersistentVolumeClaim.
    pub claim: String,
    /// The folder within, without a slash at its ends; empty for the volume itself.
    pub folder: String,
}

impl Volume {
    /// Reads `CLAIM` or `CLAIM:PATH`.
    ///
    /// # Errors
    /// No claim can be called so, or the path leads out of the volume.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (claim, folder) = text.split_once(':').unwrap_or((text, ""));
        // a claim may have dots, as the names of domains
        if claim.len() > 253 || !claim.split('.').all(valid_name) {
            return Err(format!(
                "`{claim}` is no name of a PersistentVolumeClaim: write CLAIM or CLAIM:PATH"
            ));
        }
        let folder = folder.trim_matches('/');
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        if !folder.is_empty() && !folder.split('/').all(is_plain) {
            return Err(format!("`{folder}` is no folder of the volume: write CLAIM:runs/nightly"));
        }
        Ok(Self { claim: claim.to_owned(), folder: folder.to_owned() })
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.claim)?;
        if self.folder.is_empty() { Ok(()) } else { write!(formatter, ":{}", self.folder) }
    }
}

/// A folder of documents, wherever it is.
pub trait Folder {
    /// The names of all files, also of those that are not ours.
    fn names(&self) -> impl Future<Output = Result<Vec<String>, VolumeError>>;

    /// The text of a file.
    fn read(&self, name: &str) -> impl Future<Output = Result<Vec<u8>, VolumeError>>;

    /// Writes a file, whole or not at all. The folder is made if need be.
    fn write(&self, name: &str, text: &[u8]) -> impl Future<Output = Result<(), VolumeError>>;

    /// Deletes files.
    fn remove(&self, names: &[String]) -> impl Future<Output = Result<(), VolumeError>>;
}

/// Puts a run's document into a folder, and deletes those that are not to be kept longer.
///
/// # Errors
/// The folder cannot be written or read.
pub async fn keep(
    folder: &impl Folder,
    run: &Run,
    retention: Option<Retention>,
    now: Timestamp,
) -> Result<DocumentFile, VolumeError> {
    let file = DocumentFile::of(run);
    // it goes to memory: nothing can fail
    let text = store::document(run).unwrap_or_default();
    folder.write(&file.to_string(), &text).await?;
    if let Some(retention) = retention {
        let expired = retention.expired(documents(folder).await?, now);
        if !expired.is_empty() {
            folder.remove(&expired.iter().map(ToString::to_string).collect::<Vec<_>>()).await?;
        }
    }
    Ok(file)
}

/// The documents of a folder, the newest first.
///
/// # Errors
/// The folder cannot be read.
pub async fn documents(folder: &impl Folder) -> Result<Vec<DocumentFile>, VolumeError> {
    let names = folder.names().await?;
    let mut files: Vec<DocumentFile> = names.iter().filter_map(|name| DocumentFile::parse(name)).collect();
    files.sort_unstable();
    files.reverse();
    Ok(files)
}

/// The run of a document.
///
/// # Errors
/// It cannot be read, or is no run.
pub async fn document(folder: &impl Folder, file: &DocumentFile) -> Result<Run, VolumeError> {
    let text = folder.read(&file.to_string()).await?;
    let read = String::from_utf8(text).map_err(|error| error.to_string());
    let read = read.and_then(|text| store::parse(&text).map_err(|error| error.to_string()));
    let of_file =
        |run: Run| if run.id == file.id { Ok(run) } else { Err(format!("it has the run {}", run.id)) };
    read.and_then(of_file).map_err(|why| VolumeError::NoRun { file: file.to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_a_claim_with_a_folder_that_stays_in_it() {
        let read = |text: &str| Volume::parse(text).map(|volume| volume.to_string());
        assert_eq!(read("results").unwrap(), "results");
        assert_eq!(read("results:/").unwrap(), "results");
        assert_eq!(read("my.results:/runs/nightly/").unwrap(), "my.results:runs/nightly");
        for wrong in ["", "Results", "a b", "results:..", "results:a/../b", "results:a//b", "-a"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
