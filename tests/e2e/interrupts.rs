//! Interrupted runs leave nothing.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, command, first_nodes, start, variable};
use crate::common::{Ended, signal};

pub fn interrupt_at_any_moment_prints_the_results_and_leaves_nothing(cluster: &Cluster) {
    let nodes = first_nodes(4).join(" ");
    // each with its number of tests
    let ways = [
        ("", 12),
        ("--via job", 12),
        ("--host", 12),
        ("-n default --path pod,service", 24),
        ("--path pod,host --rtt", 48),
    ];
    let moments = variable("NETBENCH_E2E_INTERRUPTS").and_then(|count| count.parse().ok()).unwrap_or(10);
    for number in 0..moments {
        let (way, tests) = ways[number % ways.len()];
        let after = Duration::from_millis(rand::random_range(50..9000));
        let child = start(&format!("matrix {nodes} -t 1s {way}"));
        std::thread::sleep(after);
        signal(child.id(), "INT");
        let ended = Ended::from(child.wait_with_output().expect("it ends"));
        let context = format!("{way} after {after:?}\n{}\n{}", ended.stdout, ended.stderr);
        println!("{}", context.lines().next().unwrap_or_default());
        // not the retests of suspicious pairs
        let of_plan = format!("/{tests}] ");
        let done = ended.stderr.lines().filter(|line| line.contains(&of_plan)).count();
        match ended.code {
            // it had ended, or had not created anything yet
            Some(0) => assert_eq!(done, tests, "{context}"),
            None => assert_eq!(done, 0, "{context}"),
            Some(130) if done == tests => {}
            Some(130) if ended.stdout.is_empty() => assert_eq!(done, 0, "{context}"),
            Some(130) => {
                let partial = format!("Partial: the run ended after {done} of {tests} tests.");
                assert!(ended.stdout.contains(&partial), "{context}");
            }
            code => panic!("{code:?} {context}"),
        }
        cluster.assert_nothing_left();
    }
}

pub fn second_interrupt_quits_immediately_and_prints_the_removal_command(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    for way in ["", "-n default"] {
        let child = start(&format!("matrix {nodes} -t 60s {way}"));
        std::thread::sleep(Duration::from_secs(5));
        let began = Instant::now();
        signal(child.id(), "INT");
        std::thread::sleep(Duration::from_millis(20));
        signal(child.id(), "INT");
        let ended = Ended::from(child.wait_with_output().expect("it ends")).expect_code(130);
        assert!(began.elapsed() < Duration::from_secs(2));
        let removal =
            ended.stderr.lines().find(|line| line.trim_start().starts_with("kubectl ")).expect("a command");
        assert!(command("sh").args(["-c", removal]).output().expect("sh runs").status.success());
        // kubectl returns when everything is gone; a request in flight has arrived by then
        cluster.assert_nothing_left();
    }
}
