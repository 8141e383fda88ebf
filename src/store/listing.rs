//! Entries of the list of runs, read without the samples of their tests.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{StoreError, reading};
use crate::analysis::analyse;
use crate::document::{Cluster, Command, Run, State};
use crate::sanitize::line;

/// An entry of the list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Id of the run.
    pub id: String,
    /// `matrix` or `pair`.
    pub command: Command,
    /// Whether the run is complete.
    pub state: State,
    /// Start of the run.
    pub started_at: Timestamp,
    /// The kubeconfig context; none for local runs and in-cluster runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Number of nodes.
    pub nodes: usize,
    /// Median throughput of the pairs on the first route; none if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_bits_per_second: Option<f64>,
    /// Number of planned tests.
    pub planned_tests: usize,
    /// Number of finished tests, failed ones included.
    pub tests: usize,
    /// Number of failed tests.
    pub failed_tests: usize,
    /// The findings, as sentences.
    pub findings: Vec<String>,
}

/// The parts of a [`Run`] that an entry needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    command: Command,
    state: State,
    started_at: Timestamp,
    cluster: Option<Cluster>,
    nodes: Vec<IgnoredAny>,
    planned_tests: usize,
    #[serde(default)]
    summary: Summary,
    #[serde(default)]
    findings: Vec<Finding>,
    tests: Vec<Test>,
}

#[derive(Default, Deserialize)]
struct Summary {
    throughput: Vec<Throughput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Throughput {
    median_bits_per_second: Option<f64>,
}

#[derive(Deserialize)]
struct Finding {
    sentence: String,
}

#[derive(Deserialize)]
struct Test {
    outcome: String,
}

impl Entry {
    /// Reads an entry. `id` is the file name: the run is loaded by it.
    pub(super) fn read(id: &str, path: &Path) -> Result<Self, StoreError> {
        let text = fs::read(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
        let Ok(head) = serde_json::from_slice::<Head>(&text) else {
            return reading::read(path).map(|run| Self::from_run(id, run));
        };
        if head.state == State::Partial {
            // its file has no summary and findings yet
            return reading::read(path).map(|run| Self::from_run(id, run));
        }
        let median = head.summary.throughput.first().and_then(|of| of.median_bits_per_second);
        Ok(Self {
            id: id.to_owned(),
            command: head.command,
            state: head.state,
            started_at: head.started_at,
            context: head.cluster.and_then(|cluster| cluster.context).map(|context| line(&context)),
            nodes: head.nodes.len(),
            median_bits_per_second: median,
            planned_tests: head.planned_tests,
            tests: head.tests.len(),
            failed_tests: head.tests.iter().filter(|test| test.outcome == "failed").count(),
            findings: head.findings.iter().map(|finding| line(&finding.sentence)).collect(),
        })
    }

    /// Sanitizes all strings.
    pub(crate) fn sanitized(mut self) -> Self {
        self.id = line(&self.id);
        self.context = self.context.map(|context| line(&context));
        self.findings.iter_mut().for_each(|sentence| *sentence = line(sentence));
        self
    }

    /// The entry of an analysed run.
    pub(crate) fn from_run(id: &str, mut run: Run) -> Self {
        analyse(&mut run);
        let summary = &run.summary;
        Self {
            id: id.to_owned(),
            command: run.command,
            state: run.state,
            started_at: run.started_at,
            nodes: run.nodes.len(),
            median_bits_per_second: summary.throughput.first().and_then(|of| of.median_bits_per_second),
            planned_tests: run.planned_tests,
            tests: run.tests.len(),
            failed_tests: run.tests.iter().filter(|test| !test.outcome.is_ok()).count(),
            context: run.cluster.and_then(|cluster| cluster.context),
            findings: run.findings.into_iter().map(|finding| finding.sentence).collect(),
        }
    }
}
