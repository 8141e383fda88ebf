//! Delivers the results of a run to its additional destinations: metrics file, Pushgateway, volume, cluster.

use jiff::Timestamp;
use kubectl_netbench::cli::DeliveryArgs;
use kubectl_netbench::document::Run;
use kubectl_netbench::options::{Pushgateway, Retention, Volume};
use kubectl_netbench::recurring::delivery::Textfile;
use kubectl_netbench::recurring::delivery::volume::{MountedDirectory, VolumeClient, keep_document};
use kubectl_netbench::view::{self, Canvas, Format};

use super::scheduled::ScheduledRun;
use crate::commands::Error;
use crate::commands::interrupt::Interrupt;
use crate::commands::volume::ready;
use crate::console::Console;

/// What the delivery of results needs to know of a run.
pub struct DeliveryContext<'a> {
    /// The run as one of a schedule.
    pub scheduled: Option<&'a ScheduledRun>,
    /// The access to the volume, unless it is mounted in this process's own pod.
    pub volume: Option<&'a VolumeClient>,
    pub console: Console,
    pub interrupt: &'a Interrupt,
}

/// The additional destinations of the results of a run.
pub struct Delivery {
    pushgateway: Option<Pushgateway>,
    textfile: Option<Textfile>,
    pub volume: Option<Volume>,
    retention: Option<Retention>,
}

impl Delivery {
    /// Checks the metrics file, so that an error shows before the run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(arguments: DeliveryArgs, console: Console) -> Result<Self, Error> {
        let textfile = arguments.metrics_file.map(Textfile::new);
        if let Some(file) = &textfile {
            file.probe().map_err(|source| textfile_error(file, source))?;
            if !file.is_collected() {
                let path = file.path().display();
                console.remark(&format!("node_exporter ignores {path}: its name does not end in .prom"));
            }
        }
        Ok(Self {
            pushgateway: arguments.push,
            textfile,
            volume: arguments.volume,
            retention: arguments.volume_keep,
        })
    }

    /// Delivers a run to all destinations, whether or not one of them fails. Returns the errors.
    pub async fn deliver(&self, run: &Run, context: &DeliveryContext<'_>) -> Vec<Error> {
        if run.tests.is_empty() {
            return Vec::new();
        }
        let keep = async {
            match context.scheduled {
                Some(scheduled) => scheduled.keep(run, context.console).await,
                None => Ok(()),
            }
        };
        let results = tokio::join!(
            async { self.write_textfile(run) },
            self.push(run, context),
            self.keep_on_volume(run, context),
            keep
        );
        <[_; 4]>::from(results).into_iter().filter_map(Result::err).collect()
    }

    fn write_textfile(&self, run: &Run) -> Result<(), Error> {
        let Some(file) = &self.textfile else { return Ok(()) };
        file.write(&metrics(run)).map_err(|source| textfile_error(file, source))
    }

    async fn push(&self, run: &Run, context: &DeliveryContext<'_>) -> Result<(), Error> {
        let Some(pushgateway) = self.pushgateway.clone() else { return Ok(()) };
        let pushgateway = match context.scheduled {
            Some(scheduled) => {
                let id = scheduled.id();
                pushgateway.with_labels(&[("namespace", &id.namespace), ("schedule", &id.name)])
            }
            None => pushgateway,
        };
        pushgateway.push(&metrics(run)).await?;
        context.console.remark(&format!("pushed metrics to {pushgateway}"));
        Ok(())
    }

    async fn keep_on_volume(&self, run: &Run, context: &DeliveryContext<'_>) -> Result<(), Error> {
        let Some(volume) = &self.volume else { return Ok(()) };
        let now = Timestamp::now();
        let file = match context.volume {
            Some(client) => {
                let pod = client.open(&run.id).await?;
                let keep = async {
                    ready(&pod, context.console).await?;
                    keep_document(&pod, run, self.retention, now).await
                };
                // the results of an interrupted run are kept as well
                let kept = if context.interrupt.first.is_cancelled() {
                    Some(keep.await)
                } else {
                    context.interrupt.unless(keep).await
                };
                let closed = pod.close().await;
                let file = kept.ok_or_else(|| Error::NotKept(volume.clone()))??;
                closed?;
                file
            }
            // the pod of a schedule has the volume mounted
            None => keep_document(&MountedDirectory::new(volume), run, self.retention, now).await?,
        };
        context.console.remark(&format!("kept {file} on volume {volume}"));
        Ok(())
    }
}

fn metrics(run: &Run) -> String {
    view::render(run, Format::Prometheus, Canvas::FILE)
}

fn textfile_error(file: &Textfile, source: std::io::Error) -> Error {
    Error::MetricsFile { path: file.path().to_owned(), source }
}
