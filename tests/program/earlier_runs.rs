//! Runs of earlier versions, read by the real program. They need no iperf, so that they are tested on every system.

use std::fs;
use std::path::PathBuf;

use crate::User;
use kubectl_netbench::document::{Comparison, Verdict};
use serde_json::Value;

/// The fields of a document that its analysis does not change.
const MEASURED: [&str; 10] = [
    "id",
    "command",
    "state",
    "startedAt",
    "finishedAt",
    "versions",
    "cluster",
    "parameters",
    "nodes",
    "tests",
];

#[test]
fn runs_of_version_0_1_0_are_reported_and_compared() {
    let user = User::new();
    let fixtures = fs::read_dir("tests/fixtures/runs/0.1.0").expect("there are fixtures");
    let files: Vec<PathBuf> = fixtures.map(|file| file.expect("it can be read").path()).collect();
    assert_eq!(files.len(), 6);
    for file in files {
        let name = file.display().to_string();
        let old: Value = serde_json::from_str(&fs::read_to_string(&file).expect("it can be read")).unwrap();
        let code = if name.contains("failed-cells") { 3 } else { 0 };
        let report = |form: &str| user.run(&format!("report {name} -o {form}")).expect_code(code).stdout;

        let json = report("json");
        let new: Value = serde_json::from_str(&json).unwrap();
        for field in MEASURED {
            assert_eq!(old.get(field), new.get(field), "{field} of {name}");
        }
        for form in ["table", "wide", "yaml", "csv", "markdown", "svg", "html", "prometheus", "junit"] {
            let text = report(form);
            assert!(text.contains(old["nodes"][0]["name"].as_str().unwrap()), "{form} of {name}:\n{text}");
        }

        let id = old["id"].as_str().unwrap();
        let rewritten = user.0.path().join("rewritten.json");
        fs::write(&rewritten, json.replace(id, "rewritten")).expect("there is room");
        let compared = user.run(&format!("compare {name} {} -o json", rewritten.display()));
        let comparison: Comparison = serde_json::from_str(&compared.expect_code(0).stdout).unwrap();
        assert!(comparison.differences.is_empty(), "{name}: {:?}", comparison.differences);
        let pairs: Vec<_> = comparison.routes.iter().flat_map(|route| &route.pairs).collect();
        assert!(!pairs.is_empty(), "{name}");
        assert!(pairs.iter().all(|pair| pair.verdict != Verdict::OnlyInOne), "{name}: {pairs:?}");
        assert!(
            pairs.iter().all(|pair| pair.percent.is_none_or(|percent| percent == 0.0)),
            "{name}: {pairs:?}"
        );
    }
}

#[test]
fn table_in_a_pipe_is_coloured_if_requested() {
    let user = User::new();
    let plain = user.run("report tests/fixtures/runs/0.1.0/matrix.json").expect_code(0).stdout;
    let coloured =
        user.run("report tests/fixtures/runs/0.1.0/matrix.json --color always").expect_code(0).stdout;
    assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}[48;5;"), "{coloured}");
    let mut screen = vt100::Parser::new(60, 200, 0);
    screen.process(coloured.replace('\n', "\r\n").as_bytes());
    let shown = screen.screen().contents();
    for (plain, shown) in plain.lines().zip(shown.lines()) {
        assert_eq!(plain, shown.trim_end());
    }
}
