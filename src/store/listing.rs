//! What is told of a run in a list, read without its tests' figures.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{StoreError, reading};
use crate::analysis::analyse;
use crate::document::{Cluster, Command, Run, State};
use crate::sanitize::line;

/// A saved run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// The command that made it.
    pub command: Command,
    /// Whether it went to its end.
    pub state: State,
    /// When it began.
    pub started_at: Timestamp,
    /// The kubeconfig context; none without a cluster, and inside one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// How many nodes were measured.
    pub nodes: usize,
    /// The median throughput of the pairs on the first way; none if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_bits_per_second: Option<f64>,
    /// How many tests were planned.
    pub planned_tests: usize,
    /// How many were made.
    pub tests: usize,
    /// How many of these failed.
    pub failed_tests: usize,
    /// What is wrong, as sentences.
    pub findings: Vec<String>,
}

/// The parts of a [`Run`] that are told. Their types hold no more than that.
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
    /// `id` is that of the file's name: by it the run is found again.
    pub(super) fn read(id: &str, path: &Path) -> Result<Self, StoreError> {
        let text = fs::read(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
        let Ok(head) = serde_json::from_slice::<Head>(&text) else {
            return reading::read(path).map(|run| Self::of(id, run));
        };
        if head.state == State::Partial {
            // what follows from all of its tests is not in its file yet
            return reading::read(path).map(|run| Self::of(id, run));
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

    /// The same with all words of others as they can be shown.
    pub(crate) fn cleaned(mut self) -> Self {
        self.id = line(&self.id);
        self.context = self.context.map(|context| line(&context));
        self.findings.iter_mut().for_each(|sentence| *sentence = line(sentence));
        self
    }

    /// What is told of a run, found out from its tests.
    pub(crate) fn of(id: &str, mut run: Run) -> Self {
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
