//! The CronJob of a schedule: each of its Jobs is a run.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, EnvVar, EnvVarSource, ObjectFieldSelector, PodSpec, PodTemplateSpec,
    Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{
    COMMAND_ANNOTATION, CONFIGURATION, CONTAINER, POD_VARIABLE, PROGRAM, RECORDS_VARIABLE, SCHEDULE_VARIABLE,
    Schedule, TERMINATION_MESSAGE_VARIABLE, Target, VOLUME_ANNOTATION, metadata, resources,
};
use crate::cluster::hardened;
use crate::cluster::objects::Object;
use crate::recurring::delivery::volume::mount;
use crate::recurring::schedule::outcome::TERMINATION_MESSAGE_PATH;

/// The number of successful and of failed Jobs to keep, with their logs.
const HISTORY_LIMIT: i32 = 3;

/// Maximum delay of a run, in seconds, for instance after an outage of the controller.
const STARTING_DEADLINE_SECONDS: i64 = 600;

/// The time in seconds that an interrupted run has to delete the objects that it created.
const GRACE_PERIOD_SECONDS: i64 = 120;

/// The CronJob of a schedule.
pub(super) fn cron_job(schedule: &Schedule, target: Target) -> Object {
    let mut cron_job_metadata = metadata(schedule, &schedule.id.object_name(), "run");
    let command = shlex::try_join(schedule.arguments.iter().map(String::as_str)).unwrap_or_default();
    let annotations = cron_job_metadata.annotations.get_or_insert_default();
    annotations.insert(COMMAND_ANNOTATION.to_owned(), command);
    if let Some(volume) = &schedule.volume {
        annotations.insert(VOLUME_ANNOTATION.to_owned(), volume.to_string());
    }
    let (template, pod) = pod_template(schedule, target);
    let job = JobSpec {
        // a failed run has reported its error: the next one starts as scheduled
        backoff_limit: Some(0),
        active_deadline_seconds: i64::try_from(schedule.deadline.as_secs()).ok(),
        template: PodTemplateSpec { metadata: Some(template), spec: Some(pod) },
        ..JobSpec::default()
    };
    let cron_job = CronJob {
        metadata: cron_job_metadata,
        spec: Some(CronJobSpec {
            schedule: schedule.cron.expression().to_owned(),
            time_zone: schedule.cron.timezone().map(str::to_owned),
            // concurrent runs would affect each other's results
            concurrency_policy: Some("Forbid".to_owned()),
            starting_deadline_seconds: Some(STARTING_DEADLINE_SECONDS),
            successful_jobs_history_limit: Some(HISTORY_LIMIT),
            failed_jobs_history_limit: Some(HISTORY_LIMIT),
            job_template: JobTemplateSpec { metadata: Some(unnamed(schedule)), spec: Some(job) },
            ..CronJobSpec::default()
        }),
        ..CronJob::default()
    };
    Object::namespaced(&cron_job).with_api_version(target.cron_jobs.api_version())
}

/// The metadata of a Job or pod, whose name the cluster generates.
fn unnamed(schedule: &Schedule) -> ObjectMeta {
    ObjectMeta { name: None, ..metadata(schedule, "", "run") }
}

/// The metadata and the spec of the pod of each run.
pub(super) fn pod_template(schedule: &Schedule, target: Target) -> (ObjectMeta, PodSpec) {
    let (mut metadata, spec) = (unnamed(schedule), target.relaxation.apply(pod_spec(schedule)));
    hardened::record_containers(&mut metadata, &spec);
    (metadata, spec)
}

fn pod_spec(schedule: &Schedule) -> PodSpec {
    let mut spec = hardened::pod_spec(vec![container(schedule)]);
    hardened::require_linux(&mut spec);
    schedule.options.apply(&mut spec);
    spec.service_account_name = Some(schedule.id.object_name());
    spec.automount_service_account_token = Some(true);
    spec.termination_grace_period_seconds = Some(GRACE_PERIOD_SECONDS);
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
    // Kubernetes expands $(NAME)
    let arguments = schedule.arguments.iter().map(|argument| argument.replace("$(", "$$("));
    container.args = Some(arguments.collect());
    container.env = Some(vec![
        variable(SCHEDULE_VARIABLE, &schedule.id.name),
        variable(RECORDS_VARIABLE, &schedule.keep_records.to_string()),
        pod,
        variable(TERMINATION_MESSAGE_VARIABLE, TERMINATION_MESSAGE_PATH),
        variable("XDG_CONFIG_HOME", CONFIGURATION),
        variable("XDG_DATA_HOME", "/tmp"),
        variable("HOME", "/tmp"),
        // the log may contain symbols outside of ASCII
        variable("LC_ALL", "C.UTF-8"),
    ]);
    // the run writes its outcome as JSON: a part of the log would not be valid
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
