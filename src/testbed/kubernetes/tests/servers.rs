//! Servers that start, and reasons why they do not.

use super::*;

#[tokio::test(start_paused = true)]
async fn servers_start_although_every_watch_ends_soon() {
    let api = FakeApi::new(|name, _| server_log(name));
    let servers = start(&testbed(&api, 3, ClientMode::Job, None)).await;
    let server = server("10.244.1.5", 5201);
    assert_eq!(servers, vec![Ok(server); 3]);
}

#[tokio::test(start_paused = true)]
async fn running_server_with_an_empty_log_counts_as_listening() {
    let api = FakeApi::new(|name, _| name.contains("/log?").then(|| Answer::text("")));
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert!(servers.iter().all(|server| server.as_ref().is_ok_and(|server| server.version.is_none())));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn pod_creation_waits_for_the_service_account() {
    let refused = AtomicUsize::new(0);
    let api = FakeApi::new(move |name, _| {
        let late =
            name.starts_with("POST") && name.contains("/pods") && refused.fetch_add(1, Ordering::Relaxed) < 5;
        let message = r#"pods "x" is forbidden: error looking up service account netbench-k3v9x2mq/default: serviceaccount "default" not found"#;
        if late { Some(Answer::error(403, message)) } else { server_log(name) }
    });
    assert!(start(&testbed(&api, 2, ClientMode::Job, None)).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn quota_makes_one_node_unusable_only() {
    let api = FakeApi::new(|name, body| {
        let third = body["metadata"]["name"].as_str().is_some_and(|pod| pod.ends_with("server-3"));
        if third { Some(Answer::refusal(recorded!("403-quota-exceeded.json"))) } else { server_log(name) }
    });
    let servers = start(&testbed(&api, 3, ClientMode::Job, None)).await;
    assert!(servers[0].is_ok() && servers[1].is_ok());
    let unusable = servers[2].as_ref().unwrap_err();
    assert!(unusable.reason().contains("exceeded quota"), "{unusable}");
    assert!(unusable.remedy().unwrap().starts_with("raise the quota"));
}

#[tokio::test(start_paused = true)]
async fn refusal_by_pod_security_has_a_remedy() {
    let api = FakeApi::new(|name, _| {
        let pod = name.starts_with("POST") && name.contains("/pods");
        pod.then(|| Answer::refusal(recorded!("403-pod-security-baseline-host-network.json")))
    });
    let servers = start(&testbed(&api, 2, ClientMode::Job, Some("team-a"))).await;
    let unusable = servers[0].as_ref().unwrap_err();
    assert!(unusable.remedy().unwrap().contains("pod-security.kubernetes.io/enforce"));
}

#[tokio::test(start_paused = true)]
async fn image_that_cannot_be_pulled_is_given_up() {
    let mut pod: Value = serde_json::from_str(recorded!("pod-bad-image.json")).unwrap();
    pod["status"]["containerStatuses"][0]["name"] = json!("iperf3");
    let api = FakeApi::new(|_, _| None);
    let on_create = {
        let api = api.clone();
        move |name: &str, body: &Value| {
            let creates = name.starts_with("POST") && name.contains("/pods");
            creates.then(|| {
                let mut created = body.clone();
                created["status"] = pod["status"].clone();
                api.add_pod(created.clone());
                Answer::ok(&created)
            })
        }
    };
    let api = api.with_handler(on_create);
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientMode::Job, None)).await;
    assert!(began.elapsed() < Duration::from_secs(100));
    assert!(servers[0].as_ref().unwrap_err().reason.contains("cannot pull the image"));
}

/// A status of a pod whose container was not started.
fn not_started() -> Value {
    json!({"phase": "Failed", "containerStatuses": [{
        "name": "iperf3", "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"terminated": {
            "exitCode": 128, "reason": "StartError", "message": "failed to create containerd task"
        }},
    }]})
}

