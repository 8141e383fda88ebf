//! The commands, and what is seen of them.

use std::time::{Duration, Instant};

use crate::cluster::{Undo, apply, first_nodes, run_netbench};
use crate::common::Ended;

/// The namespace of the schedule.
const NAMESPACE: &str = "netbench-policies";

/// A way to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Matrix,
    /// On the pod network and on the host network.
    Pair,
    Job,
    Keep,
    Schedule,
}

pub const COMMANDS: [Command; 5] =
    [Command::Matrix, Command::Pair, Command::Job, Command::Keep, Command::Schedule];

/// How a command ended.
pub struct Seen {
    pub ended: Ended,
    pub took: Duration,
}

impl Command {
    pub fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Pair => "pair --path pod,host",
            Self::Job => "matrix --via job",
            Self::Keep => "matrix --keep",
            Self::Schedule => "schedule run",
        }
    }

    pub fn nodes_and_paths(self) -> String {
        let paths = if self == Self::Pair { " --path pod,host" } else { "" };
        format!("{}{paths}", first_nodes(2).join(" "))
    }

    /// Measures between two nodes. Nothing remains. `image` has this program.
    pub fn run(self, image: &str) -> Seen {
        let flags = "-t 1s --no-save";
        match self {
            Self::Matrix => timed(&format!("matrix {} {flags} --no-confirm", self.nodes_and_paths())),
            Self::Pair => timed(&format!("pair {} {flags}", self.nodes_and_paths())),
            Self::Job => timed(&format!("matrix {} {flags} --no-confirm --via job", self.nodes_and_paths())),
            Self::Keep => {
                let seen = timed(&format!("matrix {} {flags} --no-confirm --keep", self.nodes_and_paths()));
                run_netbench("cleanup").expect_code(0);
                seen
            }
            Self::Schedule => self.run_schedule(image),
        }
    }

    fn run_schedule(self, image: &str) -> Seen {
        let _namespace = Undo(vec!["kubectl", "delete", "namespace", NAMESPACE], Vec::new());
        // with the label that one policy demands
        apply(&format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}, labels: {{team: network}}}}\n"
        ));
        run_netbench(&format!(
            "schedule create policy -n {NAMESPACE} --cron @yearly --program-image {image} -- matrix {} -t 1s --no-confirm",
            self.nodes_and_paths()
        ))
        .expect_code(0);
        let seen = timed(&format!("schedule run policy -n {NAMESPACE}"));
        run_netbench(&format!("schedule delete policy -n {NAMESPACE}")).expect_code(0);
        seen
    }
}

fn timed(arguments: &str) -> Seen {
    let began = Instant::now();
    let ended = run_netbench(arguments);
    Seen { ended, took: began.elapsed() }
}
