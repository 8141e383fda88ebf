//! What a healthy cluster does not show, played by a server for tests.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::api::fake_api::{Answer, FakeApi, running};
use super::nodes::NodeAddress;
use super::objects::fixtures::{chosen, over, settings};
use super::*;
use crate::document::{IpFamily, Path};
use crate::testbed::{Enough, Server, Unusable, Way};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/kubernetes/", $name))
    };
}

mod lost;

const SERVER_LOG: &str = include_str!("../../../tests/fixtures/iperf3/3.18-server.log");

fn testbed(api: &FakeApi, nodes: usize, way: ClientWay, namespace: Option<&str>) -> KubernetesTestbed {
    with_settings(api, nodes, way, namespace, settings())
}

fn with_settings(
    api: &FakeApi,
    nodes: usize,
    way: ClientWay,
    namespace: Option<&str>,
    settings: Settings,
) -> KubernetesTestbed {
    let chosen = |index: usize| {
        let address = NodeAddress { ip: format!("192.0.2.{}", index + 1).parse().unwrap(), external: false };
        Chosen { addresses: vec![address], ..chosen(&format!("node-{}", index + 1)) }
    };
    let scope = Scope::new("k3v9x2mq", namespace.map(str::to_owned), false);
    let scope = if settings.keep { Scope::kept(namespace.map(str::to_owned), false) } else { scope };
    KubernetesTestbed::new(api.cluster(), (0..nodes).map(chosen).collect(), settings, scope, way)
}

/// Answers log requests as a server that listens.
fn server_log(name: &str) -> Option<Answer> {
    (name.starts_with("GET") && name.contains("/log?")).then(|| {
        let lines = SERVER_LOG.lines().map(|line| format!("2026-11-23T01:00:00.1Z {line}\n"));
        Answer::text(&lines.collect::<String>())
    })
}

/// How the server of each node is reached on the first way.
async fn start(testbed: &KubernetesTestbed) -> Vec<Result<Server, Unusable>> {
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    nodes.into_iter().map(|mut ways| ways.remove(0)).collect()
}

fn server(host: &str, port: u16) -> Server {
    Server { host: host.to_owned(), port, latency_port: None, version: Some("3.18".to_owned()) }
}

