//! A matrix as a grid, or as a list where a grid would not fit.

use comfy_table::Cell as TableCell;

use super::{Canvas, style};
use crate::analysis::{Cell, Matrix};
use crate::view::names::shorten;

/// How a matrix is drawn: what its figures are, and how they are written.
pub(super) struct Drawing {
    /// Above a grid.
    pub title: String,
    /// Above a list.
    pub list_title: String,
    /// Above the figures of a list.
    pub unit: String,
    /// Writes a figure.
    pub write: Box<dyn Fn(f64) -> String>,
    /// What part of a usual figure a mean is.
    pub part: Box<dyn Fn(f64) -> f64>,
    /// Whether the largest figure is the worst.
    pub worst_is_largest: bool,
}

impl Drawing {
    /// Draws the grid, with shortened names if need be; a list if it does not fit the canvas.
    pub(super) fn draw(&self, matrix: &Matrix, canvas: Canvas) -> String {
        if let Some(grid) = self.fitting(matrix, (&matrix.rows, &matrix.columns), canvas) {
            return format!("{}\n\n{grid}", self.title);
        }
        let short = shorten(&matrix.rows).filter(|_| matrix.rows == matrix.columns);
        let grid = short.and_then(|short| {
            let grid = self.fitting(matrix, (&short.names, &short.names), canvas)?;
            Some(format!("{}\n\n{grid}\nNode names are short for {}.\n", self.title, short.pattern))
        });
        grid.unwrap_or_else(|| self.list(matrix, canvas))
    }

    fn fitting(&self, matrix: &Matrix, names: (&[String], &[String]), canvas: Canvas) -> Option<String> {
        // measured without colours: their codes take no room on the screen
        let plain = Canvas { color: None, ..canvas };
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        if let Some(width) = canvas.width
            && widest(&self.grid(matrix, names, plain)) > width
        {
            return None;
        }
        Some(self.grid(matrix, names, canvas))
    }

    fn grid(&self, matrix: &Matrix, (rows, columns): (&[String], &[String]), canvas: Canvas) -> String {
        let mut table = style::table(canvas);
        // the mean of one figure is that figure
        let has_means = columns.len() > 1;
        let mut header = vec![style::header("")];
        header.extend(columns.iter().map(|name| style::right(style::header(format!("{name}  ")))));
        if has_means {
            header.push(style::right(style::header("mean  ")));
        }
        table.set_header(header);
        for ((name, cells), mean) in rows.iter().zip(&matrix.cells).zip(&matrix.row_means) {
            let mut row = vec![style::header(name)];
            row.extend(cells.iter().map(|cell| self.cell(cell, canvas)));
            if has_means {
                row.push(self.mean(*mean, canvas));
            }
            table.add_row(row);
        }
        let mut last = vec![style::header("mean")];
        last.extend(matrix.column_means.iter().map(|mean| self.mean(*mean, canvas)));
        if has_means {
            last.push(self.mean(matrix.mean, canvas));
        }
        table.add_row(last);
        style::finish(table)
    }

    fn cell(&self, cell: &Cell, canvas: Canvas) -> TableCell {
        match cell {
            Cell::Diagonal => style::blank("–"),
            Cell::NotMeasured => style::blank("?"),
            Cell::Failed => style::failed(),
            Cell::Measured { value, part, some_failed } => {
                let mark = if *some_failed { "*" } else { "" };
                self.figure(&format!("{mark}{}", (self.write)(*value)), *part, canvas)
            }
        }
    }

    fn mean(&self, mean: Option<f64>, canvas: Canvas) -> TableCell {
        match mean {
            Some(mean) => self.figure(&(self.write)(mean), (self.part)(mean), canvas),
            None => style::blank(""),
        }
    }

    fn figure(&self, text: &str, part: f64, canvas: Canvas) -> TableCell {
        style::figure(text, part, self.worst_is_largest, canvas)
    }

    fn list(&self, matrix: &Matrix, canvas: Canvas) -> String {
        let rows = matrix.rows.iter().zip(&matrix.cells);
        let mut pairs: Vec<(&str, &str, &Cell)> = rows
            .flat_map(|(row, cells)| {
                let cells = matrix.columns.iter().zip(cells);
                cells.map(move |(column, cell)| (row.as_str(), column.as_str(), cell))
            })
            .filter(|(_, _, cell)| !matches!(cell, Cell::Diagonal | Cell::NotMeasured))
            .collect();
        // a failed pair has no figure and comes first: it is worse than any bad one
        let badness = |cell: &Cell| match cell.value() {
            Some(value) if self.worst_is_largest => value,
            Some(value) => -value,
            None => f64::INFINITY,
        };
        pairs.sort_by(|(_, _, one), (_, _, other)| badness(other).total_cmp(&badness(one)));
        let mut table = style::table(canvas);
        table.set_header([
            style::header("FROM"),
            style::header("TO"),
            style::right(style::header(format!("{}  ", self.unit))),
        ]);
        for (client, server, cell) in pairs {
            table.add_row([TableCell::new(client), TableCell::new(server), self.cell(cell, canvas)]);
        }
        format!("{}\n\n{}", self.list_title, style::finish(table))
    }
}
