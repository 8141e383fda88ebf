//! The matrices as a drawing, one below the other.

use svg::Document;
use svg::node::element::{Group, Rectangle, Text, Title};

use super::View;
use super::notes::notes;
use super::scale::{Rgb, colors};
use super::words::{about, way};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::Run;
use crate::quantity::RateUnit;
use crate::sanitize;

/// All measures in pixels.
const CELL: f64 = 56.0;
const SMALL_CELL: f64 = 8.0;
const MARGIN: f64 = 24.0;
const LINE: f64 = 20.0;
/// The width of a letter, about.
const LETTER: f64 = 7.2;

/// A place without a figure, and its text.
const BLANK: (Rgb, Rgb) = ((243, 244, 246), (17, 24, 39));

pub(super) struct Svg;

impl View for Svg {
    fn render(&self, run: &Run) -> String {
        let layout = Layout::of(run);
        let when = run.started_at.strftime("%Y-%m-%d %H:%M UTC");
        let mut lines = vec![format!("Run {} of {when}: {}", run.id, about(run))];
        lines.extend(notes(run));
        lines.extend(run.findings.iter().map(|finding| format!("• {}", finding.sentence)));
        let mut drawing = Group::new();
        let mut top = MARGIN;
        for (position, line) in lines.iter().enumerate() {
            top += LINE;
            let weight = if position == 0 { "bold" } else { "normal" };
            drawing = drawing.add(label(line, MARGIN, top).set("font-weight", weight));
        }
        let mut width = lines.iter().map(|line| text_width(line)).fold(0.0, f64::max) + 2.0 * MARGIN;
        for summary in &run.summary.throughput {
            let of = way(run, summary.path, summary.ip_family);
            let forward = (Matrix::of_throughput(run, summary), "rows send, columns receive");
            let back = Matrix::of_way_back(run, summary).map(|back| (back, "columns send, rows receive"));
            for (matrix, who) in std::iter::once(forward).chain(back) {
                top += 2.0 * LINE;
                let (matrix, size) = layout.matrix(&matrix, &of, who);
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
}

/// How large the parts of a matrix are.
struct Layout {
    cell: f64,
    /// The room for the names of rows, and, turned, for those of columns.
    names: f64,
}

impl Layout {
    fn of(run: &Run) -> Self {
        let longest = run.nodes.iter().map(|node| text_width(&node.name)).fold(0.0, f64::max);
        let to = run.parameters.external_server().map_or(0.0, text_width);
        // beyond this, figures could not be read on any screen
        let cell = if run.nodes.len() <= 40 { CELL } else { SMALL_CELL.max(1600.0 / run.nodes.len() as f64) };
        Self { cell, names: longest.max(to) + 12.0 }
    }

    fn matrix(&self, matrix: &Matrix, of: &str, who: &str) -> (Group, (f64, f64)) {
        let unit = RateUnit::of_largest(matrix.measured().map(|(_, _, rate)| rate));
        let title =
            format!("Throughput{of} in {unit}; {who}. Darker is faster; ▼ is less than half of the median.");
        let mut group = Group::new().add(label(&title, 0.0, 0.0));
        let (left, top) = (self.names, self.names + LINE);
        let row_height = self.cell.min(32.0);
        for (column, name) in matrix.columns.iter().enumerate() {
            let x = left + (column as f64 + 0.5) * self.cell + 4.0;
            let turned = label(name, 0.0, 0.0)
                .set("transform", format!("translate({x} {}) rotate(-90)", top - 6.0))
                .set("font-size", self.letters());
            group = group.add(turned);
        }
        for (row, (name, cells)) in matrix.rows.iter().zip(&matrix.cells).enumerate() {
            let y = top + row as f64 * row_height;
            let name = label(name, left - 6.0, y + row_height / 2.0 + self.letters() / 3.0);
            group = group.add(name.set("text-anchor", "end").set("font-size", self.letters()));
            for (column, cell) in cells.iter().enumerate() {
                let x = left + column as f64 * self.cell;
                let ends = format!("{} → {}", matrix.rows[row], matrix.columns[column]);
                group = group.add(self.cell(cell, (x, y), row_height, &ends, unit));
            }
        }
        let width = (left + matrix.columns.len() as f64 * self.cell).max(text_width(&title));
        (group, (width, top + matrix.rows.len() as f64 * row_height))
    }

    fn letters(&self) -> f64 {
        if self.cell < CELL { self.cell.clamp(4.0, 13.0) } else { 13.0 }
    }

    fn cell(&self, cell: &Cell, (x, y): (f64, f64), height: f64, ends: &str, unit: RateUnit) -> Group {
        let ((fill, ink), text, words) = match cell {
            Cell::Diagonal => (BLANK, "–".to_owned(), "not measured".to_owned()),
            Cell::NotMeasured => (BLANK, "?".to_owned(), "not measured".to_owned()),
            Cell::Failed => (BLANK, "✕".to_owned(), "failed".to_owned()),
            Cell::Measured { value, part, some_failed } => {
                let star = if *some_failed { "*" } else { "" };
                let mark = if Level::of_part(*part) == Level::VeryBad { "▼" } else { "" };
                let figure = unit.figure(*value);
                (colors(*part), format!("{star}{figure}{mark}"), format!("{figure} {unit}"))
            }
        };
        let gap = if self.cell < CELL { 0.0 } else { 1.0 };
        let rectangle = Rectangle::new()
            .set("x", x)
            .set("y", y)
            .set("width", self.cell - gap)
            .set("height", height - gap)
            .set("fill", hex(fill));
        let rectangle = if *cell == Cell::Failed {
            rectangle.set("stroke", "#b91c1c").set("stroke-width", 1)
        } else {
            rectangle
        };
        let group = Group::new().add(Title::new(format!("{ends}: {words}"))).add(rectangle);
        if self.cell < CELL {
            return group;
        }
        let text = label(&text, x + self.cell / 2.0, y + height / 2.0 + 4.5);
        group.add(text.set("text-anchor", "middle").set("fill", hex(ink)))
    }
}

fn label(text: &str, x: f64, y: f64) -> Text {
    Text::new(sanitize::text(text)).set("x", x).set("y", y).set("fill", "#111827")
}

fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