#[tokio::test(start_paused = true)]
async fn servers_start_although_every_watch_ends_soon() {
    let api = FakeApi::new(|name, _| server_log(name));
    let servers = start(&testbed(&api, 3, ClientWay::Exec, None)).await;
    let server = server("10.244.1.5", 5201);
    assert_eq!(servers, vec![Ok(server); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_log_is_lost_is_taken_to_listen_as_long_as_it_runs() {
    let api = FakeApi::new(|name, _| name.contains("/log?").then(|| Answer::text("")));
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientWay::Exec, None)).await;
    assert!(servers.iter().all(|server| server.as_ref().is_ok_and(|server| server.version.is_none())));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

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

#[tokio::test(start_paused = true)]
async fn a_429_is_obeyed() {
    let refused = AtomicUsize::new(0);
    let api = FakeApi::new(move |name, _| {
        let first =
            name.starts_with("POST /api/v1/namespaces?") && refused.fetch_add(1, Ordering::Relaxed) == 0;
        if first { Some(Answer::error(429, "too many requests").retry_after(2)) } else { server_log(name) }
    });
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientWay::Exec, None)).await;
    assert!(servers.iter().all(Result::is_ok));
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(api.requests("POST /api/v1/namespaces?").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_steady_503_is_not_waited_for_long() {
    let api = FakeApi::new(|_, _| Some(Answer::error(503, "the server is shutting down")));
    let began = Instant::now();
    let error = api.cluster().nodes(None).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(15));
    assert!(error.remedy().unwrap().contains("try again later"));
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_ends() {
    let cluster = FakeApi::new(|_, _| None).cluster();
    let error = cluster.call("list the nodes", std::future::pending::<kube::Result<()>>()).await.unwrap_err();
    assert_eq!(error.why(), "https://10.1.0.1:6443 did not answer within 30 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_creation_finds_its_own_objects() {
    let api = FakeApi::new(|name, _| match name {
        _ if name.starts_with("POST /api/v1/namespaces?") => Some(Answer::error(409, "already exists")),
        _ => server_log(name),
    });
    assert!(start(&testbed(&api, 2, ClientWay::Exec, None)).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_new_namespace_is_waited_for_until_it_has_its_account() {
    let refused = AtomicUsize::new(0);
    let api = FakeApi::new(move |name, _| {
        let late =
            name.starts_with("POST") && name.contains("/pods") && refused.fetch_add(1, Ordering::Relaxed) < 5;
        let message = r#"pods "x" is forbidden: error looking up service account netbench-k3v9x2mq/default: serviceaccount "default" not found"#;
        if late { Some(Answer::error(403, message)) } else { server_log(name) }
    });
    assert!(start(&testbed(&api, 2, ClientWay::Exec, None)).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_quota_makes_one_node_unusable_and_leaves_the_others() {
    let api = FakeApi::new(|name, body| {
        let third = body["metadata"]["name"].as_str().is_some_and(|pod| pod.ends_with("server-3"));
        if third { Some(Answer::refusal(recorded!("403-quota-exceeded.json"))) } else { server_log(name) }
    });
    let servers = start(&testbed(&api, 3, ClientWay::Exec, None)).await;
    assert!(servers[0].is_ok() && servers[1].is_ok());
    let unusable = servers[2].as_ref().unwrap_err();
    assert!(unusable.reason().contains("exceeded quota"), "{unusable}");
    assert!(unusable.remedy().unwrap().starts_with("raise the quota"));
}

#[tokio::test(start_paused = true)]
async fn pod_security_refuses_with_a_remedy() {
    let api = FakeApi::new(|name, _| {
        let pod = name.starts_with("POST") && name.contains("/pods");
        pod.then(|| Answer::refusal(recorded!("403-pod-security-baseline-host-network.json")))
    });
    let servers = start(&testbed(&api, 2, ClientWay::Exec, Some("team-a"))).await;
    let unusable = servers[0].as_ref().unwrap_err();
    assert!(unusable.remedy().unwrap().contains("pod-security.kubernetes.io/enforce"));
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_is_told_within_seconds() {
    let pod: Value = serde_json::from_str(recorded!("pod-bad-image.json")).unwrap();
    let api = FakeApi::new(|_, _| None);
    let on_create = {
        let api = api.clone();
        move |name: &str, body: &Value| {
            let creates = name.starts_with("POST") && name.contains("/pods");
            creates.then(|| {
                let mut made = body.clone();
                made["status"] = pod["status"].clone();
                api.add_pod(made.clone());
                Answer::ok(&made)
            })
        }
    };
    let api = api.deciding(on_create);
    let began = Instant::now();
    let servers = start(&testbed(&api, 2, ClientWay::Exec, None)).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(servers[0].as_ref().unwrap_err().reason.contains("cannot be pulled"));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_is_told_at_once() {
    let api = FakeApi::new(|name, _| {
        let list = name.starts_with("GET") && name.contains("/pods?");
        list.then(|| Answer::refusal(recorded!("403-rbac-limited-user.json")))
    });
    let began = Instant::now();
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    let servers = start(&testbed).await;
    testbed.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(servers[0].as_ref().unwrap_err().reason.contains("User \"limited\" cannot"));
}

/// A client's log with the timestamps of the kubelet.
fn client_log() -> Vec<String> {
    let stream = include_str!("../../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
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
        if ended { Enough::Yes } else { Enough::NotYet }
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
    let stream = include_str!("../../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
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
async fn removal_deletes_the_scope_first_and_then_hastens_the_pods() {
    let api = FakeApi::new(|name, _| server_log(name));
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    testbed.stop().await.unwrap();
    let deletions = api.requests("DELETE");
    assert!(deletions[0].starts_with("DELETE /api/v1/namespaces/netbench-k3v9x2mq?"), "{deletions:?}");
    assert!(deletions.iter().any(|request| request.contains("/pods/netbench-k3v9x2mq-server-1?")));
}

#[tokio::test(start_paused = true)]
async fn removal_of_what_is_gone_already_is_no_error() {
    for code in [404, 409] {
        let api = FakeApi::new(move |name, _| match name {
            _ if name.starts_with("DELETE") => Some(Answer::error(code, "gone")),
            _ => server_log(name),
        });
        let testbed = testbed(&api, 2, ClientWay::Exec, None);
        start(&testbed).await;
        // somebody else was faster
        api.delete_pod("/pods/netbench-k3v9x2mq-server-1?");
        api.delete_pod("/pods/netbench-k3v9x2mq-server-2?");
        testbed.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_or_never_asked_for_is_not_removed() {
    let api = FakeApi::new(|name, _| {
        let create = name.starts_with("POST /api/v1/namespaces?");
        create.then(|| {
            Answer::error(403, "namespaces is forbidden: User \"x\" cannot create resource \"namespaces\"")
        })
    });
    let untouched = testbed(&api, 2, ClientWay::Exec, None);
    untouched.stop().await.unwrap();
    let refused = testbed(&api, 2, ClientWay::Exec, None);
    let error = refused.start(&|_, _| {}).await.unwrap_err();
    assert!(error.explain().remedy.unwrap().contains("--namespace"));
    refused.stop().await.unwrap();
    assert!(api.requests("DELETE").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_will_not_go_away_is_reported() {
    let api = FakeApi::new(|name, _| {
        let asked = name == "GET /api/v1/namespaces/netbench-k3v9x2mq";
        if asked {
            Some(Answer::ok(&json!({"metadata": {"name": "netbench-k3v9x2mq"}})))
        } else {
            server_log(name)
        }
    });
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    let error = testbed.stop().await.unwrap_err();
    assert!(matches!(error, TestbedError::Removal { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn in_a_given_namespace_everything_is_owned_by_one_config_map() {
    let api = FakeApi::new(|name, body| {
        if name.starts_with("POST") && name.contains("/pods") {
            assert_eq!(body["metadata"]["ownerReferences"][0]["kind"], "ConfigMap");
        }
        server_log(name)
    });
    let testbed = testbed(&api, 2, ClientWay::Exec, Some("team-a"));
    assert!(start(&testbed).await.iter().all(Result::is_ok));
    testbed.stop().await.unwrap();
    assert!(api.requests("POST /api/v1/namespaces?").is_empty());
    assert!(
        api.requests("DELETE")[0]
            .starts_with("DELETE /api/v1/namespaces/team-a/configmaps/netbench-k3v9x2mq?")
    );
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

/// A Service as a cluster completes it.
fn completed(body: &Value) -> Value {
    let mut service = body.clone();
    service["spec"]["clusterIP"] = json!("10.96.0.7");
    service["spec"]["clusterIPs"] = json!(["10.96.0.7"]);
    service["spec"]["ports"][0]["nodePort"] = json!(31_234);
    service
}

fn with_services(name: &str, body: &Value) -> Option<Answer> {
    let creates = name.starts_with("POST") && name.contains("/services?");
    if creates { Some(Answer::ok(&completed(body))) } else { server_log(name) }
}

#[tokio::test(start_paused = true)]
async fn one_pod_and_one_service_serve_all_paths_of_the_pod_network() {
    let api = FakeApi::new(with_services);
    let ways = over(&[Path::Pod, Path::Service, Path::NodePort]);
    let testbed = with_settings(&api, 2, ClientWay::Exec, None, Settings { ways, ..settings() });
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    let reached = [server("10.244.1.5", 5201), server("10.96.0.7", 5201), server("192.0.2.2", 31_234)];
    assert_eq!(nodes[1], reached.map(Ok));
    assert_eq!(api.requests("POST /api/v1/namespaces/netbench-k3v9x2mq/pods?").len(), 2);
    assert_eq!(api.requests("POST /api/v1/namespaces/netbench-k3v9x2mq/services?").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_refused_fails_its_way_and_no_other() {
    let api = FakeApi::new(|name, _| {
        let refused = name.starts_with("POST") && name.contains("/services?");
        if refused { Some(Answer::error(403, "exceeded quota: q")) } else { server_log(name) }
    });
    let ways = over(&[Path::Pod, Path::Service]);
    let testbed = with_settings(&api, 2, ClientWay::Exec, None, Settings { ways, ..settings() });
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    assert!(nodes[0][0].is_ok());
    assert!(nodes[0][1].as_ref().unwrap_err().reason.contains("exceeded quota"));
}

#[tokio::test(start_paused = true)]
async fn a_node_without_an_address_of_the_family_is_told() {
    let api = FakeApi::new(|name, _| server_log(name));
    let ways = [IpFamily::Ipv4, IpFamily::Ipv6]
        .map(|family| Way { path: Path::Pod, ip_family: Some(family) })
        .to_vec();
    let testbed = with_settings(&api, 2, ClientWay::Exec, None, Settings { ways, ..settings() });
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    assert_eq!(nodes[0][0], Ok(server("10.244.1.5", 5201)));
    assert_eq!(nodes[0][1], Err(Unusable::because("its pod has no IPv6 address")));
}

#[tokio::test(start_paused = true)]
async fn servers_that_stay_are_found_again_and_not_removed() {
    let api = FakeApi::new(|name, _| server_log(name));
    let keep = || Settings { keep: true, ..settings() };
    let chosen_nodes = || (1..=2).map(|number| chosen(&format!("node-{number}"))).collect::<Vec<_>>();
    let is_there =
        async || has_kept(&api.cluster(), &Scope::kept(None, false), &settings(), &chosen_nodes()).await;
    assert!(!is_there().await);
    let first = with_settings(&api, 2, ClientWay::Exec, None, keep());
    assert!(start(&first).await.iter().all(Result::is_ok));
    first.stop().await.unwrap();
    assert!(api.requests("DELETE").is_empty());
    assert!(is_there().await);
    let other = Settings { image: "example.org/other:1".to_owned(), ..settings() };
    let nodes = chosen_nodes();
    assert!(!has_kept(&api.cluster(), &Scope::kept(None, false), &other, &nodes).await);
}
