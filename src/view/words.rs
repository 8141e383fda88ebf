//! A run and its paths in words.

use crate::document::{Command, IpFamily, Path, Protocol, Route, Run};

/// The words that tell the path of a matrix from the others: none if there are no others.
pub(super) fn way(run: &Run, path: Path, ip_family: Option<IpFamily>) -> String {
    let path = match run.parameters.placement.paths.len() {
        0 | 1 => String::new(),
        _ => format!(" over {}", path.name()),
    };
    path + Route { path: Path::Pod, ip_family }.over_family()
}

/// A version of IP as a label: empty if none was asked for.
pub(super) fn family_label(ip_family: Option<IpFamily>) -> &'static str {
    match ip_family {
        Some(IpFamily::Ipv4) => "ipv4",
        Some(IpFamily::Ipv6) => "ipv6",
        None => "",
    }
}

/// What a run was, in a line: `matrix of 4 nodes, TCP for 10s over pod`.
pub(super) fn about(run: &Run) -> String {
    let command = match run.command {
        Command::Matrix => "matrix",
        Command::Pair => "pair",
    };
    let parameters = &run.parameters;
    let paths: Vec<&str> = parameters.placement.paths.iter().map(|path| path.name()).collect();
    let protocol = match parameters.measurement.protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let streams = match parameters.measurement.parallel {
        1 => String::new(),
        streams => format!(", {streams} streams"),
    };
    let repeat = match parameters.measurement.repeat {
        1 => String::new(),
        repeat => format!(", {repeat} times"),
    };
    format!(
        "{command} of {} nodes, {} for {}s over {}{streams}{repeat}",
        run.nodes.len(),
        protocol,
        parameters.measurement.time_seconds,
        paths.join(" and ")
    )
}
