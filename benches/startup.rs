//! How long it takes until a user sees something, and how large the program is. Its limits are those of
//! a tool that is called again and again: exceeding one fails the benchmark.
//!
//! The program is that of the archive in `dist`, as it is released: `krew/package` makes it. With
//! `NETBENCH_E2E_KUBECONFIG`, completion of the nodes of that cluster is timed as well.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test or benchmark ends by a panic, and talks to whoever runs it"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts of which the median counts: the machine does other things as well.
const STARTS: usize = 41;

/// The newest archive of this machine's platform; none if there is none.
fn archive() -> Option<PathBuf> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    let files = std::fs::read_dir(dist).ok()?.filter_map(Result::ok).map(|file| file.path());
    let archives = files.filter(|path| path.extension().is_some_and(|extension| extension == "gz"));
    archives.max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
}

/// The program, unpacked.
fn unpacked(archive: &Path, directory: &Path) -> PathBuf {
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(directory);
    assert!(tar.status().expect("tar runs").success());
    directory.join("kubectl-netbench")
}

/// The median time of a command, from its start to its end.
fn median(command: impl Fn() -> Command) -> Duration {
    let mut times: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let mut command = command();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let began = Instant::now();
            assert!(command.status().expect("it runs").success());
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[STARTS / 2]
}

fn told(what: &str, time: Duration, limit: Duration) {
    println!("{what:<40}{:>8.1} ms (limit {} ms)", time.as_secs_f64() * 1000.0, limit.as_millis());
    assert!(time < limit, "{what} takes {time:?}");
}

fn main() {
    let Some(archive) = archive() else {
        println!("skipped: dist has no archive; krew/package makes it");
        return;
    };
    let directory = tempfile::tempdir().expect("there is room");
    let program = unpacked(&archive, directory.path());
    let megabytes = std::fs::metadata(&program).expect("it is there").len() as f64 / 1e6;
    println!("{:<40}{megabytes:>8.1} MB (limit 12 MB)", "the program");
    assert!(megabytes < 12.0, "the program has {megabytes} MB");
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
        told(what, median(run(words)), Duration::from_millis(10));
    }
    if let Some(kubeconfig) = std::env::var_os("NETBENCH_E2E_KUBECONFIG") {
        let complete = run(&["__complete", "--", "pair", ""]);
        let complete = || {
            let mut command = complete();
            command.env("KUBECONFIG", &kubeconfig);
            command
        };
        told("completion of a cluster's nodes", median(complete), Duration::from_millis(300));
    }
}
