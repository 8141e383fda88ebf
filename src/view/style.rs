//! How cells look: one place for colours and marks.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use super::{Canvas, RateUnit};
use crate::analysis::{self, Level};

/// Behind a figure below half of the median: colour is never the only mark.
pub(super) const VERY_LOW_MARK: &str = "▼";

/// A table without lines: columns stand apart by two spaces.
pub(super) fn table(canvas: Canvas) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    if canvas.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

/// The table as text, without spaces at the ends of lines.
pub(super) fn finish(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn header(text: impl ToString) -> Cell {
    Cell::new(text).add_attribute(Attribute::Bold)
}

pub(super) fn right(cell: Cell) -> Cell {
    cell.set_alignment(CellAlignment::Right)
}

pub(super) fn dim(text: impl ToString) -> Cell {
    right(Cell::new(text)).add_attribute(Attribute::Dim)
}

/// A throughput, coloured and marked by how it compares with the median.
pub(super) fn rate(figure: &str, level: Level) -> Cell {
    let mark = match level {
        Level::VeryLow => VERY_LOW_MARK,
        Level::Low | Level::Usual => " ",
    };
    let cell = right(Cell::new(format!("{figure} {mark}")));
    match level {
        Level::VeryLow => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Level::Low => cell.fg(Color::Yellow),
        Level::Usual => cell.fg(Color::Green),
    }
}

pub(super) fn failed() -> Cell {
    right(Cell::new("failed  ")).fg(Color::Magenta).add_attribute(Attribute::Bold)
}

/// A place without a figure of its own.
pub(super) fn blank(text: &str) -> Cell {
    dim(format!("{text}  "))
}

/// A cell of the matrix.
pub(super) fn cell(cell: &analysis::Cell, unit: RateUnit) -> Cell {
    match cell {
        analysis::Cell::Diagonal => blank("–"),
        analysis::Cell::NotMeasured => blank("?"),
        analysis::Cell::Failed => failed(),
        analysis::Cell::Measured { bits_per_second, level, some_failed } => {
            let mark = if *some_failed { "*" } else { "" };
            rate(&format!("{mark}{}", unit.figure(*bits_per_second)), *level)
        }
    }
}
