//! The documents of a schedule's newest runs, compressed, in ConfigMaps. Pure.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Id;
use super::objects::labels;
use crate::document::Run;
use crate::options::ObjectOptions;
use crate::store::{self, Entry};

/// What tells ConfigMaps with documents from others of a schedule.
pub const COMPONENT: &str = "record";

/// The annotation with what a list tells of a run.
const ENTRY_ANNOTATION: &str = "netbench.dev/entry";

/// The key of the document.
const KEY: &str = "run.json.gz";

/// The most bytes of a compressed document: a ConfigMap may have 1 MiB in all.
const MOST_BYTES: usize = 1_000_000;

/// The most bytes of a document that is unpacked: nothing that this program has packed has more.
const MOST_UNPACKED: u64 = 64 * 1024 * 1024;

/// The annotation with the Job of the run.
const JOB_ANNOTATION: &str = "netbench.dev/job";

/// What is told of a document in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The run.
    pub entry: Entry,
    /// The Job that has made it, if that is known.
    pub job: Option<String>,
}

/// Why a document cannot be put into a ConfigMap, or read from one.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is too large, also without its samples.
    #[error("the document of the run is too large for a ConfigMap: {bytes} bytes, compressed")]
    TooLarge {
        /// So large.
        bytes: usize,
    },
    /// The ConfigMap has no document that can be read.
    #[error("the ConfigMap {name} has no document of a run: {why}")]
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
}

/// A document in a ConfigMap.
#[derive(Debug)]
pub struct Record {
    /// The ConfigMap.
    pub object: ConfigMap,
    /// Whether the figures by the second were left out for it to fit.
    pub is_without_samples: bool,
}

/// The ConfigMap with the document of a run that the Job `job` has made, marked as the user wants all objects.
///
/// # Errors
/// It does not fit.
pub fn record(id: &Id, run: &Run, job: Option<&str>, options: &ObjectOptions) -> Result<Record, RecordError> {
    let mut packed = pack(run);
    let is_without_samples = packed.len() > MOST_BYTES;
    if is_without_samples {
        packed = pack(&without_samples(run.clone()));
    }
    if packed.len() > MOST_BYTES {
        return Err(RecordError::TooLarge { bytes: packed.len() });
    }
    // a list has strings and numbers only: nothing in it can fail
    let entry = serde_json::to_string(&Entry::from_run(&run.id, run.clone())).unwrap_or_default();
    let mut metadata = options.metadata(&format!("{}-{}", id.object_name(), run.id), labels(id, COMPONENT));
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(ENTRY_ANNOTATION.to_owned(), entry);
    annotations.extend(job.map(|job| (JOB_ANNOTATION.to_owned(), job.to_owned())));
    let object = ConfigMap {
        metadata,
        binary_data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(packed))])),
        ..ConfigMap::default()
    };
    Ok(Record { object, is_without_samples })
}

/// What a list tells of the run in a ConfigMap, by the ConfigMap's metadata; none if it has none.
pub fn kept(metadata: &ObjectMeta) -> Option<Kept> {
    let annotations = metadata.annotations.as_ref()?;
    let entry: Entry = serde_json::from_str(annotations.get(ENTRY_ANNOTATION)?).ok()?;
    let job = annotations.get(JOB_ANNOTATION).cloned();
    store::is_id(&entry.id).then(|| Kept { entry: entry.sanitized(), job })
}

/// The run of this id in a ConfigMap.
///
/// # Errors
/// It has none that can be read, or another one.
pub fn run(object: &ConfigMap, id: &str) -> Result<Run, RecordError> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let unreadable = |why: String| RecordError::Unreadable { name: name.clone(), why };
    let packed = object.binary_data.as_ref().and_then(|data| data.get(KEY));
    let packed = packed.ok_or_else(|| unreadable(format!("it has no {KEY}")))?;
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.0.as_slice())
        .take(MOST_UNPACKED + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| unreadable(error.to_string()))?;
    if unpacked.len() as u64 > MOST_UNPACKED {
        return Err(unreadable(format!("it has more than {MOST_UNPACKED} bytes")));
    }
    let text = String::from_utf8(unpacked).map_err(|error| unreadable(error.to_string()))?;
    let run = store::parse(&text).map_err(|error| unreadable(error.to_string()))?;
    if run.id == id { Ok(run) } else { Err(unreadable(format!("it has the run {}", run.id))) }
}

fn pack(run: &Run) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // it goes to memory: nothing can fail
    let _ = encoder.write_all(&serde_json::to_vec(run).unwrap_or_default());
    encoder.finish().unwrap_or_default()
}

fn without_samples(mut run: Run) -> Run {
    for test in run.tests.iter_mut().chain(&mut run.retests) {
        test.outcome = test.outcome.clone().without_samples();
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    fn made() -> Run {
        fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 1e9)])
    }

    fn id() -> Id {
        Id { name: "nightly".to_owned(), namespace: "network".to_owned() }
    }

    #[test]
    fn a_document_comes_back_as_it_went() {
        let run = made();
        let options = ObjectOptions { labels: vec!["team=net".parse().unwrap()], ..ObjectOptions::default() };
        let record = record(&id(), &run, Some("netbench-nightly-1"), &options).unwrap();
        assert!(!record.is_without_samples);
        assert_eq!(super::run(&record.object, &run.id).unwrap(), run);
        assert!(super::run(&record.object, "other").is_err());
        let kept = kept(&record.object.metadata).unwrap();
        assert_eq!((kept.entry.id.as_str(), kept.entry.tests), (run.id.as_str(), run.tests.len()));
        assert_eq!(kept.job.as_deref(), Some("netbench-nightly-1"));
        assert_eq!(record.object.metadata.labels.unwrap()["team"], "net");
    }

    #[test]
    fn what_is_no_document_is_told() {
        let mut object = record(&id(), &made(), None, &ObjectOptions::default()).unwrap().object;
        object.binary_data.as_mut().unwrap().insert(KEY.to_owned(), ByteString(b"nothing".to_vec()));
        assert!(super::run(&object, "k3v9x2mq").unwrap_err().to_string().contains("netbench-nightly-"));
        object.binary_data = None;
        assert!(super::run(&object, "k3v9x2mq").is_err());
    }
}
