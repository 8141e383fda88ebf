//! Style of tables and cells. Color never carries meaning alone.

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle};

use super::{Canvas, colors};
use crate::analysis::Level;

/// The style of headers.
const HEADER: Style = Style::new().bold();

/// The style of what matters less.
pub(crate) const DIM: Style = Style::new().dimmed();

/// The style of failed tests.
pub(crate) const FAILED: Style = AnsiColor::Magenta.on_default().bold();

/// Spaces between columns.
const GAP: u16 = 2;

/// Separates two cells of a line until they are styled: no text contains control characters.
const CELL_END: char = '\u{1}';

/// Separates the lines of two rows in the same way.
const ROW_END: char = '\u{2}';

/// A table without borders. Escape sequences are written as they are, whether or not there is a terminal.
///
/// comfy-table lays out plain text only: the library by which it writes styles calls the console on Windows instead, if
/// there is one.
pub(crate) struct Table {
    canvas: Canvas,
    rows: Vec<Vec<Cell>>,
    wraps: bool,
}

/// A cell: lines of text, left-aligned unless [`right`] is called.
#[derive(Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
    is_right: bool,
}

impl Cell {
    #[expect(clippy::needless_pass_by_value, reason = "callers pass literals, numbers and nodes")]
    pub(crate) fn new(text: impl ToString) -> Self {
        Self { text: text.to_string(), style: Style::new(), is_right: false }
    }

    /// The same cell in a style.
    pub(crate) fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl Table {
    pub(crate) fn new(canvas: Canvas) -> Self {
        Self { canvas, rows: Vec::new(), wraps: false }
    }

    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Wraps the last column at the width of the canvas.
    pub(crate) fn wrap_last_column(&mut self) {
        self.wraps = true;
    }

    /// The table as text: two spaces between columns, no trailing spaces.
    pub(crate) fn finish(self) -> String {
        let lines: Vec<String> = self.layout().lines().collect();
        let rows = lines.split(|line| line.contains(ROW_END)).zip(&self.rows);
        let mut text = String::new();
        for (line, cells) in rows.flat_map(|(lines, cells)| lines.iter().map(move |line| (line, cells))) {
            let parts = line.split(CELL_END).zip(cells);
            let styled = parts.map(|(part, cell)| match self.canvas.color {
                Some(_) => format!("{}{part}{:#}", cell.style, cell.style),
                None => part.to_owned(),
            });
            text.push_str(styled.collect::<String>().trim_end());
            text.push('\n');
        }
        text
    }

    /// The table without styles, with [`CELL_END`] between two cells and a line of [`ROW_END`] between two rows.
    fn layout(&self) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(
            NOTHING
                .content_lines(ContentLineStyle::none().junction(CELL_END))
                .row_separator(LineStyle::none().fill(ROW_END)),
        );
        table.set_content_arrangement(ContentArrangement::Disabled);
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| {
                let alignment = if cell.is_right { CellAlignment::Right } else { CellAlignment::Left };
                comfy_table::Cell::new(&cell.text).set_alignment(alignment)
            }));
        }
        let gaps = table.column_count().saturating_sub(1);
        for column in table.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        if let Some(width) = self.canvas.width.filter(|_| self.wraps) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(width + gaps).unwrap_or(u16::MAX));
            for column in table.column_iter_mut().take(gaps) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
    }
}

pub(crate) fn header(text: impl ToString) -> Cell {
    Cell::new(text).style(HEADER)
}

pub(crate) fn right(cell: Cell) -> Cell {
    Cell { is_right: true, ..cell }
}

pub(crate) fn dim(text: impl ToString) -> Cell {
    right(Cell::new(text)).style(DIM)
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
        Some(depth) => cell.style(colors::cell_style(part, depth)),
        None => cell,
    }
}

pub(crate) fn or_dash(text: Option<String>) -> Cell {
    text.map_or_else(|| dim("–"), |text| right(Cell::new(text)))
}

pub(crate) fn failed() -> Cell {
    right(Cell::new("failed  ")).style(FAILED)
}

/// A cell of a heat map without a value: aligned as if it had a mark.
pub(crate) fn blank(text: &str) -> Cell {
    dim(format!("{text}  "))
}
