//! How cells look. Colour is never the only mark.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use super::{Canvas, heat};
use crate::analysis::Level;

/// A table without lines: columns stand apart by two spaces.
pub(super) fn table(canvas: Canvas) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    if canvas.color.is_some() {
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

/// A figure, coloured and marked by the part that it is of a usual one.
pub(super) fn figure(text: &str, part: f64, worst_is_largest: bool, canvas: Canvas) -> Cell {
    let mark = match (Level::of_part(part), worst_is_largest) {
        (Level::VeryBad, true) => "▲",
        (Level::VeryBad, false) => "▼",
        (Level::Bad, true) => "△",
        (Level::Bad, false) => "▽",
        (Level::Usual, _) => " ",
    };
    let cell = right(Cell::new(format!("{text} {mark}")));
    match canvas.color {
        Some(depth) => {
            let (background, text) = heat::colors(part, depth);
            cell.bg(background).fg(text)
        }
        None => cell,
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
