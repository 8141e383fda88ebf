//! A client of the Prometheus Pushgateway, for runs that Prometheus cannot scrape:
//! `PUT /metrics/job/NAME/LABEL/VALUE`.
//!
//! See <https://github.com/prometheus/pushgateway/blob/master/README.md#put-method>.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::uri::Scheme;
use http::{Request, StatusCode, Uri};
use kube::client::Body;
use kube::{Client, Config};

use crate::cluster::innermost;
use crate::explanation::Explanation;
use crate::options::Pushgateway;
use crate::sanitize::reason;
use crate::view::PROMETHEUS_CONTENT_TYPE;

/// Maximum time for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The pauses before the retries.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Why metrics could not be pushed.
#[derive(Debug, thiserror::Error)]
#[error("cannot push metrics to {url}")]
pub struct PushError {
    /// The URL, without credentials.
    pub url: String,
    /// The reason.
    pub cause: String,
}

impl PushError {
    /// The error with its cause and help.
    pub fn explain(&self) -> Explanation {
        Explanation::new(self.to_string()).cause(&self.cause).help(
            "check that the Pushgateway is running and reachable; \
             `kubectl netbench report -o prometheus` prints the same metrics, to push them later",
        )
    }
}

impl Pushgateway {
    /// Replaces the metrics of the group. Retries if the server does not answer or fails.
    ///
    /// # Errors
    /// The server cannot be reached, or rejects the metrics.
    pub async fn push(&self, metrics: &str) -> Result<(), PushError> {
        let mut pauses = RETRY_PAUSES.iter();
        loop {
            let failure = match self.try_push(metrics).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            match pauses.next() {
                Some(pause) if failure.is_transient => tokio::time::sleep(*pause).await,
                _ => return Err(PushError { url: self.to_string(), cause: failure.cause }),
            }
        }
    }

    async fn try_push(&self, metrics: &str) -> Result<(), Failure> {
        let response = tokio::time::timeout(REQUEST_TIMEOUT, self.put(metrics)).await;
        let timed_out = |_| format!("no response within {} seconds", REQUEST_TIMEOUT.as_secs());
        let unreachable = |cause| Failure { cause, is_transient: true };
        let (status, body) = response.map_err(timed_out).flatten().map_err(unreachable)?;
        if status.is_success() {
            return Ok(());
        }
        let message = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Err(Failure {
            cause: reason(&format!("HTTP status {status}: {message}")),
            is_transient: status.is_server_error(),
        })
    }

    /// Returns the status and the body of the response.
    async fn put(&self, metrics: &str) -> Result<(StatusCode, String), String> {
        let body = Body::from(metrics.as_bytes().to_vec());
        let request = Request::put(&self.path).header(CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE).body(body);
        let request = request.map_err(|error| error.to_string())?;
        let client = self.client().map_err(|error| innermost(&error))?;
        let response = client.send(request).await.map_err(|error| innermost(&error))?;
        let status = response.status();
        let body = response.into_body().collect_bytes().await.unwrap_or_default();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// A Kubernetes client: it works with any HTTP server.
    fn client(&self) -> kube::Result<Client> {
        let base = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        let base = base.path_and_query("/").build().map_err(kube::Error::HttpError)?;
        let mut config = Config::new(base);
        config.default_retry = false;
        // plain HTTP must work in an image without CA certificates
        config.accept_invalid_certs = self.scheme == Scheme::HTTP;
        if let Some((user, password)) = self.credentials.clone() {
            config.auth_info.username = Some(user);
            config.auth_info.password = Some(password.into());
        }
        Client::try_from(config)
    }
}

/// Why one attempt failed.
struct Failure {
    cause: String,
    is_transient: bool,
}
