//! An API server for tests: it keeps pods, and answers as it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use kube::client::{Body, ClientBuilder};
use serde_json::{Value, json};

use super::connect::with_retries;
use super::request::Cluster;

/// What is answered to one request.
pub struct Answer {
    status: StatusCode,
    retry_after: Option<u32>,
    comes: bool,
    body: Vec<u8>,
}

impl Answer {
    pub fn ok(body: &Value) -> Self {
        Self { status: StatusCode::OK, retry_after: None, comes: true, body: body.to_string().into_bytes() }
    }

    pub fn text(body: &str) -> Self {
        Self { status: StatusCode::OK, retry_after: None, comes: true, body: body.as_bytes().to_vec() }
    }

    /// A refusal with the code, reason and message of a recorded answer.
    pub fn refusal(recorded: &str) -> Self {
        let status: Value = serde_json::from_str(recorded).unwrap();
        let code = u16::try_from(status["code"].as_u64().unwrap()).unwrap();
        let status = StatusCode::from_u16(code).unwrap();
        Self { status, retry_after: None, comes: true, body: recorded.as_bytes().to_vec() }
    }

    pub fn error(code: u16, message: &str) -> Self {
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": if code == 404 { "NotFound" } else { "Other" }, "code": code});
        Self::refusal(&status.to_string())
    }

    /// One that never comes.
    pub fn never() -> Self {
        Self { comes: false, ..Self::text("") }
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// Decides about a request, given as `POST /api/v1/namespaces` and its body; none for the usual
/// answer.
type Decide = dyn Fn(&str, &Value) -> Option<Answer> + Send + Sync;

struct State {
    requests: Vec<String>,
    pods: Vec<Value>,
    /// Pods that the watch has not told of yet.
    untold: VecDeque<Value>,
}

/// The server.
#[derive(Clone)]
pub struct FakeApi {
    state: Arc<Mutex<State>>,
    decide: Arc<Decide>,
}

impl FakeApi {
    pub fn new(decide: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let state = State { requests: Vec::new(), pods: Vec::new(), untold: VecDeque::new() };
        Self { state: Arc::new(Mutex::new(state)), decide: Arc::new(decide) }
    }

    /// The same server, with another way to decide.
    pub fn deciding(self, decide: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self { decide: Arc::new(decide), ..self }
    }

    /// A cluster whose server this is.
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

    /// The requests so far that start with `start`.
    pub fn requests(&self, start: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|request| request.starts_with(start)).cloned().collect()
    }

    /// Puts a pod into the cluster, as a controller would.
    pub fn add_pod(&self, pod: Value) {
        let mut state = self.state.lock().unwrap();
        state.pods.push(pod.clone());
        state.untold.push_back(pod);
    }

    /// Deletes the pod that the request names, as `…/pods/NAME?…`.
    pub fn delete_pod(&self, request: &str) {
        let mut state = self.state.lock().unwrap();
        let named =
            |pod: &Value| request.contains(&format!("/pods/{}?", pod["metadata"]["name"].as_str().unwrap()));
        if let Some(index) = state.pods.iter().position(named) {
            let mut pod = state.pods.remove(index);
            pod["gone"] = json!(true);
            state.untold.push_back(pod);
        }
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let name = format!("{} {}", parts.method, parts.uri);
        self.state.lock().unwrap().requests.push(name.clone());
        let answer = match (self.decide)(&name, &body) {
            Some(answer) => answer,
            None => self.usual(&parts.method, &name, body).await,
        };
        if !answer.comes {
            std::future::pending::<()>().await;
        }
        let mut response = Response::builder().status(answer.status);
        if let Some(seconds) = answer.retry_after {
            response = response.header("Retry-After", seconds);
        }
        response.body(Body::from(answer.body)).unwrap()
    }

    async fn usual(&self, method: &Method, name: &str, body: Value) -> Answer {
        if name.contains("watch=true") {
            return self.watch().await;
        }
        if method == Method::GET && name.contains("/pods?") {
            let pods = self.state.lock().unwrap().pods.clone();
            return Answer::ok(
                &json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": pods}),
            );
        }
        if method == Method::POST && name.contains("/pods") {
            let mut pod = body;
            pod["status"] = running();
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
                let mut made = body;
                made["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000001");
                Answer::ok(&made)
            }
            Method::DELETE => Answer::ok(
                &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
            ),
            _ => Answer::error(404, "not found"),
        }
    }

    /// Every watch ends after a moment, as real ones do after some minutes: all that happens is
    /// told by several of them.
    async fn watch(&self) -> Answer {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let untold = std::mem::take(&mut self.state.lock().unwrap().untold);
        let mut events = String::new();
        for mut pod in untold {
            pod["metadata"]["resourceVersion"] = json!("2");
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
            let happened = if pod["gone"] == true { "DELETED" } else { "ADDED" };
            events.push_str(&json!({"type": happened, "object": pod}).to_string());
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
