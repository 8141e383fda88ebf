//! A Pushgateway of Prometheus, for runs that nobody scrapes: `PUT /metrics/job/NAME/LABEL/VALUE`.
//!
//! See <https://github.com/prometheus/pushgateway/blob/master/README.md#put-method>.

use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::uri::{Authority, Scheme};
use http::{Request, Uri};
use kube::client::Body;
use kube::{Client, Config};
use percent_encoding::percent_decode_str;

use crate::cluster::{innermost, without_credentials};
use crate::explanation::Explanation;
use crate::sanitize::reason;

/// How long it may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The pauses before it is asked again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// The job that metrics are pushed as, where the URL names none.
const JOB: &str = "netbench";

/// The format of metrics, as HTTP names it.
pub(crate) const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A Pushgateway, with the group that metrics are pushed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Gateway {
    scheme: Scheme,
    /// The host with its port.
    authority: Authority,
    /// The user and the password, if it asks for them.
    user: Option<(String, String)>,
    /// The path of the group.
    path: String,
    /// Whether the user has named the group.
    has_group: bool,
}

/// Why metrics were not pushed.
#[derive(Debug, thiserror::Error)]
#[error("cannot push the metrics to {gateway}")]
pub struct PushError {
    /// The gateway.
    pub gateway: String,
    /// Why.
    pub why: String,
}

impl PushError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        Explanation::new(self.to_string()).cause(&self.why).help(
            "see whether it is up and reachable from here; \
             `kubectl netbench report -o prometheus` has the same metrics for a later push by curl",
        )
    }
}

impl Gateway {
    /// Reads a gateway's address: `http://host:9091`, with a path of its own or a group, if need be:
    /// `https://host/push/metrics/job/lab`.
    ///
    /// # Errors
    /// It is no address of a web server.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no address: write http://HOST:9091", without_credentials(text));
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else { return Err(wrong()) };
        let (user, host) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority.as_str()),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = user.map(|user| user.split_once(':').unwrap_or((user, "")));
        let path = uri.path().trim_end_matches('/').to_owned();
        let has_group = ["/metrics/job/", "/metrics/job@"].iter().any(|group| path.contains(group));
        let gateway = Self {
            scheme: scheme.clone(),
            authority: host.parse().map_err(|_| wrong())?,
            user: user.map(|(user, password)| (decoded(user), decoded(password))),
            path,
            has_group,
        };
        Ok(if has_group { gateway } else { gateway.under(&format!("/metrics/job/{JOB}")) })
    }

    /// The same in a group that these labels tell from others, unless the user has named one. Their values are
    /// names of objects: nothing in them needs to be quoted.
    #[must_use]
    pub fn in_group(self, labels: &[(&str, &str)]) -> Self {
        if self.has_group {
            return self;
        }
        labels.iter().fold(self, |gateway, (name, value)| gateway.under(&format!("/{name}/{value}")))
    }

    fn under(self, path: &str) -> Self {
        Self { path: self.path + path, ..self }
    }

    /// Puts metrics in place of those that the group has. Tried again where that may help.
    ///
    /// # Errors
    /// It cannot be reached, or does not take them.
    pub async fn push(&self, metrics: &str) -> Result<(), PushError> {
        let mut pauses = PAUSES.iter();
        loop {
            let refused = match self.try_push(metrics).await {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            match pauses.next() {
                Some(pause) if refused.may_pass => tokio::time::sleep(*pause).await,
                _ => return Err(PushError { gateway: self.to_string(), why: refused.why }),
            }
        }
    }

    async fn try_push(&self, metrics: &str) -> Result<(), Refused> {
        let answer = tokio::time::timeout(ANSWER_LIMIT, self.put(metrics)).await;
        let unanswered = |_| format!("it did not answer within {} seconds", ANSWER_LIMIT.as_secs());
        let lost = |why| Refused { why, may_pass: true };
        let (status, said) = answer.map_err(unanswered).flatten().map_err(lost)?;
        if status.is_success() {
            return Ok(());
        }
        let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Err(Refused {
            why: reason(&format!("it answered {status}: {said}")),
            may_pass: status.is_server_error(),
        })
    }

    /// Returns the status and the text of the answer.
    async fn put(&self, metrics: &str) -> Result<(http::StatusCode, String), String> {
        let body = Body::from(metrics.as_bytes().to_vec());
        let request = Request::put(&self.path).header(CONTENT_TYPE, METRICS_TYPE).body(body);
        let request = request.map_err(|error| error.to_string())?;
        let client = self.client().map_err(|error| innermost(&error))?;
        let answer = client.send(request).await.map_err(|error| innermost(&error))?;
        let status = answer.status();
        let said = answer.into_body().collect_bytes().await.unwrap_or_default();
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }

    /// The client of the API server's is one for any server.
    fn client(&self) -> kube::Result<Client> {
        let base = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        let base = base.path_and_query("/").build().map_err(kube::Error::HttpError)?;
        let mut config = Config::new(base);
        config.default_retry = false;
        // a small image has no certificates, and needs none here
        config.accept_invalid_certs = self.scheme == Scheme::HTTP;
        if let Some((user, password)) = self.user.clone() {
            config.auth_info.username = Some(user);
            config.auth_info.password = Some(password.into());
        }
        Client::try_from(config)
    }
}

/// Why one try failed.
struct Refused {
    why: String,
    may_pass: bool,
}

/// Its address, without a password.
impl fmt::Display for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Gateway({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        Gateway::parse(text)
            .unwrap()
            .in_group(&[("namespace", "network"), ("schedule", "nightly")])
            .to_string()
    }

    #[test]
    fn the_group_is_that_of_the_user_or_our_own() {
        let own = "metrics/job/netbench/namespace/network/schedule/nightly";
        assert_eq!(of("http://gateway:9091"), format!("http://gateway:9091/{own}"));
        assert_eq!(of("http://gateway:9091/push/"), format!("http://gateway:9091/push/{own}"));
        assert_eq!(of("https://g/metrics/job/lab/rack/7"), "https://g/metrics/job/lab/rack/7");
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(
            Gateway::parse("https://me:secret@gateway").unwrap().to_string(),
            "https://gateway/metrics/job/netbench"
        );
        for wrong in ["", "gateway:9091", "ftp://me:secret@gateway", "http://"] {
            let told = Gateway::parse(wrong).unwrap_err();
            assert!(told.contains("http://HOST:9091") && !told.contains("secret"), "{told}");
        }
    }
}
