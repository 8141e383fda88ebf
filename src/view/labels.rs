//! Labels of a run, its paths and its parameters.

use crate::document::{Command, IpFamily, Path, Route, Run};
use crate::quantity::plural;

/// Suffix that distinguishes the route of a matrix from the others of the run: ` over pod`. Without
/// other paths it names the IP family only, and may be empty.
pub(super) fn route_suffix(run: &Run, route: Route) -> String {
    let path = match run.parameters.placement.paths.len() {
        0 | 1 => String::new(),
        _ => format!(" over {}", route.path.name()),
    };
    path + route.over_family()
}

/// Value of the label `ip_family`: empty if none was requested.
pub(super) fn ip_family_label(ip_family: Option<IpFamily>) -> &'static str {
    match ip_family {
        Some(IpFamily::Ipv4) => "ipv4",
        Some(IpFamily::Ipv6) => "ipv6",
        None => "",
    }
}

/// What slows this path down compared with the one below it: `Overlay overhead`.
pub(super) fn overhead_name(path: Path) -> &'static str {
    match path {
        Path::Pod => "Overlay overhead",
        Path::NodePort => "NodePort overhead",
        Path::LoadBalancer => "LoadBalancer overhead",
        Path::Service | Path::Host | Path::Loopback => "Service overhead",
    }
}

pub(super) fn command_name(command: Command) -> &'static str {
    match command {
        Command::Matrix => "matrix",
        Command::Pair => "pair",
    }
}

/// One line: `matrix of 4 nodes, TCP, 10s per test over pod and host, 2 streams, 3 repetitions`.
pub(super) fn describe_run(run: &Run) -> String {
    let parameters = &run.parameters;
    let paths: Vec<&str> = parameters.placement.paths.iter().map(|path| path.name()).collect();
    let mut description = format!(
        "{} of {}, {}, {}s per test over {}",
        command_name(run.command),
        plural(run.nodes.len(), "node"),
        parameters.measurement.protocol,
        parameters.measurement.time_seconds,
        paths.join(" and ")
    );
    for (count, noun) in
        [(parameters.measurement.parallel, "stream"), (parameters.measurement.repeat, "repetition")]
    {
        if count > 1 {
            description = format!("{description}, {}", plural(count as usize, noun));
        }
    }
    description
}
