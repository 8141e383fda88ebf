//! Error messages of a client, which explain why it has no report.
//!
//! Its exit code does not: it is 0 after most errors.

use super::incomplete;
use crate::document::{Failure, FailureKind};
use crate::engine::ClientExit;

/// How many lines outside of the report are kept to explain a failure.
const KEPT_LINES: usize = 5;

/// Maximum length of such a line, in characters.
const KEPT_CHARACTERS: usize = 300;

/// Prefixes of the lines that every test prints.
const HEADERS: [&str; 14] = [
    "---",
    "Client connecting to ",
    "Write buffer size",
    "TCP window size",
    "TCP congestion control",
    "TOS ",
    "MSS ",
    "Bounce-back test",
    "Bounceback test",
    "Enabled ",
    "Set bounceback",
    "[ ID]",
    "[SUM-cnt]",
    "[ CT]",
];

/// The messages of a client. Where stdout and stderr arrive as one, errors are between the lines of the report.
#[derive(Debug, Default)]
pub(super) struct Messages {
    lines: Vec<String>,
}

impl Messages {
    /// Takes a line of the output that is not part of the report.
    pub(super) fn keep(&mut self, line: &str) {
        let is_header =
            HEADERS.iter().any(|start| line.starts_with(start)) || line.contains(" connected with ");
        if !is_header && self.lines.len() < KEPT_LINES {
            let line = normalized(line);
            if !line.is_empty() {
                self.lines.push(line);
            }
        }
    }

    /// The result of a test: `measured`, which is `None` if the client did not report the whole test.
    ///
    /// # Errors
    /// The result is invalid or missing. The messages of the client take precedence as the reason.
    pub(super) fn into_result<T>(
        self,
        exit: &ClientExit,
        measured: Option<Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let messages = self.with_stderr(exit);
        if let Some(failure) = messages.unsupported_option() {
            return Err(failure);
        }
        let measured = measured.unwrap_or_else(|| Err(messages.without_report(exit.code)));
        measured.map_err(|failure| messages.unreachable().unwrap_or(failure))
    }

    /// Prepends the messages on standard error.
    fn with_stderr(self, exit: &ClientExit) -> Self {
        let errors = exit.stderr.lines().map(normalized).filter(|line| !line.is_empty());
        Self { lines: errors.take(KEPT_LINES).chain(self.lines).collect() }
    }

    /// The failure of a client that measured with other options than requested: it continues after an option
    /// that it does not know, or that its operating system rejects.
    fn unsupported_option(&self) -> Option<Failure> {
        const SIGNS: [&str; 4] =
            ["ttempt to set ", "unrecognized option", "invalid option", "option requires an argument"];
        let line = self.lines.iter().find(|line| SIGNS.iter().any(|sign| line.contains(sign)))?;
        Some(Failure::new(FailureKind::Engine, line))
    }

    /// The failure of a client that did not reach the server.
    fn unreachable(&self) -> Option<Failure> {
        // `tcp connect failed: Connection refused` (2.1),
        // `tcp connect to 10.0.0.1 port 5001 failed (Connection refused)` (2.2)
        const STARTS: [&str; 2] = ["tcp connect ", "connect failed"];
        const RESOLVER: [&str; 4] =
            ["Unknown host", "Host name lookup failure", "resolver error", "failed to find an ip address"];
        let line = self.lines.iter().find(|line| {
            STARTS.iter().any(|start| line.starts_with(start))
                || RESOLVER.iter().any(|sign| line.contains(sign))
        })?;
        Some(Failure::new(FailureKind::Unreachable, line))
    }

    /// The failure of a client that did not report the whole test.
    fn without_report(&self, code: Option<i32>) -> Failure {
        const BREAKS: [&str; 2] = ["Connection reset by peer", "Broken pipe"];
        let message = self.lines.iter().find(|line| !line.starts_with("WARN"));
        match (message, code) {
            (Some(message), _) if BREAKS.iter().any(|sign| message.contains(sign)) => incomplete(message),
            (Some(message), _) => Failure::new(FailureKind::Engine, message),
            (None, Some(code)) => Failure::new(
                ClientExit::kind_without_report(code),
                format!("iperf exited with code {code} without a complete report"),
            ),
            (None, None) => incomplete("the report of iperf is incomplete"),
        }
    }
}

/// A line without its stream id and time, so that equal reasons are equal.
fn normalized(line: &str) -> String {
    let line = line.trim();
    // `[  1] tcp connect to … on 2024-11-23 05:15:44.985 (UTC)`
    let line = line.strip_prefix('[').and_then(|line| line.split_once("] ")).map_or(line, |(_, line)| line);
    let line = match line.rsplit_once(" on ") {
        Some((line, time)) if time.starts_with("20") => line,
        _ => line,
    };
    line.trim_start_matches("iperf: ").chars().take(KEPT_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(stderr: &str) -> Messages {
        Messages::default().with_stderr(&ClientExit {
            code: Some(0),
            stderr: stderr.to_owned(),
            unfinished_line: None,
        })
    }

    #[test]
    fn refused_connection_has_the_message_as_its_reason() {
        for (stderr, reason) in [
            (
                include_str!("../../../tests/fixtures/iperf2/2.1-refused.stderr"),
                "tcp connect failed: Connection refused",
            ),
            (
                include_str!("../../../tests/fixtures/iperf2/2.2-refused.stderr"),
                "tcp connect to 127.0.0.1 port 21002 failed (Connection refused)",
            ),
            ("netbench-1.invalid: Unknown host\n", "netbench-1.invalid: Unknown host"),
        ] {
            assert_eq!(messages(stderr).unreachable(), Some(Failure::new(FailureKind::Unreachable, reason)));
            let mut in_stdout = Messages::default();
            stderr.lines().for_each(|line| in_stdout.keep(line));
            assert_eq!(in_stdout.unreachable(), messages(stderr).unreachable());
        }
        assert_eq!(messages("shutdown failed: Transport endpoint is not connected\n").unreachable(), None);
    }

    #[test]
    fn ignored_option_fails_the_test() {
        for line in [
            "Attempt to set 'nosuch' congestion control failed: No such file or directory",
            "WARNING: attempt to set TCP maxmimum segment size to 7 failed",
            "iperf: unrecognized option `--nosuch'",
        ] {
            let failure = messages(line).unsupported_option().unwrap();
            assert_eq!(failure.kind, FailureKind::Engine);
            assert!(line.ends_with(&failure.reason));
        }
        assert_eq!(messages("WARN: interval too small\n").unsupported_option(), None);
    }

    #[test]
    fn client_without_report_fails_with_its_message_or_exit_code() {
        let failure = messages("WARNING: a small window\n\nERROR: -t value of 'x' not recognized\n")
            .without_report(None);
        assert_eq!(failure, Failure::new(FailureKind::Engine, "ERROR: -t value of 'x' not recognized"));
        assert_eq!(
            messages("").without_report(Some(137)).reason,
            "iperf exited with code 137 without a complete report"
        );
        // it was killed, or its output was lost: neither is a fault of the network
        for code in [0, 137] {
            assert_eq!(messages("").without_report(Some(code)).kind, FailureKind::ClientLost);
        }
        assert_eq!(messages("").without_report(None).kind, FailureKind::Incomplete);
    }

    #[test]
    fn kept_lines_are_limited_in_number_and_length() {
        let mut messages = Messages::default();
        for _ in 0..100 {
            messages.keep(&"x".repeat(10_000));
        }
        assert_eq!(messages.lines.len(), KEPT_LINES);
        assert!(messages.lines.iter().all(|line| line.len() == KEPT_CHARACTERS));
    }
}
