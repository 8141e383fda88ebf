//! The colours of heat maps: one scale for all views.

/// A colour as red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// The scale cividis (Nuñez, Anderton and Renslow, 2018): its lightness grows evenly, and it looks
/// the same to readers who cannot tell red from green.
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

/// Backgrounds lighter than this bear dark text.
const LIGHT: f64 = 0.44;

/// The background and the text of a figure that is this part of a usual one: dark if it is as good,
/// the lighter the worse.
pub(super) fn colors(part: f64) -> (Rgb, Rgb) {
    let badness = (1.0 - part).clamp(0.0, 1.0);
    (at(badness), if badness > LIGHT { (0, 0, 0) } else { (255, 255, 255) })
}

/// The colour at a position from 0 to 1.
fn at(position: f64) -> Rgb {
    let place = position * (CIVIDIS.len() - 1) as f64;
    let index = (place as usize).min(CIVIDIS.len() - 2);
    let (one, two, part) = (CIVIDIS[index], CIVIDIS[index + 1], place - index as f64);
    let between =
        |one: u8, two: u8| (f64::from(one) + (f64::from(two) - f64::from(one)) * part).round() as u8;
    (between(one.0, two.0), between(one.1, two.1), between(one.2, two.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as the Web Content Accessibility Guidelines have them.
    fn contrast(one: Rgb, two: Rgb) -> f64 {
        let luminance = |(red, green, blue): Rgb| {
            let part = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
        };
        let (one, two) = (luminance(one) + 0.05, luminance(two) + 0.05);
        one.max(two) / one.min(two)
    }

    #[test]
    fn figures_can_be_read_on_every_shade() {
        for hundredths in 0..=130 {
            let (background, text) = colors(f64::from(hundredths) / 100.0);
            let contrast = contrast(background, text);
            assert!(contrast >= 4.5, "{hundredths}%: {contrast:.1}");
        }
    }
}
