//! The color scale as terminal colors.

use anstyle::RgbColor;
use anstyle_lossy::rgb_to_xterm;
use comfy_table::Color;

use crate::view::ColorDepth;
use crate::view::color_scale::{self, Rgb};

/// Background and text color, as [`color_scale::cell_colors`] defines them.
pub(super) fn cell_colors(part: f64, depth: ColorDepth) -> (Color, Color) {
    let (background, text) = color_scale::cell_colors(part);
    let color = |(r, g, b): Rgb| match depth {
        ColorDepth::TrueColor => Color::Rgb { r, g, b },
        ColorDepth::Ansi256 => Color::AnsiValue(rgb_to_xterm(RgbColor(r, g, b)).0),
    };
    (color(background), color(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_differ_in_256_colors() {
        let background = |part| cell_colors(part, ColorDepth::Ansi256).0;
        assert!(background(1.0) != background(0.7) && background(0.7) != background(0.3));
        assert_eq!(background(1.0), background(1.4));
    }
}
