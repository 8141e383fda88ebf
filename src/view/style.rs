//! How cells look: one place for colours and marks.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use super::Canvas;
use crate::analysis::Level;

/// Behind a figure that is very bad, for being too small or too large: colour is never the only mark.
const TOO_SMALL_MARK: &str = "▼";
const TOO_LARGE_MARK: &str = "▲";

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

/// A figure, coloured and marked by how it compares with the others.
pub(super) fn figure(text: &str, level: Level, worst_is_largest: bool) -> Cell {
    let mark = match level {
        Level::VeryBad if worst_is_largest => TOO_LARGE_MARK,
        Level::VeryBad => TOO_SMALL_MARK,
        Level::Bad | Level::Usual => " ",
    };
    let cell = right(Cell::new(format!("{text} {mark}")));
    match level {
        Level::VeryBad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Level::Bad => cell.fg(Color::Yellow),
        Level::Usual => cell.fg(Color::Green),
    }
}

/// A figure that explains others, where there is one.
pub(super) fn or_dash(text: Option<String>) -> Cell {
    text.map_or_else(|| dim("–"), |text| right(Cell::new(text)))
}

pub(super) fn failed() -> Cell {
    right(Cell::new("failed  ")).fg(Color::Magenta).add_attribute(Attribute::Bold)
}

/// A place without a figure of its own.
pub(super) fn blank(text: &str) -> Cell {
    dim(format!("{text}  "))
}
