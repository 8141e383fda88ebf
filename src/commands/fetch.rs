//! Brings runs of a cluster here, for `runs` to list and all else to use like those that were made here.

use kubectl_netbench::cli::RunsArgs;
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::delivery::volume::{self, Folder, InCluster, Volume, VolumeError};
use kubectl_netbench::schedule::records::Kept;
use kubectl_netbench::schedule::{Id, Records, ScheduleError, Schedules, parse_name};
use kubectl_netbench::store::Store;

use super::id::new_id;
use super::interrupt::{self, Interrupt};
use super::volume::ready;
use super::{Error, ProgramContext, schedule};
use crate::console::{self, Console};

/// The runs of a place, all of which are here now.
pub(super) struct Fetched {
    pub ids: Vec<String>,
    /// Whether everything could be read; what could not was told.
    pub is_whole: bool,
}

/// Saves the runs of a place that are not here yet; none if the user does not want to wait.
///
/// # Errors
/// There is no such place, or nothing of it can be read.
pub(super) async fn fetch(
    place: &str,
    arguments: &RunsArgs,
    console: Console,
    store: &Store,
    program: &ProgramContext,
) -> Result<Option<Fetched>, Error> {
    let interrupt = interrupt::watch();
    let finding = Place::find(place, arguments, program);
    let Some(place) = interrupt.unless(finding).await else { return Ok(None) };
    let (place, id) = (place?, new_id());
    let removal = place.volume.as_ref().map(|volume| volume.removal_command(&id));
    let fetched = Fetched { ids: Vec::new(), is_whole: true };
    let fetch = Fetch { id, store, program, console, interrupt: &interrupt, fetched };
    tokio::select! {
        fetched = fetch.all(place) => fetched,
        () = interrupt.second.cancelled() => {
            if let Some(command) = removal {
                console::note(&format!("left behind; remove it with\n  {command}"));
            }
            Ok(None)
        }
    }
}

/// Where runs are kept.
struct Place {
    cluster: Cluster,
    /// The schedule, if it is one.
    schedule: Option<Id>,
    volume: Option<InCluster>,
    /// Why it could not be looked for a schedule of this name.
    refused: Option<ScheduleError>,
}

impl Place {
    /// Finds it: a schedule of this name, or else a volume.
    async fn find(name: &str, arguments: &RunsArgs, program: &ProgramContext) -> Result<Self, Error> {
        let connection = &arguments.connection;
        let cluster = cluster::connect(&connection.options(), &program.environment).await?;
        let namespace = schedule::namespace(connection, &cluster);
        let reached = |volume: Volume| InCluster {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            volume,
            image: arguments.image.clone(),
            options: arguments.objects.clone(),
        };
        let id = schedule::id(name, connection, &cluster);
        // CLAIM:PATH is the name of no schedule
        let found = match parse_name(name) {
            Ok(_) => Schedules::of(&cluster).await?.find(&id).await.map(Some),
            Err(_) => Ok(None),
        };
        let (found, refused) = match found {
            Err(ScheduleError::Unknown { .. }) => (None, None),
            Err(ScheduleError::Request(error)) if error.is_forbidden() => (None, Some(error.into())),
            found => (found?, None),
        };
        let volume = match &found {
            Some(found) => found.volume().map(reached),
            None => {
                let no_place = |_| Error::NoPlace { name: name.to_owned(), namespace: namespace.clone() };
                Some(reached(Volume::parse(name).map_err(no_place)?))
            }
        };
        let schedule = found.map(|found| found.id);
        Ok(Self { cluster, schedule, volume, refused })
    }
}

/// What is fetched, and how.
struct Fetch<'a> {
    /// What is made for it is known by this.
    id: String,
    store: &'a Store,
    program: &'a ProgramContext,
    console: Console,
    interrupt: &'a Interrupt,
    fetched: Fetched,
}

impl Fetch<'_> {
    async fn all(mut self, place: Place) -> Result<Option<Fetched>, Error> {
        let Place { cluster, schedule, volume, refused } = place;
        // first the volume: its documents have all figures
        if let Some(volume) = &volume {
            match self.of_volume(volume).await {
                Ok(Some(())) => {}
                Ok(None) => return Ok(None),
                // the newest ones are in ConfigMaps as well
                Err(error) if schedule.is_some() => self.is_partial(&error),
                Err(error) => {
                    let error = match error {
                        Error::Volume(VolumeError::NoClaim { namespace, .. }) => {
                            Error::NoPlace { name: volume.volume.to_string(), namespace }
                        }
                        error => error,
                    };
                    // it may be a schedule all the same
                    return Err(refused.map_or(error, Error::Schedule));
                }
            }
        }
        if let Some(id) = &schedule {
            let interrupt = self.interrupt;
            let Some(read) = interrupt.unless(self.of_schedule(&cluster, id)).await else { return Ok(None) };
            read?;
        }
        Ok(Some(self.fetched))
    }

    fn is_partial(&mut self, error: &Error) {
        console::error(&error.explain());
        self.fetched.is_whole = false;
    }

    /// Reads a volume through a pod that is made for that; none if the user does not want to wait.
    async fn of_volume(&mut self, volume: &InCluster) -> Result<Option<()>, Error> {
        volume.check().await?;
        let interrupt = self.interrupt;
        // that others cannot tell whether it goes on is no reason not to
        let registry = self.program.registry.as_ref();
        let registration = registry.and_then(|registry| registry.register(&self.id).ok());
        let pod = volume.open(&self.id).await?;
        let read = async {
            ready(&pod, self.console).await?;
            self.documents(&pod).await
        };
        let (read, closed) = (interrupt.unless(read).await, pod.close().await);
        if let Some(registration) = registration.filter(|_| closed.is_ok()) {
            registration.remove();
        }
        // the first error is the one to tell
        let read = read.transpose()?;
        closed?;
        Ok(read)
    }

    async fn documents(&mut self, folder: &impl Folder) -> Result<(), Error> {
        for file in volume::documents(folder).await? {
            if !self.store.has_run(&file.id) {
                match volume::document(folder, &file).await {
                    Ok(run) => self.store.add(&run)?,
                    Err(error @ VolumeError::NoRun { .. }) => {
                        self.is_partial(&error.into());
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            self.fetched.ids.push(file.id);
        }
        Ok(())
    }

    async fn of_schedule(&mut self, cluster: &Cluster, id: &Id) -> Result<(), Error> {
        let records = Records::of(cluster, id);
        for Kept { entry, .. } in records.list().await? {
            if !self.store.has_run(&entry.id) {
                match records.read(&entry.id).await {
                    Ok(Some(run)) => self.store.add(&run)?,
                    // it was deleted meanwhile
                    Ok(None) => continue,
                    Err(error @ ScheduleError::Record(_)) => {
                        self.is_partial(&error.into());
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            self.fetched.ids.push(entry.id);
        }
        Ok(())
    }
}
