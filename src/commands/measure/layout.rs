//! Which pairs are measured, and what is done with each. Pure.

use kubectl_netbench::document::{Measure, NodeId};
use kubectl_netbench::engine::{Flow, throughput_engine};
use kubectl_netbench::options::Route;
use kubectl_netbench::plan::{Plan, Step, Variant};

use super::request::Request;

/// Which pairs are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// All ordered pairs of nodes.
    Mesh,
    /// From each node to the last one, which is only a server.
    Towards,
    /// Two nodes, of which only the first can be a client: it measures the reverse direction as well.
    Between,
}

/// What is measured on each route: latency first, while all buffers are empty.
pub fn variants(routes: &[Route], latency: bool) -> Vec<Variant> {
    let measures =
        if latency { &[Measure::Latency, Measure::Throughput][..] } else { &[Measure::Throughput] };
    routes.iter().flat_map(|&route| measures.iter().map(move |&measure| Variant { route, measure })).collect()
}

impl Layout {
    /// The plan for `nodes`, including an external server.
    pub fn plan(self, request: &Request, variants: &[Variant], nodes: &[NodeId]) -> Plan {
        let options = &request.measurement;
        let repeat = options.repeat;
        let can_reverse = throughput_engine(options.engine).capabilities().flows.contains(&Flow::Reverse);
        let steps = self.steps(variants, options.bidirectional, can_reverse);
        match self {
            Self::Mesh => Plan::mesh(nodes, steps, repeat, request.plan.concurrency),
            Self::Towards | Self::Between => Plan::star(nodes, steps, repeat),
        }
    }

    fn steps(self, variants: &[Variant], bidirectional: bool, can_reverse: bool) -> Vec<Step> {
        // whether client and server are swapped, and the direction of the data
        let passes: &[(bool, Flow)] = match self {
            Self::Mesh => &[(false, Flow::Forward), (true, Flow::Forward)],
            Self::Between if can_reverse => &[(false, Flow::Forward), (false, Flow::Reverse)],
            Self::Towards | Self::Between => &[(false, Flow::Forward)],
        };
        let mut steps = Vec::new();
        for (pass, &(backward, flow)) in passes.iter().enumerate() {
            for &variant in variants {
                let flow = match variant.measure {
                    Measure::Throughput if bidirectional && pass == 0 => Flow::Both,
                    // both directions were measured at once
                    Measure::Throughput if bidirectional => continue,
                    Measure::Throughput => flow,
                    // a round trip has no direction: only one from the other node differs
                    Measure::Latency if flow == Flow::Reverse => continue,
                    Measure::Latency => Flow::Forward,
                };
                steps.push(Step { variant, backward, flow });
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Measure::{Latency, Throughput};
    use kubectl_netbench::options::Path;

    fn steps(
        layout: Layout,
        latency: bool,
        bidirectional: bool,
        can_reverse: bool,
    ) -> Vec<(Measure, bool, Flow)> {
        let steps = layout.steps(&variants(&[Path::Pod.into()], latency), bidirectional, can_reverse);
        steps.iter().map(|step| (step.variant.measure, step.backward, step.flow)).collect()
    }

    #[test]
    fn a_mesh_is_measured_from_both_ends() {
        assert_eq!(
            steps(Layout::Mesh, true, false, true),
            [
                (Latency, false, Flow::Forward),
                (Throughput, false, Flow::Forward),
                (Latency, true, Flow::Forward),
                (Throughput, true, Flow::Forward)
            ]
        );
    }

    #[test]
    fn both_directions_at_once_are_measured_once_and_latency_from_both_ends() {
        assert_eq!(
            steps(Layout::Mesh, true, true, true),
            [
                (Latency, false, Flow::Forward),
                (Throughput, false, Flow::Both),
                (Latency, true, Flow::Forward)
            ]
        );
    }

    #[test]
    fn the_way_back_from_elsewhere_is_measured_by_the_same_client_where_the_program_can() {
        assert_eq!(
            steps(Layout::Between, true, false, true),
            [
                (Latency, false, Flow::Forward),
                (Throughput, false, Flow::Forward),
                (Throughput, false, Flow::Reverse)
            ]
        );
        assert_eq!(steps(Layout::Between, false, false, false), [(Throughput, false, Flow::Forward)]);
        assert_eq!(steps(Layout::Towards, false, false, true), [(Throughput, false, Flow::Forward)]);
    }
}
