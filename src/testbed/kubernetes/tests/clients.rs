//! Clients by exec and as Jobs.

use super::*;
use crate::document::NoteKind;

#[tokio::test(start_paused = true)]
async fn client_whose_log_is_lost_may_be_retried() {
    let mut status = running();
    status["phase"] = json!("Succeeded");
    status["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 0}});
    let api = api_with_jobs(status, |name| name.contains("/log?").then(|| Answer::text("")));
    let (result, _) = run_client(&testbed(&api, 2, ClientMode::Job, None)).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, crate::document::FailureKind::ClientLost);
    assert!(failure.reason.contains("lost its log"), "{failure:?}");
}

/// The log of a client with the timestamps of the kubelet.
fn client_log() -> Vec<String> {
    let stream = include_str!("../../../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
    stream
        .lines()
        .enumerate()
        .map(|(second, line)| format!("2026-11-23T01:00:0{second}.5Z {line}\n"))
        .collect()
}

/// A server that creates a pod with this status for each Job.
fn api_with_jobs(status: Value, decide: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> FakeApi {
    let api = FakeApi::new(|_, _| None);
    let controller = api.clone();
    api.with_handler(move |name, body| {
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
async fn client_that_is_given_up_is_deleted() {
    let api = api_with_jobs(running(), |name| name.contains("/log?").then(|| Answer::text("")));
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    let given_up = tokio::time::timeout(Duration::from_secs(5), run_client(&testbed)).await;
    assert!(given_up.is_err());
    testbed.context.requests.close();
    testbed.context.requests.wait().await;
    assert!(api.requests("DELETE")[0].contains("/jobs/netbench-k3v9x2mq-client-1?"));
}

async fn run_client(testbed: &KubernetesTestbed) -> (Result<ClientExit, Failure>, String) {
    let text = Mutex::new(String::new());
    let mut output = |line: &str| {
        let mut text = text.lock().unwrap();
        text.push_str(line);
        text.push('\n');
        if line.contains("\"event\":\"end\"") { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let result = testbed.run_client(node_1(), POD, &["iperf3".to_owned()], &|| {}, &mut output).await;
    let text = text.into_inner().unwrap();
    (result, text)
}

#[tokio::test(start_paused = true)]
async fn log_that_breaks_off_is_resumed_without_repeated_lines() {
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
    let (result, text) = run_client(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert!(result.is_ok(), "{result:?}");
    let stream = include_str!("../../../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
    assert_eq!(text.trim_end(), stream.trim_end());
    assert!(
        api.requests("GET").iter().any(|request| request.contains("/log?") && request.contains("sinceTime="))
    );
}

#[tokio::test(start_paused = true)]
async fn log_that_broke_off_is_read_to_its_end_after_the_client_has_ended() {
    let api = FakeApi::new(|_, _| None);
    let (controller, opened) = (api.clone(), AtomicUsize::new(0));
    let api = api.with_handler(move |name, body| {
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
    let (result, text) = run_client(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert!(result.is_ok(), "{result:?}");
    assert!(text.contains("\"event\":\"end\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn client_that_failed_before_it_was_seen_has_its_exit_code_and_message() {
    let mut status = running();
    status["phase"] = json!("Failed");
    status["containerStatuses"][0]["state"] =
        json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "iperf3: error - no"}});
    let api = api_with_jobs(status, |name| name.contains("/log?").then(|| Answer::text("")));
    let (result, _) = run_client(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert_eq!(
        result,
        Ok(ClientExit { code: Some(1), stderr: "iperf3: error - no".to_owned(), unfinished_line: None })
    );
}

#[tokio::test(start_paused = true)]
async fn job_without_a_pod_fails_with_its_warning() {
    let api = FakeApi::new(|name, _| {
        name.contains("/events?").then(|| {
            Answer::ok(&json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": [
                {"metadata": {"name": "e"}, "involvedObject": {}, "type": "Warning",
                 "message": "Error creating: exceeded quota: q, requested: pods=1"},
            ]}))
        })
    });
    let (result, _) = run_client(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert!(result.unwrap_err().reason.contains("exceeded quota"));
}

#[tokio::test(start_paused = true)]
async fn exec_is_chosen_if_both_verbs_are_allowed() {
    for (allowed, route) in [
        (vec!["get", "create"], ClientMode::Auto),
        (vec!["create"], ClientMode::Job),
        (vec![], ClientMode::Job),
    ] {
        let api = FakeApi::new(move |name, body| {
            let verb = body["spec"]["resourceAttributes"]["verb"].as_str()?;
            let mut answer = body.clone();
            answer["status"] = json!({"allowed": allowed.contains(&verb)});
            name.contains("/selfsubjectaccessreviews").then(|| Answer::ok(&answer))
        });
        assert_eq!(choose_client_mode(&api.cluster(), "team-a").await, route);
    }
}

/// An API server that answers exec with `exec`.
fn api_with_exec(exec: impl Fn() -> Answer + Send + Sync + 'static) -> FakeApi {
    api_with_jobs(running(), move |name| {
        if name.contains("/exec?") {
            Some(exec())
        } else {
            may_create_jobs(name).or_else(|| server_log(name))
        }
    })
}

fn may_create_jobs(name: &str) -> Option<Answer> {
    let review = json!({"metadata": {}, "spec": {}, "status": {"allowed": true}});
    name.contains("/selfsubjectaccessreviews").then(|| Answer::ok(&review))
}

fn exec_error(error: TestbedError) -> String {
    match error {
        TestbedError::Exec { reason, .. } => reason,
        error => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn exec_that_does_not_work_is_replaced_by_jobs() {
    let cases = [
        (Some(403), "denied by policy"),
        (Some(502), "bad gateway"),
        (None, "exec did not respond within 5 seconds"),
    ];
    for (code, reason) in cases {
        let api = api_with_exec(move || code.map_or_else(Answer::never, |code| Answer::error(code, reason)));
        let testbed = testbed(&api, 2, ClientMode::Auto, None);
        let began = Instant::now();
        start(&testbed).await;
        assert!(began.elapsed() < Duration::from_secs(15), "{reason}");
        let pods: Vec<String> = api.requests("GET").into_iter().filter(|of| of.contains("/exec?")).collect();
        assert!(pods[0].contains("server-1/exec") && pods[1].contains("server-2/exec"), "{pods:?}");
        let notes = testbed.take_notes();
        assert_eq!(notes[0].kind, NoteKind::ExecUnusable);
        assert!(notes[0].sentence.ends_with(reason), "{notes:?}");
        let _ = tokio::time::timeout(Duration::from_secs(5), run_client(&testbed)).await;
        assert_eq!(api.requests("POST").iter().filter(|request| request.contains("/jobs")).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn reason_is_the_error_if_exec_was_requested() {
    let api = api_with_exec(|| Answer::error(403, "denied by policy"));
    let error = testbed(&api, 2, ClientMode::Exec, None).start(&|_, _| {}).await.unwrap_err();
    assert_eq!(exec_error(error), "denied by policy");
}

#[tokio::test(start_paused = true)]
async fn exec_is_not_replaced_by_jobs_that_the_user_may_not_create() {
    let api = FakeApi::new(|name, body| {
        if name.contains("/selfsubjectaccessreviews") {
            let mut answer = body.clone();
            answer["status"] = json!({"allowed": false});
            return Some(Answer::ok(&answer));
        }
        if name.contains("/exec?") { Some(Answer::error(403, "denied by policy")) } else { server_log(name) }
    });
    let error = testbed(&api, 2, ClientMode::Auto, None).start(&|_, _| {}).await.unwrap_err();
    assert_eq!(exec_error(error), "denied by policy");
}

#[tokio::test(start_paused = true)]
async fn api_server_that_is_away_is_waited_for() {
    let began = Instant::now();
    let api = api_with_jobs(running(), move |name| {
        let is_away =
            began.elapsed() > Duration::from_millis(100) && began.elapsed() < Duration::from_secs(20);
        match name {
            name if name.contains("/exec?") && is_away => Some(Answer::error(503, "no leader")),
            name if name.contains("/exec?") => Some(Answer::error(403, "denied by policy")),
            name if name.contains("/version") && is_away => Some(Answer::error(503, "no leader")),
            name => may_create_jobs(name).or_else(|| server_log(name)),
        }
    });
    let testbed = testbed(&api, 2, ClientMode::Auto, None);
    start(&testbed).await;
    assert!(testbed.take_notes()[0].sentence.ends_with("denied by policy"));
}
