//! The planner and the report reader at sizes beyond any real run: 5,000 nodes, and a report of 10 MB.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark may panic, and prints its results"
)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kubectl_netbench::document::{Measure, Measurement, NodeId};
use kubectl_netbench::engine::{ClientExit, ClientSpec, Flow, LineSplitter, Target, throughput_engine};
use kubectl_netbench::options::{EngineId, MeasurementOptions, Path};
use kubectl_netbench::plan::{Plan, Step, Variant};

/// Iterates over all slots of a plan: 25 million tests.
fn plan_5000_nodes(criterion: &mut Criterion) {
    let nodes: Vec<NodeId> =
        (0..5_000).map(|number| NodeId::from(format!("node-{number}").as_str())).collect();
    let variant = Variant { route: Path::Pod.into(), measure: Measure::Throughput };
    let steps = [false, true].map(|backward| Step { variant, backward, flow: Flow::Forward });
    let plan = Plan::mesh(&nodes, steps.to_vec(), 1, None);
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    group.throughput(Throughput::Elements(plan.test_count() as u64));
    group.bench_function("5,000 nodes", |bencher| {
        bencher.iter(|| black_box(&plan).slots().map(|slot| black_box(slot).tests.len()).sum::<usize>());
    });
    group.finish();
}

/// A long stream of iperf3 3.18: a recorded one with repeated intervals. Also returns its duration in seconds.
fn long_stream(bytes: usize) -> (String, u32) {
    let recorded = include_str!("../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
    let lines: Vec<&str> = recorded.lines().collect();
    let (interval, end) = (lines[1], lines[3]);
    let mut stream = format!("{}\n", lines[0]);
    let mut seconds = 0;
    while stream.len() < bytes {
        let (from, to) = (format!("\"start\":{seconds},"), format!("\"end\":{},", seconds + 1));
        let moved = interval.replace("\"start\":0,", &from).replace("\"end\":1.001088,", &to);
        let _ = writeln!(stream, "{moved}");
        seconds += 1;
    }
    let end = end.replace("\"seconds\":2.002643", &format!("\"seconds\":{seconds}"));
    let _ = writeln!(stream, "{end}");
    (stream, seconds)
}

/// Reads the stream in chunks of 16 KiB, as it arrives from a cluster.
fn read_10_megabytes(criterion: &mut Criterion) {
    let (stream, seconds) = long_stream(10_000_000);
    let options = MeasurementOptions::for_seconds(seconds);
    let target = Target { host: "10.0.0.1", port: 5201, ip_family: None };
    let mut group = criterion.benchmark_group("iperf3 report");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("10 MB", |bencher| {
        bencher.iter(|| {
            let client = ClientSpec { target, flow: Flow::Forward, options: &options, version: Some("3.18") };
            let mut reader = throughput_engine(EngineId::Iperf3).reader(&client);
            let mut splitter = LineSplitter::default();
            for chunk in stream.as_bytes().chunks(16 * 1024) {
                for line in splitter.push(black_box(chunk)) {
                    reader.line(&line);
                }
            }
            let results = reader.finish(&ClientExit::default()).expect("the report is complete");
            let (_, Measurement::Throughput(throughput)) = &results[0] else { panic!("{results:?}") };
            assert_eq!(throughput.samples.len(), seconds as usize);
        });
    });
    group.finish();
}

criterion_group!(benches, plan_5000_nodes, read_10_megabytes);
criterion_main!(benches);
