//! Serves the metrics of the newest run to Prometheus: `/metrics`, and `/healthz` for probes.
//!
//! Each scrape looks for the newest run. While its source fails, the last known run is served, with `netbench_up 0`.

mod source;

pub use source::{RunSource, SavedRuns, ScheduleRuns, SourceError};

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::document::Run;
use crate::explanation::Explanation;
use crate::view::{self, PROMETHEUS_CONTENT_TYPE, Served};

/// Maximum time to look for the latest run. The default scrape timeout of Prometheus is 10 seconds.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(8);

/// An HTTP server of metrics.
pub struct Exporter<S> {
    source: S,
    schedule: Option<String>,
    max_series: usize,
    last: Mutex<LastResult>,
    report_error: Box<dyn Fn(&Explanation) + Send + Sync>,
}

/// What the last scrapes found.
#[derive(Default)]
struct LastResult {
    /// The last known run.
    run: Option<Arc<Run>>,
    /// The error of the last scrape.
    error: Option<Explanation>,
}

impl<S: RunSource> Exporter<S> {
    /// Serves at most `max_series` series of the runs of `source`, labelled with the schedule if they have one. Calls
    /// `report_error` with each error of the source, once per streak of equal errors.
    pub fn new(
        source: S,
        schedule: Option<String>,
        max_series: usize,
        report_error: impl Fn(&Explanation) + Send + Sync + 'static,
    ) -> Self {
        Self { source, schedule, max_series, last: Mutex::default(), report_error: Box::new(report_error) }
    }

    /// Serves until `shutdown` completes.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let exporter = Arc::new(self);
        let metrics = move || {
            let exporter = exporter.clone();
            async move { ([(CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE)], exporter.metrics().await).into_response() }
        };
        let router = Router::new().route("/metrics", get(metrics)).route("/healthz", get(async || "ok\n"));
        let router = router.route("/", get(async || "kubectl-netbench: see /metrics\n"));
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }

    /// The current metrics.
    async fn metrics(&self) -> String {
        let found = match tokio::time::timeout(SOURCE_TIMEOUT, self.source.newest()).await {
            Ok(found) => found.map_err(|error| error.explain()),
            Err(_) => {
                let cause = format!("timed out after {} seconds", SOURCE_TIMEOUT.as_secs());
                Err(Explanation::new("cannot look for the latest run").cause(cause))
            }
        };
        let (run, is_up) = self.remember(found);
        let schedule = self.schedule.as_deref();
        let served = Served { schedule, is_up, now: Timestamp::now(), max_series: self.max_series };
        view::served(run.as_deref(), served)
    }

    /// The last known run, and whether the source is available.
    fn remember(&self, found: Result<Option<Arc<Run>>, Explanation>) -> (Option<Arc<Run>>, bool) {
        // nothing panics while it is locked
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(run) => *last = LastResult { run, error: None },
            Err(error) => {
                if last.error.as_ref() != Some(&error) {
                    (self.report_error)(&error);
                }
                last.error = Some(error);
            }
        }
        (last.run.clone(), last.error.is_none())
    }
}

#[cfg(test)]
mod tests;
