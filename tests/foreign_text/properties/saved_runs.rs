//! Saved runs: files that anybody may have sent.

use std::fs;
use std::path::Path;

use kubectl_netbench::analysis::{Gates, Threshold, analyse, compare};
use kubectl_netbench::document::Run;
use kubectl_netbench::store::{self, Store, StoreError};
use kubectl_netbench::view::{Canvas, ColorDepth, Format, json, render, render_comparison};
use serde_json::Value;

use super::{check_line, mixed};

/// A matrix of more nodes takes too long to draw in every form.
const MOST_NODES: usize = 60;

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

/// Any file that is named as a run.
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
    check_words(&serde_json::to_value(&run).expect("runs are written"));
    assert_eq!(read(json(&run).as_bytes()).expect("what was written is read"), run);
    // a file that lost its end has the first tests of the whole one
    let cut = mixed(bytes.len() as u32) as usize % bytes.len().max(1);
    if let Ok(torn) = read(&bytes[..cut]) {
        assert!(run.tests.starts_with(&torn.tests));
    }
    if run.nodes.len() <= MOST_NODES {
        shown(run.clone());
        stored(&run);
    }
}

fn load(path: &Path) -> Result<Run, StoreError> {
    store::load(None, &path.to_string_lossy())
}

/// All words of a document are lines in which nothing is hidden.
fn check_words(value: &Value) {
    match value {
        Value::String(text) => check_line(text),
        Value::Array(values) => values.iter().for_each(check_words),
        Value::Object(fields) => fields.values().for_each(check_words),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A run that can be read can be shown, as it is and with what follows from it.
fn shown(mut run: Run) {
    check_views(&run);
    analyse(&mut run);
    run.comparison = Some(compare(&run, &run));
    let gates = Gates {
        below: vec![(Threshold::PercentOfMedian(90.0), "--fail-below 90%".to_owned())],
        regression: Some((10.0, "--fail-regression 10%".to_owned())),
    };
    run.breaches = gates.breaches(&run);
    check_views(&run);
    let again: Run = serde_json::from_str(&json(&run)).expect("what follows from a run can be read again");
    assert_eq!(again.tests, run.tests);
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

/// Nothing in the text moves a cursor or hides, and nothing ends the page's data.
fn check_text(format: Format, text: &str) {
    text.lines().for_each(check_line);
    if format == Format::Html && !text.is_empty() {
        assert_eq!(text.matches("</script").count(), 2, "of the data and of the script");
        assert_eq!(text.matches("<!--").count(), 0);
    }
}

/// A store with this run lists it, finds it, and deletes it.
fn stored(run: &Run) {
    let directory = tempfile::tempdir().expect("there is room");
    let store = Store::of_user(directory.path());
    let run = Run { id: "k3v9x2mq".to_owned(), ..run.clone() };
    store.record(&run).and_then(|recording| recording.finish(&run)).expect("there is room");
    let listed = store.list().expect("the directory is there");
    assert_eq!((listed.len(), listed[0].tests), (1, run.tests.len()));
    check_words(&serde_json::to_value(&listed).expect("lists are written"));
    assert_eq!(store::load(Some(&store), "k3").expect("it was saved"), run);
}

/// Any name of a run: without a dot or a slash it leads to no file outside of the store.
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
