//! Mean, median and measures of spread.

/// The arithmetic mean; none for an empty slice.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median; none for an empty vector.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    median_in_place(&mut values)
}

/// The median; none for an empty slice. Reorders the values.
pub(super) fn median_in_place(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(match below.iter().copied().max_by(f64::total_cmp) {
        Some(lower) if values.len().is_multiple_of(2) => f64::midpoint(lower, upper),
        _ => upper,
    })
}

/// A robust estimate of the standard deviation of values around zero, from the median of their absolute
/// values (MAD; Hampel, 1974), which ignores outliers; none for an empty slice.
pub(super) fn robust_deviation(values: &[f64]) -> Option<f64> {
    Some(1.4826 * median(values.iter().map(|value| value.abs()).collect())?)
}

/// The sample standard deviation (n − 1); none for fewer than two values.
pub(super) fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}
