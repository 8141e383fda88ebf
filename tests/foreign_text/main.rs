//! Untrusted text: output of images, files, command lines. Runs the properties of the targets in `fuzz` with a bounded
//! number of cases.

#![allow(clippy::expect_used, reason = "a panic fails the test")]

mod properties;

use std::fs;
use std::path::Path;

use properties::{arguments, config, kubeconfig, reports, saved_runs, words};
use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes that are significant to parsers, and invisible characters.
const SIGNIFICANT: [&[u8]; 24] = [
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b",",
    b":",
    b"-",
    b"nan",
    b"1e308",
    b"-1",
    b"null",
    b"0",
    b"99999999999999999999",
    b"\x1b[2J",
    b"\\u001b",
    b"\xff",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"|",
    b"=",
    b"@",
];

/// The fixtures in `folder` whose names contain `part`.
fn recorded(folder: &str, part: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let files =
        fs::read_dir(folder).expect("the folder is there").map(|file| file.expect("it is read").path());
    let mut files: Vec<_> = files
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no fixture matches {part}");
    files.iter().map(|path| fs::read(path).expect("it is read")).collect()
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let significant = (0..SIGNIFICANT.len()).prop_map(|index| SIGNIFICANT[index].to_vec());
    let any = prop_oneof![significant, vec(any::<u8>(), 0..20)];
    vec(any, 0..40).prop_map(|parts| parts.concat())
}

/// Fixtures with a few places deleted or overwritten.
fn damaged(recorded: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let patch = prop_oneof![
        (0..SIGNIFICANT.len()).prop_map(|index| SIGNIFICANT[index].to_vec()),
        vec(any::<u8>(), 0..5),
    ];
    let damages = vec((any::<prop::sample::Index>(), 0usize..8, patch), 0..4);
    let end = prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    (prop::sample::select(recorded), damages, end).prop_map(|(mut text, damages, end)| {
        for (place, length, patch) in damages {
            let at = place.index(text.len() + 1);
            text.splice(at..(at + length).min(text.len()), patch);
        }
        if let Some(end) = end {
            text.truncate(end.index(text.len() + 1));
        }
        text
    })
}

fn either(recorded: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => damaged(recorded), 1 => bytes()]
}

/// For slow properties.
fn few_cases() -> ProptestConfig {
    ProptestConfig::with_cases(48)
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn iperf3_stream(bytes in either(recorded("iperf3", "stream"))) {
        reports::iperf3_stream(&bytes);
    }

    #[test]
    fn iperf3_document(bytes in either(recorded("iperf3", "document"))) {
        reports::iperf3_document(&bytes);
    }

    #[test]
    fn saved_run(bytes in either(recorded("runs", ".json"))) {
        saved_runs::file(&bytes);
    }

    #[test]
    fn command_line_values(text in "[0-9.]{0,4}[a-zA-Z:%/\\[\\]-]{0,6}|.{0,12}") {
        arguments::value(text.as_bytes());
    }
}

proptest! {
    #[test]
    fn iperf2_throughput(bytes in either(recorded("iperf2", "client"))) {
        reports::iperf2_throughput(&bytes);
    }

    #[test]
    fn iperf2_received(bytes in either(recorded("iperf2", "server.txt"))) {
        reports::iperf2_received(&bytes);
    }

    #[test]
    fn iperf2_bounceback(bytes in either(recorded("iperf2", "bounceback"))) {
        reports::iperf2_bounceback(&bytes);
    }

    #[test]
    fn server_log(bytes in either([recorded("iperf3", ".log"), recorded("iperf2", ".log")].concat())) {
        reports::server_logs(&bytes);
    }

    #[test]
    fn kubeconfig_file(bytes in either(recorded("kubeconfig", ".yaml"))) {
        kubeconfig::any(&bytes);
    }

    #[test]
    fn settings_file(bytes in either(recorded("config", ".yaml"))) {
        config::file(&bytes);
    }

    #[test]
    fn run_reference(text in "latest(~[0-9]{0,25})?|.{0,10}") {
        saved_runs::reference(text.as_bytes());
    }

    #[test]
    fn command_line_words(bytes in bytes()) {
        arguments::words(&bytes);
    }

    #[test]
    fn displayed_text(bytes in bytes()) {
        words::any(&bytes);
    }
}

#[test]
fn all_fixtures_are_read() {
    let each = |folder: &str, part: &str, property: fn(&[u8])| {
        for bytes in recorded(folder, part) {
            property(&bytes);
        }
    };
    each("runs", ".json", saved_runs::file);
    each("kubeconfig", ".yaml", kubeconfig::any);
    each("config", ".yaml", config::file);
    each("iperf3", "stream", reports::iperf3_stream);
    each("iperf3", "document", reports::iperf3_document);
}
