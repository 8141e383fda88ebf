//! Tells each request to a cluster, once it is answered: what was asked for, and how it went. No header
//! and no body is told, since those may have secrets.

use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tower::{Layer, Service};
use tracing::info;

/// Tells the requests that go through.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogLayer;

impl<S> Layer<S> for LogLayer {
    type Service = Log<S>;

    fn layer(&self, inner: S) -> Log<S> {
        Log { inner }
    }
}

/// What [`LogLayer`] makes of a service.
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
        let what = told(request.method().as_str(), request.uri());
        let began = Instant::now();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let took = began.elapsed().as_millis();
            match &answer {
                Ok(response) => info!("{what}: {} after {took} ms", response.status().as_u16()),
                Err(error) => info!("{what}: {} after {took} ms", error.to_string()),
            }
            answer
        })
    }
}

/// `GET /api/v1/nodes?limit=500`: of the address only what is the same for everybody.
fn told(method: &str, uri: &http::Uri) -> String {
    // kube's queries begin with an empty part; commands are told by who runs them
    let is_told = |part: &&str| !part.is_empty() && !part.starts_with("command=");
    let parts: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(is_told).collect();
    let mark = if parts.is_empty() { "" } else { "?" };
    format!("{method} {}{mark}{}", uri.path(), parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_server_and_what_it_has_of_secrets_is_not_told() {
        let uri = "https://me:secret@10.0.0.1:6443/api/v1/nodes?limit=5".parse().unwrap();
        assert_eq!(told("GET", &uri), "GET /api/v1/nodes?limit=5");
        assert_eq!(told("POST", &"/api/v1/pods?".parse().unwrap()), "POST /api/v1/pods");
        assert_eq!(told("GET", &"/api/v1/pods?&limit=5".parse().unwrap()), "GET /api/v1/pods?limit=5");
        let exec = "/exec?stdin=true&container=iperf3&command=sh&command=-c".parse().unwrap();
        assert_eq!(told("GET", &exec), "GET /exec?stdin=true&container=iperf3");
    }
}
