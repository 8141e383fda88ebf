//! The color scale as terminal colors.

use anstyle::{Color, RgbColor, Style};
use anstyle_lossy::rgb_to_xterm;

use crate::view::ColorDepth;
use crate::view::color_scale::{self, Rgb};

/// Background and text color, as [`color_scale::cell_colors`] defines them.
pub(super) fn cell_style(part: f64, depth: ColorDepth) -> Style {
    let (background, text) = color_scale::cell_colors(part);
    let color = |(r, g, b): Rgb| match depth {
        ColorDepth::TrueColor => Color::Rgb(RgbColor(r, g, b)),
        ColorDepth::Ansi256 => Color::Ansi256(rgb_to_xterm(RgbColor(r, g, b))),
    };
    Style::new().bg_color(Some(color(background))).fg_color(Some(color(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_differ_in_256_colors() {
        let background = |part| cell_style(part, ColorDepth::Ansi256).get_bg_color();
        assert!(background(1.0) != background(0.7) && background(0.7) != background(0.3));
        assert_eq!(background(1.0), background(1.4));
    }
}
