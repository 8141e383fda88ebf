//! Precision and recall of the diagnosis on generated clusters. Prints tables, and fails below a minimum.
//!
//! A finding is correct if it has the kind and the nodes of an injected fault. Where two faults overlap, the worse
//! one hides cells of the other, and two descriptions may then result in the same matrix: such a finding is also
//! correct (`results_in_same_matrix`), and a fault without a visible cell is not expected. Clusters without a
//! healthy cell are regenerated, because there is no reference for what is slow. There are no other exclusions.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a program that prints tables")]

use std::num::NonZero;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

mod cluster;

use cluster::{Cluster, Kind, kind_of};
use kubectl_netbench::analysis::diagnosis::{
    Cause, Fault, RetestVerdict, find_suspects, judge, retain_certain, select_pairs_to_retest,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The environment variable `SEED` generates other clusters, to verify that nothing is tuned to these.
const SEED: u64 = 1977;
const KINDS: [&str; 6] = ["node", "sender", "receiver", "pair", "link", "zones"];
/// Minimum on the faulty clusters, with confirmation.
const MIN_PRECISION: f64 = 0.98;
const MIN_RECALL: f64 = 0.955;
/// Maximum number of wrong findings in 200 healthy clusters, and in 300 congested ones.
const MAX_FALSE_ALARMS: (usize, usize) = (3, 10);

/// Correct and wrong findings, and missed faults, by kind.
#[derive(Default, Clone)]
struct Tally {
    correct: [usize; 6],
    wrong: [usize; 6],
    missed: [usize; 6],
}

impl Tally {
    fn count(&mut self, cluster: &Cluster, findings: &[Fault]) {
        let mut open: Vec<usize> =
            (0..cluster.faults.len()).filter(|&fault| !cluster.visible(fault).is_empty()).collect();
        let mut unmatched: Vec<Cause> = findings.iter().map(|fault| fault.cause).collect();
        // exact matches first, so that an equivalent cause does not use up the fault of an exact one
        for exact in [true, false] {
            unmatched.retain(|&cause| {
                let place = open.iter().position(|&fault| {
                    if exact {
                        cluster.faults[fault].0 == cause
                    } else {
                        cluster.results_in_same_matrix(fault, cause)
                    }
                });
                if let Some(place) = place {
                    self.correct[kind_of(cluster.faults[open.remove(place)].0)] += 1;
                }
                place.is_none()
            });
        }
        for cause in unmatched {
            self.wrong[kind_of(cause)] += 1;
        }
        for fault in open {
            self.missed[kind_of(cluster.faults[fault].0)] += 1;
        }
    }

    fn rates(&self, kinds: std::ops::Range<usize>) -> (f64, f64, usize) {
        let sum = |counts: &[usize; 6]| counts[kinds.clone()].iter().sum::<usize>() as f64;
        let (correct, wrong, missed) = (sum(&self.correct), sum(&self.wrong), sum(&self.missed));
        (correct / (correct + wrong), correct / (correct + missed), (correct + missed) as usize)
    }

    fn print(&self, without: &Self) {
        println!("{:<10}{:>8}{:>24}{:>24}", "", "faults", "with confirmation", "without");
        println!("{:<10}{:>8}{:>12}{:>12}{:>12}{:>12}", "", "", "precision", "recall", "precision", "recall");
        let rows = KINDS.iter().enumerate().map(|(kind, name)| (*name, kind..kind + 1));
        for (name, kinds) in rows.chain([("all", 0..6)]) {
            let (with, without) = (self.rates(kinds.clone()), without.rates(kinds));
            println!(
                "{name:<10}{:>8}{:>12.3}{:>12.3}{:>12.3}{:>12.3}",
                with.2, with.0, with.1, without.0, without.1
            );
        }
    }
}

struct Outcome {
    confirmed: Vec<Fault>,
    judged: Vec<(Fault, RetestVerdict)>,
    retests: Vec<((usize, usize), f64)>,
    unconfirmed: Vec<Fault>,
    tests: usize,
}

fn diagnose(cluster: &Cluster, random: &mut StdRng) -> Outcome {
    let grid = cluster.grid(random);
    let faults = find_suspects(&grid);
    let pairs = select_pairs_to_retest(&faults, cluster.nodes);
    let retests: Vec<_> = pairs.iter().map(|&pair| (pair, cluster.measure(random, pair.0, pair.1))).collect();
    let unconfirmed = retain_certain(faults.clone());
    let judged = judge(&grid, faults, &retests);
    let confirmed = judged.iter().filter(|(_, verdict)| *verdict == RetestVerdict::Confirmed);
    Outcome {
        confirmed: confirmed.map(|(fault, _)| fault.clone()).collect(),
        judged,
        unconfirmed,
        tests: pairs.len(),
        retests,
    }
}

/// Generates and diagnoses clusters, on all cores, in the order of their numbers. The time is that of one core.
fn diagnose_all(clusters: usize, kind: Kind) -> (Vec<(Cluster, Outcome)>, Duration) {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let one = |number: usize| {
        // one seed per cluster, so that a change of the diagnosis does not change the other clusters
        let mut random = StdRng::seed_from_u64(seed + number as u64);
        let cluster = Cluster::generate(&mut random, kind);
        let outcome = diagnose(&cluster, &mut random);
        (cluster, outcome)
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let numbers: Vec<usize> = (0..clusters).collect();
    thread::scope(|scope| {
        let parts = numbers.chunks(clusters.div_ceil(cores)).map(|part| {
            scope.spawn(|| {
                let start = Instant::now();
                (part.iter().map(|&number| one(number)).collect::<Vec<_>>(), start.elapsed())
            })
        });
        let parts: Vec<_> = parts.collect();
        let mut all = (Vec::new(), Duration::ZERO);
        for part in parts {
            let (outcomes, time) = part.join().unwrap();
            all.0.extend(outcomes);
            all.1 += time;
        }
        all
    })
}

fn run(name: &str, clusters: usize, kind: Kind) -> Tally {
    let verbose = std::env::var("SHOW").is_ok_and(|show| name.contains(&show));
    let (mut with, mut without) = (Tally::default(), Tally::default());
    let (mut transient, mut tests, mut alarms) = (0, 0, (0, 0));
    let mut sizes = vec![Tally::default(); 4];
    let (diagnosed, time) = diagnose_all(clusters, kind);
    for (cluster, outcome) in &diagnosed {
        let mut one = Tally::default();
        one.count(cluster, &outcome.confirmed);
        let size = match cluster.nodes {
            ..6 => 0,
            6..12 => 1,
            12..30 => 2,
            _ => 3,
        };
        sizes[size].count(cluster, &outcome.confirmed);
        with.count(cluster, &outcome.confirmed);
        without.count(cluster, &outcome.unconfirmed);
        if verbose && one.wrong.iter().chain(&one.missed).sum::<usize>() > 0 {
            println!("--- {} nodes, zones {} noise {:.2}", cluster.nodes, cluster.has_zones, cluster.noise);
            for fault in 0..cluster.faults.len() {
                println!("  truth {:?} visible {}", cluster.faults[fault], cluster.visible(fault).len());
            }
            println!("  retests {:?}", outcome.retests.iter().map(|(pair, _)| pair).collect::<Vec<_>>());
            for (fault, verdict) in &outcome.judged {
                let near = cluster.faults.iter().any(|(cause, _)| *cause == fault.cause);
                if fault.significance > 0.0 || *verdict == RetestVerdict::Confirmed || near {
                    let own = outcome.retests.iter().filter(|(pair, _)| fault.evidence.contains(pair));
                    let own: Vec<String> =
                        own.map(|(pair, rate)| format!("{pair:?} {:.2}", rate / cluster.base)).collect();
                    println!(
                        "  found {:?} {:.2} {}/{} sig {:.1} {verdict:?} {own:?}",
                        fault.cause, fault.ratio, fault.slow_pairs, fault.measured_pairs, fault.significance
                    );
                }
            }
        }
        transient +=
            outcome.judged.iter().filter(|(_, verdict)| *verdict == RetestVerdict::NormalAlone).count();
        tests += outcome.tests;
        alarms.0 += usize::from(!outcome.confirmed.is_empty());
        alarms.1 += usize::from(!outcome.unconfirmed.is_empty());
    }
    println!(
        "\n{name}: {clusters} clusters, {:.1} retests each, {:.1} ms each",
        tests as f64 / clusters as f64,
        time.as_secs_f64() * 1e3 / clusters as f64
    );
    if kind.max_faults == 0 {
        println!("clusters with a false alarm: {} with confirmation, {} without", alarms.0, alarms.1);
    } else {
        with.print(&without);
        let sizes: Vec<String> = sizes
            .iter()
            .zip(["4-5", "6-11", "12-29", "30-64"])
            .filter(|(tally, _)| tally.rates(0..6).2 > 0)
            .map(|(tally, name)| {
                let (precision, recall, faults) = tally.rates(0..6);
                format!("{name} nodes {precision:.3} {recall:.3} ({faults})")
            })
            .collect();
        println!("with confirmation, by size: {}", sizes.join("; "));
    }
    if kind.is_congested {
        println!("slow only under concurrent load: {transient}");
    }
    with
}

/// Measures the time for a large cluster.
fn time_large(faults: usize) {
    let mut random = StdRng::seed_from_u64(200);
    let kind = Kind { min_nodes: 60, min_faults: faults, max_faults: faults, ..Kind::default() };
    let mut large = Cluster::generate(&mut random, kind);
    large.nodes = 200;
    large.zones = (0..200).map(|node| node / 50).collect();
    large.has_zones = true;
    large.congestion = vec![1.0; 200 * 200];
    large.node_speeds = vec![(0.0, 0.0); 200];
    let grid = large.grid(&mut random);
    let start = Instant::now();
    let suspects = find_suspects(&grid);
    let found = suspects.iter().filter(|fault| fault.significance > 0.0).count();
    let time = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let pairs = select_pairs_to_retest(&suspects, large.nodes);
    let retests: Vec<_> =
        pairs.iter().map(|&pair| (pair, large.measure(&mut random, pair.0, pair.1))).collect();
    judge(&grid, suspects, &retests);
    let judged = start.elapsed().as_secs_f64() * 1e3;
    println!("200 nodes, {faults} faults: {found} clear suspects in {time:.0} ms, judged in {judged:.0} ms");
}

fn main() -> ExitCode {
    // `cargo test --benches` passes the flags of the test harness
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let usual = Kind { min_nodes: 4, min_faults: 1, max_faults: 3, ..Kind::default() };
    let overall = run("faulty", 1200, usual);
    let healthy = run("healthy", 200, Kind { min_nodes: 4, ..Kind::default() });
    run("healthy, unequal nodes", 200, Kind { min_nodes: 4, node_spread: 0.05, ..Kind::default() });
    run("faulty, unequal nodes", 300, Kind { node_spread: 0.05, ..usual });
    let congested = Kind { min_nodes: 6, is_congested: true, ..Kind::default() };
    let congested_only = run("congested", 300, congested);
    run("congested and faulty", 300, Kind { min_faults: 1, max_faults: 1, ..congested });

    println!();
    for faults in [0, 2, 12] {
        time_large(faults);
    }
    let (precision, recall, _) = overall.rates(0..6);
    let alarms = |tally: &Tally| tally.wrong.iter().sum::<usize>();
    let alarms = (alarms(&healthy), alarms(&congested_only));
    if precision < MIN_PRECISION
        || recall < MIN_RECALL
        || alarms.0 > MAX_FALSE_ALARMS.0
        || alarms.1 > MAX_FALSE_ALARMS.1
    {
        println!(
            "below a precision of {MIN_PRECISION} or a recall of {MIN_RECALL}, or above {MAX_FALSE_ALARMS:?} false alarms"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
