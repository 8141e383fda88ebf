//! Saved runs of the real program: recorded, listed, shown, compared, resumed and deleted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::User;
use crate::common::signal;
use kubectl_netbench::document::{Comparison, Run, State, Verdict};
use serde_json::Value;

impl User {
    fn runs(&self) -> PathBuf {
        self.0.path().join("kubectl-netbench/runs")
    }

    /// The files of the saved runs.
    fn files(&self) -> Vec<PathBuf> {
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

fn read(path: &Path) -> Run {
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
    fs::write(user.0.path().join("kubectl-netbench"), "not a directory").expect("there is room");
    let ended = user.run("pair --local 2 -t 1s").expect_code(0);
    assert!(ended.stderr.contains("the run was not saved: cannot write"), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("SENDER"), "{}", ended.stdout);
}

#[test]
fn killed_run_keeps_its_tests_and_is_resumed() {
    let user = User::new();
    let mut killed = user
        .command("matrix --local 4 -t 1s --repeat 2")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let saved = || user.files().first().map_or(0, |file| read(file).tests.len());
    let give_up = Instant::now() + Duration::from_secs(30);
    while saved() < 3 && Instant::now() < give_up {
        std::thread::sleep(Duration::from_millis(50));
    }
    let servers = children(killed.id());
    signal(killed.id(), "KILL");
    let _ = killed.wait();
    for server in servers {
        signal(server, "KILL");
    }
    let before = read(&user.files()[0]);
    assert!(before.tests.len() >= 3 && before.tests.len() < 24, "{}", before.tests.len());
    assert_eq!(before.state, State::Partial);
    let listed = user.run("runs").expect_code(0).stdout;
    assert!(listed.contains(&format!("partial, {} of 24", before.tests.len())), "{listed}");
    assert!(user.run("report").expect_code(3).stdout.contains("Partial: the run ended after"));

    let ended = user.run("matrix --resume latest -o json --no-confirm").expect_code(0);
    let after = ended.run();
    assert_eq!((after.tests.len(), after.state), (24, State::Complete));
    assert_eq!(after.resumed.as_deref(), Some(before.id.as_str()));
    assert_eq!(after.tests[..before.tests.len()], before.tests);
    assert_eq!(after.parameters.measurement.repeat, 2);
    assert!(ended.stderr.contains(&format!("reusing {} results of {}", before.tests.len(), before.id)));
    let whole = user.run("matrix --resume latest").expect_code(1).stderr;
    assert!(whole.contains("no missing or failed tests"), "{whole}");
    let mixed = user.run("matrix --resume latest -t 5s").expect_code(2).stderr;
    assert!(mixed.contains("--resume") && mixed.contains("--time"), "{mixed}");
}

fn children(pid: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-o", "pid=", "--ppid", &pid.to_string()]).output();
    let text = String::from_utf8(output.expect("ps runs").stdout).expect("ps writes text");
    text.split_whitespace().map(|pid| pid.parse().expect("a process has a number")).collect()
}

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
fn run_of_version_0_1_0_is_the_baseline_of_a_new_one() {
    let user = User::new();
    let words = "matrix --local 4 -t 1s -o json --baseline tests/fixtures/runs/0.1.0/matrix.json";
    let comparison = user.run(words).expect_code(0).run().comparison.expect("it was compared");
    let pairs: Vec<_> = comparison.routes.iter().flat_map(|route| &route.pairs).collect();
    assert_eq!(pairs.len(), 12);
    assert!(pairs.iter().all(|pair| pair.percent.is_some()), "{pairs:?}");
}
