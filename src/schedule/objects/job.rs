//! The CronJob, whose Jobs are the runs.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, EnvVar, EnvVarSource, ObjectFieldSelector, PodSpec, PodTemplateSpec,
    Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{
    COMMAND_ANNOTATION, CONFIGURATION, CONTAINER, CronJobs, POD_VARIABLE, PROGRAM, RECORDS_VARIABLE,
    SCHEDULE_VARIABLE, Schedule, TERMINATION_MESSAGE_VARIABLE, VOLUME_ANNOTATION, metadata, resources,
};
use crate::cluster::hardened;
use crate::cluster::objects::Object;
use crate::delivery::volume::mount;
use crate::schedule::outcome::TERMINATION_MESSAGE_PATH;

/// How many Jobs of each outcome stay, with their logs.
const HISTORY: i32 = 3;

/// How late a run may start, in seconds, as when the controller was away.
const STARTING_DEADLINE: i64 = 600;

/// How long a run that is ended has to remove what it has made, in seconds.
const REMOVAL: i64 = 120;

/// The CronJob of a schedule.
pub(super) fn cron_job(schedule: &Schedule, version: CronJobs) -> Object {
    let mut metadata_of_all = metadata(schedule, &schedule.id.object_name(), "run");
    let command = shlex::try_join(schedule.words.iter().map(String::as_str)).unwrap_or_default();
    let annotations = metadata_of_all.annotations.get_or_insert_default();
    annotations.insert(COMMAND_ANNOTATION.to_owned(), command);
    if let Some(volume) = &schedule.volume {
        annotations.insert(VOLUME_ANNOTATION.to_owned(), volume.to_string());
    }
    // of Jobs and pods the cluster makes the names
    let unnamed = || ObjectMeta { name: None, ..metadata(schedule, "", "run") };
    let job = JobSpec {
        // a run that fails has told why: the next one comes at its time
        backoff_limit: Some(0),
        active_deadline_seconds: i64::try_from(schedule.deadline.as_secs()).ok(),
        template: PodTemplateSpec { metadata: Some(unnamed()), spec: Some(pod_spec(schedule)) },
        ..JobSpec::default()
    };
    let cron_job = CronJob {
        metadata: metadata_of_all,
        spec: Some(CronJobSpec {
            schedule: schedule.cron.expression().to_owned(),
            time_zone: schedule.cron.timezone().map(str::to_owned),
            // two at a time would measure each other
            concurrency_policy: Some("Forbid".to_owned()),
            starting_deadline_seconds: Some(STARTING_DEADLINE),
            successful_jobs_history_limit: Some(HISTORY),
            failed_jobs_history_limit: Some(HISTORY),
            job_template: JobTemplateSpec { metadata: Some(unnamed()), spec: Some(job) },
            ..CronJobSpec::default()
        }),
        ..CronJob::default()
    };
    Object::namespaced(&cron_job).of_version(version.api_version())
}

fn pod_spec(schedule: &Schedule) -> PodSpec {
    let mut spec = hardened::pod_spec(vec![container(schedule)]);
    hardened::on_linux(&mut spec);
    schedule.options.apply(&mut spec);
    spec.service_account_name = Some(schedule.id.object_name());
    spec.automount_service_account_token = Some(true);
    spec.termination_grace_period_seconds = Some(REMOVAL);
    spec.volumes.get_or_insert_default().push(Volume {
        name: "configuration".to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: schedule.id.object_name(),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    });
    if let Some(volume) = &schedule.volume {
        mount(&mut spec, &volume.claim);
    }
    spec
}

fn container(schedule: &Schedule) -> Container {
    let variable = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..EnvVar::default()
    };
    let pod = EnvVar {
        name: POD_VARIABLE.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: "metadata.name".to_owned(),
                ..ObjectFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    };
    let mut container =
        hardened::container(CONTAINER.to_owned(), schedule.image.clone(), vec![PROGRAM.to_owned()]);
    // Kubernetes would replace $(NAME) by a variable
    container.args = Some(schedule.words.iter().map(|word| word.replace("$(", "$$(")).collect());
    container.env = Some(vec![
        variable(SCHEDULE_VARIABLE, &schedule.id.name),
        variable(RECORDS_VARIABLE, &schedule.keep_records.to_string()),
        pod,
        variable(TERMINATION_MESSAGE_VARIABLE, TERMINATION_MESSAGE_PATH),
        variable("XDG_CONFIG_HOME", CONFIGURATION),
        variable("XDG_DATA_HOME", "/tmp"),
        variable("HOME", "/tmp"),
        // the log is text for whoever reads it
        variable("LC_ALL", "C.UTF-8"),
    ]);
    // the run reports its outcome there: its log is no substitute
    container.termination_message_path = Some(TERMINATION_MESSAGE_PATH.to_owned());
    container.termination_message_policy = Some("File".to_owned());
    container.volume_mounts.get_or_insert_default().push(VolumeMount {
        name: "configuration".to_owned(),
        mount_path: format!("{CONFIGURATION}/kubectl-netbench"),
        read_only: Some(true),
        ..VolumeMount::default()
    });
    container.resources = Some(resources(schedule));
    container
}
