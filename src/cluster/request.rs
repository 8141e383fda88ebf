//! Requests to the API server: each with a timeout, and with errors that suggest a remedy.

use std::time::Duration;

use http::StatusCode;
use kube::Client;

use super::cause::{find_cause, innermost, sanitized};
use super::credentials::CredentialError;
use super::rejection::Rejection;
use crate::document::{Failure, FailureKind};
use crate::explanation::Explanation;

/// A connection to the API server of a cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    /// The kubeconfig context; none with a service account.
    pub context: Option<String>,
    /// The flags with which kubectl connects to the same cluster, quoted for a shell.
    pub kubectl_flags: String,
    /// The URL of the API server, for messages; without credentials.
    url: String,
    request_timeout: Option<Duration>,
}

/// Why a request failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {operation}")]
pub struct RequestError {
    /// What the request was for, to follow `cannot`: `list the nodes`.
    pub operation: String,
    /// What went wrong.
    pub kind: RequestErrorKind,
}

/// The reason of a [`RequestError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestErrorKind {
    /// The API server responded with an error.
    Refused {
        /// The HTTP status code.
        code: u16,
        /// The message of the API server.
        message: String,
    },
    /// There was no response within the timeout.
    TimedOut {
        /// The URL of the API server.
        url: String,
        /// The timeout.
        after: Duration,
    },
    /// The credentials have expired or were rejected, and cannot be renewed.
    Credentials(CredentialError),
    /// The API server could not be reached, or its response not be parsed.
    Unreachable {
        /// The URL of the API server.
        url: String,
        /// The innermost cause.
        message: String,
    },
}

impl Cluster {
    pub(super) fn new(
        client: Client,
        context: Option<String>,
        kubectl_flags: String,
        url: &str,
        request_timeout: Option<Duration>,
    ) -> Self {
        Self {
            client,
            context,
            kubectl_flags,
            url: crate::sanitize::without_credentials(url),
            request_timeout,
        }
    }

    /// The namespace of the kubeconfig context.
    pub fn default_namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// Sends a request, and waits for its response until the request timeout.
    ///
    /// # Errors
    /// The request failed or timed out. The error names `operation`, an infinitive: `list the nodes`.
    pub async fn call<T>(
        &self,
        operation: impl Into<String>,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, RequestError> {
        let response = match self.request_timeout {
            Some(limit) => tokio::time::timeout(limit, request).await.map_err(|_| {
                let url = self.url.clone();
                RequestErrorKind::TimedOut { url, after: limit }
            }),
            None => Ok(request.await),
        };
        let result = response.and_then(|response| response.map_err(|error| self.error_kind(error)));
        result.map_err(|kind| RequestError { operation: operation.into(), kind })
    }

    fn error_kind(&self, error: kube::Error) -> RequestErrorKind {
        if let Some(error) = find_cause::<CredentialError>(&error) {
            return RequestErrorKind::Credentials(error.clone());
        }
        match error {
            kube::Error::Api(status) => {
                let message = match (status.message.as_str(), status.reason.as_str()) {
                    (message, NOT_A_STATUS) => foreign_response(status.code, message),
                    ("", reason) => sanitized(reason),
                    (message, _) => sanitized(message),
                };
                RequestErrorKind::Refused { code: status.code, message }
            }
            // the response that refuses a WebSocket has no body, only a status
            kube::Error::UpgradeConnection(kube::client::UpgradeConnectionError::ProtocolSwitch(status)) => {
                RequestErrorKind::Refused {
                    code: status.as_u16(),
                    message: format!("the API server refused the WebSocket: {status}"),
                }
            }
            error => RequestErrorKind::Unreachable { url: self.url.clone(), message: innermost(&error) },
        }
    }
}

/// The reason that kube gives an error response that no API server wrote.
const NOT_A_STATUS: &str = "Failed to parse error data";

/// The longest text of a proxy that is quoted.
const QUOTED_LIMIT: usize = 200;

/// An error response of a proxy: its status, and its text unless it is a page.
fn foreign_response(code: u16, text: &str) -> String {
    let status = StatusCode::from_u16(code).map_or_else(|_| code.to_string(), |status| status.to_string());
    let text = sanitized(text);
    if text.is_empty() || text.starts_with('<') || text.len() > QUOTED_LIMIT {
        format!("HTTP status {status}")
    } else {
        format!("HTTP status {status}: {text}")
    }
}

/// How long requests of a run are retried while the API server is unavailable.
pub(crate) const API_SERVER_OUTAGE: Duration = Duration::from_secs(60);

/// The pause between two attempts at a request.
const PAUSE: Duration = Duration::from_millis(500);

/// Retries a request after transient errors for as long as `patience`. Only for idempotent requests: one that
/// creates an object must treat a conflict as success.
///
/// # Errors
/// The error of the last attempt.
pub(crate) async fn retry_transient<T, F: Future<Output = Result<T, RequestError>>>(
    patience: Duration,
    request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    retry(patience, PAUSE, RequestError::is_transient, request).await
}

/// Retries a request while the API server is unavailable. Any response ends this, even an error 500: the
/// server is there, and the user should see its message without a delay.
///
/// # Errors
/// The error of the last attempt.
pub(crate) async fn retry_unanswered<T, F: Future<Output = Result<T, RequestError>>>(
    request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    let is_unanswered = |error: &RequestError| error.code().is_none() && error.is_transient();
    retry(API_SERVER_OUTAGE, PAUSE, is_unanswered, request).await
}

/// Repeats a request with a pause in between until it succeeds, fails with an error that is not
/// transient, or `limit` is over.
///
/// # Errors
/// The last one.
pub(crate) async fn retry<T, F: Future<Output = Result<T, RequestError>>>(
    limit: Duration,
    pause: Duration,
    is_transient: impl Fn(&RequestError) -> bool,
    mut request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    let give_up = tokio::time::Instant::now() + limit;
    loop {
        match request().await {
            Err(error) if is_transient(&error) && tokio::time::Instant::now() < give_up => {
                tokio::time::sleep(pause).await;
            }
            other => return other,
        }
    }
}

impl RequestError {
    /// The same error without the name of the object that was sent, so that equal refusals of several objects read
    /// the same.
    #[must_use]
    pub(crate) fn without_name(mut self, name: &str) -> Self {
        if let RequestErrorKind::Refused { message, .. } = &mut self.kind {
            *message = message.replace(&format!(" \"{name}\""), "").replace(name, "NAME");
        }
        self
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// Whether the user lacks a permission, or an admission controller rejected the object.
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403)
    }

