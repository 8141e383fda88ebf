//! The parameters that differ between two runs, with labels and units.

use serde_json::{Map, Value};

use crate::document::Parameters;
use crate::quantity;

/// How a parameter is displayed, and whether it matters in a comparison.
struct Parameter {
    /// The JSON name in the run document; those inside `pods` are listed like the others.
    key: &'static str,
    label: &'static str,
    unit: Unit,
    /// False if the parameter changes how much is known, where clients run, or only metadata, but not the
    /// result of a test.
    affects_results: bool,
}

/// How the value of a parameter is displayed.
#[derive(Clone, Copy)]
enum Unit {
    /// Free text or a number without a unit.
    Plain,
    /// A value of an enumeration.
    Name,
    Seconds,
    Bytes,
    /// Bits per second, 0 for no limit.
    BitRate,
    /// Yes or no; absent means no.
    Switch,
    /// The arguments of a command line.
    Arguments,
}

const fn parameter(key: &'static str, label: &'static str, unit: Unit, affects_results: bool) -> Parameter {
    Parameter { key, label, unit, affects_results }
}

/// All parameters, in the order in which differences are listed.
const PARAMETERS: &[Parameter] = &[
    parameter("engine", "engine", Unit::Name, true),
    parameter("protocol", "protocol", Unit::Name, true),
    parameter("paths", "paths", Unit::Name, true),
    parameter("ipFamilies", "IP families", Unit::Name, true),
    parameter("to", "external server", Unit::Plain, true),
    parameter("timeSeconds", "test duration", Unit::Seconds, true),
    parameter("latencyTimeSeconds", "latency test duration", Unit::Seconds, true),
    parameter("omitSeconds", "omitted start of each test", Unit::Seconds, true),
    parameter("parallel", "parallel streams", Unit::Plain, true),
    parameter("repeat", "repetitions", Unit::Plain, false),
    parameter("concurrency", "maximum concurrent tests", Unit::Plain, true),
    parameter("bidirectional", "bidirectional", Unit::Switch, true),
    parameter("targetBitsPerSecond", "target rate", Unit::BitRate, true),
    parameter("lengthBytes", "write size", Unit::Bytes, true),
    parameter("mssBytes", "MSS", Unit::Bytes, true),
    parameter("windowBytes", "socket buffer size", Unit::Bytes, true),
    parameter("congestionControl", "congestion control", Unit::Plain, true),
    parameter("dscp", "DSCP", Unit::Plain, true),
    parameter("clientArguments", "client arguments", Unit::Arguments, true),
    parameter("via", "client mode", Unit::Name, false),
    parameter("keep", "keep servers", Unit::Switch, false),
    parameter("port", "server port", Unit::Plain, false),
    parameter("latencyPort", "latency server port", Unit::Plain, false),
    parameter("image", "image", Unit::Plain, true),
    parameter("requests", "resource requests", Unit::Plain, true),
    parameter("limits", "resource limits", Unit::Plain, true),
    parameter("priorityClass", "priority class", Unit::Plain, true),
    parameter("runtimeClass", "runtime class", Unit::Plain, true),
    parameter("networkPolicy", "NetworkPolicy", Unit::Switch, true),
    parameter("serviceAccount", "service account", Unit::Plain, false),
    parameter("imagePullSecrets", "image pull secrets", Unit::Plain, false),
    parameter("tolerations", "tolerations", Unit::Plain, false),
    parameter("labels", "labels", Unit::Plain, false),
    parameter("annotations", "annotations", Unit::Plain, false),
];

/// A parameter with different values in two runs.
pub(super) struct Change {
    pub label: &'static str,
    /// The value in the baseline, for display.
    pub base: String,
    /// The value in the run, for display.
    pub new: String,
}

/// The parameters that differ and affect results.
pub(super) fn changes(base: &Parameters, new: &Parameters) -> Vec<Change> {
    let (base, new) = (flatten(base), flatten(new));
    let differs = |parameter: &&Parameter| {
        parameter.affects_results && base.get(parameter.key) != new.get(parameter.key)
    };
    let change = |parameter: &Parameter| Change {
        label: parameter.label,
        base: parameter.unit.display(base.get(parameter.key)),
        new: parameter.unit.display(new.get(parameter.key)),
    };
    PARAMETERS.iter().filter(differs).map(change).collect()
}

