//! Makes a schedule.

use futures_util::future::try_join_all;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};

use super::{ScheduleError, Schedules};
use crate::cluster::objects::Object;
use crate::cluster::{API_SERVER_AWAY, RequestError, patiently};
use crate::schedule::{Id, Schedule, objects};

impl Schedules<'_> {
    /// Makes all objects of a schedule, or none: the cluster is asked first whether it would take them. Says
    /// whether they were made, and not given up in the middle.
    ///
    /// # Errors
    /// It would not, there is such a schedule already, or something failed: what was made is removed again.
    pub async fn create(
        &self,
        schedule: &Schedule,
        is_given_up: impl Fn() -> bool,
    ) -> Result<bool, ScheduleError> {
        let id = &schedule.id;
        if schedule.cron.timezone().is_some()
            && let Some(version) = self.without_timezones().await?
        {
            return Err(ScheduleError::NoTimezones { version });
        }
        if self.cron_job(id).await?.is_some() {
            return Err(ScheduleError::Exists { name: id.name.clone(), namespace: id.namespace.clone() });
        }
        let objects = objects::objects(schedule, self.cron_jobs);
        let rehearsed = objects.iter().filter(|object| {
            // that of a role that is not there yet is refused to whoever may not bind any role
            !object.kind().ends_with("Binding")
        });
        try_join_all(rehearsed.map(|object| self.make(id, object, true))).await?;
        let mut made = Vec::new();
        for object in &objects {
            let error = match self.make(id, object, false).await {
                Ok(uid) => {
                    made.push((object, uid));
                    if !is_given_up() {
                        continue;
                    }
                    None
                }
                Err(error) => {
                    // one that had no answer may have been made
                    if matches!(&error, ScheduleError::Request(error) if error.may_pass()) {
                        made.push((object, None));
                    }
                    Some(error)
                }
            };
            let left = self.unmake(id, &made).await;
            return match (left.is_empty(), error) {
                (false, error) => {
                    let why = error.map_or("it was interrupted".to_owned(), |error| {
                        let explanation = error.explain();
                        explanation.cause.unwrap_or(explanation.error)
                    });
                    Err(ScheduleError::HalfMade { id: id.clone(), left: left.join(", "), why })
                }
                (true, Some(error)) => Err(error),
                (true, None) => Ok(false),
            };
        }
        Ok(true)
    }

    /// Deletes objects that were just made, and nothing that somebody else has made since. Returns those that
    /// are left.
    async fn unmake(&self, id: &Id, made: &[(&Object, Option<String>)]) -> Vec<String> {
        let mut left = Vec::new();
        for (object, uid) in made.iter().rev() {
            let (api, name) = (self.api(object, id), object.name());
            let preconditions = Preconditions { uid: uid.clone(), resource_version: None };
            let parameters =
                DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
            let delete = || self.cluster.call("take back what was made", api.delete(name, &parameters));
            match patiently(API_SERVER_AWAY, delete).await {
                // 409: it is another one
                Err(error) if !error.is_not_found() && !error.is_conflict() => {
                    left.push(format!("{} {name}", object.kind()));
                }
                _ => {}
            }
        }
        left
    }

    /// The version of a cluster that has no time zones; none for one that has.
    async fn without_timezones(&self) -> Result<Option<String>, RequestError> {
        let version = self.cluster.version().await?;
        let minor = version.as_deref().and_then(|version| {
            let mut parts = version.trim_start_matches('v').split('.').skip(1);
            parts.next()?.parse::<u32>().ok()
        });
        Ok(version.filter(|_| minor.is_some_and(|minor| minor < 25)))
    }

    /// Makes an object, or asks whether it could be made. Returns its uid.
    async fn make(
        &self,
        id: &Id,
        object: &Object,
        is_rehearsal: bool,
    ) -> Result<Option<String>, ScheduleError> {
        let Some(dynamic) = object.to_dynamic() else { return Ok(None) };
        let api = self.api(object, id);
        let parameters = PostParams { dry_run: is_rehearsal, field_manager: None };
        let (kind, name) = (object.kind(), object.name());
        let made =
            self.cluster.call(format!("make the {kind} {name}"), api.create(&parameters, &dynamic)).await;
        match made {
            Err(error) if kind == "ServiceMonitor" && error.is_not_found() => {
                Err(ScheduleError::NoServiceMonitors)
            }
            Err(error) if error.is_conflict() => {
                Err(ScheduleError::Taken { kind: kind.to_owned(), name: name.to_owned() })
            }
            other => Ok(other?.uid()),
        }
    }

    fn api(&self, object: &Object, id: &Id) -> Api<DynamicObject> {
        let (client, resource) = (self.cluster.client.clone(), object.resource());
        if object.is_namespaced() {
            Api::namespaced_with(client, &id.namespace, &resource)
        } else {
            Api::all_with(client, &resource)
        }
    }
}
