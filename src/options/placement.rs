//! Where and how tests run.

use std::collections::HashSet;
use std::fmt;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::{OptionInfo, flag_value, joined};
use super::measurement::is_false;
use super::number::number_in;
use super::{Address, IpFamilies, IpFamily, Path, Route};

/// The default image of the pods. Releases are built with their own.
pub const DEFAULT_IMAGE: &str = match option_env!("NETBENCH_DEFAULT_IMAGE") {
    Some(image) => image,
    None => "docker.io/nicolaka/netshoot:v0.16",
};

/// The document about building an image, and loading it onto nodes that cannot pull the default image.
pub const IMAGE_GUIDE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/image.md");

/// How clients are started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum ClientMode {
    /// Jobs for `pair`; for `matrix` exec where it works, else Jobs
    // a run resolves it: no document has it
    #[default]
    #[serde(skip)]
    Auto,
    /// Exec into the running pods
    Exec,
    /// One Job per test
    Job,
    /// A process of this machine
    #[value(skip)]
    Process,
}

impl fmt::Display for ClientMode {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Exec => "exec",
            Self::Job => "job",
            Self::Process => "process",
        })
    }
}

/// Where and how tests run. The same in the arguments of a command and in the run document, where
/// defaults are filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Placement")]
#[serde(rename_all = "camelCase")]
pub struct PlacementOptions {
    /// Network paths to test [default: pod]
    ///
    /// Several paths are tested in turn and compared.
    #[arg(
        id = "path",
        long = "path",
        value_enum,
        value_delimiter = ',',
        value_name = "PATH,...",
        conflicts_with = "host"
    )]
    pub paths: Vec<Path>,
    /// The same as --path host: the network of the nodes
    #[arg(id = "host", long = "host")]
    #[serde(skip)]
    pub host: bool,
    /// IP family [default: the cluster's default]
    #[arg(
        id = "ip_family", long = "ip-family", value_name = "FAMILY", value_parser = IpFamilies::parser(),
        hide_short_help = true
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_families: Option<IpFamilies>,
    /// Measure from each node to this external server
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "rtt")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// Image of the pods; must contain iperf3 and sh
    ///
    /// They must be on its PATH, and run without root. --rtt also needs `iperf` (iperf 2, version 2.1 or later);
    /// --engine iperf2 needs it instead of iperf3.
    #[arg(long, default_value = DEFAULT_IMAGE)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Port of the servers [default: 5201; of iperf 2: 5001]. Latency servers (--rtt) use the next one
    /// [default: 5001]. With --local: the first port [default: free ports]
    #[arg(long, value_parser = number_in(1..=65534u16), hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "Port of the servers; absent where each has its own.")]
    pub port: Option<u16>,
    /// How clients are started
    #[arg(long, value_enum, default_value_t, hide_short_help = true)]
    pub via: ClientMode,
    /// Keep the servers running, so that later runs with the same settings start immediately;
    /// `kubectl netbench cleanup` deletes them
    #[arg(long, hide_short_help = true)]
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep: bool,
}

impl PlacementOptions {
    /// The image of the pods.
    pub fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(DEFAULT_IMAGE)
    }

    /// The requested paths, each once and in order; empty if none was requested.
    pub fn paths(&self) -> Vec<Path> {
        let requested = self.host.then_some(Path::Host).into_iter().chain(self.paths.iter().copied());
        let mut seen = HashSet::new();
        requested.filter(|path| seen.insert(*path)).collect()
    }

    /// The requested paths or, without any, `default`, each over each requested IP family.
    pub fn routes(&self, default: Path) -> Vec<Route> {
        let paths = self.paths();
        let paths = if paths.is_empty() { vec![default] } else { paths };
        let families: Vec<Option<IpFamily>> = match &self.ip_families {
            None => vec![None],
            Some(families) => families.as_slice().iter().copied().map(Some).collect(),
        };
        let of_path = |path| families.iter().map(move |&ip_family| Route { path, ip_family });
        paths.into_iter().flat_map(of_path).collect()
    }

    /// Every option of this group.
    pub const CATALOG: &[OptionInfo<Self>] = &[
        OptionInfo::new("path", "paths", |o: &Self| joined(o.paths().iter().map(|path| path.name())))
            .setting(),
        OptionInfo::new("ip-family", "IP family", |o: &Self| o.ip_families.as_ref().map(ToString::to_string))
            .setting(),
        OptionInfo::new("to", "external server", |o: &Self| o.to.as_ref().map(ToString::to_string)),
        OptionInfo::new("image", "image", |o: &Self| o.image.clone()).setting(),
        OptionInfo::new("port", "port", |o: &Self| o.port.map(|port| port.to_string())).setting().neutral(),
        OptionInfo::new("via", "clients start by", |o: &Self| Some(o.via.to_string())).setting().neutral(),
        OptionInfo::new("keep", "servers kept", |o: &Self| flag_value(o.keep)).setting().neutral(),
    ];
}
