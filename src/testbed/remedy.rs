//! What to do about a node or a pod that cannot be used.

use crate::sanitize;

/// What to do about a node or a pod that cannot be used.
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
    /// Its name is invalid, or the pull policy forbids to pull it.
    WrongName,
    /// Its container cannot be started.
    Unsuitable,
    /// It has no iperf3.
    NoIperf3,
    /// It has no iperf 2.
    NoIperf2,
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
    pub fn text(&self, image_use: ImageUse) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Image(fault) => fault.remedy(image_use),
        }
    }
}

impl ImageFault {
    fn remedy(self, image_use: ImageUse) -> &'static str {
        match (self, image_use) {
            (Self::NotPulled, ImageUse::Measuring) => {
                "check --image, and that the nodes can reach its registry"
            }
            (Self::NotPulled, ImageUse::Program) => {
                "check --program-image, and that the nodes can reach its registry"
            }
            (Self::WrongName, ImageUse::Measuring) => "check --image",
            (Self::WrongName, ImageUse::Program) => "check --program-image",
            (Self::Unsuitable, ImageUse::Measuring) => {
                "use an image that runs as any user and has iperf3 and sh on its PATH (for --rtt and --engine iperf2, iperf 2)"
            }
            (Self::NoIperf3, ImageUse::Measuring) => {
                "the image has no iperf3: choose another --image, or --engine iperf2 if it has iperf 2"
            }
            (Self::NoIperf2, ImageUse::Measuring) => {
                "the image has no iperf 2: omit --rtt, or choose another --image"
            }
            (Self::Unsuitable | Self::NoIperf3 | Self::NoIperf2, ImageUse::Program) => {
                "use a --program-image that runs as any user and has kubectl-netbench on its PATH"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_fault_names_the_flag_of_the_image() {
        for fault in [
            ImageFault::NotPulled,
            ImageFault::WrongName,
            ImageFault::Unsuitable,
            ImageFault::NoIperf3,
            ImageFault::NoIperf2,
        ] {
            let remedy = Remedy::from(fault);
            assert!(remedy.text(ImageUse::Program).contains("--program-image"), "{fault:?}");
            assert!(!remedy.text(ImageUse::Measuring).contains("--program-image"), "{fault:?}");
        }
        assert_eq!(Remedy::from("ask\nagain").text(ImageUse::Program), "ask again");
    }
}
