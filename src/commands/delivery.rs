//! Where the results of a run go beside the user's own runs.

use jiff::Timestamp;
use kubectl_netbench::cli::DeliveryArgs;
use kubectl_netbench::cluster::Cluster;
use kubectl_netbench::delivery::volume::{self, Directory, InCluster, Retention, Volume};
use kubectl_netbench::delivery::{Gateway, Textfile};
use kubectl_netbench::document::Run;
use kubectl_netbench::view::{self, Canvas, Format};

use super::Error;
use super::prepare::new_id;
use super::request::Request;
use crate::console::{self, Console};

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
    pub fn new(arguments: DeliveryArgs) -> Result<Self, Error> {
        let textfile = arguments.metrics_file.map(Textfile::new);
        if let Some(file) = &textfile {
            file.probe().map_err(|source| not_written(file, source))?;
            if !file.is_collected() {
                let path = file.path().display();
                console::note(&format!("node_exporter reads files that end in .prom only: {path} does not"));
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
    pub async fn deliver(&self, run: &Run, request: &Request, place: Option<&InCluster>) -> Vec<Error> {
        if run.tests.is_empty() {
            return Vec::new();
        }
        let console = request.console;
        let kept = async {
            match &request.scheduled {
                Some(scheduled) => scheduled.keep(run, console).await,
                None => Ok(()),
            }
        };
        let (written, pushed, on_volume, kept) = tokio::join!(
            async { self.write(run) },
            self.push(run, request),
            self.put(run, request, place),
            kept
        );
        [written, pushed, on_volume, kept].into_iter().filter_map(Result::err).collect()
    }

    fn write(&self, run: &Run) -> Result<(), Error> {
        let Some(file) = &self.textfile else { return Ok(()) };
        file.write(&metrics(run)).map_err(|source| not_written(file, source))
    }

    async fn push(&self, run: &Run, request: &Request) -> Result<(), Error> {
        let Some(gateway) = self.gateway.clone() else { return Ok(()) };
        let gateway = match &request.scheduled {
            Some(scheduled) => {
                let id = scheduled.id();
                gateway.in_group(&[("namespace", &id.namespace), ("schedule", &id.name)])
            }
            None => gateway,
        };
        gateway.push(&metrics(run)).await?;
        request.console.remark(&format!("pushed the metrics to {gateway}"));
        Ok(())
    }

    async fn put(&self, run: &Run, request: &Request, place: Option<&InCluster>) -> Result<(), Error> {
        let Some(wanted) = &self.volume else { return Ok(()) };
        let now = Timestamp::now();
        let file = match place {
            Some(place) => {
                let pod = place.open(&new_id()).await?;
                let kept = volume::keep(&pod, run, self.retention, now).await;
                let closed = pod.close().await;
                let file = kept?;
                closed?;
                file
            }
            // that of a schedule is in its own pod
            None => volume::keep(&Directory::mounted(wanted), run, self.retention, now).await?,
        };
        tell_kept(request.console, &file.to_string(), wanted);
        Ok(())
    }

    /// How the volume of a run is reached; none if there is none to reach.
    pub fn place(&self, request: &Request, cluster: &Cluster) -> Option<InCluster> {
        request.claim_to_reach()?;
        Some(InCluster {
            cluster: cluster.clone(),
            namespace: request.connection.namespace.clone()?,
            volume: self.volume.clone()?,
            image: request.placement.image().to_owned(),
            options: request.pods.options(),
        })
    }
}

fn tell_kept(console: Console, file: &str, volume: &Volume) {
    console.remark(&format!("kept as {file} on the volume {volume}"));
}

fn metrics(run: &Run) -> String {
    view::render(run, Format::Prometheus, Canvas::FILE)
}

fn not_written(file: &Textfile, source: std::io::Error) -> Error {
    Error::MetricsFile { path: file.path().to_owned(), source }
}
