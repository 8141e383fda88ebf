//! Where output goes: results to standard output, all else to standard error.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;
use kubectl_netbench::cli::ColorChoice;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::sanitize;
use kubectl_netbench::view::{Canvas, ColorDepth};

/// What the environment says about colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorEnvironment {
    /// Nothing.
    Unset,
    /// `NO_COLOR` is set.
    Never,
    /// `CLICOLOR_FORCE` is set.
    Always,
}

/// The streams of this process.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    /// Whether standard output is a terminal.
    pub stdout_terminal: bool,
    /// Whether standard error is one.
    pub stderr_terminal: bool,
    /// How many columns the terminal has.
    pub width: Option<usize>,
    /// How many colours the terminal has.
    pub depth: ColorDepth,
    /// What the environment says about colours.
    pub color: ColorEnvironment,
}

/// The streams of one command, with its output flags applied.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    streams: Streams,
    color: ColorChoice,
    /// Whether only results and errors are written.
    pub quiet: bool,
}

impl Console {
    /// The console of a command with these flags.
    pub fn new(streams: Streams, color: ColorChoice, quiet: bool) -> Self {
        Self { streams, color, quiet }
    }

    /// What results are drawn on.
    pub fn canvas(&self) -> Canvas {
        Canvas {
            width: self.streams.width.filter(|_| self.streams.stdout_terminal),
            color: self.has_color(self.streams.stdout_terminal).then_some(self.streams.depth),
            ascii: is_ascii(),
        }
    }

    /// Whether standard error is a terminal, on which bars can be drawn.
    pub fn draws_bars(&self) -> bool {
        self.streams.stderr_terminal
    }

    /// Whether standard error has colours.
    pub fn stderr_color(&self) -> bool {
        self.has_color(self.streams.stderr_terminal)
    }

    fn has_color(&self, terminal: bool) -> bool {
        match (self.color, self.streams.color) {
            (ColorChoice::Always, _) | (ColorChoice::Auto, ColorEnvironment::Always) => true,
            (ColorChoice::Never, _) | (ColorChoice::Auto, ColorEnvironment::Never) => false,
            (ColorChoice::Auto, ColorEnvironment::Unset) => terminal,
        }
    }

    /// Writes a remark to standard error, unless the user wants it quiet.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            note(text);
        }
    }
}

/// Writes a result to standard output. Says whether somebody reads it: a reader that has gone away is no error.
///
/// # Errors
/// The stream cannot be written.
pub fn write_result(text: &str) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}

/// Whether whoever reads has ASCII only. Of the whole process: it has one standard error.
static ASCII: AtomicBool = AtomicBool::new(false);

/// The bars that are on the terminal.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// From now on, says in ASCII what people read, or does not.
pub fn use_ascii(ascii: bool) {
    ASCII.store(ascii, Ordering::Relaxed);
}

/// Whether people are told in ASCII.
pub fn is_ascii() -> bool {
    ASCII.load(Ordering::Relaxed)
}

/// From now on, writes above these bars, if there are any.
pub fn set_bars(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Writes lines to standard error, above the bars that are drawn there. There is nobody to tell if that
/// fails.
///
/// Words of others are in many of them: none does anything to the terminal.
pub fn note(text: &str) {
    let text = shown(sanitize::text(text));
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let _ = match bars {
        Some(bars) => bars.println(text),
        None => writeln!(io::stderr(), "{text}"),
    };
}

/// The text as it can be shown.
pub fn shown(text: String) -> String {
    if is_ascii() { sanitize::ascii(&text) } else { text }
}

/// Writes an error to standard error: what happened, why, and what to do.
pub fn error(explanation: &Explanation) {
    let part = |label: &str, text: Option<&String>| {
        let text = text?.replace('\n', "\n       ");
        Some(format!("\n{label:<7}{text}"))
    };
    let cause = part("cause:", explanation.cause.as_ref()).unwrap_or_default();
    let help = part("help:", explanation.help.as_ref()).unwrap_or_default();
    note(&format!("error: {}{cause}{help}", explanation.error));
}
