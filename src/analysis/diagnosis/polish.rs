//! Robust figures: medians, and the median polish of a two-way table (Tukey, Exploratory Data Analysis, 1977).

use crate::analysis::statistics::median_in_place;

/// The value below which a part of the values lies; 0 where there are none. Reorders them.
pub(super) fn quantile(values: &mut [f64], part: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let place = ((values.len() - 1) as f64 * part).round() as usize;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

/// A mean that no single value drags away: beyond the reach around the median, values count as at its edge.
pub(super) fn centre(values: &mut [f64], reach: f64) -> f64 {
    let middle = median_in_place(values).unwrap_or_default();
    let sum: f64 = values.iter().map(|value| value.clamp(middle - reach, middle + reach)).sum();
    if values.is_empty() { 0.0 } else { sum / values.len() as f64 }
}

/// The effects of the rows and the columns of a square table (NaN where nothing was measured), by median
/// polish. An effect that chance explains is none; nor is one counted that is no mere difference.
pub(super) fn effects(table: &[f64], size: usize, spread: f64, most: f64) -> (Vec<f64>, Vec<f64>) {
    let (mut rows, mut columns) = (vec![0.0; size], vec![0.0; size]);
    for _ in 0..2 {
        for row in 0..size {
            let cells = (0..size).map(|column| table[row * size + column] - columns[column]);
            rows[row] = effect(cells, spread, most);
        }
        for column in 0..size {
            let cells = (0..size).map(|row| table[row * size + column] - rows[row]);
            columns[column] = effect(cells, spread, most);
        }
    }
    (rows, columns)
}

fn effect(cells: impl Iterator<Item = f64>, spread: f64, most: f64) -> f64 {
    let mut cells: Vec<f64> = cells.filter(|cell| !cell.is_nan()).collect();
    // 1.2533: how much less sure a median is than a mean
    let chance = 3.0 * 1.2533 * spread / (cells.len().max(1) as f64).sqrt();
    match median_in_place(&mut cells) {
        Some(effect) if effect.abs() > chance && cells.len() > 4 => effect.clamp(-most, most),
        _ => 0.0,
    }
}
