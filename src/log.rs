//! What is done, line by line, for `-v`: on standard error, above the bars.

use std::fmt;
use std::io::{self, Write};
use std::time::Instant;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::console;

/// Tells what this program does: with 1 each request to the cluster, with 2 also what is run where,
/// with 3 also what it says. Its libraries tell nothing, since they might tell secrets.
pub fn tell(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Notes)
        .with_timer(SinceStart(Instant::now()))
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_filter(Targets::new().with_target("kubectl_netbench", level));
    // a second one has nothing to say
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// `2.345s`
struct SinceStart(Instant);

impl FormatTime for SinceStart {
    fn format_time(&self, writer: &mut format::Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3}s", self.0.elapsed().as_secs_f64())
    }
}

struct Notes;

impl<'a> MakeWriter<'a> for Notes {
    type Writer = Note;

    fn make_writer(&'a self) -> Note {
        Note(Vec::new())
    }
}

/// One line, written when it is whole.
struct Note(Vec<u8>);

impl Write for Note {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        console::note(String::from_utf8_lossy(&self.0).trim_end());
    }
}
