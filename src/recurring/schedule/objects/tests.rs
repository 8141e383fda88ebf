//! Snapshots of the objects of schedules.

use std::time::Duration;

use super::*;
use crate::options::ClientMode;
use crate::options::ObjectOptions;
use crate::options::Volume;
use crate::recurring::schedule::{Cron, ExporterOptions};
use crate::testbed::kubernetes::objects::fixtures::{needs, settings};
use crate::testbed::kubernetes::required_permissions;

pub(in crate::recurring::schedule) fn schedule() -> Schedule {
    Schedule {
        id: ScheduleId { name: "nightly".to_owned(), namespace: "network".to_owned() },
        cron: Cron::parse("0 3 * * *", None).unwrap(),
        arguments: ["matrix", "--path", "pod,host", "-t", "5s"].map(str::to_owned).to_vec(),
        image: "example.org/netbench:1".to_owned(),
        configuration: "namespace: network\n".to_owned(),
        permissions: required_permissions(&needs(settings(), Some("network"), ClientMode::Exec)),
        options: ObjectOptions::default(),
        deadline: Duration::from_secs(3600),
        keep_records: 10,
        volume: None,
        exporter: None,
    }
}

#[test]
fn schedule_objects() {
    insta::assert_snapshot!(manifests(&schedule(), Target::default()));
}

#[test]
fn exporter_objects() {
    let exporter = Some(ExporterOptions { service_monitor: true });
    let old = Target { cron_jobs: CronJobVersion::V1Beta1, ..Target::default() };
    let objects = objects(&Schedule { exporter, ..schedule() }, old);
    let exporter_objects: Vec<Object> =
        objects.iter().filter(|object| object.name() == "netbench-nightly-exporter").cloned().collect();
    insta::assert_snapshot!(yaml(&exporter_objects, "network"));
    assert_eq!(objects.last().unwrap().resource().api_version, "batch/v1beta1");
}

#[test]
fn volume_is_mounted_in_the_pod_of_each_run() {
    let volume = Some(Volume::parse("results:runs/nightly").unwrap());
    let manifests = manifests(&Schedule { volume, ..schedule() }, Target::default());
    for line in ["netbench.dev/volume: results:runs/nightly", "claimName: results", "fsGroup: 65532"] {
        assert!(manifests.contains(line), "{line}");
    }
}

#[test]
fn timezone_is_set_on_the_cron_job() {
    let cron = Cron::parse("0 3 * * *", Some("Europe/Berlin")).unwrap();
    let manifests = manifests(&Schedule { cron, ..schedule() }, Target::default());
    assert!(manifests.contains("timeZone: Europe/Berlin"));
}
