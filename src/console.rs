//! Output: results to standard output, everything else to standard error.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;
use kubectl_netbench::cli::ColorChoice;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::sanitize;
use kubectl_netbench::view::{Canvas, ColorDepth};

/// The colour settings of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorEnvironment {
    /// Neither variable is set.
    Unset,
    /// `NO_COLOR` is set.
    Never,
    /// `CLICOLOR_FORCE` is set.
    Always,
}

/// The standard streams of this process.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    /// Whether standard output is a terminal.
    pub stdout_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_terminal: bool,
    /// Columns of the terminal.
    pub width: Option<usize>,
    pub depth: ColorDepth,
    pub color: ColorEnvironment,
}

/// The standard streams with the output flags of a command applied.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    streams: Streams,
    color: ColorChoice,
    /// Whether remarks and progress are suppressed.
    pub quiet: bool,
}

impl Console {
    pub fn new(streams: Streams, color: ColorChoice) -> Self {
        Self { streams, color, quiet: false }
    }

    /// The console of a command with or without `--quiet`.
    #[must_use]
    pub fn with_quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }

    /// The canvas of results on standard output.
    pub fn canvas(&self) -> Canvas {
        Canvas {
            width: self.streams.width.filter(|_| self.streams.stdout_terminal),
            color: self.has_color(self.streams.stdout_terminal).then_some(self.streams.depth),
            ascii: is_ascii(),
        }
    }

    /// Whether progress bars can be drawn on standard error.
    pub fn can_draw_bars(&self) -> bool {
        self.streams.stderr_terminal
    }

    /// Whether standard error is coloured.
    pub fn has_stderr_color(&self) -> bool {
        self.has_color(self.streams.stderr_terminal)
    }

    fn has_color(&self, terminal: bool) -> bool {
        match (self.color, self.streams.color) {
            (ColorChoice::Always, _) | (ColorChoice::Auto, ColorEnvironment::Always) => true,
            (ColorChoice::Never, _) | (ColorChoice::Auto, ColorEnvironment::Never) => false,
            (ColorChoice::Auto, ColorEnvironment::Unset) => terminal,
        }
    }

    /// Writes a remark to standard error, unless the console is quiet.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            note(text);
        }
    }
}

/// Writes a result to standard output. Breaks if the reader has closed the pipe, which is no error.
///
/// # Errors
/// The stream cannot be written.
pub fn write_result(text: &str) -> io::Result<ControlFlow<()>> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        other => other.map(ControlFlow::Continue),
    }
}

/// Whether output for people is limited to ASCII. Global, like standard error itself.
static ASCII: AtomicBool = AtomicBool::new(false);

/// The progress bars that are drawn on the terminal.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Sets whether output for people is limited to ASCII.
pub fn use_ascii(ascii: bool) {
    ASCII.store(ascii, Ordering::Relaxed);
}

/// Whether output for people is limited to ASCII.
pub fn is_ascii() -> bool {
    ASCII.load(Ordering::Relaxed)
}

/// Sets the progress bars above which lines are written.
pub fn set_bars(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Runs `work` while no progress bars are drawn.
pub fn lend_terminal(work: &mut dyn FnMut()) {
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bars {
        Some(bars) => bars.suspend(work),
        None => work(),
    }
}

/// Writes lines to standard error, above the progress bars. Errors are ignored: there is no other stream to
/// report them to.
///
/// The text is sanitized: it may contain foreign text.
pub fn note(text: &str) {
    let text = to_charset(sanitize::text(text));
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let _ = match bars {
        Some(bars) => bars.println(text),
        None => writeln!(io::stderr(), "{text}"),
    };
}

/// Transliterates the text if output is limited to ASCII.
pub fn to_charset(text: String) -> String {
    if is_ascii() { sanitize::ascii(&text) } else { text }
}

/// Writes an error to standard error, with its cause and help.
pub fn error(explanation: &Explanation) {
    let part = |label: &str, text: Option<&String>| {
        let text = text?.replace('\n', "\n       ");
        Some(format!("\n{label:<7}{text}"))
    };
    let cause = part("cause:", explanation.cause.as_ref()).unwrap_or_default();
    let help = part("help:", explanation.help.as_ref()).unwrap_or_default();
    note(&format!("error: {}{cause}{help}", explanation.error));
}
