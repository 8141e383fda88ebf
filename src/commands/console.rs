//! Where output goes: results to standard output, all else to standard error.

use std::io::{self, Write};

use kubectl_netbench::cli::{ColorChoice, OutputArgs};
use kubectl_netbench::error::Explanation;
use kubectl_netbench::view::Canvas;

/// What `main` knows about the streams of this process.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    /// Whether standard output is a terminal.
    pub stdout_terminal: bool,
    /// Whether standard error is one.
    pub stderr_terminal: bool,
    /// How many columns the terminal has.
    pub width: Option<usize>,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// Whether `CLICOLOR_FORCE` is set.
    pub force_color: bool,
}

/// The streams of one command, with its output flags applied.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    streams: Streams,
    color: ColorChoice,
    quiet: bool,
}

impl Console {
    /// The console of a command with these flags.
    pub fn new(streams: Streams, arguments: &OutputArgs) -> Self {
        Self {
            streams,
            color: arguments.color,
            quiet: arguments.quiet,
        }
    }

    /// What results are drawn on.
    pub fn canvas(&self) -> Canvas {
        Canvas {
            width: self.streams.width.filter(|_| self.streams.stdout_terminal),
            color: self.color(self.streams.stdout_terminal),
        }
    }

    /// Whether progress is shown as bars, as lines, or not at all.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether standard error is a terminal, on which bars can be drawn.
    pub fn draws_bars(&self) -> bool {
        self.streams.stderr_terminal
    }

    /// Whether standard error has colours.
    pub fn stderr_color(&self) -> bool {
        self.color(self.streams.stderr_terminal)
    }

    fn color(&self, terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.streams.no_color => false,
            ColorChoice::Auto => terminal || self.streams.force_color,
        }
    }

    /// Writes a result to standard output. A reader that has gone away is not an error.
    ///
    /// # Errors
    /// The stream cannot be written.
    pub fn result(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes a remark to standard error, unless the user wants it quiet.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            note(text);
        }
    }
}

/// Writes a line to standard error. There is nobody to tell if that fails.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes an error to standard error: what happened, why, and what to do.
pub fn error(explanation: &Explanation) {
    let indented = |text: &str| text.replace('\n', "\n         ");
    let mut text = format!("error:   {}", explanation.what);
    if let Some(why) = &explanation.why {
        text += &format!("\nbecause: {}", indented(why));
    }
    if let Some(remedy) = &explanation.remedy {
        text += &format!("\nto do:   {}", indented(remedy));
    }
    note(&text);
}
