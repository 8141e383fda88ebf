//! The documents of a schedule's newest runs: compressed JSON in ConfigMaps. Pure.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::ScheduleId;
use super::objects::labels;
use crate::document::Run;
use crate::options::ObjectOptions;
use crate::store::{self, Entry};

/// The component label of ConfigMaps that contain a run document.
pub const COMPONENT: &str = "record";

/// The annotation with the summary that lists show.
const ENTRY_ANNOTATION: &str = "netbench.dev/entry";

/// The annotation with the name of the Job that kept the document.
const JOB_ANNOTATION: &str = "netbench.dev/job";

/// The key of the document in the ConfigMap.
const KEY: &str = "run.json.gz";

/// Maximum size of a compressed document, in bytes. A ConfigMap is limited to 1 MiB in total.
const MAX_COMPRESSED_BYTES: usize = 1_000_000;

/// Maximum size of a decompressed document, in bytes: a limit against decompression bombs.
const MAX_DECOMPRESSED_BYTES: u64 = 64 * 1024 * 1024;

/// The summary of a run document, from the metadata of its ConfigMap.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordSummary {
    /// The run.
    pub entry: Entry,
    /// The name of the Job that kept the document, if it is known.
    pub job: Option<String>,
}

/// Why a document cannot be put into a ConfigMap, or read from one.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is too large even without its per-second samples.
    #[error("the run document is too large for a ConfigMap: {bytes} bytes compressed")]
    TooLarge {
        /// The compressed size.
        bytes: usize,
    },
    /// The ConfigMap contains no readable document of the run.
    #[error("ConfigMap {name} contains no valid run document: {why}")]
    Unreadable {
        /// The name of the ConfigMap.
        name: String,
        /// The reason.
        why: String,
    },
}

/// A ConfigMap with a run document.
#[derive(Debug)]
pub struct Record {
    /// The object.
    pub object: ConfigMap,
    /// Whether the per-second samples had to be dropped.
    pub is_without_samples: bool,
}

/// Builds the ConfigMap for the document of a run of the Job `job`, with the labels and annotations of `marks`.
///
/// # Errors
/// The document is too large.
pub fn record(
    id: &ScheduleId,
    run: &Run,
    job: Option<&str>,
    marks: &ObjectOptions,
) -> Result<Record, RecordError> {
    let mut compressed = compress(run);
    let is_without_samples = compressed.len() > MAX_COMPRESSED_BYTES;
    if is_without_samples {
        compressed = compress(&without_samples(run.clone()));
    }
    if compressed.len() > MAX_COMPRESSED_BYTES {
        return Err(RecordError::TooLarge { bytes: compressed.len() });
    }
    // strings and numbers: serialization cannot fail
    let entry = serde_json::to_string(&Entry::from_run(&run.id, run.clone())).unwrap_or_default();
    let mut metadata = marks.metadata(&format!("{}-{}", id.object_name(), run.id), labels(id, COMPONENT));
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(ENTRY_ANNOTATION.to_owned(), entry);
    annotations.extend(job.map(|job| (JOB_ANNOTATION.to_owned(), job.to_owned())));
    let object = ConfigMap {
        metadata,
        binary_data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(compressed))])),
        ..ConfigMap::default()
    };
    Ok(Record { object, is_without_samples })
}

/// The summary in the metadata of a ConfigMap; none if it is missing or invalid.
pub fn summary(metadata: &ObjectMeta) -> Option<RecordSummary> {
    let annotations = metadata.annotations.as_ref()?;
    let entry: Entry = serde_json::from_str(annotations.get(ENTRY_ANNOTATION)?).ok()?;
    let job = annotations.get(JOB_ANNOTATION).cloned();
    store::is_id(&entry.id).then(|| RecordSummary { entry: entry.sanitized(), job })
}

/// Reads the document of the run `id` from its ConfigMap.
///
/// # Errors
/// The ConfigMap contains no valid document, or that of another run.
pub fn run(object: &ConfigMap, id: &str) -> Result<Run, RecordError> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let unreadable = |why: String| RecordError::Unreadable { name: name.clone(), why };
    let compressed = object.binary_data.as_ref().and_then(|data| data.get(KEY));
    let compressed = compressed.ok_or_else(|| unreadable(format!("it has no key {KEY}")))?;
    let mut decompressed = Vec::new();
    GzDecoder::new(compressed.0.as_slice())
        .take(MAX_DECOMPRESSED_BYTES + 1)
        .read_to_end(&mut decompressed)
        .map_err(|error| unreadable(error.to_string()))?;
    if decompressed.len() as u64 > MAX_DECOMPRESSED_BYTES {
        return Err(unreadable(format!("it is larger than {MAX_DECOMPRESSED_BYTES} bytes")));
    }
    let text = String::from_utf8(decompressed).map_err(|error| unreadable(error.to_string()))?;
    let run = store::parse(&text).map_err(|error| unreadable(error.to_string()))?;
    if run.id == id { Ok(run) } else { Err(unreadable(format!("it contains run {}", run.id))) }
}

fn compress(run: &Run) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // writing to memory cannot fail
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

    fn example() -> Run {
        fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 1e9)])
    }

    fn id() -> ScheduleId {
        ScheduleId { name: "nightly".to_owned(), namespace: "network".to_owned() }
    }

    #[test]
    fn document_round_trips() {
        let run = example();
        let marks = ObjectOptions { labels: vec!["team=net".parse().unwrap()], ..ObjectOptions::default() };
        let record = record(&id(), &run, Some("netbench-nightly-1"), &marks).unwrap();
        assert!(!record.is_without_samples);
        assert_eq!(super::run(&record.object, &run.id).unwrap(), run);
        assert!(super::run(&record.object, "other").is_err());
        let summary = summary(&record.object.metadata).unwrap();
        assert_eq!((summary.entry.id.as_str(), summary.entry.tests), (run.id.as_str(), run.tests.len()));
        assert_eq!(summary.job.as_deref(), Some("netbench-nightly-1"));
        assert_eq!(record.object.metadata.labels.unwrap()["team"], "net");
    }

    #[test]
    fn invalid_document_is_an_error_that_names_the_config_map() {
        let mut object = record(&id(), &example(), None, &ObjectOptions::default()).unwrap().object;
        object.binary_data.as_mut().unwrap().insert(KEY.to_owned(), ByteString(b"nothing".to_vec()));
        assert!(super::run(&object, "k3v9x2mq").unwrap_err().to_string().contains("netbench-nightly-"));
        object.binary_data = None;
        assert!(super::run(&object, "k3v9x2mq").is_err());
    }
}
