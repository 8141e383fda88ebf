//! The matrix as a list of its pairs, the slowest first, for terminals that a grid does not fit.

use comfy_table::Cell as TableCell;

use super::{Canvas, RateUnit, style};
use crate::analysis::{Cell, Matrix};

pub(super) fn draw(matrix: &Matrix, unit: RateUnit, canvas: Canvas) -> String {
    let all = 0..matrix.nodes.len();
    let mut pairs: Vec<(&str, &str, &Cell)> = all
        .clone()
        .flat_map(|client| all.clone().map(move |server| (client, server)))
        .map(|(client, server)| {
            let name = |node: usize| matrix.nodes[node].as_str();
            (name(client), name(server), &matrix.cells[client][server])
        })
        .filter(|(_, _, cell)| !matches!(cell, Cell::Diagonal | Cell::NotMeasured))
        .collect();
    // a failed pair has no rate and comes first: it is worse than any slow one
    pairs.sort_by(|(_, _, one), (_, _, other)| {
        one.rate().unwrap_or(-1.0).total_cmp(&other.rate().unwrap_or(-1.0))
    });
    let mut table = style::table(canvas);
    table.set_header([
        style::header("CLIENT"),
        style::header("SERVER"),
        style::right(style::header(format!("{unit}  "))),
    ]);
    for (client, server, cell) in pairs {
        table.add_row([TableCell::new(client), TableCell::new(server), style::cell(cell, unit)]);
    }
    format!(
        "Throughput of each pair, slowest first (the matrix is wider than this terminal).\n\n{}",
        style::finish(table)
    )
}
