//! Requests to the API server: each with a time limit, and with errors that people can act on.

use std::time::Duration;

use kube::Client;

use super::cause::{innermost, shown, without_credentials};
use crate::document::{Failure, FailureKind};
use crate::explanation::Explanation;

/// A cluster that requests can be sent to.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    /// The kubeconfig context; none inside a cluster.
    pub context: Option<String>,
    /// The flags by which kubectl reaches it too, as a shell takes them.
    pub kubectl_flags: String,
    /// The API server's address, for messages.
    url: String,
    request_timeout: Option<Duration>,
}

/// Why a request failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {doing}")]
pub struct RequestError {
    /// What the request was for: `list the nodes`.
    pub doing: String,
    /// What went wrong.
    pub kind: RequestErrorKind,
}

/// The ways in which requests fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestErrorKind {
    /// The server answered with an error.
    Refused {
        /// The HTTP status code.
        code: u16,
        /// The server's own words.
        message: String,
    },
    /// There was no answer in time.
    TimedOut {
        /// The server's address.
        url: String,
        /// The time there was.
        after: Duration,
    },
    /// The server could not be reached, or its answer not be read.
    Unreachable {
        /// The server's address.
        url: String,
        /// What happened.
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
        Self { client, context, kubectl_flags, url: without_credentials(url), request_timeout }
    }

    /// The namespace of the kubeconfig's context.
    pub fn default_namespace(&self) -> &str {
        self.client.default_namespace()
    }

    /// Waits for a request, but not for ever.
    ///
    /// # Errors
    /// The request failed; the error says what it was for (`doing`).
    pub async fn call<T>(
        &self,
        doing: impl Into<String>,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, RequestError> {
        let answer = match self.request_timeout {
            Some(limit) => tokio::time::timeout(limit, request).await.map_err(|_| {
                let url = self.url.clone();
                RequestErrorKind::TimedOut { url, after: limit }
            }),
            None => Ok(request.await),
        };
        let result = answer.and_then(|answer| answer.map_err(|error| self.kind(error)));
        result.map_err(|kind| RequestError { doing: doing.into(), kind })
    }

    fn kind(&self, error: kube::Error) -> RequestErrorKind {
        match error {
            kube::Error::Api(status) => RequestErrorKind::Refused {
                code: status.code,
                message: shown(if status.message.is_empty() { &status.reason } else { &status.message }),
            },
            // a WebSocket is refused without a body, by its status alone
            kube::Error::UpgradeConnection(kube::client::UpgradeConnectionError::ProtocolSwitch(status)) => {
                RequestErrorKind::Refused {
                    code: status.as_u16(),
                    message: format!("the server answered {status} to the request for a WebSocket"),
                }
            }
            error => RequestErrorKind::Unreachable { url: self.url.clone(), message: innermost(&error) },
        }
    }
}

/// How long an API server that is away is waited for once a run has begun.
pub(crate) const API_SERVER_AWAY: Duration = Duration::from_secs(60);

/// Repeats a request that fails in a way that may pass, until it succeeds, is refused, or `patience`
/// is over. Only for requests that may be repeated: a creation must take a conflict for a success.
///
/// # Errors
/// The last one.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, RequestError>>>(
    patience: Duration,
    request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    repeated(patience, RequestError::may_pass, request).await
}

/// Repeats a request to an API server that is away. What a server says that is there, be it that
/// something in the cluster has failed, is an answer: people are not kept waiting for it.
///
/// # Errors
/// The last one.
pub(crate) async fn until_answered<T, F: Future<Output = Result<T, RequestError>>>(
    request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    repeated(API_SERVER_AWAY, |error| error.code().is_none(), request).await
}

