//! From a run document to what people and programs read. Pure: returns text.

mod csv;
mod html;
mod junit;
mod markdown;
mod names;
mod notes;
mod prometheus;
mod scale;
mod serialized;
mod svg;
mod terminal;
mod words;

pub use prometheus::{Served, served};
pub use serialized::{json, yaml};
pub use terminal::{check, runs, schedules, settings};

use crate::document::Run;
use crate::sanitize;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The matrix, or the two directions of a pair.
    Table,
    /// The same with every pair's retransmits, round-trip time and CPU.
    Wide,
    /// The run document.
    Json,
    /// The run document.
    Yaml,
    /// One row per test.
    Csv,
    /// For tickets.
    Markdown,
    /// A page for a browser: every pair in a heat map, and what its tests found.
    Html,
    /// A drawing of the matrix.
    Svg,
    /// Metrics in Prometheus' text format.
    Prometheus,
    /// For pipelines: a failed or slow pair is a failed case.
    Junit,
}

impl Format {
    /// Whether nobody would want to read it on a terminal.
    pub fn is_for_browsers(self) -> bool {
        matches!(self, Self::Html | Self::Svg)
    }
}

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorDepth {
    /// 256.
    Ansi256,
    /// 16 million.
    TrueColor,
}

/// What the output is drawn on.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    /// Columns of the terminal; none for output that is not cut or folded.
    pub width: Option<usize>,
    /// The colours; none for none.
    pub color: Option<ColorDepth>,
    /// Whether there is ASCII only.
    pub ascii: bool,
}

impl Canvas {
    /// A file: as wide as need be, without colours, in UTF-8.
    pub const FILE: Self = Self { width: None, color: None, ascii: false };
}

impl Canvas {
    /// What people read, as it can be shown.
    fn shown(&self, text: String) -> String {
        if self.ascii { sanitize::ascii(&text) } else { text }
    }
}

/// One form of a run.
trait View {
    /// Draws a run. The text ends with a newline.
    fn render(&self, run: &Run) -> String;
}

fn view(format: Format, canvas: Canvas) -> Box<dyn View> {
    match format {
        Format::Table => Box::new(terminal::Terminal { canvas, wide: false }),
        Format::Wide => Box::new(terminal::Terminal { canvas, wide: true }),
        Format::Json => Box::new(serialized::Json),
        Format::Yaml => Box::new(serialized::Yaml),
        Format::Csv => Box::new(csv::Csv),
        Format::Html => Box::new(html::Html),
        Format::Markdown => Box::new(markdown::Markdown),
        Format::Svg => Box::new(svg::Svg),
        Format::Prometheus => Box::new(prometheus::Prometheus),
        Format::Junit => Box::new(junit::Junit),
    }
}

/// Draws a run. The text ends with a newline.
pub fn render(run: &Run, format: Format, canvas: Canvas) -> String {
    view(format, canvas).render(run)
}

/// Draws what has changed for a run that was compared, where the form can show that alone. HTML has it
/// beside the run; SVG, Prometheus and `JUnit` show the run, with the pairs that fail a gate in `JUnit`.
pub fn render_comparison(run: &Run, format: Format, canvas: Canvas) -> String {
    match format {
        Format::Table | Format::Wide => canvas.shown(terminal::comparison(run, canvas)),
        Format::Markdown => markdown::comparison(run),
        Format::Csv => csv::comparison(run),
        Format::Json => run.comparison.as_ref().map(json).unwrap_or_default(),
        Format::Yaml => run.comparison.as_ref().map(yaml).unwrap_or_default(),
        _ => render(run, format, canvas),
    }
}

#[cfg(test)]
mod tests;
