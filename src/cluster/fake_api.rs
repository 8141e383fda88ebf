//! An API server for tests: it stores pods, and returns scripted responses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use kube::client::{Body, ClientBuilder};
use serde_json::{Value, json};

use super::connect::with_retries;
use super::request::Cluster;

/// The response to one request.
pub struct Answer {
    status: StatusCode,
    retry_after: Option<u32>,
    is_sent: bool,
    body: Vec<u8>,
}

impl Answer {
    pub fn ok(body: &Value) -> Self {
        Self { status: StatusCode::OK, retry_after: None, is_sent: true, body: body.to_string().into_bytes() }
    }

    pub fn text(body: &str) -> Self {
        Self { status: StatusCode::OK, retry_after: None, is_sent: true, body: body.as_bytes().to_vec() }
    }

    /// A recorded error response.
    pub fn refusal(recorded: &str) -> Self {
        let status: Value = serde_json::from_str(recorded).unwrap();
        let code = u16::try_from(status["code"].as_u64().unwrap()).unwrap();
        let status = StatusCode::from_u16(code).unwrap();
        Self { status, retry_after: None, is_sent: true, body: recorded.as_bytes().to_vec() }
    }

    pub fn error(code: u16, message: &str) -> Self {
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": if code == 404 { "NotFound" } else { "Other" }, "code": code});
        Self::refusal(&status.to_string())
    }

    /// No response at all: the request hangs.
    pub fn never() -> Self {
        Self { is_sent: false, ..Self::text("") }
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// Returns the response to a request, given as `POST /api/v1/namespaces` and its body; none for the default
/// response.
type Handler = dyn Fn(&str, &Value) -> Option<Answer> + Send + Sync;

struct State {
    requests: Vec<String>,
    pods: Vec<Value>,
    /// Pods whose events no watch has delivered yet; a deleted one has `deleted: true`.
    pending_events: VecDeque<Value>,
}

#[derive(Clone)]
pub struct FakeApi {
    state: Arc<Mutex<State>>,
    handler: Arc<Handler>,
}

impl FakeApi {
    pub fn new(handler: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let state = State { requests: Vec::new(), pods: Vec::new(), pending_events: VecDeque::new() };
        Self { state: Arc::new(Mutex::new(state)), handler: Arc::new(handler) }
    }

    /// The same server, with another handler.
    pub fn with_handler(
        self,
        handler: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self { handler: Arc::new(handler), ..self }
    }

    /// A connection to this server.
    pub fn cluster(&self) -> Cluster {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let api = api.clone();
            async move { Ok::<_, tower::BoxError>(api.answer(request).await) }
        });
        let client = with_retries(ClientBuilder::new(service, "default")).unwrap().build();
        let limit = Some(Duration::from_secs(30));
        Cluster::new(client, Some("test".to_owned()), String::new(), "https://10.1.0.1:6443", limit)
    }

    /// The requests so far that start with `prefix`.
    pub fn requests(&self, prefix: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|request| request.starts_with(prefix)).cloned().collect()
    }

    /// Adds a pod, as a controller would.
    pub fn add_pod(&self, pod: Value) {
        let mut state = self.state.lock().unwrap();
        state.pods.push(pod.clone());
        state.pending_events.push_back(pod);
    }

    /// Deletes the pod that the request names, as `…/pods/NAME?…`.
    pub fn delete_pod(&self, request: &str) {
        let mut state = self.state.lock().unwrap();
        let is_named =
            |pod: &Value| request.contains(&format!("/pods/{}?", pod["metadata"]["name"].as_str().unwrap()));
        if let Some(index) = state.pods.iter().position(is_named) {
            let mut pod = state.pods.remove(index);
            pod["deleted"] = json!(true);
            state.pending_events.push_back(pod);
        }
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let name = format!("{} {}", parts.method, parts.uri);
        self.state.lock().unwrap().requests.push(name.clone());
        let answer = match (self.handler)(&name, &body) {
            Some(answer) => answer,
            None => self.default_answer(&parts.method, &name, body).await,
        };
        if !answer.is_sent {
            std::future::pending::<()>().await;
        }
        let mut response = Response::builder().status(answer.status);
        if let Some(seconds) = answer.retry_after {
            response = response.header("Retry-After", seconds);
        }
        response.body(Body::from(answer.body)).unwrap()
    }

    async fn default_answer(&self, method: &Method, name: &str, body: Value) -> Answer {
        if name.contains("watch=true") {
            return self.watch().await;
        }
        if method == Method::GET && name.contains("/pods?") {
            let pods = self.state.lock().unwrap().pods.clone();
            return Answer::ok(
                &json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": pods}),
            );
        }
        if let Some((_, pod)) = name.split_once("/pods/").filter(|_| method == Method::GET) {
            let state = self.state.lock().unwrap();
            let pod = pod.split('?').next().unwrap_or(pod);
            let found = state.pods.iter().find(|found| found["metadata"]["name"] == *pod);
            return found.map_or_else(|| Answer::error(404, "not found"), Answer::ok);
        }
        if method == Method::POST && name.contains("/pods") && !name.contains("dryRun=All") {
            let mut pod = body;
            pod["status"] = running();
            pod["metadata"]["uid"] = json!(format!("uid-{}", self.state.lock().unwrap().requests.len()));
            self.add_pod(pod.clone());
            return Answer::ok(&pod);
        }
        if method == Method::DELETE && name.contains("/pods/") {
            self.delete_pod(name);
            return Answer::ok(
                &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
            );
        }
        match *method {
            Method::POST => {
                let mut created = body;
                created["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000001");
                Answer::ok(&created)
            }
            Method::DELETE => Answer::ok(
                &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
            ),
            _ => Answer::error(404, "not found"),
        }
    }

    /// Ends after a moment, as real watches do after some minutes, so that events are spread over several
    /// watches.
    async fn watch(&self) -> Answer {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let pending = std::mem::take(&mut self.state.lock().unwrap().pending_events);
        let mut events = String::new();
        for mut pod in pending {
            pod["metadata"]["resourceVersion"] = json!("2");
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
            let event_type = if pod["deleted"] == true { "DELETED" } else { "ADDED" };
            events.push_str(&json!({"type": event_type, "object": pod}).to_string());
            events.push('\n');
        }
        Answer::text(&events)
    }
}

/// The status of a pod whose container runs.
pub fn running() -> Value {
    json!({"phase": "Running", "podIP": "10.244.1.5", "containerStatuses": [
        {"name": "iperf3", "image": "x", "imageID": "x", "ready": true, "restartCount": 0,
         "state": {"running": {"startedAt": "2026-11-23T01:00:00Z"}}},
    ]})
}
