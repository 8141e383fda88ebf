//! The throughput matrices as an image, one below the other.

use svg::Document;
use svg::node::element::{Group, Rectangle, Text, Title};

use super::color_scale::{Rgb, cell_colors};
use super::labels::{describe_run, route_suffix};
use super::notes::notes;
use super::text::{format_time, pair_name};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::Run;
use crate::quantity::RateUnit;
use crate::sanitize;

// all lengths are in pixels
const CELL_SIZE: f64 = 56.0;
const MIN_CELL_SIZE: f64 = 8.0;
const MARGIN: f64 = 24.0;
const LINE_HEIGHT: f64 = 20.0;
/// Approximate width of a character.
const CHARACTER_WIDTH: f64 = 7.2;

/// Background and text color of a cell without a value.
const EMPTY_CELL: (Rgb, Rgb) = ((243, 244, 246), (17, 24, 39));

pub(super) fn render(run: &Run) -> String {
    let layout = Layout::new(run);
    let mut lines = vec![format!("Run {}, {}: {}", run.id, format_time(run.started_at), describe_run(run))];
    lines.extend(notes(run));
    lines.extend(run.findings.iter().map(|finding| format!("• {}", finding.sentence)));
    let mut drawing = Group::new();
    let mut top = MARGIN;
    for (position, line) in lines.iter().enumerate() {
        top += LINE_HEIGHT;
        let weight = if position == 0 { "bold" } else { "normal" };
        drawing = drawing.add(label(line, MARGIN, top).set("font-weight", weight));
    }
    let mut width = lines.iter().map(|line| text_width(line)).fold(0.0, f64::max) + 2.0 * MARGIN;
    for summary in &run.summary.throughput {
        let over = route_suffix(run, summary.route);
        let forward = (Matrix::of_throughput(run, summary), "rows send, columns receive");
        let reverse =
            Matrix::from_external_server(run, summary).map(|matrix| (matrix, "columns send, rows receive"));
        for (matrix, direction) in std::iter::once(forward).chain(reverse) {
            top += 2.0 * LINE_HEIGHT;
            let (matrix, size) = layout.matrix(&matrix, &over, direction);
            drawing = drawing.add(matrix.set("transform", format!("translate({MARGIN} {top})")));
            top += size.1;
            width = width.max(size.0 + 2.0 * MARGIN);
        }
    }
    let height = top + MARGIN;
    let background = Rectangle::new().set("width", "100%").set("height", "100%").set("fill", "#ffffff");
    let document = Document::new()
        .set("viewBox", (0.0, 0.0, width, height))
        .set("width", width)
        .set("height", height)
        .set("font-family", "system-ui, sans-serif")
        .set("font-size", 13)
        .add(background)
        .add(drawing);
    format!("{document}\n")
}

/// Dimensions that all matrices of a run share.
struct Layout {
    cell_size: f64,
    /// Space for row names, and, rotated, for column names.
    names: f64,
}

impl Layout {
    fn new(run: &Run) -> Self {
        let longest = run.nodes.iter().map(|node| text_width(&node.name)).fold(0.0, f64::max);
        let to = run.external_server().map_or(0.0, |to| text_width(&to));
        let nodes = run.nodes.len();
        // with more nodes, values would be too small to read on any screen
        let cell_size = if nodes <= 40 { CELL_SIZE } else { MIN_CELL_SIZE.max(1600.0 / nodes as f64) };
        Self { cell_size, names: longest.max(to) + 12.0 }
    }

    /// Draws a matrix. Returns its width and height as well.
    fn matrix(&self, matrix: &Matrix, over: &str, direction: &str) -> (Group, (f64, f64)) {
        let unit = RateUnit::of_largest(matrix.measured().map(|(_, _, rate)| rate));
        let title = format!(
            "Throughput{over} in {unit}; {direction}. Darker is faster; ▼ is less than half of the median."
        );
        let mut group = Group::new().add(label(&title, 0.0, 0.0));
        let (left, top) = (self.names, self.names + LINE_HEIGHT);
        let row_height = self.cell_size.min(32.0);
        for (column, name) in matrix.columns.iter().enumerate() {
            let x = left + (column as f64 + 0.5) * self.cell_size + 4.0;
            let rotated = label(name, 0.0, 0.0)
                .set("transform", format!("translate({x} {}) rotate(-90)", top - 6.0))
                .set("font-size", self.font_size());
            group = group.add(rotated);
        }
        for (row, (name, cells)) in matrix.rows.iter().zip(&matrix.cells).enumerate() {
            let y = top + row as f64 * row_height;
            let row_label = label(name, left - 6.0, y + row_height / 2.0 + self.font_size() / 3.0);
            group = group.add(row_label.set("text-anchor", "end").set("font-size", self.font_size()));
            for (column, cell) in cells.iter().enumerate() {
                let x = left + column as f64 * self.cell_size;
                let pair = pair_name(name, matrix.columns[column]);
                group = group.add(self.cell(cell, (x, y), row_height, &pair, unit));
            }
        }
        let width = (left + matrix.columns.len() as f64 * self.cell_size).max(text_width(&title));
        (group, (width, top + matrix.rows.len() as f64 * row_height))
    }

    fn font_size(&self) -> f64 {
        if self.cell_size < CELL_SIZE { self.cell_size.clamp(4.0, 13.0) } else { 13.0 }
    }

    fn cell(&self, cell: &Cell, (x, y): (f64, f64), height: f64, pair: &str, unit: RateUnit) -> Group {
        let ((fill, text_color), text, tooltip) = match cell {
            Cell::Diagonal => (EMPTY_CELL, "–".to_owned(), "not measured".to_owned()),
            Cell::NotMeasured => (EMPTY_CELL, "?".to_owned(), "not measured".to_owned()),
            Cell::Failed => (EMPTY_CELL, "✕".to_owned(), "failed".to_owned()),
            Cell::Measured { value, part, .. } => {
                let marks = cell.marks();
                let mark = if Level::of_part(*part) == Level::VeryBad { "▼" } else { "" };
                let value = unit.format(*value);
                (cell_colors(*part), format!("{marks}{value}{mark}"), format!("{value} {unit}"))
            }
        };
        let gap = if self.cell_size < CELL_SIZE { 0.0 } else { 1.0 };
        let rectangle = Rectangle::new()
            .set("x", x)
            .set("y", y)
            .set("width", self.cell_size - gap)
            .set("height", height - gap)
            .set("fill", hex(fill));
        let rectangle = if *cell == Cell::Failed {
            rectangle.set("stroke", "#b91c1c").set("stroke-width", 1)
        } else {
            rectangle
        };
        let group = Group::new().add(Title::new(format!("{pair}: {tooltip}"))).add(rectangle);
        if self.cell_size < CELL_SIZE {
            return group;
        }
        let text = label(&text, x + self.cell_size / 2.0, y + height / 2.0 + 4.5);
        group.add(text.set("text-anchor", "middle").set("fill", hex(text_color)))
    }
}

fn label(text: &str, x: f64, y: f64) -> Text {
    Text::new(sanitize::text(text)).set("x", x).set("y", y).set("fill", "#111827")
}

fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER_WIDTH
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
