//! Resource quantities, parsed, compared and formatted.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::options::ResourceQuantity;

/// The value in base units (cores, bytes, objects); none if the text is not a quantity.
pub(super) fn parse(quantity: &Quantity) -> Option<f64> {
    ResourceQuantity::parse(quantity.0.trim()).map(|amount| amount.value())
}

/// Whether `one` is greater than `other`, beyond the rounding error of a sum of fractions.
pub(super) fn exceeds(one: f64, other: f64) -> bool {
    one > other + other.abs() * 1e-9
}

/// Formats a value as Kubernetes writes it: CPU in millicores unless it is a whole number of cores, memory in
/// MiB, everything else as a plain number.
pub(super) fn format_quantity(value: f64, resource: &str) -> String {
    if resource.ends_with("cpu") {
        let millicores = (value * 1000.0).round();
        if millicores % 1000.0 == 0.0 {
            format!("{:.0}", millicores / 1000.0)
        } else {
            format!("{millicores:.0}m")
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
    fn sum_of_fractions_does_not_exceed_its_exact_value() {
        assert!(!exceeds([0.01; 100].iter().sum(), 1.0));
        assert!(exceeds(1.01, 1.0));
    }
}
