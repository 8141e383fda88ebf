//! Snapshots of what a cluster is asked to make.

use std::time::Duration;

use super::*;
use crate::delivery::volume::Volume;
use crate::options::{ClientMode, ObjectOptions};
use crate::schedule::{Cron, Exporter};
use crate::testbed::kubernetes::objects::fixtures::{needs, settings};
use crate::testbed::kubernetes::rights;

pub(in crate::schedule) fn schedule() -> Schedule {
    Schedule {
        id: Id { name: "nightly".to_owned(), namespace: "network".to_owned() },
        cron: Cron::parse("0 3 * * *", None).unwrap(),
        words: ["matrix", "--path", "pod,host", "-t", "5s"].map(str::to_owned).to_vec(),
        image: "example.org/netbench:1".to_owned(),
        configuration: "namespace: network\n".to_owned(),
        rights: rights(&needs(settings(), Some("network"), ClientMode::Exec)),
        options: ObjectOptions::default(),
        deadline: Duration::from_secs(3600),
        keep_records: 10,
        volume: None,
        exporter: None,
    }
}

#[test]
fn a_schedule() {
    insta::assert_snapshot!(manifests(&schedule(), CronJobs::V1));
}

#[test]
fn an_exporter_beside_it() {
    let with = Schedule { exporter: Some(Exporter { service_monitor: true }), ..schedule() };
    let objects = objects(&with, CronJobs::V1Beta1);
    let of_exporter: Vec<Object> =
        objects.iter().filter(|object| object.name() == "netbench-nightly-exporter").cloned().collect();
    insta::assert_snapshot!(yaml(&of_exporter, "network"));
    assert_eq!(objects.last().unwrap().resource().api_version, "batch/v1beta1");
}

#[test]
fn a_volume_is_in_the_pod_of_each_run() {
    let volume = Some(Volume::parse("results:runs/nightly").unwrap());
    let manifests = manifests(&Schedule { volume, ..schedule() }, CronJobs::V1);
    for told in ["netbench.dev/volume: results:runs/nightly", "claimName: results", "fsGroup: 65532"] {
        assert!(manifests.contains(told), "{told}");
    }
}

#[test]
fn a_time_zone_is_that_of_the_cron_job() {
    let cron = Cron::parse("0 3 * * *", Some("Europe/Berlin")).unwrap();
    let manifests = manifests(&Schedule { cron, ..schedule() }, CronJobs::V1);
    assert!(manifests.contains("timeZone: Europe/Berlin"));
}
