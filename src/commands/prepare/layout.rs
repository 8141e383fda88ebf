//! Which pairs are measured, and what is done with each. Pure.

use kubectl_netbench::document::Measure;
use kubectl_netbench::engine::{ClientOptions, Engine, Flow};
use kubectl_netbench::plan::{Plan, Step};
use kubectl_netbench::runner::Variant;

use crate::commands::request::Request;

/// Which pairs are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Each node with each.
    Mesh,
    /// Each node towards the last one, which only serves.
    Towards,
    /// Two nodes, of which only the first can connect: the way back is measured from there.
    Between,
}

/// What is measured over each of `ways` ways: latency first, while nothing waits in any buffer.
pub(super) fn variants(ways: usize, rtt: bool) -> Vec<Variant> {
    let measures = if rtt { &[Measure::Latency, Measure::Throughput][..] } else { &[Measure::Throughput] };
    (0..ways).flat_map(|way| measures.iter().map(move |&measure| Variant { way, measure })).collect()
}

impl Layout {
    /// The plan for so many nodes, all of them counted.
    pub(super) fn plan(self, request: &Request, variants: &[Variant], nodes: usize) -> Plan {
        let repeat = request.measurement.repeat;
        let steps = self.steps(variants, request.measurement.bidir, request.measurement.engine());
        match self {
            Self::Mesh => Plan::mesh(nodes, steps, repeat, request.concurrency),
            Self::Towards | Self::Between => Plan::star(nodes - 1, steps, repeat),
        }
    }

    fn steps(self, variants: &[Variant], bidir: bool, engine: &dyn Engine) -> Vec<Step> {
        let back = ClientOptions { flow: Flow::Reverse, ..ClientOptions::tcp(1) };
        // (whether the nodes change their parts, which way the data flows)
        let passes: &[(bool, Flow)] = match self {
            Self::Mesh => &[(false, Flow::Forward), (true, Flow::Forward)],
            Self::Between if engine.unsupported(&back).is_none() => {
                &[(false, Flow::Forward), (false, Flow::Reverse)]
            }
            Self::Towards | Self::Between => &[(false, Flow::Forward)],
        };
        let mut steps = Vec::new();
        for (pass, &(backward, flow)) in passes.iter().enumerate() {
            for (position, variant) in variants.iter().enumerate() {
                let flow = match variant.measure {
                    Measure::Throughput if bidir && pass == 0 => Flow::Both,
                    // both directions were measured at once
                    Measure::Throughput if bidir => continue,
                    Measure::Throughput => flow,
                    // an answer goes both ways: the way back is another one only from the other node
                    Measure::Latency if flow == Flow::Reverse => continue,
                    Measure::Latency => Flow::Forward,
                };
                steps.push(Step { variant: position, backward, flow });
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubectl_netbench::engine::iperf2::Iperf2;
    use kubectl_netbench::engine::iperf3::Iperf3;

    fn steps(layout: Layout, rtt: bool, bidir: bool, engine: &dyn Engine) -> Vec<(usize, bool, Flow)> {
        let steps = layout.steps(&variants(1, rtt), bidir, engine);
        steps.iter().map(|step| (step.variant, step.backward, step.flow)).collect()
    }

    #[test]
    fn a_mesh_is_measured_from_both_ends() {
        assert_eq!(
            steps(Layout::Mesh, true, false, &Iperf3),
            [
                (0, false, Flow::Forward),
                (1, false, Flow::Forward),
                (0, true, Flow::Forward),
                (1, true, Flow::Forward)
            ]
        );
    }

    #[test]
    fn both_directions_at_once_are_measured_once_and_latency_from_both_ends() {
        assert_eq!(
            steps(Layout::Mesh, true, true, &Iperf3),
            [(0, false, Flow::Forward), (1, false, Flow::Both), (0, true, Flow::Forward)]
        );
    }

    #[test]
    fn the_way_back_from_elsewhere_is_measured_by_the_same_client_where_the_program_can() {
        assert_eq!(
            steps(Layout::Between, true, false, &Iperf3),
            [(0, false, Flow::Forward), (1, false, Flow::Forward), (1, false, Flow::Reverse)]
        );
        assert_eq!(steps(Layout::Between, false, false, &Iperf2), [(0, false, Flow::Forward)]);
        assert_eq!(steps(Layout::Towards, false, false, &Iperf3), [(0, false, Flow::Forward)]);
    }
}
