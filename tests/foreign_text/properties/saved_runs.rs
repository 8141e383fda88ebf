//! Saved runs: files from untrusted sources.

use std::fs;
use std::path::Path;

use kubectl_netbench::analysis::{Gates, Threshold, analyse, compare};
use kubectl_netbench::document::Run;
use kubectl_netbench::store::{self, Store, StoreError};
use kubectl_netbench::view::{Canvas, ColorDepth, Format, json, render, render_comparison};
use serde_json::Value;

use super::{check_line, mixed};

/// Rendering larger matrices in every format takes too long.
const MAX_NODES: usize = 60;

const FORMATS: [Format; 10] = [
    Format::Table,
    Format::Wide,
    Format::Json,
    Format::Yaml,
    Format::Csv,
    Format::Markdown,
    Format::Html,
    Format::Svg,
    Format::Prometheus,
    Format::Junit,
];

/// Any file in place of a run.
pub fn file(bytes: &[u8]) {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("run.json");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("there is room");
        load(&path)
    };
    let run = match read(bytes) {
        Ok(run) => run,
        Err(error) => return check_line(&kubectl_netbench::sanitize::line(&error.explain().error)),
    };
    assert!(run.tests.iter().chain(&run.retests).all(|test| test.outcome.is_possible()));
    check_strings(&serde_json::to_value(&run).expect("runs are written"));
    assert_eq!(read(json(&run).as_bytes()).expect("what was written is read"), run);
    // a truncated file has a prefix of the tests
    let cut = mixed(bytes.len() as u32) as usize % bytes.len().max(1);
    if let Ok(torn) = read(&bytes[..cut]) {
        assert!(run.tests.starts_with(&torn.tests));
    }
    if run.nodes.len() <= MAX_NODES {
        check_rendering(run.clone());
        check_store(&run);
    }
}

fn load(path: &Path) -> Result<Run, StoreError> {
    store::load(None, &path.to_string_lossy())
}

/// Asserts that all strings of a document are sanitized.
fn check_strings(value: &Value) {
    match value {
        Value::String(text) => check_line(text),
        Value::Array(values) => values.iter().for_each(check_strings),
        Value::Object(fields) => fields.values().for_each(check_strings),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A run can be rendered, before and after its analysis.
fn check_rendering(mut run: Run) {
    check_views(&run);
    analyse(&mut run);
    run.comparison = Some(compare(&run, &run));
    let gates = Gates {
        below: vec![(Threshold::PercentOfMedian(90.0), "--fail-below 90%".to_owned())],
        regression: Some((10.0, "--fail-regression 10%".to_owned())),
    };
    run.breaches = gates.breaches(&run);
    check_views(&run);
    let reread: Run = serde_json::from_str(&json(&run)).expect("an analysed run can be read");
    assert_eq!(reread.tests, run.tests);
}

fn check_views(run: &Run) {
    let narrow = Canvas { width: Some(60), ..Canvas::FILE };
    for format in FORMATS {
        for canvas in [Canvas::FILE, narrow] {
            check_text(format, &render(run, format, canvas));
            check_text(format, &render_comparison(run, format, canvas));
        }
    }
    render(run, Format::Wide, Canvas { width: Some(60), color: Some(ColorDepth::TrueColor), ascii: true });
}

/// Asserts that the text has no invisible characters, and does not break out of the data of the HTML page.
fn check_text(format: Format, text: &str) {
    text.lines().for_each(check_line);
    if format == Format::Html && !text.is_empty() {
        assert_eq!(text.matches("</script").count(), 2, "the ends of the data and of the script");
        assert_eq!(text.matches("<!--").count(), 0);
    }
}

/// A store lists and loads the run.
fn check_store(run: &Run) {
    let directory = tempfile::tempdir().expect("there is room");
    let store = Store::of_user(directory.path());
    let run = Run { id: "k3v9x2mq".to_owned(), ..run.clone() };
    store.record(&run).and_then(|recording| recording.finish(&run)).expect("there is room");
    let listed = store.list().expect("the directory is there");
    assert_eq!((listed.len(), listed[0].tests), (1, run.tests.len()));
    check_strings(&serde_json::to_value(&listed).expect("lists are written"));
    assert_eq!(store::load(Some(&store), "k3").expect("it was saved"), run);
}

/// Any reference: without a dot or a slash, it refers to no file outside the store.
pub fn reference(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let directory = tempfile::tempdir().expect("there is room");
    let store = Store::of_user(directory.path());
    if text.contains(['.', '/', '\\']) {
        assert!(matches!(store.delete(&[text.into_owned()]), Err(StoreError::NotSaved { .. })));
        return;
    }
    assert!(store.delete(&[text.clone().into_owned()]).is_err());
    let error = store::load(Some(&store), &text).expect_err("the store is empty");
    assert!(!error.explain().error.is_empty());
}
