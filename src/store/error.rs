//! Why a run cannot be saved, or found again.

use std::io;
use std::path::PathBuf;

use crate::explanation::Explanation;

/// Why a run cannot be saved, or found again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or the directory cannot be written or deleted.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or the directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no run document.
    #[error("{} is not a run that can be read", path.display())]
    NoRun {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// No id begins like this.
    #[error("there is no run {reference}")]
    Unknown {
        /// As it was written.
        reference: String,
    },
    /// Several ids begin like this.
    #[error("several runs begin with {reference}")]
    Ambiguous {
        /// As it was written.
        reference: String,
        /// The ids.
        ids: Vec<String>,
    },
    /// There are not that many runs.
    #[error("there is no run {reference}")]
    TooFew {
        /// As it was written.
        reference: String,
        /// How many there are.
        saved: usize,
    },
    /// A file elsewhere is not deleted.
    #[error("{} is a file, not a saved run", path.display())]
    NotSaved {
        /// The file.
        path: PathBuf,
    },
    /// A file to save in is something else than a run.
    #[error("{} is there already, and is no run", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A document of others has an id that no run of this program has.
    #[error("`{id}` is no id of a run")]
    NoId {
        /// The id.
        id: String,
    },
    /// There is no directory to save in.
    #[error("there is no directory for runs")]
    NoDirectory,
}

impl StoreError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        const LIST: &str = "see which there are: kubectl netbench runs";
        let explanation = Explanation::new(self.to_string());
        match self {
            Self::Write { source, .. } => explanation
                .cause(source.to_string())
                .help("use --save-to FILE for another place, or --no-save"),
            Self::Read { source, .. } => explanation
                .cause(source.to_string())
                .help("name a run by its id, the beginning of one, latest, latest~1, or a file that exists"),
            Self::NoRun { source, .. } => explanation
                .cause(source.to_string())
                .help("it must be a document as -o json prints it, of this version or an older one"),
            Self::Unknown { .. } => {
                explanation.cause("no saved run has an id that begins like this").help(LIST)
            }
            Self::Ambiguous { ids, .. } => {
                explanation.cause(format!("there are {}", ids.join(", "))).help("write more of the id")
            }
            Self::TooFew { saved: 0, .. } => {
                explanation.cause("no run was saved yet").help("make one: kubectl netbench matrix")
            }
            Self::TooFew { saved, .. } => {
                let runs = if *saved == 1 { "run is" } else { "runs are" };
                explanation.cause(format!("{saved} {runs} saved")).help(LIST)
            }
            Self::NotSaved { .. } => {
                explanation.cause("only runs in the user's data directory are deleted").help(LIST)
            }
            Self::Occupied { .. } => {
                explanation.cause("only a run is overwritten by another one").help("name another file")
            }
            Self::NoId { .. } => {
                explanation.cause("ids have letters and digits only: this program has not made the document")
            }
            Self::NoDirectory => explanation
                .cause("neither a home directory nor XDG_DATA_HOME is known")
                .help("set HOME, or use --save-to FILE"),
        }
    }
}
