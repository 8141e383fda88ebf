//! Creates a schedule, or nothing.

use futures_util::future::try_join_all;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};

use super::{ScheduleError, Schedules};
use crate::cluster::objects::Object;
use crate::cluster::{API_SERVER_OUTAGE, RequestError, retry_transient};
use crate::recurring::schedule::{Schedule, ScheduleId, objects};

/// The minor version of Kubernetes 1 that introduced time zones for CronJobs.
const TIMEZONES_SINCE: u32 = 25;

/// An object that was created, with its uid. None if the API server did not answer: it may have been created.
type Created<'a> = (&'a Object, Option<String>);

impl Schedules<'_> {
    /// Creates all objects of a schedule. Returns whether it did: false if `is_cancelled` became true in between.
    ///
    /// A dry run precedes the creation, and after an error or a cancellation the objects that were created are deleted.
    ///
    /// # Errors
    /// The schedule exists, or the cluster rejects an object.
    pub async fn create(
        &self,
        schedule: &Schedule,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<bool, ScheduleError> {
        let id = &schedule.id;
        if schedule.cron.timezone().is_some()
            && let Some(version) = self.version_without_timezones().await?
        {
            return Err(ScheduleError::NoTimezones { version });
        }
        if self.cron_job(id).await?.is_some() {
            return Err(ScheduleError::Exists { id: id.clone() });
        }
        let objects = objects::objects(schedule, self.target(schedule).await);
        // for a binding, the API server rejects a role that does not exist yet
        let testable = objects.iter().filter(|object| !object.kind().ends_with("Binding"));
        try_join_all(testable.map(|object| self.create_object(id, object, true))).await?;
        let mut created = Vec::new();
        for object in &objects {
            let error = match self.create_object(id, object, false).await {
                Ok(uid) => {
                    created.push((object, uid));
                    if !is_cancelled() {
                        continue;
                    }
                    None
                }
                Err(error) => {
                    if matches!(&error, ScheduleError::Request(error) if error.is_transient()) {
                        created.push((object, None));
                    }
                    Some(error)
                }
            };
            let remaining = self.roll_back(id, &created).await;
            return match (remaining.is_empty(), error) {
                (false, error) => {
                    let cause = error.map_or("interrupted".to_owned(), |error| {
                        let explanation = error.explain();
                        explanation.cause.unwrap_or(explanation.error)
                    });
                    let remaining = remaining.join(", ");
                    Err(ScheduleError::PartlyCreated { id: id.clone(), remaining, cause })
                }
                (true, Some(error)) => Err(error),
                (true, None) => Ok(false),
            };
        }
        Ok(true)
    }

    /// Deletes objects that were just created, and none that replaced them since. Returns those that remain.
    async fn roll_back(&self, id: &ScheduleId, created: &[Created<'_>]) -> Vec<String> {
        let mut remaining = Vec::new();
        for (object, uid) in created.iter().rev() {
            let (api, name) = (self.api(object, id), object.name());
            let preconditions = Preconditions { uid: uid.clone(), resource_version: None };
            let parameters =
                DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
            let delete =
                || self.cluster.call("delete the objects of the schedule", api.delete(name, &parameters));
            match retry_transient(API_SERVER_OUTAGE, delete).await {
                // a conflict means that the uid is another one
                Err(error) if !error.is_not_found() && !error.is_conflict() => {
                    remaining.push(format!("{} {name}", object.kind()));
                }
                _ => {}
            }
        }
        remaining
    }

    /// The version of the cluster, if it does not support time zones.
    async fn version_without_timezones(&self) -> Result<Option<String>, RequestError> {
        let version = self.cluster.version().await?;
        let minor = version.as_deref().and_then(|version| {
            let mut parts = version.trim_start_matches('v').split('.').skip(1);
            parts.next()?.parse::<u32>().ok()
        });
        Ok(version.filter(|_| minor.is_some_and(|minor| minor < TIMEZONES_SINCE)))
    }

    /// Creates an object, or checks in a dry run that it could be created. Returns its uid.
    async fn create_object(
        &self,
        id: &ScheduleId,
        object: &Object,
        is_dry_run: bool,
    ) -> Result<Option<String>, ScheduleError> {
        let Some(dynamic) = object.to_dynamic() else { return Ok(None) };
        let api = self.api(object, id);
        let parameters = PostParams { dry_run: is_dry_run, field_manager: None };
        let (kind, name) = (object.kind(), object.name());
        let created =
            self.cluster.call(format!("create {kind} {name}"), api.create(&parameters, &dynamic)).await;
        match created {
            Err(error) if kind == "ServiceMonitor" && error.is_not_found() => {
                Err(ScheduleError::NoServiceMonitors)
            }
            Err(error) if error.is_conflict() => {
                Err(ScheduleError::ObjectExists { kind: kind.to_owned(), name: name.to_owned() })
            }
            other => Ok(other?.uid()),
        }
    }

    fn api(&self, object: &Object, id: &ScheduleId) -> Api<DynamicObject> {
        let (client, resource) = (self.cluster.client.clone(), object.resource());
        if object.is_namespaced() {
            Api::namespaced_with(client, &id.namespace, &resource)
        } else {
            Api::all_with(client, &resource)
        }
    }
}