/// The parameters by their JSON names, with those of pods on the same level.
fn flatten(parameters: &Parameters) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(parameters) else {
        return Map::new();
    };
    if let Some(Value::Object(pods)) = fields.remove("pods") {
        fields.extend(pods);
    }
    fields
}

impl Unit {
    fn display(self, value: Option<&Value>) -> String {
        match value {
            None | Some(Value::Null) => if let Self::Switch = self { "no" } else { "not set" }.to_owned(),
            Some(Value::Bool(value)) => if *value { "yes" } else { "no" }.to_owned(),
            Some(Value::Number(number)) => match self {
                Self::Seconds => format!("{number}s"),
                Self::Bytes => format!("{number} bytes"),
                Self::BitRate => match number.as_f64() {
                    Some(rate) if rate > 0.0 => quantity::rate(rate),
                    _ => "unlimited".to_owned(),
                },
                _ => number.to_string(),
            },
            Some(Value::String(text)) => match self {
                Self::Name => display_name(text),
                _ => text.clone(),
            },
            Some(Value::Array(values)) => {
                let values: Vec<String> = values.iter().map(|value| self.display(Some(value))).collect();
                values.join(if let Self::Arguments = self { " " } else { "," })
            }
            Some(Value::Object(entries)) => {
                let entries =
                    entries.iter().map(|(name, value)| format!("{name}={}", self.display(Some(value))));
                entries.collect::<Vec<_>>().join(",")
            }
        }
    }
}

/// The usual spelling of an enumeration value; paths are spelled as in `--path`.
fn display_name(value: &str) -> String {
    match value {
        "tcp" => "TCP".to_owned(),
        "udp" => "UDP".to_owned(),
        "ipv4" => "IPv4".to_owned(),
        "ipv6" => "IPv6".to_owned(),
        _ => value.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::document::fixtures::run;
    use crate::document::{IpFamily, Path, PodParameters, Protocol};

    #[test]
    fn every_parameter_of_the_schema_has_a_label() {
        let properties = |schema: schemars::Schema| -> BTreeSet<String> {
            let properties = schema.get("properties").and_then(Value::as_object).cloned();
            properties.unwrap_or_default().into_iter().map(|(name, _)| name).collect()
        };
        let mut documented = properties(schemars::schema_for!(Parameters));
        assert!(documented.remove("pods"));
        documented.extend(properties(schemars::schema_for!(PodParameters)));
        let labelled: BTreeSet<String> =
            PARAMETERS.iter().map(|parameter| parameter.key.to_owned()).collect();
        assert_eq!(labelled, documented);
        assert_eq!(labelled.len(), PARAMETERS.len());
    }

    #[test]
    fn changed_parameters_have_labels_and_units() {
        let base = run(&["a"], Vec::new()).parameters;
        let mut new = base.clone();
        new.time_seconds = 30;
        new.omit_seconds = 2;
        new.repeat = 5;
        new.paths = vec![Path::Pod, Path::NodePort];
        new.ip_families = vec![IpFamily::Ipv4, IpFamily::Ipv6];
        new.protocol = Protocol::Udp;
        new.bidirectional = true;
        new.target_bits_per_second = Some(0);
        new.length_bytes = Some(1400);
        new.client_arguments = vec!["--flowlabel".to_owned(), "7".to_owned()];
        new.pods.network_policy = true;
        new.pods.labels.insert("team".to_owned(), "network".to_owned());
        let lines: Vec<String> = changes(&base, &new)
            .into_iter()
            .map(|Change { label, base, new }| format!("{label}: {new}, was {base}"))
            .collect();
        assert_eq!(
            lines,
            [
                "protocol: UDP, was TCP",
                "paths: pod,nodeport, was pod",
                "IP families: IPv4,IPv6, was not set",
                "test duration: 30s, was 10s",
                "omitted start of each test: 2s, was not set",
                "bidirectional: yes, was no",
                "target rate: unlimited, was not set",
                "write size: 1400 bytes, was not set",
                "client arguments: --flowlabel 7, was not set",
                "NetworkPolicy: yes, was no",
            ]
        );
    }

    #[test]
    fn parameters_without_effect_on_results_are_ignored() {
        let base = run(&["a"], Vec::new()).parameters;
        let mut new = base.clone();
        (new.repeat, new.keep, new.port) = (3, true, Some(5201));
        new.pods.tolerations = vec!["gpu".to_owned()];
        assert!(changes(&base, &new).is_empty());
    }
}
