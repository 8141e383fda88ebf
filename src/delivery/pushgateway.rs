//! A client of the Prometheus Pushgateway, for runs that Prometheus cannot scrape:
//! `PUT /metrics/job/NAME/LABEL/VALUE`.
//!
//! See <https://github.com/prometheus/pushgateway/blob/master/README.md#put-method>.

use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::uri::{Authority, Scheme};
use http::{Request, StatusCode, Uri};
use kube::client::Body;
use kube::{Client, Config};
use percent_encoding::percent_decode_str;

use crate::cluster::{innermost, without_credentials};
use crate::explanation::Explanation;
use crate::sanitize::reason;

/// Maximum time for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The pauses before the retries.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// The job that metrics are pushed as, unless the URL contains one.
const DEFAULT_JOB: &str = "netbench";

/// The media type of metrics in the text format of Prometheus.
pub(crate) const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A Pushgateway and the group that metrics are pushed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Pushgateway {
    scheme: Scheme,
    /// The host and the port.
    authority: Authority,
    /// The user and the password.
    credentials: Option<(String, String)>,
    /// The path of the group.
    path: String,
    /// Whether the URL of the user contains the group.
    has_own_group: bool,
}

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
    /// Parses a URL: `http://host:9091`, with a path prefix or a group if needed, such as
    /// `https://host/push/metrics/job/lab`.
    ///
    /// # Errors
    /// It is not the URL of an HTTP server.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{}` is not a URL: use http://HOST:9091", without_credentials(text));
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else { return Err(invalid()) };
        let (credentials, host) = match authority.as_str().rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority.as_str()),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = credentials.map(|text| text.split_once(':').unwrap_or((text, "")));
        let path = uri.path().trim_end_matches('/').to_owned();
        let has_own_group = ["/metrics/job/", "/metrics/job@"].iter().any(|group| path.contains(group));
        let pushgateway = Self {
            scheme: scheme.clone(),
            authority: host.parse().map_err(|_| invalid())?,
            credentials: credentials.map(|(user, password)| (decoded(user), decoded(password))),
            path,
            has_own_group,
        };
        Ok(if has_own_group { pushgateway } else { pushgateway.join(&format!("/metrics/job/{DEFAULT_JOB}")) })
    }

    /// Adds labels to the group, unless the URL of the user contains one. Names of Kubernetes objects need no encoding.
    #[must_use]
    pub fn with_labels(self, labels: &[(&str, &str)]) -> Self {
        if self.has_own_group {
            return self;
        }
        labels.iter().fold(self, |pushgateway, (name, value)| pushgateway.join(&format!("/{name}/{value}")))
    }

    fn join(self, path: &str) -> Self {
        Self { path: self.path + path, ..self }
    }

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
        let request = Request::put(&self.path).header(CONTENT_TYPE, METRICS_CONTENT_TYPE).body(body);
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

/// The URL without credentials.
impl fmt::Display for Pushgateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

impl fmt::Debug for Pushgateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pushgateway({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_labels(text: &str) -> String {
        Pushgateway::parse(text)
            .unwrap()
            .with_labels(&[("namespace", "network"), ("schedule", "nightly")])
            .to_string()
    }

    #[test]
    fn labels_are_added_unless_the_url_contains_a_group() {
        let group = "metrics/job/netbench/namespace/network/schedule/nightly";
        assert_eq!(with_labels("http://gateway:9091"), format!("http://gateway:9091/{group}"));
        assert_eq!(with_labels("http://gateway:9091/push/"), format!("http://gateway:9091/push/{group}"));
        assert_eq!(with_labels("https://g/metrics/job/lab/rack/7"), "https://g/metrics/job/lab/rack/7");
    }

    #[test]
    fn password_is_not_shown() {
        assert_eq!(
            Pushgateway::parse("https://me:secret@gateway").unwrap().to_string(),
            "https://gateway/metrics/job/netbench"
        );
        for invalid in ["", "gateway:9091", "ftp://me:secret@gateway", "http://"] {
            let message = Pushgateway::parse(invalid).unwrap_err();
            assert!(message.contains("http://HOST:9091") && !message.contains("secret"), "{message}");
        }
    }
}
