//! `runs`: the list of saved runs, of those in a cluster as well, and their deletion.

use jiff::Timestamp;
use kubectl_netbench::cli::{ExitCode, ListFormat, RunsArgs, RunsCommand};
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::delivery::volume::{self, Folder, InCluster, Volume, VolumeError};
use kubectl_netbench::schedule::records::Kept;
use kubectl_netbench::schedule::{Id, Records, ScheduleError, Schedules, parse_name};
use kubectl_netbench::store::{Store, StoreError};
use kubectl_netbench::testbed::kubernetes::PodOptions;
use kubectl_netbench::view;

use super::id::new_id;
use super::output::write;
use super::volume::ready;
use super::{Error, Surroundings, interrupt, schedule};
use crate::console::{self, Console};

pub(super) async fn run(
    arguments: RunsArgs,
    console: Console,
    surroundings: &Surroundings,
) -> Result<ExitCode, Error> {
    let store = surroundings.store.as_ref().ok_or(StoreError::NoDirectory)?;
    if let Some(RunsCommand::Delete(arguments)) = arguments.command {
        let deleted = store.delete(&arguments.runs)?;
        console::note(&format!("deleted {}", deleted.join(", ")));
        return Ok(ExitCode::Success);
    }
    let only = match &arguments.from_cluster {
        Some(place) => {
            let interrupt = interrupt::watch();
            let finding = Fetch::new(place, &arguments, store, surroundings, &interrupt);
            let Some(fetch) = interrupt.unless(finding).await else { return Ok(ExitCode::Interrupted) };
            let fetch = fetch?;
            tokio::select! {
                // the pod ends by itself, and `cleanup` knows it
                () = interrupt.second.cancelled() => return Ok(ExitCode::Interrupted),
                ids = fetch.ids() => match ids? {
                    Some(ids) => Some(ids),
                    None => return Ok(ExitCode::Interrupted),
                },
            }
        }
        None => None,
    };
    let mut entries = store.list()?;
    entries.retain(|entry| only.as_ref().is_none_or(|ids| ids.contains(&entry.id)));
    write(match arguments.output {
        ListFormat::Table if entries.is_empty() => {
            console::note(match &arguments.from_cluster {
                Some(_) => "there is no run yet",
                None => "no run was saved yet; make one: kubectl netbench matrix",
            });
            String::new()
        }
        ListFormat::Table => view::runs(&entries, Timestamp::now(), console.canvas()),
        ListFormat::Json => view::json(&entries),
        ListFormat::Yaml => view::yaml(&entries),
    })
    .await?;
    Ok(ExitCode::Success)
}

/// Brings runs of a cluster here.
struct Fetch<'a> {
    cluster: Cluster,
    /// The schedule, if it is one.
    schedule: Option<Id>,
    volume: Option<InCluster>,
    store: &'a Store,
    interrupt: &'a interrupt::Interrupt,
}

impl<'a> Fetch<'a> {
    /// Finds the place: a schedule of this name, or else a volume.
    async fn new(
        place: &str,
        arguments: &RunsArgs,
        store: &'a Store,
        surroundings: &Surroundings,
        interrupt: &'a interrupt::Interrupt,
    ) -> Result<Self, Error> {
        let connection = &arguments.connection;
        let cluster = cluster::connect(&connection.options(), &surroundings.environment).await?;
        let namespace = schedule::namespace(connection, &cluster);
        let reached = |volume: Volume| InCluster {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            volume,
            image: arguments.image.clone(),
            options: PodOptions::default(),
        };
        let id = schedule::id(place, connection, &cluster);
        // CLAIM:PATH is the name of no schedule
        let found = match parse_name(place) {
            Ok(_) => Schedules::of(&cluster).await?.find(&id).await.map(Some),
            Err(_) => Ok(None),
        };
        let found = match found {
            Err(ScheduleError::Unknown { .. }) => None,
            Err(ScheduleError::Request(error)) if error.is_forbidden() => None,
            found => found?,
        };
        let no_place = || Error::NoPlace { name: place.to_owned(), namespace: namespace.clone() };
        let volume = match &found {
            Some(found) => found.volume().map(reached),
            None => {
                let volume = reached(Volume::parse(place).map_err(|_| no_place())?);
                match volume.check().await {
                    Err(VolumeError::NoClaim { .. }) => return Err(no_place()),
                    checked => checked?,
                }
                Some(volume)
            }
        };
        let schedule = found.map(|found| found.id);
        Ok(Self { cluster, schedule, volume, store, interrupt })
    }

    /// Saves the runs that are not here yet. Returns the ids of all that there are; none if the user does not
    /// want to wait.
    async fn ids(&self) -> Result<Option<Vec<String>>, Error> {
        let mut ids = Vec::new();
        // first the volume: its documents have all figures
        if let Some(volume) = &self.volume {
            let pod = volume.open(&new_id()).await?;
            let read = async {
                ready(&pod).await?;
                self.fetch_volume(&pod).await
            };
            let (read, closed) = (self.interrupt.unless(read).await, pod.close().await);
            let Some(read) = read else { return Ok(None) };
            ids.extend(read?);
            closed?;
        }
        if let Some(id) = &self.schedule {
            let Some(read) = self.interrupt.unless(self.fetch_records(id)).await else { return Ok(None) };
            ids.extend(read?);
        }
        Ok(Some(ids))
    }

    async fn fetch_volume(&self, folder: &impl Folder) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        for file in volume::documents(folder).await? {
            if !self.store.has_run(&file.id) {
                match volume::document(folder, &file).await {
                    Ok(run) => self.store.add(&run)?,
                    Err(error @ VolumeError::NoRun { .. }) => {
                        console::error(&error.explain());
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            ids.push(file.id);
        }
        Ok(ids)
    }

    async fn fetch_records(&self, id: &Id) -> Result<Vec<String>, Error> {
        let (records, mut ids) = (Records::of(&self.cluster, id), Vec::new());
        for Kept { entry, .. } in records.list().await? {
            if !self.store.has_run(&entry.id) {
                match records.read(&entry.id).await {
                    Ok(Some(run)) => self.store.add(&run)?,
                    // it was deleted meanwhile
                    Ok(None) => continue,
                    Err(error @ ScheduleError::Record(_)) => {
                        console::error(&error.explain());
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            ids.push(entry.id);
        }
        Ok(ids)
    }
}
