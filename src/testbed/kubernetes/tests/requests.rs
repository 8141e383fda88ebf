//! Requests that the API server throttles, or does not answer.

use super::*;

#[tokio::test(start_paused = true)]
async fn retry_after_of_a_429_is_obeyed() {
    let refused = AtomicUsize::new(0);
    let api = FakeApi::new(move |name, _| {
        let first =
            name.starts_with("POST /api/v1/namespaces?") && refused.fetch_add(1, Ordering::Relaxed) == 0;
        if first { Some(Answer::error(429, "too many requests").retry_after(2)) } else { server_log(name) }
    });
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert!(servers.iter().all(Result::is_ok));
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(api.requests("POST /api/v1/namespaces?").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn persistent_503_fails_soon() {
    let api = FakeApi::new(|_, _| Some(Answer::error(503, "the server is shutting down")));
    let began = Instant::now();
    let error = api.cluster().nodes(None).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(15));
    assert!(error.remedy().unwrap().contains("try again later"));
}

#[tokio::test(start_paused = true)]
async fn request_without_an_answer_times_out() {
    let cluster = FakeApi::new(|_, _| None).cluster();
    let error = cluster.call("list the nodes", std::future::pending::<kube::Result<()>>()).await.unwrap_err();
    assert_eq!(error.why(), "https://10.1.0.1:6443 did not respond within 30 seconds");
}

#[tokio::test(start_paused = true)]
async fn repeated_creation_finds_its_own_objects() {
    let api = FakeApi::new(|name, _| match name {
        _ if name.starts_with("POST /api/v1/namespaces?") => Some(Answer::error(409, "already exists")),
        _ => server_log(name),
    });
    assert!(start(&testbed(&api, 2, ClientMode::Job, None)).await.iter().all(Result::is_ok));
}
