//! Effective settings and their sources.

use std::path::Path;

use super::{Effective, Source};
use crate::sanitize;
use crate::view::{Canvas, style};

/// The default of a key without a default value: it depends on the cluster or on other flags, or is nothing.
fn default_in_words(key: &str) -> &'static str {
    match key {
        "kubeconfig" if cfg!(windows) => r"KUBECONFIG, or %USERPROFILE%\.kube\config",
        "kubeconfig" => "KUBECONFIG, or ~/.kube/config",
        "context" => "current context of the kubeconfig",
        "namespace" => "new namespace for each run",
        "path" => "pod",
        "port" => "5201 (iperf 2 and --rtt: 5001)",
        "concurrency" => "all disjoint pairs",
        "requests" => "cpu=10m,memory=32Mi",
        "service-account" => "that of the namespace",
        "ip-family" | "priority-class" | "runtime-class" => "that of the cluster",
        "keep-runs" | "volume-keep" => "all",
        "program-image" => "none: needed by schedule create",
        _ => "none",
    }
}

/// One row per setting, then the path of the configuration file.
pub fn table(effective: &[Effective], file: Option<&Path>, canvas: Canvas) -> String {
    let mut table = style::Table::new(canvas);
    table.add_row(["SETTING", "VALUE", "SOURCE"].map(style::header));
    for Effective { key, values, source, place, context } in effective {
        let value = match values.join(",") {
            value if value.is_empty() => style::Cell::new(default_in_words(key)),
            value => style::Cell::new(sanitize::line(&value)),
        };
        let context = context.as_ref().map_or(String::new(), |context| format!(" (context {context})"));
        let origin = match (source, place) {
            (Source::Flag, _) => format!("--{key}"),
            (Source::Default, _) => "default".to_owned(),
            (_, Some(place)) => format!("{place}{context}"),
            (_, None) => String::new(),
        };
        let mut row = [style::Cell::new(*key), value, style::Cell::new(sanitize::line(&origin))];
        if *source == Source::Default {
            row = row.map(|cell| cell.style(style::DIM));
        }
        table.add_row(row);
    }
    let file = file.map_or(String::new(), |file| format!("\nConfiguration file: {}\n", file.display()));
    canvas.encode(format!("{}{file}", table.finish()))
}
