//! A matrix as a grid, or as a list of pairs where a grid would be too wide.

use std::collections::HashSet;

use super::{Canvas, style};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::NodeId;
use crate::view::short_names::shorten;

/// Renders the matrix of one quantity.
pub(super) struct MatrixRenderer {
    /// Line above a grid.
    pub title: String,
    /// Line above a list.
    pub list_title: String,
    /// Column title of a list.
    pub unit: String,
    pub format_value: Box<dyn Fn(f64) -> String>,
    /// Relates a mean to the median: 1 equals it, less is worse.
    pub part: Box<dyn Fn(f64) -> f64>,
    pub is_larger_worse: bool,
    /// What the marks of very bad and of bad cells mean.
    pub marks: [&'static str; 2],
}

impl MatrixRenderer {
    /// Shortens node names if the grid is too wide otherwise, then falls back to a list.
    pub(super) fn render(&self, matrix: &Matrix, canvas: Canvas) -> String {
        self.render_values(matrix, canvas) + &self.legend(matrix)
    }

    fn render_values(&self, matrix: &Matrix, canvas: Canvas) -> String {
        let names = |nodes: &[NodeId]| -> Vec<&str> { nodes.iter().map(|node| node.name()).collect() };
        let (rows, columns) = (names(&matrix.rows), names(&matrix.columns));
        if let Some(grid) = self.grid_if_fits(matrix, (&rows, &columns), canvas) {
            return format!("{}\n\n{grid}", self.title);
        }
        let short = shorten(&rows).filter(|_| rows == columns);
        let grid = short.and_then(|short| {
            let names: Vec<&str> = short.names.iter().map(String::as_str).collect();
            let grid = self.grid_if_fits(matrix, (&names, &names), canvas)?;
            Some(format!("{}\n\n{grid}\nOmitted from the names: {}\n", self.title, short.pattern))
        });
        grid.unwrap_or_else(|| self.list(matrix, canvas))
    }

    fn grid_if_fits(&self, matrix: &Matrix, names: (&[&str], &[&str]), canvas: Canvas) -> Option<String> {
        // without color: escape sequences would count as characters
        let plain = Canvas { color: None, ..canvas };
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        if let Some(width) = canvas.width
            && widest(&self.grid(matrix, names, plain)) > width
        {
            return None;
        }
        Some(self.grid(matrix, names, canvas))
    }

    fn grid(&self, matrix: &Matrix, (rows, columns): (&[&str], &[&str]), canvas: Canvas) -> String {
        let mut table = style::Table::new(canvas);
        // the mean of a single value is that value
        let has_row_means = columns.len() > 1;
        let mut header = vec![style::header("")];
        header.extend(columns.iter().map(|name| style::right(style::header(format!("{name}  ")))));
        if has_row_means {
            header.push(style::right(style::header("mean  ")));
        }
        table.add_row(header);
        for ((name, cells), mean) in rows.iter().zip(&matrix.cells).zip(&matrix.row_means) {
            let mut row = vec![style::header(name)];
            row.extend(cells.iter().map(|cell| self.cell(cell, canvas)));
            if has_row_means {
                row.push(self.mean_cell(*mean, canvas));
            }
            table.add_row(row);
        }
        let mut last = vec![style::header("mean")];
        last.extend(matrix.column_means.iter().map(|mean| self.mean_cell(*mean, canvas)));
        if has_row_means {
            last.push(self.mean_cell(matrix.mean, canvas));
        }
        table.add_row(last);
        table.finish()
    }

    /// Explains the marks of the cells; empty if none is marked.
    fn legend(&self, matrix: &Matrix) -> String {
        let cells = matrix.cells.iter().flatten().filter_map(|cell| match cell {
            Cell::Measured { part, .. } => Some(*part),
            _ => None,
        });
        let means = matrix.row_means.iter().chain(&matrix.column_means).chain([&matrix.mean]).flatten();
        let levels: HashSet<Level> =
            cells.chain(means.map(|mean| (self.part)(*mean))).map(Level::of_part).collect();
        let has = |level: Level| levels.contains(&level);
        let levels =
            [Level::VeryBad, Level::Bad].into_iter().zip(self.marks).filter(|(level, _)| has(*level));
        let explain = |(level, meaning)| format!("{} {meaning}", style::mark(level, self.is_larger_worse));
        let explained: Vec<String> = levels.map(explain).collect();
        if explained.is_empty() { String::new() } else { format!("{}\n", explained.join("   ")) }
    }

    fn cell(&self, cell: &Cell, canvas: Canvas) -> style::Cell {
        match cell {
            Cell::Diagonal => style::blank("–"),
            Cell::NotMeasured => style::blank("?"),
            Cell::Failed => style::failed(),
            Cell::Measured { value, part, .. } => {
                let text = format!("{}{}", cell.marks(), (self.format_value)(*value));
                self.heat_cell(&text, *part, canvas)
            }
        }
    }

    fn mean_cell(&self, mean: Option<f64>, canvas: Canvas) -> style::Cell {
        match mean {
            Some(mean) => self.heat_cell(&(self.format_value)(mean), (self.part)(mean), canvas),
            None => style::blank(""),
        }
    }

    fn heat_cell(&self, text: &str, part: f64, canvas: Canvas) -> style::Cell {
        style::heat_cell(text, part, self.is_larger_worse, canvas)
    }

    fn list(&self, matrix: &Matrix, canvas: Canvas) -> String {
        let rows = matrix.rows.iter().zip(&matrix.cells);
        let mut pairs: Vec<(NodeId, NodeId, &Cell)> = rows
            .flat_map(|(row, cells)| {
                let cells = matrix.columns.iter().zip(cells);
                cells.map(move |(column, cell)| (*row, *column, cell))
            })
            .filter(|(_, _, cell)| !matches!(cell, Cell::Diagonal | Cell::NotMeasured))
            .collect();
        // a failed pair has no value, and is worse than any
        let badness = |cell: &Cell| match cell.value() {
            Some(value) if self.is_larger_worse => value,
            Some(value) => -value,
            None => f64::INFINITY,
        };
        pairs.sort_by(|(_, _, one), (_, _, other)| badness(other).total_cmp(&badness(one)));
        let mut table = style::Table::new(canvas);
        table.add_row([
            style::header("FROM"),
            style::header("TO"),
            style::right(style::header(format!("{}  ", self.unit))),
        ]);
        for (from, to, cell) in pairs {
            table.add_row([style::Cell::new(from), style::Cell::new(to), self.cell(cell, canvas)]);
        }
        format!("{}\n\n{}", self.list_title, table.finish())
    }
}
