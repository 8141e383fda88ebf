//! A run as a single HTML file that loads nothing: the data as JSON, and a script that displays it.
//!
//! Node names and failure reasons are foreign text. They are in the page only as JSON, the script
//! displays them only as text, and the Content Security Policy blocks all other scripts and requests.

mod encoded_test;
mod layer;
mod report;
mod run_details;

use crate::document::Run;
use report::Report;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// One module: the files share one namespace.
const SCRIPT: &str = concat!(
    include_str!("format.js"),
    include_str!("data.js"),
    include_str!("heatmap.js"),
    include_str!("heatmap-input.js"),
    include_str!("chart.js"),
    include_str!("pair-details.js"),
    include_str!("pair-table.js"),
    include_str!("overview.js"),
    include_str!("legend.js"),
    include_str!("main.js"),
);

/// Content Security Policy, with the hashes of [`STYLE`] and [`SCRIPT`]. A test computes them.
const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-CCwOx9gIPH43ipWulBcfozXl6XlZO1acMZwwUTD58Ds='; \
    script-src 'sha256-51mITBPV9Os1xbJ7r7vSf+Kbtb4kdhCxqOZWsMbWogk='; \
    img-src data:; base-uri 'none'; form-action 'none'";

pub(super) fn render(run: &Run) -> String {
    let data = escape_json(&serde_json::to_string(&Report::new(run)).unwrap_or_default());
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
    // in a single pass: a placeholder in the data must not be replaced
    for piece in PAGE.split("{{") {
        match piece.split_once("}}") {
            Some((placeholder, rest)) => {
                page.push_str(match placeholder {
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

/// Escapes what an HTML parser would read as markup, and old JavaScript as a line end.
fn escape_json(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests;
