//! Where tests take place: the flags that `matrix` and `pair` share.

use clap::{Args, ValueEnum};

use super::address::{Address, parse_address};
use crate::document::{EngineName, IpFamily, Path, Run, Via};
use crate::engine::Engine;
use crate::engine::iperf2::Iperf2;
use crate::engine::iperf3::Iperf3;
use crate::testbed::Way;

/// The image of the pods where none is named. Releases are built with their own.
pub(super) const DEFAULT_IMAGE: &str = match option_env!("NETBENCH_DEFAULT_IMAGE") {
    Some(image) => image,
    None => "docker.io/nicolaka/netshoot:v0.16",
};

/// A way of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PathArg {
    /// From pod to pod.
    Pod,
    /// From a pod to the cluster's address of a Service.
    Service,
    /// From a pod to the port of a Service on the server's node.
    Nodeport,
    /// From a pod to a Service's load balancer.
    Loadbalancer,
    /// On the network of the nodes.
    Host,
}

impl From<PathArg> for Path {
    fn from(path: PathArg) -> Self {
        match path {
            PathArg::Pod => Self::Pod,
            PathArg::Service => Self::Service,
            PathArg::Nodeport => Self::NodePort,
            PathArg::Loadbalancer => Self::LoadBalancer,
            PathArg::Host => Self::Host,
        }
    }
}

/// Versions of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IpFamilyArg {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Each test over both.
    Dual,
}

/// How clients are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViaArg {
    /// A Job for `pair`; for `matrix` exec where it is allowed, else Jobs.
    Auto,
    /// In the pods that run already.
    Exec,
    /// One Job per test.
    Job,
}

/// Where tests take place.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where")]
pub struct PlacementArgs {
    /// The ways of the packets [default: pod].
    ///
    /// Several are measured in turn, and compared.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PATH,...", conflicts_with = "host")]
    path: Vec<PathArg>,
    /// On the network of the nodes: --path host.
    #[arg(long)]
    host: bool,
    /// The version of IP [default: the cluster's own choice].
    #[arg(long, value_enum, value_name = "FAMILY", hide_short_help = true)]
    ip_family: Option<IpFamilyArg>,
    /// Measure towards this iperf3 server elsewhere.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_address, conflicts_with = "rtt")]
    pub to: Option<Address>,
    /// The image of the pods.
    ///
    /// Any with iperf3 and sh on its PATH that runs as any user; for --rtt and --engine iperf2 with iperf 2.
    #[arg(long, default_value = DEFAULT_IMAGE)]
    image: Option<String>,
    /// The port of the servers, and with --rtt the next one too [default: 5201, iperf 2 and --rtt: 5001]; with
    /// --local the first one [default: free ports].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..65535), hide_short_help = true)]
    pub port: Option<u16>,
    /// How clients are started.
    #[arg(long, value_enum, default_value_t = ViaArg::Auto, hide_short_help = true)]
    pub via: ViaArg,
    /// Leave the servers running, for later runs with the same settings to start at once;
    /// `kubectl netbench cleanup` removes them.
    #[arg(long, hide_short_help = true)]
    pub keep: bool,
}

/// What is done instead of measuring in a cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where")]
pub struct InsteadArgs {
    /// Print the objects of the run as YAML, make none.
    #[arg(long)]
    pub dry_run: bool,
    /// Use no cluster, but so many servers on loopback.
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = [
            "host", "path", "ip_family", "to", "via", "image", "keep", "dry_run", "namespace", "context", "kubeconfig",
            "cluster", "user", "impersonate", "volume", "volume_keep", "PodArgs",
            "ObjectArgs",
        ],
        value_parser = clap::value_parser!(u16).range(2..=64)
    )]
    pub local: Option<u16>,
}

impl InsteadArgs {
    /// The flags of a run: the number of its servers, if it used no cluster.
    pub fn of(run: &Run) -> Self {
        let is_local = run.cluster.is_none();
        let count = u16::try_from(run.nodes.len()).unwrap_or(u16::MAX);
        Self { dry_run: false, local: is_local.then_some(count) }
    }
}

impl PlacementArgs {
    /// The flags by which a run was placed.
    ///
    /// # Errors
    /// The document has an address that is none.
    pub fn of(run: &Run) -> Result<Self, String> {
        let parameters = &run.parameters;
        let is_local = run.cluster.is_none();
        let default_port = match parameters.engine {
            EngineName::Iperf3 => Iperf3.default_port(),
            EngineName::Iperf2 => Iperf2.default_port(),
        };
        let path = |path: &Path| match path {
            Path::Pod => Some(PathArg::Pod),
            Path::Service => Some(PathArg::Service),
            Path::NodePort => Some(PathArg::Nodeport),
            Path::LoadBalancer => Some(PathArg::Loadbalancer),
            Path::Host => Some(PathArg::Host),
            Path::Loopback => None,
        };
        Ok(Self {
            path: parameters.paths.iter().filter_map(path).collect(),
            host: false,
            ip_family: match parameters.ip_families.as_slice() {
                [] => None,
                [IpFamily::Ipv4] => Some(IpFamilyArg::Ipv4),
                [IpFamily::Ipv6] => Some(IpFamilyArg::Ipv6),
                _ => Some(IpFamilyArg::Dual),
            },
            to: parameters.to.as_deref().map(parse_address).transpose()?,
            image: parameters.image.clone(),
            // where latency is measured, one port follows from the other only if it was given
            port: parameters.port.filter(|port| is_local || *port != default_port),
            via: match parameters.via {
                Via::Exec | Via::Process => ViaArg::Auto,
                Via::Job => ViaArg::Job,
            },
            keep: parameters.keep,
        })
    }

    /// Why these flags cannot be used together, with this program.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self, engine: &dyn Engine) -> Result<(), String> {
        if self.to.is_some() && self.paths().iter().any(|path| path.has_service()) {
            return Err("--to leads past every Service: use --path pod or host".to_owned());
        }
        if self.to.is_some() && engine.reads_server() {
            return Err("--to needs --engine iperf3: what an iperf 2 server receives is told by itself only"
                .to_owned());
        }
        Ok(())
    }

    /// The image of the pods.
    pub fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(DEFAULT_IMAGE)
    }

    /// The paths, each once and in the order asked for; none if none was named.
    pub fn paths(&self) -> Vec<Path> {
        let named = self.path.iter().map(|&path| Path::from(path));
        let mut paths: Vec<Path> = self.host.then_some(Path::Host).into_iter().chain(named).collect();
        let mut seen = std::collections::HashSet::new();
        paths.retain(|path| seen.insert(*path));
        paths
    }

    /// The versions of IP asked for; none for the cluster's own choice.
    pub fn ip_families(&self) -> Vec<IpFamily> {
        match self.ip_family {
            None => Vec::new(),
            Some(IpFamilyArg::Ipv4) => vec![IpFamily::Ipv4],
            Some(IpFamilyArg::Ipv6) => vec![IpFamily::Ipv6],
            Some(IpFamilyArg::Dual) => vec![IpFamily::Ipv4, IpFamily::Ipv6],
        }
    }

    /// The ways that `paths` make with the versions of IP.
    pub fn ways(&self, paths: &[Path]) -> Vec<Way> {
        let families = self.ip_families();
        let of_path = |&path: &Path| -> Vec<Way> {
            let way = |ip_family| Way { path, ip_family };
            match families.as_slice() {
                [] => vec![way(None)],
                families => families.iter().map(|&family| way(Some(family))).collect(),
            }
        };
        paths.iter().flat_map(of_path).collect()
    }
}
