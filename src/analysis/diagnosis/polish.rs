//! Robust statistics: quantiles, a robust mean, and the median polish of a two-way table (Tukey, Exploratory
//! Data Analysis, 1977).

use crate::analysis::statistics::median_in_place;

/// The value below which this fraction of the values lies; 0 for an empty slice. Reorders the values.
pub(super) fn quantile(values: &mut [f64], fraction: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let index = ((values.len() - 1) as f64 * fraction).round() as usize;
    *values.select_nth_unstable_by(index, f64::total_cmp).1
}

/// A mean that no single value dominates: values farther than `reach` from the median count as at that
/// distance. 0 for an empty slice. Reorders the values.
pub(super) fn robust_mean(values: &mut [f64], reach: f64) -> f64 {
    let middle = median_in_place(values).unwrap_or_default();
    let sum: f64 = values.iter().map(|value| value.clamp(middle - reach, middle + reach)).sum();
    if values.is_empty() { 0.0 } else { sum / values.len() as f64 }
}

/// The effects of the rows and columns of a square table (NaN where nothing was measured), by median polish.
/// `deviation` is the standard deviation of a cell: an effect within chance counts as zero. Larger effects
/// than `max_effect` are clamped, since they are no natural differences.
pub(super) fn median_polish(
    table: &[f64],
    size: usize,
    deviation: f64,
    max_effect: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut rows, mut columns) = (vec![0.0; size], vec![0.0; size]);
    for _ in 0..2 {
        for row in 0..size {
            let cells = (0..size).map(|column| table[row * size + column] - columns[column]);
            rows[row] = significant_effect(cells, deviation, max_effect);
        }
        for column in 0..size {
            let cells = (0..size).map(|row| table[row * size + column] - rows[row]);
            columns[column] = significant_effect(cells, deviation, max_effect);
        }
    }
    (rows, columns)
}

fn significant_effect(cells: impl Iterator<Item = f64>, deviation: f64, max_effect: f64) -> f64 {
    let mut cells: Vec<f64> = cells.filter(|cell| !cell.is_nan()).collect();
    // the standard error of a median is 1.2533 times that of a mean
    let chance = 3.0 * 1.2533 * deviation / (cells.len().max(1) as f64).sqrt();
    match median_in_place(&mut cells) {
        Some(effect) if effect.abs() > chance && cells.len() > 4 => effect.clamp(-max_effect, max_effect),
        _ => 0.0,
    }
}
