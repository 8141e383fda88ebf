//! Follows the log of a pod, and reads on where it broke off.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::{AsyncBufRead, AsyncBufReadExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

use crate::cluster::{Cluster, RequestError};
use crate::testbed::kubernetes::KubernetesTestbed;

/// How long to wait before a log that broke off is opened again.
pub(crate) const REOPEN_PAUSE: Duration = Duration::from_millis(200);

/// The most bytes of a line that are kept: an image may print one without an end. No program that
/// measures has a longer one.
const LONGEST_LINE: usize = 16 << 20;

/// Of so many bytes, or a multiple, are the pieces in which container runtimes write a line: 16 KiB
/// is that of containerd and of Docker, 8 KiB that of CRI-O.
const SMALLEST_PIECE: usize = 8 << 10;

/// The most characters of a time: `2026-11-23T01:00:00.100000000+01:00`.
const LONGEST_TIME: usize = 35;

/// How long what a log has already may take to be read.
const BODY_LIMIT: Duration = Duration::from_secs(20);

/// Which log is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogOf<'a> {
    /// The pod's name.
    pub pod: &'a str,
    /// The container's name.
    pub container: &'a str,
    /// Whether lines that are still to be written are waited for.
    pub follow: bool,
}

/// Hands the lines of a log to `take` as they are written, from `position` on, until the log ends or `take` has
/// enough. The end of a log is not the end of its process.
///
/// # Errors
/// The log cannot be opened.
pub(crate) async fn read_log(
    cluster: &Cluster,
    pods: &Api<Pod>,
    of: LogOf<'_>,
    position: &mut LogPosition,
    take: &mut (dyn FnMut(&str) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>, RequestError> {
    let parameters = LogParams {
        container: Some(of.container.to_owned()),
        follow: of.follow,
        timestamps: true,
        since_time: position.resume(),
        ..LogParams::default()
    };
    let stream = cluster.call("read the log of a pod", pods.log_stream(of.pod, &parameters)).await?;
    let mut stream = std::pin::pin!(stream);
    let read = async {
        let mut line = Vec::new();
        // a stream that breaks has ended for now, and an unfinished line is read again
        while next_line(&mut stream, &mut line).await.unwrap_or(false) {
            let text = String::from_utf8_lossy(&line);
            if let Some(text) = position.new_text(text.trim_end_matches(['\r', '\n']))
                && take(&in_one_piece(text)).is_break()
            {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    if of.follow {
        return Ok(read.await);
    }
    // what is there already comes at once, or not at all
    Ok(tokio::time::timeout(BODY_LIMIT, read).await.unwrap_or(ControlFlow::Continue(())))
}

impl KubernetesTestbed {
    /// The same for a pod of the run.
    ///
    /// # Errors
    /// The log cannot be opened.
    pub(in crate::testbed::kubernetes) async fn read_log(
        &self,
        of: LogOf<'_>,
        position: &mut LogPosition,
        take: &mut (dyn FnMut(&str) -> ControlFlow<()> + Send),
    ) -> Result<ControlFlow<()>, RequestError> {
        let pods = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        read_log(&self.cluster, &pods, of, position, take).await
    }
}

/// A line without the times in it. Runtimes write long lines in pieces, and older kubelets put the
/// time before each piece, not only before the first.
fn in_one_piece(line: &str) -> Cow<'_, str> {
    if line.len() < SMALLEST_PIECE {
        return Cow::Borrowed(line);
    }
    let (mut whole, mut rest) = (String::new(), line);
    // a piece has a round length
    while let Some((at, length)) = (1..=rest.len() / SMALLEST_PIECE)
        .map(|piece| piece * SMALLEST_PIECE)
        .find_map(|at| Some((at, time_at(rest, at)?)))
    {
        whole.push_str(&rest[..at]);
        rest = &rest[at + length..];
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// The length of the time that stands at a place of a line, with the space behind it.
fn time_at(line: &str, at: usize) -> Option<usize> {
    let rest = line.get(at..)?;
    // no further than a time is long: a line may be of megabytes
    let length = rest.bytes().take(LONGEST_TIME + 1).position(|byte| byte == b' ')?;
    rest[..length].parse::<Timestamp>().ok().map(|_| length + 1)
}

/// Reads the next line into `line`, or as much of it as is kept. Returns whether it has an end.
async fn next_line(stream: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    loop {
        let bytes = stream.fill_buf().await?;
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&bytes[..length.min(room)]);
        stream.consume_unpin(length);
        if end.is_some() || length == 0 {
            return Ok(end.is_some());
        }
    }
}

/// How far a log has been read.
///
/// A log is reopened from a time in whole seconds, and so repeats lines: those before the last time
/// seen are dropped, and as many of that very time as were seen already.
#[derive(Debug, Default)]
pub(crate) struct LogPosition {
    time: Option<Timestamp>,
    /// How many lines of exactly that time were taken.
    taken: usize,
    /// Lines of that time that are still to be dropped; none when nothing is repeated any more.
    repeated: Option<usize>,
}

impl LogPosition {
    /// Whether nothing was read yet.
    pub(in crate::testbed::kubernetes) fn is_at_start(&self) -> bool {
        self.time.is_none()
    }

    /// From where to open the log again: the whole second before the last line.
    fn resume(&mut self) -> Option<Timestamp> {
        let time = self.time?;
        self.repeated = Some(self.taken);
        // kube rounds to the nearest second, which may be after the line
        Timestamp::from_second(time.as_second()).ok()
    }

    /// The text of a line with a timestamp in front, if it was not taken before.
    fn new_text<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let (time, text) = line.split_once(' ').unwrap_or((line, ""));
        // a line without a time is not the log's own: an error of the kubelet's
        let time = time.parse::<Timestamp>().ok()?;
        if let (Some(last), Some(repeated)) = (self.time, self.repeated) {
            if time < last {
                return None;
            }
            if time == last && repeated > 0 {
                self.repeated = Some(repeated - 1);
                return None;
            }
            self.repeated = None;
        }
        self.taken = if self.time == Some(time) { self.taken + 1 } else { 1 };
        self.time = Some(time);
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
    fn a_log_that_broke_off_anywhere_is_read_exactly_once() {
        for broke_at in 0..=LOG.len() {
            let mut position = LogPosition::default();
            let mut read: Vec<&str> =
                LOG[..broke_at].iter().filter_map(|line| position.new_text(line)).collect();
            let from = position.resume();
            // an API server leaves out what is before the time it is asked for
            let again = LOG.iter().filter(|line| {
                let time: Timestamp = line.split(' ').next().unwrap().parse().unwrap();
                from.is_none_or(|from| time >= from)
            });
            read.extend(again.filter_map(|line| position.new_text(line)));
            assert_eq!(read, ["a", "b", "c", "d", "e"], "broken at line {broke_at}");
        }
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_not_kept_whole() {
        let mut text = b"one\n".to_vec();
        text.resize(LONGEST_LINE + 100, b'x');
        text.extend_from_slice(b"\nthree\nfou");
        let (mut stream, mut line) = (futures_util::io::Cursor::new(text), Vec::new());
        let mut lengths = Vec::new();
        while next_line(&mut stream, &mut line).await.unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [4, LONGEST_LINE, 6]);
    }

    #[test]
    fn times_within_a_line_are_taken_out() {
        let text: String = (0..40_000).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
        for piece in [8 << 10, 16 << 10] {
            let pieces: Vec<&str> =
                text.as_bytes().chunks(piece).map(|of| str::from_utf8(of).unwrap()).collect();
            let line = pieces.join("2026-11-23T01:00:00.100000000Z ");
            assert!(line.len() > text.len());
            assert_eq!(in_one_piece(&line), text);
        }
        assert_eq!(in_one_piece(&text), text);
        let elsewhere = format!("{}2026-11-23T01:00:00Z {}", &text[..100], &text[100..20_000]);
        assert_eq!(in_one_piece(&elsewhere), elsewhere);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing() {
        let mut position = LogPosition::default();
        let lines = ["2026-11-23T01:00:05Z a", "2026-11-23T01:00:03Z b", "2026-11-23T01:00:04Z c"];
        let read: Vec<&str> = lines.iter().filter_map(|line| position.new_text(line)).collect();
        assert_eq!(read, ["a", "b", "c"]);
    }

    #[test]
    fn lines_of_the_kubelets_own_are_not_the_clients() {
        let mut position = LogPosition::default();
        assert_eq!(position.new_text("unable to retrieve container logs for containerd://0"), None);
    }
}