    /// Whether the credentials are not accepted, and cannot be renewed.
    pub fn is_unauthenticated(&self) -> bool {
        self.code() == Some(401) || matches!(self.kind, RequestErrorKind::Credentials(_))
    }

    /// Whether the object already exists, or has changed since it was read.
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// Whether the same request may succeed if it is retried.
    pub fn is_transient(&self) -> bool {
        match &self.kind {
            RequestErrorKind::Refused { code, .. } => *code == 429 || *code >= 500,
            RequestErrorKind::Credentials(_) => false,
            RequestErrorKind::TimedOut { .. } | RequestErrorKind::Unreachable { .. } => true,
        }
    }

    /// The failure of a test whose client could not be started or watched.
    pub(crate) fn client_failure(&self) -> Failure {
        let kind = match self {
            _ if self.is_transient() => FailureKind::ClientLost,
            _ if self.is_unauthenticated() => FailureKind::Unauthenticated,
            _ => FailureKind::Refused,
        };
        let remedy = self.remedy().filter(|_| kind != FailureKind::ClientLost);
        Failure::new(kind, format!("{self}: {}", self.why())).with_remedy(remedy)
    }

    fn code(&self) -> Option<u16> {
        match self.kind {
            RequestErrorKind::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The cause: the message of the API server, or of the connection.
    pub fn why(&self) -> String {
        match &self.kind {
            RequestErrorKind::Refused { message, .. } => message.clone(),
            RequestErrorKind::TimedOut { url, after } => {
                format!("{url} did not respond within {} seconds", after.as_secs_f64())
            }
            RequestErrorKind::Credentials(error) => error.to_string(),
            RequestErrorKind::Unreachable { url, message } => format!("{url}: {message}"),
        }
    }

    /// The part of the API server that rejected the object; none if none did.
    pub fn rejection(&self) -> Option<Rejection> {
        match &self.kind {
            RequestErrorKind::Refused { code, message } => Rejection::of(*code, message),
            RequestErrorKind::Credentials(_)
            | RequestErrorKind::TimedOut { .. }
            | RequestErrorKind::Unreachable { .. } => None,
        }
    }

    /// A command or flag that may help.
    pub fn remedy(&self) -> Option<String> {
        match &self.kind {
            RequestErrorKind::Refused { code: 401, .. } | RequestErrorKind::Credentials(_) => {
                Some("log in again, or set --context or --user to other credentials".to_owned())
            }
            RequestErrorKind::Refused { code: 429 | 503, .. } => Some("the API server is overloaded: try again later".to_owned()),
            RequestErrorKind::Refused { message, .. } => {
                self.rejection().and_then(|rejection| rejection.remedy(message)).map(str::to_owned)
            }
            RequestErrorKind::TimedOut { .. } => {
                Some("check that the API server is up and reachable from here, or raise --request-timeout".to_owned())
            }
            RequestErrorKind::Unreachable { .. } => {
                Some("check that `kubectl cluster-info` works with the same flags, or set --context to another cluster".to_owned())
            }
        }
    }

    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let explanation = Explanation::new(self.to_string()).cause(self.why());
        match self.remedy() {
            Some(remedy) => explanation.help(remedy),
            None => explanation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(response: &str) -> RequestError {
        let status: kube::core::Status = serde_json::from_str(response).unwrap();
        RequestError {
            operation: "create a pod".to_owned(),
            kind: RequestErrorKind::Refused { code: status.code, message: status.message },
        }
    }

    /// Responses of a Kubernetes 1.36 API server.
    #[test]
    fn refusals_are_explained_with_message_and_remedy() {
        let responses = [
            include_str!("../../tests/fixtures/kubernetes/403-pod-security-baseline-host-network.json"),
            include_str!("../../tests/fixtures/kubernetes/403-pod-security-restricted.json"),
            include_str!("../../tests/fixtures/kubernetes/403-quota-exceeded.json"),
            include_str!("../../tests/fixtures/kubernetes/403-rbac-limited-user.json"),
            include_str!("../../tests/fixtures/kubernetes/404-namespace.json"),
            include_str!("../../tests/fixtures/kubernetes/422-limit-range.json"),
        ];
        insta::assert_debug_snapshot!(responses.map(|response| refused(response).explain()));
    }
}