#[tokio::test(start_paused = true)]
async fn server_that_the_runtime_does_not_start_is_recreated_once() {
    for failures in [1, 2] {
        let created = std::sync::Arc::new(AtomicUsize::new(0));
        let api = FakeApi::new(|_, _| None);
        let handler = {
            let (api, created) = (api.clone(), std::sync::Arc::clone(&created));
            move |name: &str, body: &Value| {
                let creates =
                    name.starts_with("POST") && name.contains("/pods?") && !name.contains("dryRun=All");
                let is_first = body["metadata"]["name"].as_str().is_some_and(|pod| pod.ends_with("server-1"));
                if creates && is_first && created.fetch_add(1, Ordering::Relaxed) < failures {
                    let mut failed = body.clone();
                    failed["status"] = not_started();
                    failed["metadata"]["uid"] = json!(format!("failed-{}", created.load(Ordering::Relaxed)));
                    api.add_pod(failed.clone());
                    return Some(Answer::ok(&failed));
                }
                server_log(name)
            }
        };
        let api = api.with_handler(handler);
        let servers = start(&testbed(&api, 2, ClientMode::Job, None)).await;
        assert_eq!(servers.iter().filter(|server| server.is_ok()).count(), 3 - failures, "{servers:?}");
        assert_eq!(created.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn refused_watch_fails_immediately() {
    let api = FakeApi::new(|name, _| {
        let list = name.starts_with("GET") && name.contains("/pods?");
        list.then(|| Answer::refusal(recorded!("403-rbac-limited-user.json")))
    });
    let began = Instant::now();
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    let servers = start(&testbed).await;
    testbed.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(servers[0].as_ref().unwrap_err().reason.contains("User \"limited\" cannot"));
}

#[tokio::test(start_paused = true)]
async fn creation_without_an_answer_is_repeated() {
    let attempts = AtomicUsize::new(0);
    let api = FakeApi::new(move |name, _| {
        let first = name.starts_with("POST")
            && name.contains("/pods?")
            && attempts.fetch_add(1, Ordering::Relaxed) < 2;
        if first { Some(Answer::never()) } else { server_log(name) }
    });
    assert!(start(&testbed(&api, 2, ClientMode::Job, None)).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn api_server_that_stays_unavailable_fails_the_servers() {
    let api = FakeApi::new(|name, _| {
        let is_watched = name.starts_with("GET") && name.contains("/pods?");
        is_watched.then(|| Answer::error(500, "no leader")).or_else(|| server_log(name))
    });
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientMode::Job, None)).await;
    let reason = servers[0].as_ref().unwrap_err().reason();
    assert_eq!(reason, "the API server was unavailable for 60 seconds");
    assert!(began.elapsed() < Duration::from_secs(70));
}

#[tokio::test(start_paused = true)]
async fn changes_of_the_cluster_are_noted_once_with_their_nodes() {
    let api = FakeApi::new(|_, _| None);
    let webhook = api.clone();
    let api = api.with_handler(move |name, body| {
        if !name.starts_with("POST") || !name.contains("/pods") {
            return server_log(name);
        }
        let mut pod = body.clone();
        pod["spec"]["containers"][0]["resources"]["limits"] = json!({"cpu": "200m", "memory": "1Gi"});
        let proxy = json!({"name": "mesh-proxy", "image": "example.org/mesh:1"});
        pod["spec"]["containers"].as_array_mut().unwrap().push(proxy);
        pod["metadata"]["uid"] = json!(format!("uid-{name}"));
        pod["status"] = running();
        webhook.add_pod(pod.clone());
        Some(Answer::ok(&pod))
    });
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    start(&testbed).await;
    let notes: Vec<String> = testbed.take_notes().iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "node-1, node-2: the cluster set a CPU limit of 200m: figures marked ~ may be those of the limit instead of \
             the network",
            "node-1, node-2: the cluster added the container mesh-proxy: traffic may pass through it",
        ]
    );
    assert_eq!(testbed.take_notes(), []);
}

#[tokio::test(start_paused = true)]
async fn user_that_a_policy_refuses_is_left_to_the_cluster() {
    let api = FakeApi::new(|name, body| {
        let has_user = !body["spec"]["securityContext"]["runAsUser"].is_null();
        if name.starts_with("POST") && name.contains("/pods") && has_user {
            let message = "unable to validate against any security context constraint: runAsUser: Invalid value: 65532: \
                           must be in the ranges: [1000680000, 1000689999]";
            return Some(Answer::error(403, message));
        }
        server_log(name)
    });
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    assert!(start(&testbed).await.iter().all(Result::is_ok));
    // each pod at most once with a user, and once without
    assert!(created_pods(&api).len() <= 4);
}

#[tokio::test(start_paused = true)]
async fn container_that_violates_the_level_of_the_own_namespace_is_named_before_servers_are_made() {
    let api = FakeApi::new(|name, _| {
        let recorded = recorded!("403-pod-security-injected-container.json").replace("aaaa1111", "k3v9x2mq");
        (name.starts_with("POST") && name.contains("/pods")).then(|| Answer::refusal(&recorded))
    });
    let error = testbed(&api, 2, ClientMode::Job, None).start(&|_, _| {}).await.unwrap_err().explain();
    assert!(error.error.contains("Pod Security level restricted, which the run sets"), "{error:?}");
    let cause = error.cause.unwrap();
    assert!(
        cause.contains("container \"mesh-init\" must not include \"NET_ADMIN\"")
            && !cause.contains("server-1"),
        "{cause}"
    );
    assert!(error.help.unwrap().contains("--pod-security privileged"));
    assert_eq!(created_pods(&api), [""; 0]);
}
