//! A run in progress, with its output so far.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kubectl_netbench::document::Run;

use crate::cluster;
use crate::common::{Ended, signal};

/// The longest that a run of twelve tests of two seconds may take, whatever happens to it.
const BOUND: Duration = Duration::from_secs(240);

pub struct Running {
    child: Child,
    stderr_lines: Arc<Mutex<Vec<String>>>,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<()>,
}

impl Running {
    pub fn start(arguments: &str) -> Self {
        Self::of(cluster::start(arguments))
    }

    /// Follows a process whose standard error is a pipe.
    pub fn of(mut child: Child) -> Self {
        let stderr_lines = Arc::new(Mutex::new(Vec::new()));
        let stdout = child.stdout.take();
        let stderr = BufReader::new(child.stderr.take().expect("it is a pipe"));
        let lines = Arc::clone(&stderr_lines);
        Self {
            child,
            stderr_lines,
            stdout: std::thread::spawn(move || {
                let mut text = String::new();
                if let Some(mut stdout) = stdout {
                    stdout.read_to_string(&mut text).expect("standard output is text");
                }
                text
            }),
            stderr: std::thread::spawn(move || {
                for line in stderr.lines() {
                    lines
                        .lock()
                        .expect("no thread panics while it holds this")
                        .push(line.expect("standard error is text"));
                }
            }),
        }
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits until the run prints its plan: from then on it creates objects.
    #[track_caller]
    pub fn wait_for_plan(&self) {
        self.wait_for(1, |line| line.contains(" tests in "));
    }

    /// Waits until this number of tests has ended.
    #[track_caller]
    pub fn wait_for_tests(&self, count: usize) {
        self.wait_for(count, |line| line.starts_with('['));
    }

    #[track_caller]
    fn wait_for(&self, count: usize, is_it: impl Fn(&str) -> bool) {
        let given_up = Instant::now() + Duration::from_secs(60);
        loop {
            let stderr_lines = self.stderr_lines.lock().expect("no thread panics while it holds this");
            if stderr_lines.iter().filter(|line| is_it(line)).count() >= count {
                return;
            }
            assert!(Instant::now() < given_up, "it has not got that far: {stderr_lines:?}");
            drop(stderr_lines);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub fn ended(mut self) -> Ended {
        let given_up = Instant::now() + BOUND;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            if Instant::now() >= given_up {
                self.signal("KILL");
                let stderr_lines = self.stderr_lines.lock().expect("no thread panics while it holds this");
                panic!("it has not ended after {BOUND:?}: {stderr_lines:?}");
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        let stdout = self.stdout.join().expect("it is read to its end");
        self.stderr.join().expect("it is read to its end");
        let stderr = self.stderr_lines.lock().expect("no thread panics while it holds this").join("\n");
        Ended { code: status.code(), stdout, stderr }
    }
}

/// The run document, if one was printed.
pub fn document(ended: &Ended) -> Option<Run> {
    serde_json::from_str(&ended.stdout).ok()
}
