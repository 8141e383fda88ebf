//! The logs of containers, which can be resumed where they broke off.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::{AsyncBufRead, AsyncBufReadExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::{Api, ResourceExt};

use super::pods::init::failed_silently;
use crate::cluster::{Cluster, RequestError};
use crate::engine::MAX_LINE_BYTES;
use crate::testbed::Unusable;

/// The pause before a log that broke off is opened again.
pub(crate) const REOPEN_PAUSE: Duration = Duration::from_millis(200);

/// Container runtimes write long lines in pieces of a multiple of this many bytes: containerd and Docker
/// of 16 KiB, CRI-O of 8 KiB.
const MIN_PIECE: usize = 8 << 10;

/// The most characters of a timestamp: `2026-11-23T01:00:00.100000000+01:00`.
const MAX_TIMESTAMP: usize = 35;

/// How long reading the existing part of a log may take.
const BODY_LIMIT: Duration = Duration::from_secs(20);

/// How many lines of the log of an init container are quoted.
const INIT_LOG_LINES: i64 = 3;

/// The log of a container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogSource<'a> {
    /// The pod's name.
    pub pod: &'a str,
    /// The container's name.
    pub container: &'a str,
    /// Whether to wait for lines that are not written yet.
    pub follow: bool,
}

/// Hands the lines of a log from `position` on to `take`, until the log ends or `take` has enough. The end
/// of a log is not the end of its process.
///
/// # Errors
/// The log cannot be opened.
pub(crate) async fn read_log(
    cluster: &Cluster,
    pods: &Api<Pod>,
    source: LogSource<'_>,
    position: &mut LogPosition,
    take: &mut (dyn FnMut(&str) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>, RequestError> {
    let parameters = LogParams {
        container: Some(source.container.to_owned()),
        follow: source.follow,
        timestamps: true,
        since_time: position.resume(),
        ..LogParams::default()
    };
    let doing = format!("read the log of the pod {}", source.pod);
    let stream = cluster.call(doing, pods.log_stream(source.pod, &parameters)).await?;
    let mut stream = std::pin::pin!(stream);
    let read = async {
        let mut line = Vec::new();
        // a broken stream has ended for now, and its unfinished line is read again
        while next_line(&mut stream, &mut line).await.unwrap_or(false) {
            let text = String::from_utf8_lossy(&line);
            if let Some(text) = position.new_text(text.trim_end_matches(['\r', '\n']))
                && take(&without_inner_timestamps(text)) == ControlFlow::Break(())
            {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    if source.follow {
        return Ok(read.await);
    }
    // what exists already arrives immediately, or not at all
    Ok(tokio::time::timeout(BODY_LIMIT, read).await.unwrap_or(ControlFlow::Continue(())))
}

/// Adds the last lines of the log of an init container that has failed without a message.
pub(crate) async fn with_init_log(
    cluster: &Cluster,
    pods: &Api<Pod>,
    pod: Option<&Pod>,
    unusable: Unusable,
) -> Unusable {
    let Some((pod, container)) = pod.and_then(|pod| Some((pod, failed_silently(pod)?))) else {
        return unusable;
    };
    let parameters =
        LogParams { container: Some(container), tail_lines: Some(INIT_LOG_LINES), ..LogParams::default() };
    let name = pod.name_any();
    let read = pods.logs(&name, &parameters);
    let log = cluster.call("read the log of the init container", read).await.unwrap_or_default();
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        unusable
    } else {
        unusable.reworded(|reason| format!("{reason}: {}", lines.join("; ")))
    }
}

/// A line without the timestamps within it. Runtimes write long lines in pieces, and older kubelets put a
/// timestamp before each piece, not only before the first.
fn without_inner_timestamps(line: &str) -> Cow<'_, str> {
    if line.len() < MIN_PIECE {
        return Cow::Borrowed(line);
    }
    let (mut whole, mut rest) = (String::new(), line);
    // the length of a piece is a multiple of the shortest
    while let Some((at, length)) = (1..=rest.len() / MIN_PIECE)
        .map(|piece| piece * MIN_PIECE)
        .find_map(|at| Some((at, timestamp_length(rest, at)?)))
    {
        whole.push_str(&rest[..at]);
        rest = &rest[at + length..];
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// The length of the timestamp at an offset of a line, with the space behind it.
fn timestamp_length(line: &str, at: usize) -> Option<usize> {
    let rest = line.get(at..)?;
    // no further than a timestamp reaches: a line may have megabytes
    let length = rest.bytes().take(MAX_TIMESTAMP + 1).position(|byte| byte == b' ')?;
    rest[..length].parse::<Timestamp>().ok().map(|_| length + 1)
}

/// Reads the next line into `line`, or its first [`MAX_LINE_BYTES`] bytes. Returns whether the line is complete.
async fn next_line(stream: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    loop {
        let bytes = stream.fill_buf().await?;
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        let room = MAX_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&bytes[..length.min(room)]);
        stream.consume_unpin(length);
        if end.is_some() || length == 0 {
            return Ok(end.is_some());
        }
    }
}

/// How far a log has been read.
///
/// A log is reopened at a whole second, and so repeats lines: those before the last timestamp are dropped,
/// and as many with that very timestamp as were taken before.
#[derive(Debug, Default)]
pub(crate) struct LogPosition {
    last: Option<Timestamp>,
    /// The number of lines taken with exactly that timestamp.
    taken: usize,
    /// The number of lines with that timestamp still to drop; none if no lines are repeated.
    repeated: Option<usize>,
}

impl LogPosition {
    /// Whether no line was read yet.
    pub(in crate::testbed::kubernetes) fn is_at_start(&self) -> bool {
        self.last.is_none()
    }

    /// When to reopen the log: the whole second before the last line.
    fn resume(&mut self) -> Option<Timestamp> {
        let last = self.last?;
        self.repeated = Some(self.taken);
        // kube rounds to the nearest second, which may be after the line
        Timestamp::from_second(last.as_second()).ok()
    }

    /// The text of a line that begins with a timestamp, if it was not taken before.
    fn new_text<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let (timestamp, text) = line.split_once(' ').unwrap_or((line, ""));
        // a line without a timestamp is an error message of the kubelet
        let timestamp = timestamp.parse::<Timestamp>().ok()?;
        if let (Some(last), Some(repeated)) = (self.last, self.repeated) {
            if timestamp < last {
                return None;
            }
            if timestamp == last && repeated > 0 {
                self.repeated = Some(repeated - 1);
                return None;
            }
            self.repeated = None;
        }
        self.taken = if self.last == Some(timestamp) { self.taken + 1 } else { 1 };
        self.last = Some(timestamp);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: [&str; 5] = [
        "2026-11-23T01:00:00.100000000Z a",
        "2026-11-23T01:00:00.700000000Z b",
        "2026-11-23T01:00:00.700000000Z c",
        "2026-11-23T01:00:00.700000000Z d",
        "2026-11-23T01:00:01.000000000Z e",
    ];

    #[test]
    fn broken_log_is_read_exactly_once() {
        for broke_at in 0..=LOG.len() {
            let mut position = LogPosition::default();
            let mut read: Vec<&str> =
                LOG[..broke_at].iter().filter_map(|line| position.new_text(line)).collect();
            let from = position.resume();
            // an API server omits lines before the requested time
            let reopened = LOG.iter().filter(|line| {
                let time: Timestamp = line.split(' ').next().unwrap().parse().unwrap();
                from.is_none_or(|from| time >= from)
            });
            read.extend(reopened.filter_map(|line| position.new_text(line)));
            assert_eq!(read, ["a", "b", "c", "d", "e"], "broken at line {broke_at}");
        }
    }

    #[tokio::test]
    async fn endless_line_is_cut() {
        let mut text = b"one\n".to_vec();
        text.resize(MAX_LINE_BYTES + 100, b'x');
        text.extend_from_slice(b"\nthree\nfou");
        let (mut stream, mut line) = (futures_util::io::Cursor::new(text), Vec::new());
        let mut lengths = Vec::new();
        while next_line(&mut stream, &mut line).await.unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [4, MAX_LINE_BYTES, 6]);
    }

    #[test]
    fn timestamps_within_a_line_are_removed() {
        let text: String = (0..40_000).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
        for piece in [8 << 10, 16 << 10] {
            let pieces: Vec<&str> =
                text.as_bytes().chunks(piece).map(|of| str::from_utf8(of).unwrap()).collect();
            let line = pieces.join("2026-11-23T01:00:00.100000000Z ");
            assert!(line.len() > text.len());
            assert_eq!(without_inner_timestamps(&line), text);
        }
        assert_eq!(without_inner_timestamps(&text), text);
        let elsewhere = format!("{}2026-11-23T01:00:00Z {}", &text[..100], &text[100..20_000]);
        assert_eq!(without_inner_timestamps(&elsewhere), elsewhere);
    }

    #[test]
    fn clock_set_back_loses_no_line() {
        let mut position = LogPosition::default();
        let lines = ["2026-11-23T01:00:05Z a", "2026-11-23T01:00:03Z b", "2026-11-23T01:00:04Z c"];
        let read: Vec<&str> = lines.iter().filter_map(|line| position.new_text(line)).collect();
        assert_eq!(read, ["a", "b", "c"]);
    }

    #[test]
    fn line_without_timestamp_is_dropped() {
        let mut position = LogPosition::default();
        assert_eq!(position.new_text("unable to retrieve container logs for containerd://0"), None);
    }
}