async fn repeated<T, F: Future<Output = Result<T, RequestError>>>(
    patience: Duration,
    is_worth_it: impl Fn(&RequestError) -> bool,
    mut request: impl FnMut() -> F,
) -> Result<T, RequestError> {
    const PAUSE: Duration = Duration::from_millis(500);
    let give_up = tokio::time::Instant::now() + patience;
    loop {
        match request().await {
            Err(error) if is_worth_it(&error) && tokio::time::Instant::now() < give_up => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

impl RequestError {
    /// Whether what the request is about does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// Whether the user lacks the right.
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403)
    }

    /// Whether what the request makes exists already.
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// Whether the same request may succeed a little later.
    pub fn may_pass(&self) -> bool {
        self.code().is_none_or(|code| code == 429 || code >= 500)
    }

    /// The failure of a test whose client could not be started or followed.
    pub(crate) fn failure_of_client(&self) -> Failure {
        let kind = if self.may_pass() { FailureKind::ClientLost } else { FailureKind::Refused };
        let remedy = self.remedy().filter(|_| kind == FailureKind::Refused);
        Failure::new(kind, format!("{self}: {}", self.why())).with_remedy(remedy)
    }

    fn code(&self) -> Option<u16> {
        match self.kind {
            RequestErrorKind::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The cause in the words of whoever refused.
    pub fn why(&self) -> String {
        match &self.kind {
            RequestErrorKind::Refused { message, .. } => message.clone(),
            RequestErrorKind::TimedOut { url, after } => {
                format!("{url} did not answer within {} seconds", after.as_secs_f64())
            }
            RequestErrorKind::Unreachable { url, message } => format!("{url}: {message}"),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> Option<String> {
        match &self.kind {
            RequestErrorKind::Refused { code: 401, .. } => {
                Some("the cluster does not accept these credentials: log in again, or choose another --context or --user".to_owned())
            }
            RequestErrorKind::Refused { code: 403, message, .. } => Some(remedy_of_refusal(message)),
            RequestErrorKind::Refused { code: 404, message, .. } if message.starts_with("namespaces") => {
                Some("create the namespace, or leave --namespace out: a run then makes one of its own".to_owned())
            }
            RequestErrorKind::Refused { code: 429 | 503, .. } => Some("the API server is overloaded: try again later".to_owned()),
            RequestErrorKind::Refused { message, .. } => remedy_of_amounts(message).map(str::to_owned),
            RequestErrorKind::TimedOut { .. } => {
                Some("see whether the cluster is up and reachable from here; --request-timeout gives it longer".to_owned())
            }
            RequestErrorKind::Unreachable { .. } => {
                Some("see whether `kubectl cluster-info` works with the same flags; --context chooses another cluster".to_owned())
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

/// What to do where a quota or a `LimitRange` does not like what pods ask for.
fn remedy_of_amounts(message: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&["must specify limits", "must specify requests"]) {
        Some(
            "state what each container takes, as the quota demands: --requests cpu=10m,memory=32Mi \
             --limits cpu=1,memory=64Mi (a limit on CPU may be what is measured)",
        )
    } else if says(&["usage per Container is", "usage per Pod is", "must be less than or equal to"]) {
        Some(
            "choose amounts that the namespace's LimitRange allows, with --requests and --limits \
             (as cpu=10m,memory=32Mi), or leave --namespace out",
        )
    } else {
        None
    }
}

/// What to do about a 403: its message tells which of the gatekeepers has spoken.
fn remedy_of_refusal(message: &str) -> String {
    if message.contains("violates PodSecurity") {
        "label the namespace for Pod Security with pod-security.kubernetes.io/enforce=restricted (privileged with --host), \
         or leave --namespace out: a run then makes a namespace of its own with that label"
    } else if message.contains("PodSecurityPolicy") || message.contains("unable to validate against any pod security policy") {
        "bind a PodSecurityPolicy that allows the pod to the namespace's default service account \
         (with --host one that allows hostNetwork), or leave --host out"
    } else if message.contains("security context constraint") {
        "grant the namespace's default service account an SCC that allows the pod: \
         `oc adm policy add-scc-to-user hostnetwork-v2 -z default` for --host"
    } else if let Some(remedy) = remedy_of_amounts(message) {
        remedy
    } else if message.contains("exceeded quota") || message.contains("failed quota") {
        "raise the quota of the namespace, measure fewer nodes, or leave --namespace out"
    } else if message.contains("not currently held") {
        "whoever makes a role must hold all rights that it gives: ask for these, or for somebody who has them to \
         make it (with --dry-run, `schedule create` prints all objects)"
    } else if message.contains("cannot create resource \"namespaces\"") {
        "run in a namespace in which you may create pods: --namespace NAME"
    } else if message.contains("cannot ") {
        "ask whoever administers the cluster for this right, or choose another --context or --user"
    } else {
        "ask whoever administers the cluster what this policy demands"
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(answer: &str) -> RequestError {
        let status: kube::core::Status = serde_json::from_str(answer).unwrap();
        RequestError {
            doing: "create a pod".to_owned(),
            kind: RequestErrorKind::Refused { code: status.code, message: status.message },
        }
    }

    /// Answers of a Kubernetes 1.36 API server.
    #[test]
    fn refusals_are_told_in_the_clusters_words_with_a_remedy() {
        let answers = [
            include_str!("../../tests/fixtures/kubernetes/403-pod-security-baseline-host-network.json"),
            include_str!("../../tests/fixtures/kubernetes/403-pod-security-restricted.json"),
            include_str!("../../tests/fixtures/kubernetes/403-quota-exceeded.json"),
            include_str!("../../tests/fixtures/kubernetes/403-rbac-limited-user.json"),
            include_str!("../../tests/fixtures/kubernetes/404-namespace.json"),
            include_str!("../../tests/fixtures/kubernetes/422-limit-range.json"),
        ];
        insta::assert_debug_snapshot!(answers.map(|answer| refused(answer).explain()));
    }
}
