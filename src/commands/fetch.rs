//! `runs --from-cluster`: saves the runs of a schedule, or on a volume, on this machine.

use kubectl_netbench::cli::RunsArgs;
use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::options::{Volume, parse_schedule_name};
use kubectl_netbench::recurring::delivery::volume::{
    DocumentDirectory, VolumeClient, VolumeError, list_documents, read_document,
};
use kubectl_netbench::recurring::schedule::records::RecordSummary;
use kubectl_netbench::recurring::schedule::{Records, ScheduleError, ScheduleId, Schedules};
use kubectl_netbench::store::Store;

use super::id::new_id;
use super::interrupt::{self, Interrupt};
use super::volume::ready;
use super::{Error, ProgramContext, schedule};
use crate::console::{self, Console};

/// The runs of a source, all of which are saved now.
pub(super) struct FetchedRuns {
    pub ids: Vec<String>,
    /// Whether all documents could be read; otherwise an error was printed.
    pub is_complete: bool,
}

/// Saves the runs of a source that are not saved yet; none if the user interrupted it.
///
/// # Errors
/// The source does not exist, or cannot be read.
pub(super) async fn fetch(
    source: &str,
    arguments: &RunsArgs,
    console: Console,
    store: &Store,
    program: &ProgramContext,
) -> Result<Option<FetchedRuns>, Error> {
    let interrupt = interrupt::watch();
    let finding = Source::find(source, arguments, program);
    let Some(source) = interrupt.unless(finding).await else { return Ok(None) };
    let (source, id) = (source?, new_id());
    let removal = source.volume.as_ref().map(|volume| volume.removal_command(&id));
    let fetched = FetchedRuns { ids: Vec::new(), is_complete: true };
    let fetcher = Fetcher { id, store, program, console, interrupt: &interrupt, fetched };
    tokio::select! {
        fetched = fetcher.fetch(source) => fetched,
        () = interrupt.second.cancelled() => {
            if let Some(command) = removal {
                console::note(&format!("objects remain in the cluster; to delete them:\n  {command}"));
            }
            Ok(None)
        }
    }
}

/// A source of runs: a schedule, which may have a volume as well, or only a volume.
struct Source {
    cluster: Cluster,
    schedule: Option<ScheduleId>,
    volume: Option<VolumeClient>,
    /// The error if the user is not permitted to look for a schedule of this name.
    forbidden: Option<ScheduleError>,
}

impl Source {
    /// Finds the schedule of this name. If there is none, it is taken for the name of a volume.
    async fn find(name: &str, arguments: &RunsArgs, program: &ProgramContext) -> Result<Self, Error> {
        let connection = &arguments.connection;
        let cluster = cluster::connect(&connection.options(), &program.environment).await?;
        let namespace = schedule::namespace(connection, &cluster);
        let client = |volume: Volume| VolumeClient {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            volume,
            image: arguments.image.clone(),
            options: arguments.objects.clone(),
        };
        let id = schedule::id(name, connection, &cluster);
        // CLAIM:PATH is not a valid name of a schedule
        let found = match parse_schedule_name(name) {
            Ok(_) => Schedules::discover(&cluster).await?.find(&id).await.map(Some),
            Err(_) => Ok(None),
        };
        let (found, forbidden) = match found {
            Err(ScheduleError::NotFound { .. }) => (None, None),
            Err(ScheduleError::Request(error)) if error.is_forbidden() => (None, Some(error.into())),
            found => (found?, None),
        };
        let volume = match &found {
            Some(found) => found.volume().map(client),
            None => {
                let not_found = |_| Error::NoPlace { name: name.to_owned(), namespace: namespace.clone() };
                Some(client(Volume::parse(name).map_err(not_found)?))
            }
        };
        let schedule = found.map(|found| found.id);
        Ok(Self { cluster, schedule, volume, forbidden })
    }
}

/// Saves the runs of a source.
struct Fetcher<'a> {
    /// The id in the labels of the objects that it creates.
    id: String,
    store: &'a Store,
    program: &'a ProgramContext,
    console: Console,
    interrupt: &'a Interrupt,
    fetched: FetchedRuns,
}

impl Fetcher<'_> {
    async fn fetch(mut self, source: Source) -> Result<Option<FetchedRuns>, Error> {
        let Source { cluster, schedule, volume, forbidden } = source;
        // the volume first: its documents contain all samples
        if let Some(volume) = &volume {
            match self.fetch_volume(volume).await {
                Ok(Some(())) => {}
                Ok(None) => return Ok(None),
                // the newest documents are in ConfigMaps as well
                Err(error) if schedule.is_some() => self.report_error(&error),
                Err(error) => {
                    let error = match error {
                        Error::Volume(VolumeError::ClaimNotFound { namespace, .. }) => {
                            Error::NoPlace { name: volume.volume.to_string(), namespace }
                        }
                        error => error,
                    };
                    // the name may be that of a schedule nevertheless
                    return Err(forbidden.map_or(error, Error::Schedule));
                }
            }
        }
        if let Some(id) = &schedule {
            let interrupt = self.interrupt;
            let Some(read) = interrupt.unless(self.fetch_schedule(&cluster, id)).await else {
                return Ok(None);
            };
            read?;
        }
        Ok(Some(self.fetched))
    }

    /// Prints an error that leaves the result incomplete.
    fn report_error(&mut self, error: &Error) {
        console::error(&error.explain());
        self.fetched.is_complete = false;
    }

    /// Fetches the documents on a volume; none if the user interrupted it.
    async fn fetch_volume(&mut self, volume: &VolumeClient) -> Result<Option<()>, Error> {
        volume.check().await?;
        let interrupt = self.interrupt;
        // not fatal: others then cannot see that this process is running
        let registry = self.program.registry.as_ref();
        let registration = registry.and_then(|registry| registry.register(&self.id).ok());
        let pod = volume.open(&self.id).await?;
        let read = async {
            ready(&pod, self.console).await?;
            self.fetch_documents(&pod).await
        };
        let (read, closed) = (interrupt.unless(read).await, pod.close().await);
        if let Some(registration) = registration.filter(|_| closed.is_ok()) {
            registration.remove();
        }
        // the first error is the one to report
        let read = read.transpose()?;
        closed?;
        Ok(read)
    }

    async fn fetch_documents(&mut self, directory: &impl DocumentDirectory) -> Result<(), Error> {
        for file in list_documents(directory).await? {
            if !self.store.has_run(&file.id) {
                match read_document(directory, &file).await {
                    Ok(run) => self.store.add(&run)?,
                    Err(error @ VolumeError::InvalidDocument { .. }) => {
                        self.report_error(&error.into());
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            self.fetched.ids.push(file.id);
        }
        Ok(())
    }

    async fn fetch_schedule(&mut self, cluster: &Cluster, id: &ScheduleId) -> Result<(), Error> {
        let records = Records::new(cluster, id);
        for RecordSummary { entry, .. } in records.list().await? {
            if !self.store.has_run(&entry.id) {
                match records.read(&entry.id).await {
                    Ok(Some(run)) => self.store.add(&run)?,
                    // it was deleted since it was listed
                    Ok(None) => continue,
                    Err(error @ ScheduleError::Record(_)) => {
                        self.report_error(&error.into());
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
