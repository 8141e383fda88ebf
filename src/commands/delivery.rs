//! Where the results of a run go beside the user's own runs.

use jiff::Timestamp;
use kubectl_netbench::cli::DeliveryArgs;
use kubectl_netbench::delivery::volume::{self, Directory, InCluster, Retention, Volume};
use kubectl_netbench::delivery::{Gateway, Textfile};
use kubectl_netbench::document::Run;
use kubectl_netbench::view::{self, Canvas, Format};

use super::Error;
use super::interrupt::Interrupt;
use super::scheduled::Scheduled;
use super::volume::ready;
use crate::console::Console;

/// Where a run comes from, as far as that says how its results go elsewhere.
pub(super) struct Origins<'a> {
    /// The schedule that has made it.
    pub scheduled: Option<&'a Scheduled>,
    /// How its volume is reached, unless that is in this process's own pod.
    pub volume: Option<&'a InCluster>,
    pub console: Console,
    pub interrupt: &'a Interrupt,
}

/// Where results go.
pub(super) struct Delivery {
    gateway: Option<Gateway>,
    textfile: Option<Textfile>,
    pub volume: Option<Volume>,
    retention: Option<Retention>,
}

impl Delivery {
    /// Checks that results can go where they are to, as far as that shows before there are any.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(arguments: DeliveryArgs, console: Console) -> Result<Self, Error> {
        let textfile = arguments.metrics_file.map(Textfile::new);
        if let Some(file) = &textfile {
            file.probe().map_err(|source| not_written(file, source))?;
            if !file.is_collected() {
                let path = file.path().display();
                console.remark(&format!("node_exporter reads files that end in .prom only: {path} does not"));
            }
        }
        Ok(Self {
            gateway: arguments.push,
            textfile,
            volume: arguments.volume,
            retention: arguments.volume_keep,
        })
    }

    /// Hands a run out. Returns all that went wrong: one place that fails keeps nothing from the others.
    pub async fn deliver(&self, run: &Run, from: &Origins<'_>) -> Vec<Error> {
        if run.tests.is_empty() {
            return Vec::new();
        }
        let kept = async {
            match from.scheduled {
                Some(scheduled) => scheduled.keep(run, from.console).await,
                None => Ok(()),
            }
        };
        let (written, pushed, on_volume, kept) =
            tokio::join!(async { self.write(run) }, self.push(run, from), self.put(run, from), kept);
        [written, pushed, on_volume, kept].into_iter().filter_map(Result::err).collect()
    }

    fn write(&self, run: &Run) -> Result<(), Error> {
        let Some(file) = &self.textfile else { return Ok(()) };
        file.write(&metrics(run)).map_err(|source| not_written(file, source))
    }

    async fn push(&self, run: &Run, from: &Origins<'_>) -> Result<(), Error> {
        let Some(gateway) = self.gateway.clone() else { return Ok(()) };
        let gateway = match from.scheduled {
            Some(scheduled) => {
                let id = scheduled.id();
                gateway.in_group(&[("namespace", &id.namespace), ("schedule", &id.name)])
            }
            None => gateway,
        };
        gateway.push(&metrics(run)).await?;
        from.console.remark(&format!("pushed the metrics to {gateway}"));
        Ok(())
    }

    async fn put(&self, run: &Run, from: &Origins<'_>) -> Result<(), Error> {
        let Some(wanted) = &self.volume else { return Ok(()) };
        let now = Timestamp::now();
        let file = match from.volume {
            Some(place) => {
                let pod = place.open(&run.id).await?;
                let kept = async {
                    ready(&pod, from.console).await?;
                    volume::keep(&pod, run, self.retention, now).await
                };
                // what an interrupted run has is kept all the same
                let kept = if from.interrupt.first.is_cancelled() {
                    Some(kept.await)
                } else {
                    from.interrupt.unless(kept).await
                };
                let closed = pod.close().await;
                let file = kept.ok_or_else(|| Error::NotKept(wanted.clone()))??;
                closed?;
                file
            }
            // that of a schedule is in its own pod
            None => volume::keep(&Directory::mounted(wanted), run, self.retention, now).await?,
        };
        from.console.remark(&format!("kept as {file} on the volume {wanted}"));
        Ok(())
    }
}

fn metrics(run: &Run) -> String {
    view::render(run, Format::Prometheus, Canvas::FILE)
}

fn not_written(file: &Textfile, source: std::io::Error) -> Error {
    Error::MetricsFile { path: file.path().to_owned(), source }
}
