//! The URL of a Prometheus Pushgateway.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};
use percent_encoding::percent_decode_str;

use crate::sanitize::without_credentials;

/// The job that metrics are pushed as, unless the URL contains one.
const DEFAULT_JOB: &str = "netbench";

/// A Pushgateway and the group that metrics are pushed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Pushgateway {
    pub(crate) scheme: Scheme,
    /// The host and the port.
    pub(crate) authority: Authority,
    /// The user and the password.
    pub(crate) credentials: Option<(String, String)>,
    /// The path of the group.
    pub(crate) path: String,
    /// Whether the URL of the user contains the group.
    has_own_group: bool,
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
