//! The matrix as a grid: rows are clients, columns are servers.

use comfy_table::Cell as TableCell;

use super::names::shorten;
use super::{Canvas, RateUnit, style};
use crate::analysis::{Level, Matrix};

/// Draws the grid, with shortened names if need be; none if it does not fit the canvas.
pub(super) fn draw(matrix: &Matrix, unit: RateUnit, canvas: Canvas) -> Option<String> {
    let title = format!("Throughput in {unit}; rows are clients (they send), columns are servers.\n\n");
    if let Some(grid) = fitting(matrix, &matrix.nodes, unit, canvas) {
        return Some(title + &grid);
    }
    let short = shorten(&matrix.nodes)?;
    let grid = fitting(matrix, &short.names, unit, canvas)?;
    Some(format!("{title}{grid}\nNode names are short for {}.\n", short.pattern))
}

fn fitting(matrix: &Matrix, names: &[String], unit: RateUnit, canvas: Canvas) -> Option<String> {
    // measured without colours: their codes take no room on the screen
    let plain = Canvas { color: false, ..canvas };
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    if let Some(width) = canvas.width
        && widest(&grid(matrix, names, unit, plain)) > width
    {
        return None;
    }
    Some(grid(matrix, names, unit, canvas))
}

fn grid(matrix: &Matrix, names: &[String], unit: RateUnit, canvas: Canvas) -> String {
    let mut table = style::table(canvas);
    let servers = names.iter().map(|name| style::right(style::header(format!("{name}  "))));
    let mut header = vec![style::header("")];
    header.extend(servers);
    header.push(style::right(style::header("mean  ")));
    table.set_header(header);
    for ((name, cells), mean) in names.iter().zip(&matrix.cells).zip(&matrix.row_means) {
        let mut row = vec![style::header(name)];
        row.extend(cells.iter().map(|cell| style::cell(cell, unit)));
        row.push(draw_mean(*mean, matrix.median, unit));
        table.add_row(row);
    }
    let mut last = vec![style::header("mean")];
    last.extend(matrix.column_means.iter().map(|mean| draw_mean(*mean, matrix.median, unit)));
    last.push(draw_mean(matrix.mean, matrix.median, unit));
    table.add_row(last);
    style::finish(table)
}

fn draw_mean(mean: Option<f64>, median: Option<f64>, unit: RateUnit) -> TableCell {
    match (mean, median) {
        (Some(mean), Some(median)) => style::rate(&unit.figure(mean), Level::of(mean, median)),
        _ => style::blank(""),
    }
}
