//! The startup time and the size of the program. Fails if one of them exceeds its limit.
//!
//! Measures the released program: the one in the newest archive for this machine in `dist`, which `release/build`
//! creates. With `NETBENCH_E2E_KUBECONFIG`, also measures the completion of the nodes of that cluster.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark may panic, and prints its results")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Number of starts. Their median counts, because other processes add time to some.
const STARTS: usize = 41;

/// The newest archive for this machine.
fn archive() -> Option<PathBuf> {
    let os = std::env::consts::OS.replace("macos", "darwin");
    let arch = std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64");
    let suffix = format!("_{os}_{arch}.tar.gz");
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    let files = std::fs::read_dir(dist).ok()?.filter_map(Result::ok).map(|file| file.path());
    let archives = files.filter(|path| path.to_string_lossy().ends_with(&suffix));
    archives.max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
}

/// Extracts the program from the archive into `directory`.
fn unpack(archive: &Path, directory: &Path) -> PathBuf {
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(directory);
    assert!(tar.status().expect("tar runs").success());
    directory.join("kubectl-netbench")
}

/// The median duration of a command.
fn median(command: impl Fn() -> Command) -> Duration {
    let mut times: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let mut command = command();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let began = Instant::now();
            assert!(command.status().expect("the program runs").success());
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[STARTS / 2]
}

fn report(what: &str, time: Duration, limit: Duration) {
    println!("{what:<40}{:>8.1} ms (limit {} ms)", time.as_secs_f64() * 1000.0, limit.as_millis());
    assert!(time < limit, "{what} takes {time:?}");
}

fn main() {
    let Some(archive) = archive() else {
        println!("skipped: no archive in dist; create one with release/build");
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory can be created");
    let program = unpack(&archive, directory.path());
    let megabytes = std::fs::metadata(&program).expect("the program has a size").len() as f64 / 1e6;
    println!("{:<40}{megabytes:>8.1} MB (limit 12 MB)", "the program");
    assert!(megabytes < 12.0, "the size of the program is {megabytes} MB");
    let run = |words: &'static [&'static str]| {
        let program = program.clone();
        move || {
            let mut command = Command::new(&program);
            command.args(words);
            command
        }
    };
    for (what, words) in [
        ("matrix --help", &["matrix", "--help"][..]),
        ("--version", &["--version"][..]),
        ("config", &["config"][..]),
    ] {
        report(what, median(run(words)), Duration::from_millis(10));
    }
    if let Some(kubeconfig) = std::env::var_os("NETBENCH_E2E_KUBECONFIG") {
        let complete = run(&["__complete", "--", "pair", ""]);
        let complete = || {
            let mut command = complete();
            command.env("KUBECONFIG", &kubeconfig);
            command
        };
        report("completion of node names", median(complete), Duration::from_millis(300));
    }
}
