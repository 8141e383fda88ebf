//! Quantities of resources as Kubernetes writes them.

/// A quantity of a resource: `100m`, `1.5`, `64Mi`, `1e3`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceQuantity {
    text: String,
    value: f64,
}

impl ResourceQuantity {
    /// Parses a quantity that is finite and not negative; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        const SUFFIXES: [(&str, f64); 16] = [
            ("Ki", 1024.0),
            ("Mi", 1_048_576.0),
            ("Gi", 1_073_741_824.0),
            ("Ti", 1_099_511_627_776.0),
            ("Pi", 1_125_899_906_842_624.0),
            ("Ei", 1_152_921_504_606_846_976.0),
            ("n", 1e-9),
            ("u", 1e-6),
            ("m", 1e-3),
            ("k", 1e3),
            ("M", 1e6),
            ("G", 1e9),
            ("T", 1e12),
            ("P", 1e15),
            ("E", 1e18),
            ("", 1.0),
        ];
        let value = SUFFIXES.iter().find_map(|(suffix, factor)| {
            let number = text.strip_suffix(suffix)?;
            // Rust parses more than Kubernetes does: inf, NaN
            let is_number = number.starts_with(|first: char| first.is_ascii_digit())
                && number
                    .chars()
                    .all(|digit| digit.is_ascii_digit() || matches!(digit, '.' | 'e' | 'E' | '-' | '+'));
            is_number.then(|| number.parse::<f64>().ok()).flatten().map(|number| number * factor)
        })?;
        value.is_finite().then(|| Self { text: text.to_owned(), value })
    }

    /// In base units: CPUs, bytes, or a count.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantity_in_the_forms_of_kubernetes_is_parsed() {
        let value = |text: &str| ResourceQuantity::parse(text).map(|quantity| quantity.value);
        assert_eq!(value("100m"), Some(0.1));
        assert_eq!(value("1.5"), Some(1.5));
        assert_eq!(value("64Mi"), Some(67_108_864.0));
        assert_eq!(value("1e3"), Some(1000.0));
        assert_eq!(value("2k"), Some(2000.0));
        assert_eq!(value("1E"), Some(1e18));
        for text in ["", "Mi", "-1", "1 Gi", "1GB", "inf", "1_000", "1e999"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_quantity_or_none(text in ".{0,12}") {
            if let Some(quantity) = ResourceQuantity::parse(&text) {
                prop_assert!(quantity.value >= 0.0);
                prop_assert_eq!(quantity.as_str(), text);
            }
        }
    }
}
