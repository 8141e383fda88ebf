//! A run as one HTML file that needs no network: the data, and a page that draws it.
//!
//! Node names and the words of failures come from elsewhere. They are in the page as JSON only,
//! and its script shows them as text only; the policy lets nothing else run or load.

mod compact;
mod facts;
mod layer;
mod model;

use super::View;
use crate::document::Run;
use model::Report;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// The script: one module of several files, which share their names.
const SCRIPT: &str = concat!(
    include_str!("format.js"),
    include_str!("data.js"),
    include_str!("heatmap.js"),
    include_str!("heatmap-input.js"),
    include_str!("chart.js"),
    include_str!("details.js"),
    include_str!("pairs.js"),
    include_str!("head.js"),
    include_str!("legend.js"),
    include_str!("script.js"),
);

/// What the page may do. The hashes are those of the style and of the script; a test computes them.
const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-Q4L8Fj06OYbHIVBGacmC7GVM/IwY7TCcecR5Kvyp9hM='; \
    script-src 'sha256-aJ17/B3Jwultn40w5/n1jPoEG/mD/Kkc68akIy7Vy6U='; \
    img-src data:; base-uri 'none'; form-action 'none'";

/// A page for a browser.
pub(super) struct Html;

impl View for Html {
    fn render(&self, run: &Run) -> String {
        page(run)
    }
}

fn page(run: &Run) -> String {
    let data = escaped(&serde_json::to_string(&Report::new(run)).unwrap_or_default());
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
    // in one pass: what looks like a place in the data stays as it is
    for piece in PAGE.split("{{") {
        match piece.split_once("}}") {
            Some((place, rest)) => {
                page.push_str(match place {
                    "policy" => POLICY,
                    "style" => STYLE,
                    "script" => SCRIPT,
                    _ => &data,
                });
                page.push_str(rest);
            }
            None => page.push_str(piece),
        }
    }
    page
}

/// JSON that no HTML parser takes for markup and no old JavaScript for the end of a line.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests;
