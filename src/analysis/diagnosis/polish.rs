//! Robust statistics: quantiles, a robust mean, and the median polish of a two-way table (Tukey, Exploratory
//! Data Analysis, 1977).

use super::Cause;
use super::cells::Cells;
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

/// The effects of senders and receivers on the residuals of the cells, by median polish. `deviation` is the standard
/// deviation of a cell: an effect within chance counts as zero. Larger effects than `max_effect` are clamped, since
/// they are no natural differences.
pub(super) fn median_polish(
    cells: &Cells,
    residuals: &[f64],
    deviation: f64,
    max_effect: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut senders, mut receivers) = (vec![0.0; cells.nodes], vec![0.0; cells.nodes]);
    for _ in 0..2 {
        for (node, effect) in senders.iter_mut().enumerate() {
            let own = cells.covered(Cause::Sender(node)).into_iter();
            let own = own.map(|cell| residuals[cell] - receivers[cells.pair(cell).1]);
            *effect = significant_effect(own.collect(), deviation, max_effect);
        }
        for (node, effect) in receivers.iter_mut().enumerate() {
            let own = cells.covered(Cause::Receiver(node)).into_iter();
            let own = own.map(|cell| residuals[cell] - senders[cells.pair(cell).0]);
            *effect = significant_effect(own.collect(), deviation, max_effect);
        }
    }
    (senders, receivers)
}

fn significant_effect(mut residuals: Vec<f64>, deviation: f64, max_effect: f64) -> f64 {
    // the standard error of a median is 1.2533 times that of a mean
    let chance = 3.0 * 1.2533 * deviation / (residuals.len().max(1) as f64).sqrt();
    match median_in_place(&mut residuals) {
        Some(effect) if effect.abs() > chance && residuals.len() > 4 => effect.clamp(-max_effect, max_effect),
        _ => 0.0,
    }
}
