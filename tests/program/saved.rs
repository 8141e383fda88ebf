//! Saved runs of the real program: recorded, listed, shown, compared, resumed and deleted.

use std::fs;
use std::path::{Path, PathBuf};

use crate::User;
use kubectl_netbench::document::Run;

impl User {
    fn runs(&self) -> PathBuf {
        self.directory().join("runs")
    }

    /// The files of the saved runs.
    pub fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.runs()).into_iter().flatten();
        files.map(|file| file.expect("the directory can be read").path()).collect()
    }

    /// A user with a saved run of three nodes.
    fn with_run() -> (Self, Run) {
        let user = Self::new();
        let run = user.run("matrix --local 3 -t 1s -o json").expect_code(0).run();
        (user, run)
    }
}

pub fn read(path: &Path) -> Run {
    let text = fs::read_to_string(path).expect("the file can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn saved_run_is_reported_in_every_format() {
    let (user, run) = User::with_run();
    let shown = |words: &str| user.run(words).expect_code(0).stdout;
    assert_eq!(serde_json::from_str::<Run>(&shown("report -o json")).expect("it is the document"), run);
    for (form, mark) in [
        ("table", "Throughput in Gbit/s; rows send, columns receive."),
        ("wide", "RETRANSMITS"),
        ("yaml", "apiVersion: netbench.dev/v1alpha1"),
        ("csv", "run,started_at,finished_at,client,server"),
        ("markdown", "|**local-3**|"),
        ("svg", "<svg"),
        ("html", "<!doctype html>"),
        ("prometheus", "# TYPE netbench_throughput_bytes_per_second gauge"),
        ("junit", "<testcase name=\"local-1 → local-2\" classname=\"netbench.loopback\">"),
    ] {
        let text = shown(&format!("report {} -o {form}", &run.id[..6]));
        assert!(text.contains(mark), "{form}:\n{text}");
        let file = user.0.path().join("report");
        let words = format!("report latest -o {form} --output-file {}", file.display());
        assert_eq!(shown(&words), "");
        assert_eq!(fs::read_to_string(file).expect("it was written"), text, "{form}");
    }
    assert_eq!(shown("report -o csv").lines().count(), 7);
}

#[test]
fn saved_runs_are_listed_compared_and_deleted() {
    let (user, first) = User::with_run();
    let second = user.run("matrix --local 3 -t 1s -P 2 --baseline latest -o json").expect_code(0).run();
    assert_eq!(second.comparison.as_ref().map(|comparison| &comparison.base), Some(&first.id));

    let listed = user.run("runs").expect_code(0).stdout;
    let ids: Vec<&str> = listed.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(ids, [&second.id, &first.id]);

    let compared = user.run("compare latest~1").expect_code(0).stdout;
    assert!(compared.starts_with(&format!("Compared with baseline {}", first.id)), "{compared}");
    assert!(compared.contains("parallel streams: 2, was 1"), "{compared}");
    assert!(compared.contains("6 pairs over loopback: "), "{compared}");
    let rows = user.run("compare latest~1 latest -o csv").expect_code(0).stdout;
    assert_eq!(rows.lines().count(), 7, "{rows}");

    user.run(&format!("runs delete {} nosuch", first.id)).expect_code(1);
    assert_eq!(user.files().len(), 2);
    assert_eq!(
        user.run(&format!("runs delete {}", first.id)).expect_code(0).stderr,
        format!("deleted {}\n", first.id)
    );
    let error = user.run("compare latest~1").expect_code(1).stderr;
    assert!(error.contains("run `latest~1` not found"), "{error}");
}

#[test]
fn failed_gate_names_its_pairs_and_exits_with_4() {
    let (user, run) = User::with_run();
    user.run("report --fail-below 1Mbit/s").expect_code(0);
    let failed = user.run("report --fail-below 9Tbit/s -o json").expect_code(4);
    assert_eq!(failed.run().breaches.len(), 6);
    assert!(failed.stderr.starts_with("gate:  6 pairs fail --fail-below 9000Gbit/s"), "{}", failed.stderr);
    for client in ["local-1 → ", "local-2 → ", "local-3 → "] {
        assert!(failed.stderr.contains(client), "{}", failed.stderr);
    }
    let junit = user.run("report --fail-below 9Tbit/s -o junit").expect_code(4).stdout;
    assert!(junit.contains("failures=\"6\""), "{junit}");

    // the same run at half the throughput
    let mut slower = run;
    slower.id = "slower22".to_owned();
    for test in &mut slower.tests {
        let mut value = serde_json::to_value(&*test).expect("a test is JSON");
        for figure in
            value.pointer_mut("/samples").and_then(|samples| samples.as_array_mut()).into_iter().flatten()
        {
            figure["bitsPerSecond"] = (figure["bitsPerSecond"].as_f64().unwrap_or(0.0) / 2.0).into();
        }
        value["bitsPerSecond"] = (value["bitsPerSecond"].as_f64().unwrap_or(0.0) / 2.0).into();
        *test = serde_json::from_value(value).expect("it is a valid test");
    }
    let file = user.0.path().join("slower.json");
    fs::write(&file, serde_json::to_string(&slower).expect("a run is JSON")).expect("there is room");
    let file = file.display();
    let gate = user.run(&format!("compare latest {file} --fail-regression 10%")).expect_code(4).stderr;
    assert!(gate.contains("6 pairs fail --fail-regression 10%"), "{gate}");
    user.run(&format!("report {file} --baseline latest --fail-regression 60%")).expect_code(0);
    user.run(&format!("compare latest {file}")).expect_code(0);
}

#[test]
fn saving_flags_choose_where_a_run_is_saved() {
    let user = User::new();
    user.run("pair --local 2 -t 1s --no-save").expect_code(0);
    assert!(user.files().is_empty());
    let file = user.0.path().join("monday.json");
    let ended = user.run(&format!("pair --local 2 -t 1s --save-to {}", file.display())).expect_code(0);
    assert!(!ended.stderr.contains("saved as"), "{}", ended.stderr);
    assert_eq!((read(&file).tests.len(), user.files().len()), (2, 0));
    user.run(&format!("report {}", file.display())).expect_code(0);
    let early = user.run("pair --local 2 -t 9s --save-to /nosuch/run.json").expect_code(1);
    assert!(early.stderr.contains("cannot write /nosuch/run.json"), "{}", early.stderr);
    for _ in 0..3 {
        user.run("pair --local 2 -t 1s --keep-runs 2").expect_code(0);
    }
    assert_eq!(user.files().len(), 2);
}

#[test]
fn unwritable_data_directory_does_not_fail_the_run() {
    let user = User::new();
    fs::write(user.directory(), "not a directory").expect("there is room");
    let ended = user.run("pair --local 2 -t 1s").expect_code(0);
    assert!(ended.stderr.contains("the run was not saved: cannot write"), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("SENDER"), "{}", ended.stdout);
}

#[test]
fn run_of_version_0_1_0_is_the_baseline_of_a_new_one() {
    let user = User::new();
    let words = "matrix --local 4 -t 1s -o json --baseline tests/fixtures/runs/0.1.0/matrix.json";
    let comparison = user.run(words).expect_code(0).run().comparison.expect("it was compared");
    let pairs: Vec<_> = comparison.routes.iter().flat_map(|route| &route.pairs).collect();
    assert_eq!(pairs.len(), 12);
    assert!(pairs.iter().all(|pair| pair.percent.is_some()), "{pairs:?}");
}
