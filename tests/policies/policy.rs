//! The policies, and what each command is to do under them.

use std::time::Duration;

use serde_json::Value;

use crate::cluster::kubectl;
use crate::command::{Command, Seen};

/// The time after which a command that has not said why it does not measure is taken to hang.
const LIMIT: Duration = Duration::from_secs(60);

/// The same for an init container that does not finish, for which a minute is waited.
const LIMIT_OF_INIT: Duration = Duration::from_secs(100);

/// An admission policy of the test cluster.
pub struct Policy {
    pub name: &'static str,
    /// What it does.
    pub text: &'static str,
    effect: Effect,
    /// What `check` says before a run.
    pub prediction: &'static str,
}

/// What a policy means for the commands.
enum Effect {
    /// It is of no consequence.
    None,
    /// Clients by exec are refused.
    Exec,
    /// The host network is refused.
    Host,
    /// Namespaces without a label are refused.
    Namespaces,
    /// All pods are changed, as the run notes.
    Changed(&'static str),
    /// A container violates the Pod Security level of the run's own namespace, where the cluster has such levels.
    Violation(&'static str),
    /// No pod starts.
    Stuck(&'static str),
}

pub const POLICIES: &[Policy] = &[
    Policy {
        name: "no-exec",
        text: "no exec into pods",
        effect: Effect::Exec,
        prediction: "whether exec works is known once a pod runs",
    },
    Policy {
        name: "exec-iperf3",
        text: "exec of `iperf3` only",
        effect: Effect::Exec,
        prediction: "whether exec works is known once a pod runs",
    },
    Policy {
        name: "uid-range",
        text: "user IDs of a range, as on OpenShift",
        effect: Effect::None,
        prediction: "No problems",
    },
    Policy {
        name: "no-host",
        text: "no host network, as on GKE Autopilot",
        effect: Effect::Host,
        prediction: "enabling hostNetwork is not allowed",
    },
    Policy {
        name: "team-label",
        text: "namespaces need a label",
        effect: Effect::Namespaces,
        prediction: "namespaces need the label team",
    },
    Policy {
        name: "limits",
        text: "sets a CPU limit",
        effect: Effect::Changed("the cluster set a CPU limit of 200m"),
        prediction: "the cpu limit of 200m per container can throttle the tests",
    },
    Policy {
        name: "sidecar",
        text: "adds a sidecar",
        effect: Effect::Changed("the cluster added the container mesh-proxy"),
        prediction: "a webhook adds to the pods: container mesh-proxy",
    },
    Policy {
        name: "sidecar-first",
        text: "adds a sidecar before our container",
        effect: Effect::Changed("the cluster added the container mesh-proxy"),
        prediction: "a webhook adds to the pods: container mesh-proxy",
    },
    Policy {
        name: "sidecar-ends",
        text: "adds a sidecar that ends",
        effect: Effect::Changed("the cluster added the container mesh-proxy"),
        prediction: "a webhook adds to the pods: container mesh-proxy",
    },
    Policy {
        name: "sidecar-crashes",
        text: "adds a sidecar that crashes",
        effect: Effect::Changed("the cluster added the container mesh-proxy"),
        prediction: "a webhook adds to the pods: container mesh-proxy",
    },
    Policy {
        name: "init-root",
        text: "adds an init container with `NET_ADMIN`",
        effect: Effect::Violation("the cluster added the init container mesh-init"),
        prediction: "a webhook adds to the pods: init container mesh-init",
    },
    Policy {
        name: "init-crashes",
        text: "adds an init container that fails",
        effect: Effect::Stuck("init container mesh-init exited with code 1: cannot set up the mesh"),
        prediction: "a webhook adds to the pods: init container mesh-init",
    },
    Policy {
        name: "init-hangs",
        text: "adds an init container that does not finish",
        effect: Effect::Stuck("still waiting for the init container mesh-init"),
        prediction: "a webhook adds to the pods: init container mesh-init",
    },
];

/// What a command is to do.
pub enum Expected {
    /// It measures, without a note.
    Measured,
    /// It measures, and notes this.
    Noted(&'static str),
    /// It measures what is admitted, and says once why not the rest.
    Partly(&'static str),
    /// It says once why it measures nothing.
    Refused(&'static str),
}

impl Policy {
    pub fn expected(&self, command: Command) -> Expected {
        let is_own_namespace = command != Command::Schedule;
        match self.effect {
            // these start clients as Jobs
            Effect::Exec if matches!(command, Command::Pair | Command::Job) => Expected::Measured,
            Effect::Exec => Expected::Noted("clients run as Jobs, because exec does not work"),
            Effect::Host if command == Command::Pair => {
                Expected::Partly("enabling hostNetwork is not allowed in Autopilot")
            }
            Effect::Namespaces if is_own_namespace => Expected::Refused("namespaces need the label team"),
            Effect::None | Effect::Host | Effect::Namespaces => Expected::Measured,
            // the host network needs the level privileged anyway
            Effect::Violation(_) if is_own_namespace && command != Command::Pair && has_pod_security() => {
                Expected::Refused("container \"mesh-init\" must not include \"NET_ADMIN\"")
            }
            Effect::Changed(note) | Effect::Violation(note) => Expected::Noted(note),
            Effect::Stuck(reason) => Expected::Refused(reason),
        }
    }
}

/// Whether the cluster enforces Pod Security levels: from Kubernetes 1.23 on.
fn has_pod_security() -> bool {
    let version = kubectl(&["get", "--raw", "/version"]).expect_code(0).stdout;
    let version: Value = serde_json::from_str(&version).expect("the version is JSON");
    let minor = version["minor"].as_str().expect("it has a minor version").trim_end_matches('+');
    minor.parse::<u32>().expect("it is a number") >= 23
}

impl Expected {
    /// What is otherwise than expected.
    pub fn complaints(&self, command: Command, seen: &Seen) -> Vec<String> {
        let (stdout, stderr) = (&seen.ended.stdout, &seen.ended.stderr);
        // the log of a scheduled run has both
        let (result, errors) = match command {
            Command::Schedule => (format!("{stdout}{stderr}"), format!("{stdout}{stderr}")),
            _ => (stdout.clone(), stderr.clone()),
        };
        let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let code = seen.ended.code;
        let is_measured = has(&result, "Gbit/s");
        let is_as_expected = match self {
            Self::Measured => {
                code == Some(0)
                    && is_measured
                    && !has(&result, "the cluster ")
                    && !has(&result, "exec does not work")
            }
            Self::Noted(note) => code == Some(0) && is_measured && has(&result, note),
            Self::Partly(reason) => {
                code == Some(3)
                    && is_measured
                    && result.matches(reason).count() == 1
                    && has(&result, "help: ")
            }
            Self::Refused(reason) => {
                code == Some(1)
                    && !is_measured
                    && errors.matches(reason).count() == 1
                    && has(&errors, "help: ")
            }
        };
        let limit = if has(&errors, "still waiting for the init container") { LIMIT_OF_INIT } else { LIMIT };
        let mut complaints = Vec::new();
        if !is_as_expected {
            complaints.push(format!("{}: exit code {code:?}\n{stdout}\n{stderr}", command.name()));
        }
        if seen.took > limit {
            complaints.push(format!("{}: took {} s", command.name(), seen.took.as_secs()));
        }
        complaints
    }

    /// A cell of the table.
    pub fn cell(&self, seen: &Seen) -> String {
        let seconds = seen.took.as_secs();
        match self {
            Self::Measured => "measures".to_owned(),
            Self::Noted(note) => format!("measures; notes: {note}"),
            Self::Partly(reason) => format!("measures `pod`; says: {reason}"),
            Self::Refused(reason) => format!("after {seconds} s: {reason}"),
        }
    }
}
