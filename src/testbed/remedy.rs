//! Remedies for nodes and pods that cannot be used.

use std::borrow::Cow;

use crate::document::Measure;
use crate::engine::{Engine, engines, throughput_engine};
use crate::options::{EngineId, IMAGE_GUIDE};
use crate::sanitize;

/// How to fix a node or a pod that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// A sentence that does not depend on the pod.
    Text(String),
    /// The image is at fault. The flag that sets it, and what it must contain, depend on the pod.
    Image(ImageFault),
}

/// What is wrong with the image of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFault {
    /// It cannot be pulled.
    NotPulled,
    /// It cannot be pulled, which the nodes do although they may have it.
    NotPulledAgain,
    /// It is for another processor or operating system.
    WrongPlatform,
    /// Its name is invalid, or the pull policy forbids to pull it.
    WrongName,
    /// Its container cannot be started.
    Unsuitable,
    /// It lacks the program of an engine.
    MissingProgram {
        /// See [`Engine::program`].
        program: &'static str,
        /// See [`Capabilities::requires`](crate::engine::Capabilities::requires).
        requires: &'static str,
    },
}

/// What the image of a pod is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageUse {
    /// Servers and clients, or the pod of a volume: `--image`.
    Measuring,
    /// This program, in the pods of schedules: `--program-image`.
    Program,
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        Self::Text(sanitize::reason(text))
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<ImageFault> for Remedy {
    fn from(fault: ImageFault) -> Self {
        Self::Image(fault)
    }
}

impl Remedy {
    /// The sentence for a pod whose image is for `image_use`.
    pub fn text(&self, image_use: ImageUse) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Image(fault) => fault.remedy(image_use),
        }
    }
}

impl ImageFault {
    /// An image without the program of `engine`.
    pub fn missing_program(engine: &dyn Engine) -> Self {
        Self::MissingProgram { program: engine.program(), requires: engine.capabilities().requires }
    }

    fn remedy(self, image_use: ImageUse) -> Cow<'static, str> {
        match (self, image_use) {
            (Self::NotPulled, _) => format!(
                "{}; to build, load or push an image: {IMAGE_GUIDE}",
                reachable_registry(image_use)
            )
            .into(),
            (Self::NotPulledAgain, _) => format!(
                "{}; if the nodes have the image, set --image-pull-policy IfNotPresent",
                reachable_registry(image_use)
            )
            .into(),
            (Self::WrongPlatform, ImageUse::Measuring) => {
                "the image is not for the architecture of this node (`kubectl get nodes -L kubernetes.io/arch`): use an \
                 --image for it, or for several platforms"
                    .into()
            }
            (Self::WrongPlatform, ImageUse::Program) => {
                "the image is not for the architecture of this node (`kubectl get nodes -L kubernetes.io/arch`): use a \
                 --program-image for it, or for several platforms"
                    .into()
            }
            (Self::WrongName, ImageUse::Measuring) => "check --image".into(),
            (Self::WrongName, ImageUse::Program) => "check --program-image".into(),
            (Self::Unsuitable, ImageUse::Measuring) => suitable_image().into(),
            (Self::MissingProgram { program, requires }, ImageUse::Measuring) => {
                format!("the image has no {requires}: choose another --image, or {}", without(program)).into()
            }
            (Self::Unsuitable | Self::MissingProgram { .. }, ImageUse::Program) => {
                "use a --program-image that runs as any user and has kubectl-netbench on its PATH".into()
            }
        }
    }
}

fn reachable_registry(image_use: ImageUse) -> &'static str {
    match image_use {
        ImageUse::Measuring => "check --image, and that the nodes can reach its registry",
        ImageUse::Program => "check --program-image, and that the nodes can reach its registry",
    }
}

fn default_engine() -> &'static dyn Engine {
    throughput_engine(EngineId::default())
}

/// The flag that selects an engine; `None` for the default one.
fn flag(engine: &dyn Engine) -> Option<String> {
    match engine.capabilities().measure {
        Measure::Latency => Some("--rtt".to_owned()),
        Measure::Throughput if engine.id() == EngineId::default() => None,
        Measure::Throughput => Some(format!("--engine {}", engine.id().name())),
    }
}

/// The flags that need a program.
fn flags_with(program: &str) -> String {
    let flags = engines().filter(|engine| engine.program() == program).filter_map(flag);
    flags.collect::<Vec<_>>().join(" and ")
}

/// How to measure with an image that lacks `program`.
fn without(program: &str) -> String {
    if program != default_engine().program() {
        return format!("omit {}", flags_with(program));
    }
    let others = engines()
        .filter(|engine| engine.capabilities().measure == Measure::Throughput && engine.program() != program);
    let alternative = |engine: &dyn Engine| Some((flag(engine)?, engine.capabilities().requires));
    let alternatives =
        others.filter_map(alternative).map(|(flag, requires)| format!("{flag} if it has {requires}"));
    alternatives.collect::<Vec<_>>().join(", or ")
}

/// What an image must contain, by the flags that need it.
fn suitable_image() -> String {
    let default = default_engine();
    let mut known = vec![default.program()];
    let mut needs = vec![format!("has sh and {} on its PATH", default.capabilities().requires)];
    for engine in engines() {
        let program = engine.program();
        if !known.contains(&program) {
            known.push(program);
            needs.push(format!("{} for {}", engine.capabilities().requires, flags_with(program)));
        }
    }
    format!("use an image that runs as any user and {}", needs.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::latency_engine;

    #[test]
    fn image_fault_names_the_flag_of_the_image() {
        let faults = [ImageFault::NotPulled, ImageFault::WrongName, ImageFault::Unsuitable];
        let missing = engines().map(ImageFault::missing_program);
        for fault in faults.into_iter().chain(missing) {
            let remedy = Remedy::from(fault);
            assert!(remedy.text(ImageUse::Program).contains("--program-image"), "{fault:?}");
            assert!(!remedy.text(ImageUse::Measuring).contains("--program-image"), "{fault:?}");
        }
        assert_eq!(Remedy::from("ask\nagain").text(ImageUse::Program), "ask again");
    }

    #[test]
    fn missing_program_suggests_flags_that_do_not_need_it() {
        let remedy = |engine| ImageFault::missing_program(engine).remedy(ImageUse::Measuring);
        assert_eq!(
            remedy(default_engine()),
            "the image has no iperf3: choose another --image, or --engine iperf2 if it has iperf 2 (2.1 or later)"
        );
        assert_eq!(
            remedy(latency_engine()),
            "the image has no iperf 2 (2.1 or later): choose another --image, or omit --engine iperf2 and --rtt"
        );
    }

    #[test]
    fn suitable_image_has_the_programs_of_all_engines() {
        assert_eq!(
            ImageFault::Unsuitable.remedy(ImageUse::Measuring),
            "use an image that runs as any user and has sh and iperf3 on its PATH, and iperf 2 (2.1 or later) for \
             --engine iperf2 and --rtt"
        );
    }
}
