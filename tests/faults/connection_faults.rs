//! Faults of what lies between the program and the API server.

use std::time::Duration;

use crate::Fault;
use crate::cluster_faults::all_measured;
use crate::gateway::{Cut, Proxy, gateway};
use crate::running::Running;
use crate::verdict::{Verdict, World};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "connections silent for 3 s are cut",
        trials: (1, 3),
        needs_control: false,
        trial: silent_connections_cut,
    },
    Fault { name: "exec is blocked", trials: (1, 3), needs_control: false, trial: exec_blocked },
    Fault {
        name: "a proxy in between is away for 10 s",
        trials: (1, 3),
        needs_control: false,
        trial: proxy_restarts,
    },
];

/// A run through a port of this machine.
fn start(world: &World, port: u16) -> Running {
    Running::start(&world.matrix(&format!("--server http://127.0.0.1:{port}")))
}

fn silent_connections_cut(world: &World, _number: usize) -> Verdict {
    let proxy = Proxy::with_exec();
    all_measured(&start(world, gateway(proxy.port, Cut::Silent(Duration::from_secs(3)))).ended())
}

fn exec_blocked(world: &World, _number: usize) -> Verdict {
    let proxy = Proxy::without_exec();
    let ended = start(world, proxy.port).ended();
    let is_noted = ended.stderr.contains("403 Forbidden") || ended.stdout.contains("403 Forbidden");
    all_measured(&ended).unless(is_noted, || format!("no note says why Jobs were used\n{}", ended.stderr))
}

fn proxy_restarts(world: &World, _number: usize) -> Verdict {
    let mut proxy = Proxy::with_exec();
    let run = start(world, proxy.port);
    run.wait_for_tests(rand::random_range(1..6));
    proxy.restart(Duration::from_secs(10));
    all_measured(&run.ended())
}
