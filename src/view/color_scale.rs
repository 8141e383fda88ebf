//! The color scale of all heat maps but that of the HTML report.

/// Red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// Cividis (Nuñez, Anderton and Renslow, 2018): its lightness increases evenly, and it looks the same
/// to readers with red-green color blindness.
const CIVIDIS: [Rgb; 9] = [
    (0, 42, 102),
    (39, 63, 108),
    (76, 85, 107),
    (104, 106, 112),
    (131, 129, 120),
    (161, 152, 118),
    (192, 178, 109),
    (225, 204, 92),
    (255, 234, 70),
];

/// Position on the scale from which text is black instead of white.
const BLACK_TEXT_FROM: f64 = 0.44;

/// Background and text color of a cell. `part` relates its value to the median: 1 and more is the dark
/// end of the scale, 0 the light one.
pub(super) fn cell_colors(part: f64) -> (Rgb, Rgb) {
    let position = (1.0 - part).clamp(0.0, 1.0);
    (color_at(position), if position > BLACK_TEXT_FROM { (0, 0, 0) } else { (255, 255, 255) })
}

/// Interpolates the scale at a position from 0 to 1.
fn color_at(position: f64) -> Rgb {
    let scaled = position * (CIVIDIS.len() - 1) as f64;
    let index = (scaled as usize).min(CIVIDIS.len() - 2);
    let (one, other, fraction) = (CIVIDIS[index], CIVIDIS[index + 1], scaled - index as f64);
    let interpolate =
        |one: u8, other: u8| (f64::from(one) + (f64::from(other) - f64::from(one)) * fraction).round() as u8;
    (interpolate(one.0, other.0), interpolate(one.1, other.1), interpolate(one.2, other.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio by the Web Content Accessibility Guidelines.
    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let luminance = |(red, green, blue): Rgb| {
            let linear = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn text_has_sufficient_contrast_on_every_color() {
        for hundredths in 0..=130 {
            let (background, text) = cell_colors(f64::from(hundredths) / 100.0);
            let contrast = contrast(background, text);
            assert!(contrast >= 4.5, "{hundredths}%: {contrast:.1}");
        }
    }
}
