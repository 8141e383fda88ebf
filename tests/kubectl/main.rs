//! The connection of the program beside that of kubectl, on generated kubeconfigs, flags and environments. Both must
//! send the same request as the same user to the same server, or both refuse. No cluster is needed, but a Unix shell for
//! credential plugins.
//!
//! - `NETBENCH_KUBECTL`: kubectl 1.33, whose rules are the reference; by default the one on PATH, or a `kubectl.1.33`
//!   beside it. Without it, the test is reported as ignored;
//! - `NETBENCH_KUBECTL_CASES`: how many cases; 200 by default;
//! - `NETBENCH_KUBECTL_SEED`: the number of the first case; 0 by default. A difference is reported with its number.
//!
//! Deliberate deviations, which the comparison allows for:
//! - A user without credentials, over TLS: kubectl prompts for a name and password, and this program connects as an
//!   anonymous user.
//! - A context whose cluster does not exist, and no context at all: kubectl connects to localhost:8080, and this program
//!   refuses.
//! - A server without TLS behind an HTTP proxy: kubectl asks the proxy for the resource, and this program for a tunnel.

#![allow(
    clippy::expect_used,
    clippy::match_same_arms,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "a panic fails the test; the test prints its seed; the generator is a list of weights"
)]

mod generator;
mod renewal;
mod servers;
mod subjects;

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Trial};

use servers::Servers;
use subjects::Outcome;

/// The version of kubectl that is the reference.
const KUBECTL: &str = "1.33";

fn main() {
    let arguments = Arguments::from_args();
    let kubectl = kubectl();
    let trial = Trial::test("connections_are_those_of_kubectl", {
        let kubectl = kubectl.clone();
        move || compare_all(&kubectl.expect("the test is not ignored"))
    });
    let trial = match kubectl {
        Some(_) => trial,
        None => trial.with_kind(format!("needs kubectl {KUBECTL}")).with_ignored_flag(true),
    };
    let renewals: [(&str, fn()); 4] = [
        ("rejected_token_is_renewed_once", renewal::rejected_token_is_renewed_once),
        (
            "rejected_certificate_is_replaced_on_a_new_connection",
            renewal::rejected_certificate_is_replaced_on_a_new_connection,
        ),
        (
            "expired_token_is_renewed_before_it_is_rejected",
            renewal::expired_token_is_renewed_before_it_is_rejected,
        ),
        ("failed_renewal_names_the_plugin", renewal::failed_renewal_names_the_plugin),
    ];
    let renewals = renewals.into_iter().map(|(name, test)| {
        let trial = Trial::test(name, move || {
            test();
            Ok(())
        });
        trial.with_ignored_flag(cfg!(not(unix)))
    });
    let trials = std::iter::once(trial).chain(renewals).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// The reference, if it is installed.
fn kubectl() -> Option<PathBuf> {
    if cfg!(not(unix)) {
        return None;
    }
    let candidates = match std::env::var_os("NETBENCH_KUBECTL") {
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let found = std::env::split_paths(&path)
                .map(|folder| folder.join("kubectl"))
                .find(|path| path.is_file())?;
            let beside = std::fs::canonicalize(&found).ok()?.with_file_name(format!("kubectl.{KUBECTL}"));
            vec![found, beside]
        }
    };
    candidates.into_iter().find(|path| {
        let output = Command::new(path).args(["version", "--client", "-o", "yaml"]).output();
        let version =
            output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let expected = format!("gitVersion: v{KUBECTL}.");
        version.lines().any(|line| line.trim().starts_with(&expected) && !line.contains("dispatcher"))
    })
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |value| value.parse().expect("it is a number"))
}

fn compare_all(kubectl: &std::path::Path) -> Result<(), libtest_mimic::Failed> {
    let first = number("NETBENCH_KUBECTL_SEED", 0);
    let next = AtomicUsize::new(first);
    let end = first + number("NETBENCH_KUBECTL_CASES", 200);
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let results: Vec<Vec<(bool, Option<String>)>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let servers = Servers::start();
                    let mut results = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= end {
                            return results;
                        }
                        results.push(compare(number, kubectl, &servers));
                    }
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    let results: Vec<_> = results.into_iter().flatten().collect();
    let arrived = results.iter().filter(|(arrived, _)| *arrived).count();
    eprintln!("{} cases, of which {arrived} reach a server", results.len());
    let differences: Vec<String> = results.into_iter().filter_map(|(_, difference)| difference).collect();
    match differences.len() {
        0 => Ok(()),
        count => Err(format!("{count} differences\n{}", differences[..count.min(20)].join("\n")).into()),
    }
}

/// Whether kubectl reaches a server, and the difference if there is one.
fn compare(number: usize, kubectl: &std::path::Path, servers: &Servers) -> (bool, Option<String>) {
    let case = generator::case(number as u64, servers);
    let of_kubectl = subjects::kubectl(kubectl, &case, servers);
    let ours = subjects::ours(&case, servers);
    let is_same = match (&of_kubectl, &ours) {
        (Outcome::Arrived(one), Outcome::Arrived(other)) => one == other,
        // kubectl has prompted for a user name
        (Outcome::Refused(message), Outcome::Arrived(request)) => {
            message.contains("Please enter Username") && request.is_anonymous()
        }
        (Outcome::Refused(_), Outcome::Refused(_)) => true,
        (Outcome::Arrived(_), Outcome::Refused(_)) => false,
    };
    let difference = || {
        format!(
            "case {number}: {}\n  kubectl: {of_kubectl}\n  program: {ours}\n{}",
            case.flags.join(" "),
            case.describe()
        )
    };
    (matches!(of_kubectl, Outcome::Arrived(_)), (!is_same).then(difference))
}
