//! Style of tables and cells. Color never carries meaning alone.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use super::{Canvas, colors};
use crate::analysis::Level;

/// An empty table without borders.
pub(crate) fn table(canvas: Canvas) -> Table {
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

/// The table as text: two spaces between columns, no trailing spaces.
pub(crate) fn finish(mut table: Table) -> String {
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

pub(crate) fn header(text: impl ToString) -> Cell {
    Cell::new(text).add_attribute(Attribute::Bold)
}

pub(crate) fn right(cell: Cell) -> Cell {
    cell.set_alignment(CellAlignment::Right)
}

pub(crate) fn dim(text: impl ToString) -> Cell {
    right(Cell::new(text)).add_attribute(Attribute::Dim)
}

/// The mark of a value, which points to where it is too far.
pub(crate) fn mark(level: Level, is_larger_worse: bool) -> &'static str {
    match (level, is_larger_worse) {
        (Level::VeryBad, true) => "▲",
        (Level::VeryBad, false) => "▼",
        (Level::Bad, true) => "△",
        (Level::Bad, false) => "▽",
        (Level::Usual, _) => " ",
    }
}

/// A value with the color and the mark of its level. `part` relates it to the median: less is worse.
pub(crate) fn heat_cell(text: &str, part: f64, is_larger_worse: bool, canvas: Canvas) -> Cell {
    let mark = mark(Level::of_part(part), is_larger_worse);
    let cell = right(Cell::new(format!("{text} {mark}")));
    match canvas.color {
        Some(depth) => {
            let (background, text) = colors::cell_colors(part, depth);
            cell.bg(background).fg(text)
        }
        None => cell,
    }
}

pub(crate) fn or_dash(text: Option<String>) -> Cell {
    text.map_or_else(|| dim("–"), |text| right(Cell::new(text)))
}

pub(crate) fn failed() -> Cell {
    right(Cell::new("failed  ")).fg(Color::Magenta).add_attribute(Attribute::Bold)
}

/// A cell of a heat map without a value: aligned as if it had a mark.
pub(crate) fn blank(text: &str) -> Cell {
    dim(format!("{text}  "))
}
