//! Faults of the program's own process: signals, closed pipes, sudden death.

use std::process::Stdio;
use std::time::Duration;

use crate::Fault;
use crate::cluster::netbench;
use crate::common::Ended;
use crate::running::{Running, document};
use crate::verdict::{Verdict, World};

pub const FAULTS: &[Fault] = &[
    Fault { name: "Ctrl-C at a random moment", trials: (4, 100), needs_control: false, trial: interrupt },
    Fault {
        name: "SIGTERM or SIGHUP at a random moment",
        trials: (2, 20),
        needs_control: false,
        trial: terminate,
    },
    Fault {
        name: "the reader of the output goes away",
        trials: (1, 5),
        needs_control: false,
        trial: closed_pipe,
    },
    Fault {
        name: "the token expires",
        trials: (1, 3),
        needs_control: false,
        trial: crate::credentials::token_expires,
    },
    Fault { name: "kill -9, then cleanup", trials: (2, 20), needs_control: false, trial: kill },
];

/// Flags of the runs, in turn.
const FLAGS: [&str; 4] = ["", "--via job", "--host", "-n default --path pod,service"];

fn random_moment() -> Duration {
    Duration::from_millis(rand::random_range(50..12_000))
}

fn interrupt(world: &World, number: usize) -> Verdict {
    signalled(world, FLAGS[number % FLAGS.len()], "INT")
}

fn terminate(world: &World, number: usize) -> Verdict {
    signalled(world, FLAGS[number % FLAGS.len()], ["TERM", "HUP"][number % 2])
}

fn signalled(world: &World, flags: &str, name: &str) -> Verdict {
    let (run, after) = (Running::start(&world.matrix(flags)), random_moment());
    std::thread::sleep(after);
    run.signal(name);
    let ended = run.ended();
    let reported = ended.stderr.lines().filter(|line| line.starts_with('[')).count();
    let context = || format!("{flags} after {after:?}: {:?}\n{}", ended.code, ended.stderr);
    match (ended.code, document(&ended)) {
        // without a code: it had not created anything yet
        (None | Some(130), None) => Verdict::default().unless(reported == 0, context),
        (Some(0 | 130), Some(run)) => {
            let tests = run.tests.len();
            Verdict::of(&run, &[]).unless(tests == reported, context)
        }
        _ => Verdict::did_not_survive(context()),
    }
}

/// `| head`: the run ends and removes its objects.
fn closed_pipe(world: &World, _number: usize) -> Verdict {
    let mut command = netbench(&world.matrix(""));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl runs");
    drop(child.stdout.take());
    let ended = Running::of(child).ended();
    Verdict::default().unless(ended.code == Some(0), || format!("{:?}\n{}", ended.code, ended.stderr))
}

fn kill(world: &World, number: usize) -> Verdict {
    let (run, after) = (Running::start(&world.matrix(FLAGS[number % FLAGS.len()])), random_moment());
    std::thread::sleep(after);
    run.signal("KILL");
    drop(run.ended());
    let cleaned: Ended = netbench("cleanup").output().expect("kubectl runs").into();
    let went_well = cleaned.code == Some(0) && !cleaned.stdout.contains("skipped ");
    Verdict::default().unless(went_well, || format!("{}\n{}", cleaned.stdout, cleaned.stderr))
}
