//! Renders a run document for people and programs. Pure: returns text.

mod color_scale;
mod csv;
mod html;
mod json_yaml;
mod junit;
mod labels;
mod markdown;
mod notes;
mod prometheus;
mod short_names;
mod svg;
mod terminal;
mod text;

pub use json_yaml::{json, yaml};
pub(crate) use prometheus::CONTENT_TYPE as PROMETHEUS_CONTENT_TYPE;
pub use prometheus::{Served, served};
pub(crate) use terminal::runs::age;
pub(crate) use terminal::style;
pub use terminal::{check, runs};

use crate::document::Run;
use crate::sanitize;

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Matrix, or both directions of a pair.
    Table,
    /// Table plus details of each pair: retransmits, round-trip time, CPU usage, spread of repetitions.
    Wide,
    /// Run document as JSON.
    Json,
    /// Run document as YAML.
    Yaml,
    /// One row per test.
    Csv,
    /// Summary for issues and tickets.
    Markdown,
    /// Interactive report in a single file.
    Html,
    /// Image of the matrix.
    Svg,
    /// Metrics in the Prometheus text format.
    Prometheus,
    /// JUnit XML for CI: a failed pair is an error, a failed gate a failure.
    Junit,
}

impl Format {
    /// Whether the output is of no use on a terminal.
    pub fn is_for_browsers(self) -> bool {
        matches!(self, Self::Html | Self::Svg)
    }
}

/// Number of colors that a terminal supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorDepth {
    /// 256 colors.
    Ansi256,
    /// 24-bit color.
    TrueColor,
}

/// Capabilities of the output device.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    /// Columns of the terminal; `None` for output that is neither truncated nor wrapped.
    pub width: Option<usize>,
    /// `None` without color.
    pub color: Option<ColorDepth>,
    /// Whether to write ASCII only.
    pub ascii: bool,
}

impl Canvas {
    /// A file: unlimited width, no color, UTF-8.
    pub const FILE: Self = Self { width: None, color: None, ascii: false };

    pub(crate) fn encode(&self, text: String) -> String {
        if self.ascii { sanitize::ascii(&text) } else { text }
    }
}

/// Renders a run. The text ends with a newline.
pub fn render(run: &Run, format: Format, canvas: Canvas) -> String {
    match format {
        Format::Table => terminal::render(run, false, canvas),
        Format::Wide => terminal::render(run, true, canvas),
        Format::Json => json(run),
        Format::Yaml => yaml(run),
        Format::Csv => csv::render(run),
        Format::Html => html::render(run),
        Format::Markdown => markdown::render(run),
        Format::Svg => svg::render(run),
        Format::Prometheus => prometheus::render(run),
        Format::Junit => junit::render(run),
    }
}

/// Renders only the comparison of a run with its baseline where the format supports that. HTML, SVG,
/// Prometheus and JUnit render the whole run: HTML includes the comparison, JUnit the failed gates.
pub fn render_comparison(run: &Run, format: Format, canvas: Canvas) -> String {
    match format {
        Format::Table | Format::Wide => canvas.encode(terminal::comparison(run, canvas)),
        Format::Markdown => markdown::comparison(run),
        Format::Csv => csv::comparison(run),
        Format::Json => run.comparison.as_ref().map(json).unwrap_or_default(),
        Format::Yaml => run.comparison.as_ref().map(yaml).unwrap_or_default(),
        _ => render(run, format, canvas),
    }
}

#[cfg(test)]
mod tests;
