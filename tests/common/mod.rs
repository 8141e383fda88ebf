//! The real program, run as a user runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program with nothing of this process's environment that would change what it does, and a
/// place of its own for saved runs.
#[allow(dead_code, reason = "the tests on a cluster run it by kubectl")]
pub fn netbench(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-netbench"));
    let settings = std::env::vars_os().map(|(name, _)| name);
    let settings = settings.filter(|name| name.to_string_lossy().starts_with("NETBENCH_"));
    let others = ["KUBECONFIG", "NO_COLOR", "CLICOLOR_FORCE", "COLORTERM", "LC_ALL", "LC_CTYPE", "LANG"];
    for variable in settings.chain(others.map(Into::into)) {
        command.env_remove(variable);
    }
    let directories: &[&str] = match std::env::consts::OS {
        "windows" => &["APPDATA"],
        "macos" => &["HOME"],
        _ => &["XDG_DATA_HOME", "XDG_CONFIG_HOME"],
    };
    command.envs(directories.iter().map(|name| (name, data))).stdin(Stdio::null());
    command
}

/// What a process wrote and how it ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is text"),
            stderr: String::from_utf8(output.stderr).expect("standard error is text"),
        }
    }
}

impl Ended {
    /// Fails the test unless the process ended with `code`.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The run document on standard output.
    #[allow(dead_code, reason = "completion has none")]
    #[track_caller]
    pub fn run(&self) -> kubectl_netbench::document::Run {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// The processes whose command line contains all `words`.
#[allow(dead_code, reason = "the tests of completion and of metrics need none")]
pub fn processes(words: &[&str]) -> Vec<u32> {
    let folders = std::fs::read_dir("/proc").expect("there is a /proc").flatten();
    let processes = folders.filter_map(|folder| {
        let line = std::fs::read(folder.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let id = folder.file_name().to_str()?.parse().ok()?;
        words.iter().all(|word| line.contains(word)).then_some(id)
    });
    processes.collect()
}

/// Sends a signal to a process.
#[allow(dead_code, reason = "completion needs none")]
pub fn signal(pid: u32, name: &str) {
    // the shell has a kill of its own, a small system has no other
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
    assert!(sent.expect("sh runs").success());
}
