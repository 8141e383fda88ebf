//! How often the diagnosis is right, on generated clusters. Prints tables, and fails below a floor.
//!
//! A finding is right if it names an injected fault by kind and numbers. Where two faults overlap, the worse
//! one hides cells of the other, and two descriptions may then stand for the very same matrix; such a one is
//! right as well (`same_matrix`), and a fault without a single visible cell is not asked for. Clusters without
//! one healthy cell are drawn again: what is slow has no meaning there. Nothing else is left out.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a program that prints tables")]

use std::process::ExitCode;
use std::time::Instant;

mod cluster;

use cluster::{Cluster, Kind, kind_of};
use kubectl_netbench::analysis::diagnosis::{
    Cause, Fault, RetestVerdict, find_suspects, judge, retain_certain, select_pairs_to_retest,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// `SEED` in the environment draws other clusters, to see that nothing is tuned to these.
const SEED: u64 = 1977;
const KINDS: [&str; 6] = ["node", "sender", "receiver", "pair", "link", "zones"];
/// Of the faulty clusters, with confirmation.
const FLOOR_PRECISION: f64 = 0.98;
const FLOOR_RECALL: f64 = 0.955;
/// Wrong findings in 200 healthy clusters, and in 300 crowded ones.
const MOST_ALARMS: (usize, usize) = (3, 10);

/// Right and wrong findings, and missed faults, by kind.
#[derive(Default, Clone)]
struct Tally {
    right: [usize; 6],
    wrong: [usize; 6],
    missed: [usize; 6],
}

impl Tally {
    fn count(&mut self, cluster: &Cluster, findings: &[Fault]) {
        let mut open: Vec<usize> =
            (0..cluster.faults.len()).filter(|&fault| !cluster.visible(fault).is_empty()).collect();
        let mut left: Vec<Cause> = findings.iter().map(|fault| fault.cause).collect();
        // exact matches first, so that an equivalent cause does not take the place of an exact one
        for exact in [true, false] {
            left.retain(|&cause| {
                let place = open.iter().position(|&fault| {
                    if exact { cluster.faults[fault].0 == cause } else { cluster.same_matrix(fault, cause) }
                });
                if let Some(place) = place {
                    self.right[kind_of(cluster.faults[open.remove(place)].0)] += 1;
                }
                place.is_none()
            });
        }
        for cause in left {
            self.wrong[kind_of(cause)] += 1;
        }
        for fault in open {
            self.missed[kind_of(cluster.faults[fault].0)] += 1;
        }
    }

    fn rates(&self, kinds: std::ops::Range<usize>) -> (f64, f64, usize) {
        let sum = |counts: &[usize; 6]| counts[kinds.clone()].iter().sum::<usize>() as f64;
        let (right, wrong, missed) = (sum(&self.right), sum(&self.wrong), sum(&self.missed));
        (right / (right + wrong), right / (right + missed), (right + missed) as usize)
    }

    fn print(&self, without: &Self) {
        println!("{:<10}{:>8}{:>24}{:>24}", "", "faults", "with confirmation", "without");
        println!("{:<10}{:>8}{:>12}{:>12}{:>12}{:>12}", "", "", "precision", "recall", "precision", "recall");
        let rows = KINDS.iter().enumerate().map(|(kind, name)| (*name, kind..kind + 1));
        for (name, kinds) in rows.chain([("all", 0..6)]) {
            let (with, plain) = (self.rates(kinds.clone()), without.rates(kinds));
            println!(
                "{name:<10}{:>8}{:>12.3}{:>12.3}{:>12.3}{:>12.3}",
                with.2, with.0, with.1, plain.0, plain.1
            );
        }
    }
}

struct Outcome {
    confirmed: Vec<Fault>,
    judged: Vec<(Fault, RetestVerdict)>,
    again: Vec<((usize, usize), f64)>,
    plain: Vec<Fault>,
    tests: usize,
}

fn diagnose(cluster: &Cluster, random: &mut StdRng) -> Outcome {
    let grid = cluster.grid(random);
    let faults = find_suspects(&grid);
    let pairs = select_pairs_to_retest(&faults, cluster.nodes);
    let again: Vec<_> = pairs.iter().map(|&pair| (pair, cluster.measure(random, pair.0, pair.1))).collect();
    let plain = retain_certain(faults.clone());
    let judged = judge(&grid, faults, &again);
    let confirmed = judged.iter().filter(|(_, verdict)| *verdict == RetestVerdict::Confirmed);
    Outcome {
        confirmed: confirmed.map(|(fault, _)| fault.clone()).collect(),
        judged,
        plain,
        tests: pairs.len(),
        again,
    }
}

fn run(name: &str, clusters: usize, kind: Kind) -> Tally {
    let verbose = std::env::var("SHOW").is_ok_and(|show| name.contains(&show));
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let (mut with, mut without) = (Tally::default(), Tally::default());
    let (mut together, mut tests, mut alarms) = (0, 0, (0, 0));
    let mut sizes = vec![Tally::default(); 4];
    let start = Instant::now();
    for number in 0..clusters {
        // its own seed, so that a change of the diagnosis leaves the other clusters as they were
        let mut random = StdRng::seed_from_u64(seed + number as u64);
        let cluster = Cluster::draw(&mut random, kind);
        let outcome = diagnose(&cluster, &mut random);
        let mut one = Tally::default();
        one.count(&cluster, &outcome.confirmed);
        let size = match cluster.nodes {
            ..6 => 0,
            6..12 => 1,
            12..30 => 2,
            _ => 3,
        };
        sizes[size].count(&cluster, &outcome.confirmed);
        with.count(&cluster, &outcome.confirmed);
        without.count(&cluster, &outcome.plain);
        if verbose && one.wrong.iter().chain(&one.missed).sum::<usize>() > 0 {
            println!("--- {} nodes, zones {} noise {:.2}", cluster.nodes, cluster.zones_known, cluster.noise);
            for fault in 0..cluster.faults.len() {
                println!("  truth {:?} visible {}", cluster.faults[fault], cluster.visible(fault).len());
            }
            println!("  again {:?}", outcome.again.iter().map(|(pair, _)| pair).collect::<Vec<_>>());
            for (fault, verdict) in &outcome.judged {
                let near = cluster.faults.iter().any(|(cause, _)| *cause == fault.cause);
                if fault.significance > 0.0 || *verdict == RetestVerdict::Confirmed || near {
                    let own = outcome.again.iter().filter(|(pair, _)| fault.evidence.contains(pair));
                    let own: Vec<String> =
                        own.map(|(pair, rate)| format!("{pair:?} {:.2}", rate / cluster.base)).collect();
                    println!(
                        "  found {:?} {:.2} {}/{} sig {:.1} {verdict:?} {own:?}",
                        fault.cause, fault.ratio, fault.slow_pairs, fault.measured_pairs, fault.significance
                    );
                }
            }
        }
        together +=
            outcome.judged.iter().filter(|(_, verdict)| *verdict == RetestVerdict::NormalAlone).count();
        tests += outcome.tests;
        alarms.0 += usize::from(!outcome.confirmed.is_empty());
        alarms.1 += usize::from(!outcome.plain.is_empty());
    }
    println!(
        "\n{name}: {clusters} clusters, {:.1} tests again each, {:.1} ms each",
        tests as f64 / clusters as f64,
        start.elapsed().as_secs_f64() * 1e3 / clusters as f64
    );
    if kind.most_faults == 0 {
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
    if kind.crowded {
        println!("found slow only together: {together}");
    }
    with
}

/// How long the largest clusters take.
fn time_large(faults: usize) {
    let mut random = StdRng::seed_from_u64(200);
    let kind = Kind { least: 60, least_faults: faults, most_faults: faults, ..Kind::default() };
    let mut large = Cluster::draw(&mut random, kind);
    large.nodes = 200;
    large.zones = (0..200).map(|node| node / 50).collect();
    large.zones_known = true;
    large.crowd = vec![1.0; 200 * 200];
    large.nature = vec![(0.0, 0.0); 200];
    let grid = large.grid(&mut random);
    let start = Instant::now();
    let suspects = find_suspects(&grid);
    let found = suspects.iter().filter(|fault| fault.significance > 0.0).count();
    let time = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let pairs = select_pairs_to_retest(&suspects, large.nodes);
    let again: Vec<_> =
        pairs.iter().map(|&pair| (pair, large.measure(&mut random, pair.0, pair.1))).collect();
    judge(&grid, suspects, &again);
    let judged = start.elapsed().as_secs_f64() * 1e3;
    println!("200 nodes, {faults} faults: {found} clear suspects in {time:.0} ms, judged in {judged:.0} ms");
}

fn main() -> ExitCode {
    // the harness's own flags, as `cargo test --benches` passes them
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let usual = Kind { least: 4, least_faults: 1, most_faults: 3, ..Kind::default() };
    let overall = run("faulty", 1200, usual);
    let healthy = run("healthy", 200, Kind { least: 4, ..Kind::default() });
    run("healthy, unequal nodes", 200, Kind { least: 4, nature: 0.05, ..Kind::default() });
    run("faulty, unequal nodes", 300, Kind { nature: 0.05, ..usual });
    let crowded = Kind { least: 6, crowded: true, ..Kind::default() };
    let crowded_only = run("crowded", 300, crowded);
    run("crowded and faulty", 300, Kind { least_faults: 1, most_faults: 1, ..crowded });

    println!();
    for faults in [0, 2, 12] {
        time_large(faults);
    }
    let (precision, recall, _) = overall.rates(0..6);
    let alarms = |tally: &Tally| tally.wrong.iter().sum::<usize>();
    let alarms = (alarms(&healthy), alarms(&crowded_only));
    if precision < FLOOR_PRECISION
        || recall < FLOOR_RECALL
        || alarms.0 > MOST_ALARMS.0
        || alarms.1 > MOST_ALARMS.1
    {
        println!("worse than {FLOOR_PRECISION} precision, {FLOOR_RECALL} recall or {MOST_ALARMS:?} alarms");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
