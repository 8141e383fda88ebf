//! What a client says beside its figures, which explains why there are none.
//!
//! Its exit code is no help: it is 0 after most errors.

use super::incomplete;
use crate::document::{Failure, FailureKind};
use crate::engine::ClientExit;

/// How many lines that tell no figures are kept, to explain a failure.
const KEPT_LINES: usize = 5;

/// The most characters of such a line.
const KEPT_CHARACTERS: usize = 300;

/// The beginnings of lines that every test has.
const USUAL: [&str; 14] = [
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

/// What a client said. Where its two outputs come as one, the errors are among the other lines.
#[derive(Debug, Default)]
pub(super) struct Messages {
    lines: Vec<String>,
}

impl Messages {
    /// Takes a line of the output that tells no figures.
    pub(super) fn keep(&mut self, line: &str) {
        let usual = USUAL.iter().any(|start| line.starts_with(start)) || line.contains(" connected with ");
        if !usual && self.lines.len() < KEPT_LINES {
            let line = cleaned(line);
            if !line.is_empty() {
                self.lines.push(line);
            }
        }
    }

    /// What a test comes to whose figures are `measured`, none where the client has reported none of the whole test.
    ///
    /// # Errors
    /// They are wrong or missing; what the client said explains it.
    pub(super) fn outcome<T>(
        self,
        exit: &ClientExit,
        measured: Option<Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let messages = self.with(exit);
        if let Some(failure) = messages.unsupported_option() {
            return Err(failure);
        }
        let measured = measured.unwrap_or_else(|| Err(messages.without_report(exit.code)));
        measured.map_err(|failure| messages.unreachable().unwrap_or(failure))
    }

    /// Adds what stands on the standard error, before the rest.
    fn with(self, exit: &ClientExit) -> Self {
        let errors = exit.stderr.lines().map(cleaned).filter(|line| !line.is_empty());
        Self { lines: errors.take(KEPT_LINES).chain(self.lines).collect() }
    }

    /// The failure of a client that measured something else than it was asked for: it goes on after
    /// options that it does not know or that its system refuses.
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

    /// The failure of a client that reported no figures of its whole test.
    fn without_report(&self, code: Option<i32>) -> Failure {
        const BREAKS: [&str; 2] = ["Connection reset by peer", "Broken pipe"];
        let said = self.lines.iter().find(|line| !line.starts_with("WARN"));
        match (said, code) {
            (Some(said), _) if BREAKS.iter().any(|sign| said.contains(sign)) => incomplete(said),
            (Some(said), _) => Failure::new(FailureKind::Engine, said),
            (None, Some(code)) => Failure::new(
                ClientExit::kind_without_report(code),
                format!("iperf exited with code {code} and without a complete report"),
            ),
            (None, None) => incomplete("the report of iperf is incomplete"),
        }
    }
}

/// A line without what differs between streams and moments, so that equal reasons are equal.
fn cleaned(line: &str) -> String {
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

    fn said(stderr: &str) -> Messages {
        Messages::default().with(&ClientExit {
            code: Some(0),
            stderr: stderr.to_owned(),
            unfinished_line: None,
        })
    }

    #[test]
    fn a_refused_connection_is_told_in_the_programs_words() {
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
            assert_eq!(said(stderr).unreachable(), Some(Failure::new(FailureKind::Unreachable, reason)));
            let mut among_the_output = Messages::default();
            stderr.lines().for_each(|line| among_the_output.keep(line));
            assert_eq!(among_the_output.unreachable(), said(stderr).unreachable());
        }
        assert_eq!(said("shutdown failed: Transport endpoint is not connected\n").unreachable(), None);
    }

    #[test]
    fn an_option_that_is_passed_over_is_a_failure() {
        for line in [
            "Attempt to set 'nosuch' congestion control failed: No such file or directory",
            "WARNING: attempt to set TCP maxmimum segment size to 7 failed",
            "iperf: unrecognized option `--nosuch'",
        ] {
            let failure = said(line).unsupported_option().unwrap();
            assert_eq!(failure.kind, FailureKind::Engine);
            assert!(line.ends_with(&failure.reason));
        }
        assert_eq!(said("WARN: interval too small\n").unsupported_option(), None);
    }

    #[test]
    fn a_client_without_a_report_is_told_by_its_last_words() {
        let failure =
            said("WARNING: a small window\n\nERROR: -t value of 'x' not recognized\n").without_report(None);
        assert_eq!(failure, Failure::new(FailureKind::Engine, "ERROR: -t value of 'x' not recognized"));
        assert_eq!(
            said("").without_report(Some(137)).reason,
            "iperf exited with code 137 and without a complete report"
        );
        // it was killed, or its words were lost on the way: neither is the network's fault
        for code in [0, 137] {
            assert_eq!(said("").without_report(Some(code)).kind, FailureKind::ClientLost);
        }
        assert_eq!(said("").without_report(None).kind, FailureKind::Incomplete);
    }

    #[test]
    fn few_and_short_lines_are_kept() {
        let mut words = Messages::default();
        for _ in 0..100 {
            words.keep(&"x".repeat(10_000));
        }
        assert_eq!(words.lines.len(), KEPT_LINES);
        assert!(words.lines.iter().all(|line| line.len() == KEPT_CHARACTERS));
    }
}
