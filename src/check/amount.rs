//! Amounts of Kubernetes: `100m`, `32Mi`, `1e3`.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// The value of an amount; none if it is not written as one.
pub(super) fn amount(quantity: &Quantity) -> Option<f64> {
    let text = quantity.0.trim();
    let is_number = |character: char| character.is_ascii_digit() || matches!(character, '.' | '+' | '-');
    let (number, suffix) = text.split_at(text.find(|character| !is_number(character)).unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    let of_thousand = |power: i32| 1000_f64.powi(power);
    let of_1024 = |power: i32| 1024_f64.powi(power);
    let factor = match suffix {
        "" => 1.0,
        "n" => of_thousand(-3),
        "u" => of_thousand(-2),
        "m" => of_thousand(-1),
        "k" => of_thousand(1),
        "M" => of_thousand(2),
        "G" => of_thousand(3),
        "T" => of_thousand(4),
        "P" => of_thousand(5),
        "E" => of_thousand(6),
        "Ki" => of_1024(1),
        "Mi" => of_1024(2),
        "Gi" => of_1024(3),
        "Ti" => of_1024(4),
        "Pi" => of_1024(5),
        "Ei" => of_1024(6),
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number * factor)
}

/// Whether one amount is more than another, by more than a sum of fractions may be off.
pub(super) fn exceeds(one: f64, other: f64) -> bool {
    one > other + other.abs() * 1e-9
}

/// An amount as Kubernetes writes it: CPU in thousandths, memory in MiB, all else as a number.
pub(super) fn written(value: f64, resource: &str) -> String {
    if resource.ends_with("cpu") {
        format!("{:.0}m", value * 1000.0)
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
    fn amounts_are_read_as_kubernetes_does() {
        let of = |text: &str| amount(&Quantity(text.to_owned()));
        assert_eq!(of("10m"), Some(0.01));
        assert_eq!(of("32Mi"), Some(33_554_432.0));
        assert_eq!(of("1.5"), Some(1.5));
        assert_eq!(of("2k"), Some(2000.0));
        assert_eq!(of("1e3"), Some(1000.0));
        assert_eq!(of("1E"), Some(1e18));
        assert_eq!((of("much"), of(""), of("1x")), (None, None, None));
    }

    #[test]
    fn sums_of_fractions_are_not_more_than_their_sum() {
        assert!(!exceeds([0.01; 100].iter().sum(), 1.0));
        assert!(exceeds(1.01, 1.0));
    }
}
