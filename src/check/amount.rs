//! Amounts of resources, compared and written.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::options::ResourceQuantity;

/// The value of an amount; none if it is not written as one.
pub(super) fn amount(quantity: &Quantity) -> Option<f64> {
    ResourceQuantity::parse(quantity.0.trim()).map(|quantity| quantity.value())
}

/// Whether one amount is more than another, by more than a sum of fractions may be off.
pub(super) fn exceeds(one: f64, other: f64) -> bool {
    one > other + other.abs() * 1e-9
}

/// An amount as Kubernetes writes it: CPU in thousandths unless it is whole, memory in MiB, all else as a
/// number.
pub(super) fn written(value: f64, resource: &str) -> String {
    if resource.ends_with("cpu") {
        let thousandths = (value * 1000.0).round();
        if thousandths % 1000.0 == 0.0 {
            format!("{:.0}", thousandths / 1000.0)
        } else {
            format!("{thousandths:.0}m")
        }
    } else if resource.ends_with("memory") {
        format!("{:.0}Mi", value / (1024.0 * 1024.0))
    } else {
        format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_fractions_are_not_more_than_their_sum() {
        assert!(!exceeds([0.01; 100].iter().sum(), 1.0));
        assert!(exceeds(1.01, 1.0));
    }
}
