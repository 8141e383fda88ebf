//! A Pushgateway of Prometheus, for runs that nobody scrapes: `PUT /metrics/job/NAME/LABEL/VALUE`.
//!
//! See <https://github.com/prometheus/pushgateway/blob/master/README.md#put-method>.

use std::fmt;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::cluster::without_credentials;
use crate::explanation::Explanation;
use crate::plain::reason;

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
    url: Url,
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
        Explanation::new(self.to_string()).because(&self.why).remedy(
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
        let url = Url::parse(text).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong());
        }
        let has_group = ["/metrics/job/", "/metrics/job@"].iter().any(|group| url.path().contains(group));
        let gateway = Self { url, has_group: true };
        if has_group {
            return Ok(gateway);
        }
        Ok(Self { has_group: false, ..gateway.under(&["metrics", "job", JOB]) })
    }

    /// The same in a group that these labels tell from others, unless the user has named one.
    #[must_use]
    pub fn in_group(self, labels: &[(&str, &str)]) -> Self {
        if self.has_group {
            return self;
        }
        labels.iter().fold(self, |gateway, (name, value)| gateway.under(&[name, value]))
    }

    fn under(mut self, segments: &[&str]) -> Self {
        // an address with a host always takes segments
        if let Ok(mut path) = self.url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        self
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
        let lost = |error: reqwest::Error| Refused { why: why(&error), may_pass: !error.is_builder() };
        let request = self.client().map_err(lost)?.put(self.url.clone());
        let request = request.header(CONTENT_TYPE, METRICS_TYPE).body(metrics.to_owned());
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let said = answer.text().await.unwrap_or_default();
        let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Err(Refused {
            why: reason(&format!("it answered {status}: {said}")),
            may_pass: status.is_server_error(),
        })
    }

    fn client(&self) -> reqwest::Result<Client> {
        // that somebody else has named one already is just as well
        let _ = rustls::crypto::ring::default_provider().install_default();
        // a PUT that is redirected would arrive as GET, or elsewhere
        let builder = Client::builder().timeout(ANSWER_LIMIT).redirect(Policy::none());
        // a small image has no certificates, and needs none here
        let builder = if self.url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        builder.build()
    }
}

/// Why one try failed.
struct Refused {
    why: String,
    may_pass: bool,
}

/// The innermost cause: the others say that a request failed.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it did not answer within {} seconds", ANSWER_LIMIT.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    reason(&without_credentials(&cause.to_string()))
}

/// Its address, without a password.
impl fmt::Display for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&without_credentials(self.url.as_str()))
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
