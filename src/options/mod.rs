//! The options of a run: what is measured, where, and with what pods. Pure.
//!
//! One model for all uses. clap fills the groups from the command line, engines and testbeds take them, the
//! run document stores them as [`Parameters`], and reports, comparisons and settings iterate over the
//! declared list of each group ([`OptionInfo`]).

mod address;
mod catalog;
mod duration;
mod measurement;
mod number;
mod placement;
mod pods;
mod pushgateway;
mod quantity;
mod resource;
mod route;
mod schedule;
mod text;
mod volume;

pub use address::Address;
pub use catalog::{OptionInfo, OptionValue};
pub use duration::{TimeLimit, parse_duration, parse_limit};
pub use measurement::{EngineId, MeasurementOptions, Protocol};
pub(crate) use number::number_in;
pub use placement::{ClientMode, DEFAULT_IMAGE, IMAGE_GUIDE, PlacementOptions};
pub use pods::{
    Annotation, ImagePullPolicy, Label, ObjectOptions, PodOptions, PodSecurityLevel, Resource,
    TaintToleration,
};
pub use pushgateway::Pushgateway;
pub use quantity::parse_rate;
pub use resource::ResourceQuantity;
pub use route::{IpFamilies, IpFamily, Path, Route};
pub(crate) use schedule::EXPORTER_SUFFIX;
pub use schedule::{Cron, CronError, MAX_NAME_LENGTH, parse_schedule_name};
pub use text::node_name;
pub use volume::{Retention, Volume};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits on how a plan runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Measuring")]
#[serde(rename_all = "camelCase")]
pub struct PlanOptions {
    /// Maximum number of concurrent tests [default: all disjoint pairs]
    #[arg(long, value_name = "N", value_parser = number_in(1usize..), conflicts_with = "to", hide_short_help = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
}

impl PlanOptions {
    /// Every option of this group.
    pub const CATALOG: &[OptionInfo<Self>] =
        &[OptionInfo::new("concurrency", "maximum concurrent tests", |o: &Self| {
            o.concurrency.map(|limit| limit.to_string())
        })
        .setting()];
}

/// The options of a run, with defaults filled in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// What each test did.
    #[serde(flatten)]
    pub measurement: MeasurementOptions,
    /// Where and how tests ran.
    #[serde(flatten)]
    pub placement: PlacementOptions,
    /// How the plan ran.
    #[serde(flatten)]
    pub plan: PlanOptions,
    /// What the pods had.
    #[serde(default, skip_serializing_if = "PodOptions::is_empty")]
    pub pods: PodOptions,
    /// Port of the servers of latency tests; absent without them, and where each has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_port: Option<u16>,
}

impl Parameters {
    /// The value of every option, in the order of the groups.
    pub fn values(&self) -> Vec<OptionValue> {
        [
            catalog::values(PlacementOptions::CATALOG, &self.placement),
            catalog::values(MeasurementOptions::CATALOG, &self.measurement),
            catalog::values(PlanOptions::CATALOG, &self.plan),
            catalog::values(ObjectOptions::CATALOG, &self.pods.objects),
            catalog::values(PodOptions::CATALOG, &self.pods),
        ]
        .concat()
    }
}

/// The flags of all options that can be settings, in the order of the groups.
pub fn settings() -> Vec<&'static str> {
    fn of<T>(catalog: &'static [OptionInfo<T>]) -> impl Iterator<Item = &'static str> {
        catalog.iter().filter(|info| info.is_setting).map(|info| info.flag)
    }
    of(PlacementOptions::CATALOG)
        .chain(of(MeasurementOptions::CATALOG))
        .chain(of(PlanOptions::CATALOG))
        .chain(of(ObjectOptions::CATALOG))
        .chain(of(PodOptions::CATALOG))
        .collect()
}
