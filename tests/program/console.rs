//! Settings, logging and progress output of the real program.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::User;
use crate::common::Ended;
use serde_json::Value;

impl User {
    pub fn with_settings(settings: &str) -> Self {
        let user = Self::new();
        fs::create_dir_all(user.directory()).expect("there is room");
        fs::write(user.file(), settings).expect("there is room");
        user
    }

    fn file(&self) -> PathBuf {
        self.directory().join("config.yaml")
    }

    /// The values, source and place of a setting.
    fn setting(&self, command: &mut Command, key: &str) -> (String, String, String) {
        let ended = Ended::from(command.output().expect("the program runs")).expect_code(0);
        let settings: Vec<Value> = serde_json::from_str(&ended.stdout).expect("it is JSON");
        let setting = settings.iter().find(|setting| setting["key"] == key).expect("each key is listed");
        let values: Vec<&str> =
            setting["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let word = |key: &str| setting[key].as_str().unwrap_or_default().to_owned();
        let place = word("place").replace(&self.file().display().to_string(), "FILE");
        (values.join(","), word("source"), place)
    }
}

#[test]
fn settings_are_merged_from_flags_environment_file_and_defaults() {
    let user = User::with_settings("time: 5s\nomit: 1s\ncontexts:\n  here: {omit: 2s, namespace: team}\n");
    let kubeconfig = user.0.path().join("kubeconfig");
    let text = "current-context: here\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
        contexts: [{name: here, context: {cluster: c}}, {name: there, context: {cluster: c}}]\n";
    fs::write(&kubeconfig, text).expect("there is room");
    let setting = |words: &str, key: &str| {
        let mut command = user.command(words);
        user.setting(command.env("KUBECONFIG", &kubeconfig).env("NETBENCH_PARALLEL", "4"), key)
    };
    let is =
        |values: &str, source: &str, place: &str| (values.to_owned(), source.to_owned(), place.to_owned());
    assert_eq!(setting("config -o json -t 7s", "time"), is("7s", "flag", ""));
    assert_eq!(setting("config -o json", "parallel"), is("4", "environment", "NETBENCH_PARALLEL"));
    assert_eq!(setting("config -o json", "time"), is("5s", "file", "FILE:1:7"));
    assert_eq!(setting("config -o json", "omit"), is("2s", "file", "FILE:4:16"));
    assert_eq!(setting("config -o json --context there", "omit"), is("1s", "file", "FILE:2:7"));
    assert_eq!(setting("config -o json", "repeat"), is("1", "default", ""));
    let table = user.run("config").expect_code(0).stdout;
    assert!(
        table.lines().any(|line| line.starts_with("time ") && line.ends_with("config.yaml:1:7")),
        "{table}"
    );
    assert!(table.ends_with(&format!("Configuration file: {}\n", user.file().display())), "{table}");
}

#[test]
#[cfg(unix)]
fn settings_apply_to_a_run() {
    let user = User::with_settings("time: 1s\nno-confirm: true\nquiet: true\nkeep-runs: 1\n");
    for _ in 0..2 {
        let ended = user.run("pair --local 2 -P 2 -o json").expect_code(0);
        assert_eq!(ended.stderr, "");
        let parameters = ended.run().parameters;
        assert_eq!((parameters.measurement.time_seconds, parameters.measurement.parallel), (1, 2));
    }
    assert_eq!(user.run("runs").expect_code(0).stdout.lines().count(), 2, "a header and a run");
}

#[test]
fn invalid_settings_file_fails_only_commands_that_read_it() {
    let user = User::with_settings("time: 5s\nparalel: 4\n");
    let ended = user.run("matrix --local 2").expect_code(1);
    let file = user.file();
    let expected = format!(
        "error: {}:2:1: unknown key `paralel`\n\
         help:  did you mean `parallel`? for all keys: kubectl netbench config --help\n",
        file.display()
    );
    assert_eq!((ended.stdout.as_str(), ended.stderr), ("", expected));
    for words in ["--version", "matrix --help", "completion bash", "__complete -- rep"] {
        assert_ne!(user.run(words).expect_code(0).stdout, "", "{words}");
    }
    fs::remove_file(&file).expect("it is there");
    fs::create_dir(&file).expect("there is room");
    let ended = user.run("runs").expect_code(1);
    let why = if cfg!(windows) { "denied" } else { "directory" };
    assert!(ended.stderr.contains("cannot read") && ended.stderr.contains(why), "{}", ended.stderr);
}

#[test]
#[cfg(unix)]
fn ascii_flag_and_c_locale_limit_output_to_ascii() {
    let user = User::with_settings("time: 1s\nno-confirm: true\n");
    for (words, locale) in [("matrix --local 2 --ascii", "C.UTF-8"), ("matrix --local 2", "C")] {
        let ended = user.command(words).env("LC_ALL", locale).output().expect("the program runs");
        let ended = Ended::from(ended).expect_code(0);
        assert!(ended.stdout.is_ascii() && ended.stderr.is_ascii(), "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("local-1 -> local-2"), "{}", ended.stderr);
        assert!(ended.stdout.contains("Slowest: local-"), "{}", ended.stdout);
    }
    let usual = user.command("report").env("LC_ALL", "C.UTF-8").output().expect("the program runs");
    assert!(Ended::from(usual).stdout.contains('→'));
    // machine-readable formats do not depend on the locale
    let mut json = user.command("report -o markdown");
    let markdown = Ended::from(json.env("LC_ALL", "C").output().expect("the program runs"));
    assert!(markdown.stdout.contains('→') || markdown.stdout.contains('–'), "{}", markdown.stdout);
}

#[test]
#[cfg(unix)]
fn each_v_logs_more() {
    let user = User::with_settings("time: 1s\nno-confirm: true\n");
    let said = |words: &str| user.run(&format!("pair --local 2 {words}")).expect_code(0).stderr;
    let (none, one, two, three) = (said(""), said("-v"), said("-vv"), said("-vvv"));
    assert_eq!(none.lines().count(), one.lines().count(), "there are no API requests to log\n{one}");
    assert!(two.contains("local-1 → local-2: iperf3 -c 127.0.0.1"), "{two}");
    assert!(!two.contains(" output: ") && three.contains("local-1 output: {"), "{three}");
}

#[test]
fn logged_requests_contain_no_secrets() {
    let user = User::with_settings("");
    let kubeconfig = user.0.path().join("kubeconfig");
    let text = "current-context: here\nclusters: [{name: c, cluster: {server: 'http://me:c2VjcmV0@127.0.0.1:1'}}]\n\
        contexts: [{name: here, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: c2VjcmV0}}]\n";
    fs::write(&kubeconfig, text).expect("there is room");
    let mut command = user.command("check -vvv");
    let ended = Ended::from(command.env("KUBECONFIG", &kubeconfig).output().expect("the program runs"));
    assert!(ended.stderr.contains("s GET /"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("c2VjcmV0"), "{}", ended.stderr);
}
