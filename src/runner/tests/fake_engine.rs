//! An engine with a line protocol of its own: the tests of the runner do not depend on the output of a real one.
//!
//! A client prints `sample RATE` for each second of its test, and then `end RATE` or `fail KIND REASON`. Rates are
//! in bit/s; kinds are those of [`FailureKind`] in documents.

use crate::document::{Direction, Failure, FailureKind, Measure, Measurement, Sample, Throughput};
use crate::engine::{
    Capabilities, ClientExit, ClientSpec, Engine, Flow, Reader, ReservedArguments, ServerLog, ServerSpec,
};
use crate::options::EngineId;

#[derive(Debug)]
pub(in crate::runner) struct FakeEngine;

impl Engine for FakeEngine {
    fn id(&self) -> EngineId {
        EngineId::default()
    }

    fn program(&self) -> &'static str {
        "fake"
    }

    fn capabilities(&self) -> &'static Capabilities {
        &Capabilities {
            measure: Measure::Throughput,
            default_port: 1000,
            udp: true,
            flows: &[Flow::Forward, Flow::Reverse, Flow::Both],
            omit: true,
            server_report: false,
            requires: "fake",
        }
    }

    fn reserved_arguments(&self) -> &'static ReservedArguments {
        &ReservedArguments { reserved: &[], letters_with_value: "" }
    }

    fn server_command(&self, _server: &ServerSpec) -> Vec<String> {
        unimplemented!("the fake testbed starts no server processes")
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        unimplemented!("the fake testbed starts no server processes")
    }

    fn client_command(&self, client: &ClientSpec) -> Vec<String> {
        let ClientSpec { target, flow, options, version } = client;
        vec![
            self.program().to_owned(),
            format!("host={}", target.host),
            format!("port={}", target.port),
            format!("flow={flow:?}"),
            format!("protocol={}", options.protocol),
            format!("seconds={}", options.time_seconds),
            format!("rate={}", options.target_bits_per_second.unwrap_or_default()),
            format!("mss={}", options.mss_bytes.unwrap_or_default()),
            format!("length={}", options.length_bytes.unwrap_or_default()),
            format!("version={}", version.unwrap_or_default()),
        ]
    }

    fn reader(&self, client: &ClientSpec) -> Box<dyn Reader> {
        Box::new(FakeReader { flow: client.flow, samples: Vec::new(), result: None })
    }
}

/// The value of an argument of a client's command.
#[track_caller]
pub(super) fn argument<'a>(command: &'a [String], name: &str) -> &'a str {
    let value = |word: &'a String| word.strip_prefix(name)?.strip_prefix('=');
    command.iter().find_map(value).unwrap_or_else(|| panic!("no {name} in {command:?}"))
}

struct FakeReader {
    flow: Flow,
    samples: Vec<Sample>,
    /// The throughput in bit/s, once it is reported.
    result: Option<Result<f64, Failure>>,
}

impl Reader for FakeReader {
    fn line(&mut self, line: &str) -> &[Sample] {
        let known = self.samples.len();
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "sample" => self.samples.push(Sample {
                start_seconds: known as f64,
                end_seconds: known as f64 + 1.0,
                bits_per_second: rest.parse().unwrap(),
                retransmits: None,
                round_trip_time_microseconds: None,
            }),
            "end" => self.result = Some(Ok(rest.parse().unwrap())),
            "fail" => {
                let (kind, reason) = rest.split_once(' ').unwrap();
                let kind = serde_json::from_value(kind.into()).unwrap();
                self.result = Some(Err(Failure::new(kind, reason)));
            }
            _ => panic!("{line}"),
        }
        &self.samples[known..]
    }

    fn is_complete(&self) -> bool {
        self.result.is_some()
    }

    fn finish(&mut self, _exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        let incomplete = || Failure::new(FailureKind::Incomplete, "the report is incomplete");
        let bits_per_second = self.result.take().ok_or_else(incomplete)??;
        let result =
            |direction: &Direction| (*direction, Measurement::Throughput(self.throughput(bits_per_second)));
        Ok(self.flow.directions().iter().map(result).collect())
    }

    fn partial(&self) -> Option<Vec<(Direction, Throughput)>> {
        let last = self.samples.last().filter(|last| last.bits_per_second > 0.0)?;
        let result = |direction: &Direction| (*direction, self.throughput(last.bits_per_second));
        Some(self.flow.directions().iter().map(result).collect())
    }
}

impl FakeReader {
    fn throughput(&self, bits_per_second: f64) -> Throughput {
        Throughput {
            bits_per_second,
            bytes: (bits_per_second / 8.0) as u64 * self.samples.len() as u64,
            seconds: self.samples.len() as f64,
            retransmits: None,
            mss_bytes: None,
            round_trip_time: None,
            cpu: None,
            udp: None,
            cut_by: None,
            samples: self.samples.clone(),
        }
    }
}
