//! Clients by exec and by Job, and what comes back of them.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_whose_log_is_lost_may_be_tried_again() {
    let mut status = running();
    status["phase"] = json!("Succeeded");
    status["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 0}});
    let api = api_with_jobs(status, |name| name.contains("/log?").then(|| Answer::text("")));
    let (result, _) = run_client(&testbed(&api, 2, ClientWay::Job, None)).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, crate::document::FailureKind::ClientLost);
    assert!(failure.reason.contains("lost its log"), "{failure:?}");
}

/// A client's log with the timestamps of the kubelet.
fn client_log() -> Vec<String> {
    let stream = include_str!("../../../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
    stream
        .lines()
        .enumerate()
        .map(|(second, line)| format!("2026-11-23T01:00:0{second}.5Z {line}\n"))
        .collect()
}

/// A server whose Jobs get the pod that `status` describes.
fn api_with_jobs(status: Value, decide: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> FakeApi {
    let api = FakeApi::new(|_, _| None);
    let controller = api.clone();
    api.deciding(move |name, body| {
        if name.starts_with("POST") && name.contains("/jobs") {
            let mut pod = body["spec"]["template"].clone();
            pod["metadata"]["name"] = json!("client-pod");
            pod["status"] = status.clone();
            controller.add_pod(pod);
        }
        decide(name)
    })
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_given_up_is_deleted() {
    let api = api_with_jobs(running(), |name| name.contains("/log?").then(|| Answer::text("")));
    let testbed = testbed(&api, 2, ClientWay::Job, None);
    let given_up = tokio::time::timeout(Duration::from_secs(5), run_client(&testbed)).await;
    assert!(given_up.is_err());
    testbed.requests.close();
    testbed.requests.wait().await;
    assert!(api.requests("DELETE")[0].contains("/jobs/netbench-k3v9x2mq-client-1?"));
}

async fn run_client(testbed: &KubernetesTestbed) -> (Result<ClientExit, Failure>, String) {
    let read = Mutex::new(Vec::new());
    let mut output = |bytes: &[u8]| {
        let mut read = read.lock().unwrap();
        read.extend_from_slice(bytes);
        let ended = String::from_utf8_lossy(&read).contains("\"event\":\"end\"") && read.ends_with(b"\n");
        if ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let result = testbed.run_client(0, 0, &["iperf3".to_owned()], &mut output).await;
    let text = String::from_utf8(read.into_inner().unwrap()).unwrap();
    (result, text)
}

#[tokio::test(start_paused = true)]
async fn a_log_that_breaks_off_is_read_on_and_nothing_is_counted_twice() {
    let opened = AtomicUsize::new(0);
    let api = api_with_jobs(running(), move |name| {
        let log = client_log();
        (name.contains("/log?")).then(|| match opened.fetch_add(1, Ordering::Relaxed) {
            // in the middle of its third line
            0 => Answer::text(&log.concat()[..log[..2].concat().len() + 40]),
            1 => Answer::error(500, "the kubelet does not answer"),
            _ => Answer::text(&log.concat()),
        })
    });
    let (result, text) = run_client(&testbed(&api, 2, ClientWay::Job, None)).await;
    assert!(result.is_ok(), "{result:?}");
    let stream = include_str!("../../../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
    assert_eq!(text.trim_end(), stream.trim_end());
    assert!(
        api.requests("GET").iter().any(|request| request.contains("/log?") && request.contains("sinceTime="))
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_broke_off_is_read_to_its_end_although_the_client_has_ended_meanwhile() {
    let api = FakeApi::new(|_, _| None);
    let (controller, opened) = (api.clone(), AtomicUsize::new(0));
    let api = api.deciding(move |name, body| {
        if name.starts_with("POST") && name.contains("/jobs") {
            let mut pod = body["spec"]["template"].clone();
            pod["metadata"]["name"] = json!("client-pod");
            pod["status"] = running();
            controller.add_pod(pod);
        }
        name.contains("/log?").then(|| {
            let log = client_log();
            if opened.fetch_add(1, Ordering::Relaxed) > 0 {
                return Answer::text(&log.concat());
            }
            let mut ended = running();
            ended["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 0}});
            controller.add_pod(json!({"metadata": {"name": "client-pod"}, "status": ended}));
            Answer::text(&log[..2].concat())
        })
    });
    let (result, text) = run_client(&testbed(&api, 2, ClientWay::Job, None)).await;
    assert!(result.is_ok(), "{result:?}");
    assert!(text.contains("\"event\":\"end\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_failed_before_it_was_seen_is_told_by_its_log() {
    let mut status = running();
    status["phase"] = json!("Failed");
    status["containerStatuses"][0]["state"] =
        json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "iperf3: error - no"}});
    let api = api_with_jobs(status, |name| name.contains("/log?").then(|| Answer::text("")));
    let (result, _) = run_client(&testbed(&api, 2, ClientWay::Job, None)).await;
    assert_eq!(result, Ok(ClientExit { code: Some(1), stderr: "iperf3: error - no".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_pod_is_told_by_its_events() {
    let api = FakeApi::new(|name, _| {
        name.contains("/events?").then(|| {
            Answer::ok(&json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": [
                {"metadata": {"name": "e"}, "involvedObject": {}, "type": "Warning",
                 "message": "Error creating: exceeded quota: q, requested: pods=1"},
            ]}))
        })
    });
    let (result, _) = run_client(&testbed(&api, 2, ClientWay::Job, None)).await;
    assert!(result.unwrap_err().reason.contains("exceeded quota"));
}

#[tokio::test(start_paused = true)]
async fn exec_is_chosen_where_both_verbs_are_allowed() {
    for (allowed, way) in
        [(vec!["get", "create"], ClientWay::Exec), (vec!["create"], ClientWay::Job), (vec![], ClientWay::Job)]
    {
        let api = FakeApi::new(move |name, body| {
            let verb = body["spec"]["resourceAttributes"]["verb"].as_str()?;
            let mut answer = body.clone();
            answer["status"] = json!({"allowed": allowed.contains(&verb)});
            name.contains("/selfsubjectaccessreviews").then(|| Answer::ok(&answer))
        });
        assert_eq!(choose_client_way(&api.cluster(), "team-a").await, way);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exec_that_is_not_answered_is_given_up_in_time_to_be_tried_again() {
    let api = FakeApi::new(
        |name, _| {
            if name.contains("/exec?") { Some(Answer::never()) } else { server_log(name) }
        },
    );
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    let began = Instant::now();
    let failure = run_client(&testbed).await.0.unwrap_err();
    assert_eq!(failure.kind, crate::document::FailureKind::ClientLost);
    assert!(failure.reason.ends_with("the API server did not answer within 10 seconds"), "{failure:?}");
    assert!(began.elapsed() < Duration::from_secs(15));
}
