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
pub use files::DocumentFile;
pub use mounted::MountedDirectory;
pub(crate) use pod::mount;
pub use pod::{VolumeClient, VolumePod};

use jiff::Timestamp;

use crate::document::Run;
use crate::options::Retention;
use crate::store;

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
