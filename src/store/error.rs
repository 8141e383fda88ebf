//! Errors of saving and loading runs.

use std::io;
use std::path::PathBuf;

use crate::explanation::Explanation;

/// Why a run cannot be saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or the directory cannot be written or deleted.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or the directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not a run document.
    #[error("{} is not a valid run document", path.display())]
    InvalidDocument {
        /// The file.
        path: PathBuf,
        /// The position and cause.
        source: serde_json::Error,
    },
    /// No id has this prefix.
    #[error("run `{reference}` not found")]
    NotFound {
        /// As given by the user.
        reference: String,
    },
    /// Several ids have this prefix.
    #[error("run `{reference}` is ambiguous")]
    Ambiguous {
        /// As given by the user.
        reference: String,
        /// The IDs.
        ids: Vec<String>,
    },
    /// `latest~N` exceeds the number of runs.
    #[error("run `{reference}` not found")]
    TooFew {
        /// As given by the user.
        reference: String,
        /// Number of saved runs.
        saved: usize,
    },
    /// A file outside the store is not deleted.
    #[error("{} is a file, not a saved run", path.display())]
    NotSaved {
        /// The file.
        path: PathBuf,
    },
    /// A file to save to exists, and is not a run.
    #[error("{} exists and is not a run document", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A document from elsewhere has an ID that this program does not generate.
    #[error("`{id}` is not a valid run ID")]
    InvalidId {
        /// The ID.
        id: String,
    },
    /// There is no data directory.
    #[error("no data directory to save runs in")]
    NoDirectory,
}

impl StoreError {
    /// The error as it is shown.
    pub fn explain(&self) -> Explanation {
        const LIST: &str = "list the saved runs: kubectl netbench runs";
        let explanation = Explanation::new(self.to_string());
        match self {
            Self::Write { source, .. } => explanation
                .cause(source.to_string())
                .help("use --save-to FILE to save elsewhere, or --no-save"),
            Self::Read { source, .. } => explanation
                .cause(source.to_string())
                .help("use a run ID, a unique prefix of one, latest, latest~1, or an existing file"),
            Self::InvalidDocument { source, .. } => explanation
                .cause(source.to_string())
                .help("use a document written by -o json or --save-to, of this version or an older one"),
            Self::NotFound { .. } => explanation.cause("no saved run has an ID with this prefix").help(LIST),
            Self::Ambiguous { ids, .. } => {
                explanation.cause(format!("it matches {}", ids.join(", "))).help("use a longer prefix")
            }
            Self::TooFew { saved: 0, .. } => {
                explanation.cause("no runs are saved").help("create one: kubectl netbench matrix")
            }
            Self::TooFew { saved, .. } => {
                let runs = if *saved == 1 { "run is" } else { "runs are" };
                explanation.cause(format!("only {saved} {runs} saved")).help(LIST)
            }
            Self::NotSaved { .. } => {
                explanation.cause("only runs in the user's data directory can be deleted").help(LIST)
            }
            Self::Occupied { .. } => {
                explanation.cause("only a run document can be overwritten").help("choose another file")
            }
            Self::InvalidId { .. } => explanation.cause(
                "run IDs consist of letters and digits; this document was not written by this program",
            ),
            Self::NoDirectory if cfg!(windows) => {
                explanation.cause("APPDATA is not set").help("set APPDATA, or use --save-to FILE")
            }
            Self::NoDirectory if cfg!(target_os = "macos") => {
                explanation.cause("the home directory is not known").help("set HOME, or use --save-to FILE")
            }
            Self::NoDirectory => explanation
                .cause("neither the home directory nor XDG_DATA_HOME is known")
                .help("set HOME, or use --save-to FILE"),
        }
    }
}
