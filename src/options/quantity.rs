//! Bitrates, sizes and DSCPs on the command line.

/// Parses a bitrate, in bits per second: `940M`, `9.4Gbit/s`, `1.2GB/s`, `0`.
///
/// # Errors
/// Anything else; the message shows the valid forms.
pub fn parse_rate(text: &str) -> Result<u64, String> {
    let invalid = || format!("`{text}` is not a bitrate: use 940M, 9.4Gbit/s or 1.2GB/s");
    let rest = text.strip_suffix("/s").unwrap_or(text);
    let rest = rest.strip_suffix("ps").unwrap_or(rest);
    let (rest, bits) = match rest.strip_suffix('B') {
        Some(bytes) => (bytes, 8.0),
        None => (rest.strip_suffix("bit").or_else(|| rest.strip_suffix('b')).unwrap_or(rest), 1.0),
    };
    let (number, scale) = scaled(rest, 1000.0);
    rounded(number, scale * bits).ok_or_else(invalid)
}

/// Parses a size in bytes, with binary units: `1400`, `256K`, `4M`.
///
/// # Errors
/// Anything else; the message shows the valid forms.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let (number, scale) = scaled(text, 1024.0);
    rounded(number, scale)
        .filter(|&size| size > 0)
        .ok_or_else(|| format!("`{text}` is not a size: use 1400, 256K or 4M"))
}

/// Splits off the unit prefix: the number and its factor.
fn scaled(text: &str, kilo: f64) -> (&str, f64) {
    let units = [('k', 1), ('K', 1), ('m', 2), ('M', 2), ('g', 3), ('G', 3), ('t', 4), ('T', 4)];
    let unit = units.iter().find_map(|&(letter, power)| Some((text.strip_suffix(letter)?, power)));
    unit.map_or((text, 1.0), |(number, power)| (number, kilo.powi(power)))
}

fn rounded(number: &str, scale: f64) -> Option<u64> {
    let plain = number.chars().all(|character| character.is_ascii_digit() || character == '.');
    let value = number.parse::<f64>().ok().filter(|_| plain)? * scale;
    // above 2^53, an f64 is no longer exact
    (value <= 2f64.powi(53)).then(|| value.round() as u64)
}

/// Parses a differentiated services code point: 0 to 63, or its name (RFC 2474, 2597, 3246, 8622).
///
/// # Errors
/// Anything else; the message shows the valid forms.
pub(super) fn parse_dscp(text: &str) -> Result<u8, String> {
    let invalid = || format!("`{text}` is not a DSCP: use 0 to 63, ef, cs0 to cs7, af11 to af43 or le");
    if let Ok(number) = text.parse::<u8>() {
        return if number < 64 { Ok(number) } else { Err(invalid()) };
    }
    let name = text.to_ascii_lowercase();
    let digits: Vec<u8> = name.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    match (name.trim_end_matches(|character: char| character.is_ascii_digit()), digits.as_slice()) {
        ("ef", []) => Ok(46),
        ("le", []) => Ok(1),
        ("cs", &[class @ 0..=7]) => Ok(class * 8),
        ("af", &[class @ 1..=4, drop @ 1..=3]) => Ok(class * 8 + drop * 2),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitrate_in_usual_forms_is_parsed() {
        let rates = [
            ("940M", 940_000_000),
            ("9.4Gbit/s", 9_400_000_000),
            ("1.2GB/s", 9_600_000_000),
            ("10Gbps", 10_000_000_000),
            ("64kb", 64_000),
            ("1000", 1000),
            ("0", 0),
        ];
        for (text, rate) in rates {
            assert_eq!(parse_rate(text), Ok(rate), "{text}");
        }
        for text in ["", "G", "-1G", "1e9", "1X", "1 G", "nan", "inf", "1.2.3M", "99999999999T"] {
            assert!(parse_rate(text).unwrap_err().contains("9.4Gbit/s"), "{text}");
        }
    }

    #[test]
    fn size_units_are_binary() {
        assert_eq!(parse_size("1400"), Ok(1400));
        assert_eq!(parse_size("256K"), Ok(256 * 1024));
        assert!(parse_size("0").is_err() && parse_size("1KB").is_err());
    }

    #[test]
    fn dscp_is_parsed_by_number_and_name() {
        let points = ["ef", "EF", "cs1", "af41", "le", "0", "63"].map(|text| parse_dscp(text).ok());
        assert_eq!(points, [Some(46), Some(46), Some(8), Some(34), Some(1), Some(0), Some(63)]);
        for text in ["64", "cs8", "af44", "af51", "best", "", "-1"] {
            assert!(parse_dscp(text).is_err(), "{text}");
        }
    }
}
