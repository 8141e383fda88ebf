//! Options that cannot be used together, beyond what clap checks.

use crate::engine::{Engine, throughput_engine};
use crate::options::{MeasurementOptions, Path, PlacementOptions, PodOptions, Protocol};

/// Options that cannot be used together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The long flags involved, without dashes. A setting among them yields to the command line.
    pub flags: Vec<&'static str>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Conflict {
    pub(super) fn new(flags: &[&'static str], message: impl Into<String>) -> Self {
        Self { flags: flags.to_vec(), message: message.into() }
    }

    /// A mistake in which no setting is involved.
    pub(super) fn of_line(message: impl Into<String>) -> Self {
        Self::new(&[], message)
    }
}

/// Largest payload of a UDP datagram over IPv4, in bytes.
const MAX_DATAGRAM_BYTES: u64 = 65_507;

/// Checks what each test does.
pub(super) fn check_measurement(options: &MeasurementOptions) -> Result<(), Conflict> {
    let engine = throughput_engine(options.engine);
    if let Some(flag) = engine.capabilities().missing(options) {
        let message =
            format!("{flag} cannot be used with --engine {}: leave one of them out", engine.id().name());
        return Err(Conflict::new(&[flag.trim_start_matches('-'), "engine"], message));
    }
    if let Some(rejected) = engine.reserved_arguments().rejected(&options.client_arguments) {
        let message = format!(
            "`{}` cannot be passed to {}: {}",
            rejected.argument,
            engine.id().name(),
            rejected.instead
        );
        return Err(Conflict::new(&["engine"], message));
    }
    if options.protocol != Protocol::Udp {
        return Ok(());
    }
    if options.length_bytes.is_some_and(|length| length > MAX_DATAGRAM_BYTES) {
        let message = format!("--length: a datagram has at most {MAX_DATAGRAM_BYTES} bytes");
        return Err(Conflict::new(&["length", "udp"], message));
    }
    for (flag, is_set) in
        [("mss", options.mss_bytes.is_some()), ("congestion", options.congestion_control.is_some())]
    {
        if is_set {
            let message = format!("--{flag} applies to TCP only: leave out --{flag} or --udp");
            return Err(Conflict::new(&[flag, "udp"], message));
        }
    }
    Ok(())
}

/// Checks where tests run.
pub(super) fn check_placement(options: &PlacementOptions, engine: &dyn Engine) -> Result<(), Conflict> {
    if options.to.is_none() {
        return Ok(());
    }
    if options.paths().iter().any(|path| path.has_service()) {
        return Err(Conflict::new(&["path", "to"], "--to bypasses Services: use --path pod or host"));
    }
    if engine.capabilities().server_report {
        let message = format!(
            "--to cannot be used with --engine {}: the report of an external server cannot be read",
            engine.id().name()
        );
        return Err(Conflict::new(&["engine", "to"], message));
    }
    Ok(())
}

/// Checks what the pods have. `namespace` is that of the run, if one is given.
pub(super) fn check_pods(
    options: &PodOptions,
    namespace: Option<&str>,
    placement: &PlacementOptions,
) -> Result<(), Conflict> {
    if options.network_policy {
        // clap checks the command line; settings and saved runs may combine anything
        for (flag, is_set) in [("keep", placement.keep), ("to", placement.to.is_some())] {
            if is_set {
                let message = format!("--network-policy cannot be used with --{flag}: leave one of them out");
                return Err(Conflict::new(&["network-policy", flag], message));
            }
        }
        if placement.paths().contains(&Path::LoadBalancer) {
            return Err(Conflict::new(
                &["network-policy", "path"],
                "--network-policy does not know the source addresses of a load balancer: leave it out, or use \
                 another --path",
            ));
        }
    }
    let namespaced = [
        ("image-pull-secret", !options.objects.image_pull_secrets.is_empty()),
        ("service-account", options.objects.service_account.is_some()),
    ];
    match namespaced.into_iter().find(|(_, is_set)| *is_set) {
        Some((flag, _)) if namespace.is_none() => {
            let message = format!("--{flag} needs an existing namespace: add --namespace");
            Err(Conflict::new(&[flag, "namespace"], message))
        }
        _ => Ok(()),
    }
}

/// Checks that the namespace of a PersistentVolumeClaim is known.
pub(super) fn check_volume(has_volume: bool, namespace: Option<&str>) -> Result<(), Conflict> {
    if has_volume && namespace.is_none() {
        let message = "--volume needs the namespace of its PersistentVolumeClaim: add --namespace";
        return Err(Conflict::new(&["volume", "namespace"], message));
    }
    Ok(())
}
