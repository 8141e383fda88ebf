//! The colours of a heat map on a terminal.

use anstyle::RgbColor;
use anstyle_lossy::rgb_to_xterm;
use comfy_table::Color;

use crate::view::{ColorDepth, scale};

/// The background and the text of a figure that is this part of a usual one.
pub(super) fn colors(part: f64, depth: ColorDepth) -> (Color, Color) {
    let (background, text) = scale::colors(part);
    let color = |(r, g, b): scale::Rgb| match depth {
        ColorDepth::TrueColor => Color::Rgb { r, g, b },
        ColorDepth::Ansi256 => Color::AnsiValue(rgb_to_xterm(RgbColor(r, g, b)).0),
    };
    (color(background), color(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_is_another_shade_on_256_colours_too() {
        let shade = |part| colors(part, ColorDepth::Ansi256).0;
        assert!(shade(1.0) != shade(0.7) && shade(0.7) != shade(0.3));
        assert_eq!(shade(1.0), shade(1.4));
    }
}
