//! The outcome of a scheduled run, which the run reports as JSON in the termination message of its container. Pure.
//!
//! See <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>.

use serde::{Deserialize, Serialize};

use crate::explanation::Explanation;

/// The file from which the kubelet reads the termination message: the default of Kubernetes.
pub const TERMINATION_MESSAGE_PATH: &str = "/dev/termination-log";

/// Maximum size of a termination message in bytes: the kubelet keeps only the last 4096.
const MAX_BYTES: usize = 4096;

/// The outcome of a scheduled run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunOutcome {
    /// The exit code of the process.
    pub exit_code: i32,
    /// The first error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RunFailure>,
    /// The gates that failed, each with its pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_gates: Vec<String>,
    /// The id of the run document, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

/// An error of a scheduled run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// What failed.
    pub error: String,
    /// The reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl From<&Explanation> for RunFailure {
    fn from(explanation: &Explanation) -> Self {
        let Explanation { error, cause, help } = explanation.clone();
        Self { error, cause, help }
    }
}

impl RunFailure {
    /// The error with its cause and help.
    pub fn explain(&self) -> Explanation {
        let Self { error, cause, help } = self.clone();
        Explanation { error, cause, help }
    }
}

impl RunOutcome {
    /// Parses a termination message; none if it is something else, such as the log of an older version.
    pub fn parse(message: &str) -> Option<Self> {
        serde_json::from_str(message).ok()
    }

    /// The termination message: JSON of at most 4096 bytes. To fit, all texts are truncated to the same length.
    pub fn to_message(&self) -> String {
        let mut limit = MAX_BYTES;
        loop {
            // strings and a number: serialization cannot fail
            let message = serde_json::to_string(&self.truncated(limit)).unwrap_or_default();
            if message.len() <= MAX_BYTES || limit == 0 {
                return message;
            }
            limit /= 2;
        }
    }

    /// The same outcome with texts of at most `limit` bytes, and at most `limit` gates.
    fn truncated(&self, limit: usize) -> Self {
        let text = |text: &String| truncate(text, limit);
        Self {
            exit_code: self.exit_code,
            error: self.error.as_ref().map(|failure| RunFailure {
                error: text(&failure.error),
                cause: failure.cause.as_ref().map(text),
                help: failure.help.as_ref().map(text),
            }),
            failed_gates: self.failed_gates.iter().take(limit).map(text).collect(),
            run_id: self.run_id.as_ref().map(text),
        }
    }
}

/// Truncates a text to `limit` bytes, on a character boundary.
fn truncate(text: &str, limit: usize) -> String {
    const ELLIPSIS: char = '…';
    if text.len() <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(ELLIPSIS.len_utf8()) else { return String::new() };
    let end = text.char_indices().map(|(start, _)| start).take_while(|start| *start <= room).last();
    format!("{}{ELLIPSIS}", &text[..end.unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome() -> RunOutcome {
        RunOutcome {
            exit_code: 1,
            error: Some(RunFailure {
                error: "cannot list the nodes".to_owned(),
                cause: Some("nodes is forbidden".to_owned()),
                help: None,
            }),
            failed_gates: vec!["2 pairs fail --fail-below 5Gbit/s".to_owned()],
            run_id: Some("k3v9x2mq".to_owned()),
        }
    }

    #[test]
    fn outcome_round_trips_through_camel_case_json() {
        let message = outcome().to_message();
        assert_eq!(
            message,
            r#"{"exitCode":1,"error":{"error":"cannot list the nodes","cause":"nodes is forbidden"},"failedGates":["2 pairs fail --fail-below 5Gbit/s"],"runId":"k3v9x2mq"}"#
        );
        assert_eq!(RunOutcome::parse(&message), Some(outcome()));
        let success = RunOutcome::default();
        assert_eq!(success.to_message(), r#"{"exitCode":0}"#);
        assert_eq!(RunOutcome::parse(r#"{"exitCode":0,"addedLater":true}"#), Some(success));
    }

    #[test]
    fn foreign_message_is_no_outcome() {
        for message in ["", "error:   cannot list the nodes\n", "{", "{}", "3", "null", r#"{"exitCode":"1"}"#]
        {
            assert_eq!(RunOutcome::parse(message), None, "{message}");
        }
    }

    #[test]
    fn overlong_error_is_truncated_to_valid_json() {
        let failure = RunFailure { error: "ä".repeat(3000), cause: Some("\"".repeat(9000)), help: None };
        let message = RunOutcome { error: Some(failure), ..outcome() }.to_message();
        assert!(message.len() <= MAX_BYTES, "{}", message.len());
        let read = RunOutcome::parse(&message).unwrap();
        assert_eq!((read.exit_code, &read.failed_gates), (1, &outcome().failed_gates));
        let error = read.error.unwrap().error;
        assert!(error.starts_with("ää") && error.ends_with("ä…"), "{error}");
    }

    proptest! {
        #[test]
        fn every_message_fits_and_parses(
            texts in prop::collection::vec("(.|\\PC|[\"\\\\\\x00-\\x1f]){0,3000}", 2),
            gates in prop::collection::vec(".{0,100}", 0..100),
        ) {
            let failure = RunFailure { error: texts[0].clone(), cause: None, help: Some(texts[1].clone()) };
            let outcome = RunOutcome { error: Some(failure), failed_gates: gates, ..outcome() };
            let message = outcome.to_message();
            prop_assert!(message.len() <= MAX_BYTES);
            prop_assert!(RunOutcome::parse(&message).is_some());
        }
    }
}
