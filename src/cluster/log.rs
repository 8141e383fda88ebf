//! Logs each request to the API server with its status and duration. Headers and bodies are not logged, since
//! they may contain secrets.

use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tower::{Layer, Service};
use tracing::info;

#[derive(Debug, Clone, Copy)]
pub(super) struct LogLayer;

impl<S> Layer<S> for LogLayer {
    type Service = Log<S>;

    fn layer(&self, inner: S) -> Log<S> {
        Log { inner }
    }
}

/// The service of a [`LogLayer`].
#[derive(Debug, Clone)]
pub(super) struct Log<S> {
    inner: S,
}

impl<S, A, B> Service<Request<A>> for Log<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: ToString,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let description = describe(request.method().as_str(), request.uri());
        let start = Instant::now();
        let response = self.inner.call(request);
        Box::pin(async move {
            let result = response.await;
            let elapsed = start.elapsed().as_millis();
            match &result {
                Ok(response) => info!("{description}: {} in {elapsed} ms", response.status().as_u16()),
                Err(error) => info!("{description}: {} in {elapsed} ms", error.to_string()),
            }
            result
        })
    }
}

/// `GET /api/v1/nodes?limit=500`: without host and credentials.
fn describe(method: &str, uri: &http::Uri) -> String {
    // kube's queries start with `&`; commands are logged where they are run
    let is_logged = |part: &&str| !part.is_empty() && !part.starts_with("command=");
    let parts: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(is_logged).collect();
    let mark = if parts.is_empty() { "" } else { "?" };
    format!("{method} {}{mark}{}", uri.path(), parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_credentials_and_commands_are_not_logged() {
        let uri = "https://me:secret@10.0.0.1:6443/api/v1/nodes?limit=5".parse().unwrap();
        assert_eq!(describe("GET", &uri), "GET /api/v1/nodes?limit=5");
        assert_eq!(describe("POST", &"/api/v1/pods?".parse().unwrap()), "POST /api/v1/pods");
        assert_eq!(describe("GET", &"/api/v1/pods?&limit=5".parse().unwrap()), "GET /api/v1/pods?limit=5");
        let exec = "/exec?stdin=true&container=c&command=sh&command=-c".parse().unwrap();
        assert_eq!(describe("GET", &exec), "GET /exec?stdin=true&container=c");
    }
}
