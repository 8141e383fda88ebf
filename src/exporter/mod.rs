//! Serves the metrics of the newest run to Prometheus: `/metrics`, and `/healthz` for probes.
//!
//! The run is looked for each time that Prometheus asks. While the place that runs come from does not answer,
//! the last one known is served, with `netbench_up 0`.

mod source;

pub use source::{OfSchedule, Saved, Source, SourceError};

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::delivery::METRICS_TYPE;
use crate::document::Run;
use crate::explanation::Explanation;
use crate::view::{self, Served};

/// How long a run is looked for: Prometheus waits for 10 seconds by default.
const LOOK_LIMIT: Duration = Duration::from_secs(8);

/// What is served.
pub struct Exporter<S> {
    source: S,
    schedule: Option<String>,
    max_series: usize,
    /// The last run known, and what was wrong when it was last looked for.
    known: Mutex<Known>,
    tell: Box<dyn Fn(&Explanation) + Send + Sync>,
}

#[derive(Default)]
struct Known {
    run: Option<Arc<Run>>,
    trouble: Option<Explanation>,
}

impl<S: Source> Exporter<S> {
    /// Serves the runs of `source`, of that schedule if they are of one, as no more samples than `max_series`.
    /// `tell` is told what goes wrong, once for each trouble.
    pub fn new(
        source: S,
        schedule: Option<String>,
        max_series: usize,
        tell: impl Fn(&Explanation) + Send + Sync + 'static,
    ) -> Self {
        Self { source, schedule, max_series, known: Mutex::default(), tell: Box::new(tell) }
    }

    /// Serves until `end`.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let exporter = Arc::new(self);
        let metrics = move || {
            let exporter = exporter.clone();
            async move { ([(CONTENT_TYPE, METRICS_TYPE)], exporter.metrics().await).into_response() }
        };
        let router = Router::new().route("/metrics", get(metrics)).route("/healthz", get(async || "ok\n"));
        let router = router.route("/", get(async || "kubectl-netbench: see /metrics\n"));
        axum::serve(listener, router).with_graceful_shutdown(end).await
    }

    /// The metrics as of now.
    async fn metrics(&self) -> String {
        let found = match tokio::time::timeout(LOOK_LIMIT, self.source.newest()).await {
            Ok(found) => found.map_err(|error| error.explain()),
            Err(_) => {
                let seconds = LOOK_LIMIT.as_secs();
                Err(Explanation::new("cannot look for the newest run")
                    .cause(format!("there was no answer within {seconds} seconds")))
            }
        };
        let (run, is_up) = self.remember(found);
        let schedule = self.schedule.as_deref();
        let served = Served { schedule, is_up, now: Timestamp::now(), max_series: self.max_series };
        view::served(run.as_deref(), served)
    }

    /// The newest run that is known, and whether it was found just now.
    fn remember(&self, found: Result<Option<Arc<Run>>, Explanation>) -> (Option<Arc<Run>>, bool) {
        // nothing panics while it is locked
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(run) => *known = Known { run, trouble: None },
            Err(trouble) => {
                if known.trouble.as_ref() != Some(&trouble) {
                    (self.tell)(&trouble);
                }
                known.trouble = Some(trouble);
            }
        }
        (known.run.clone(), known.trouble.is_none())
    }
}

#[cfg(test)]
mod tests;
