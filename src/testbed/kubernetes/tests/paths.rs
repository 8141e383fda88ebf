//! Paths to the servers: Services, addresses, kept servers.

use super::*;

/// A Service with the fields that a cluster sets.
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
    let routes = over(&[Path::Pod, Path::Service, Path::NodePort]);
    let testbed = with_settings(&api, 2, ClientMode::Job, None, Settings { routes, ..settings() });
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    let reached = [server("10.244.1.5", 5201), server("10.96.0.7", 5201), server("192.0.2.2", 31_234)];
    let expected =
        [Path::Pod, Path::Service, Path::NodePort].map(Route::from).into_iter().zip(reached.map(Ok));
    assert_eq!(nodes[&"node-2".into()], expected.collect());
    assert_eq!(created_pods(&api).len(), 2);
    assert_eq!(api.requests("POST /api/v1/namespaces/netbench-k3v9x2mq/services?").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn refused_service_fails_its_own_path_only() {
    let api = FakeApi::new(|name, _| {
        let refused = name.starts_with("POST") && name.contains("/services?");
        if refused { Some(Answer::error(403, "exceeded quota: q")) } else { server_log(name) }
    });
    let routes = over(&[Path::Pod, Path::Service]);
    let testbed = with_settings(&api, 2, ClientMode::Job, None, Settings { routes, ..settings() });
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    let servers = &nodes[&node_1()];
    assert!(servers[&POD].is_ok());
    assert!(servers[&Path::Service.into()].as_ref().unwrap_err().reason.contains("exceeded quota"));
}

#[tokio::test(start_paused = true)]
async fn node_without_an_address_of_the_family_is_reported() {
    let api = FakeApi::new(|name, _| server_log(name));
    let [ipv4, ipv6] =
        [IpFamily::Ipv4, IpFamily::Ipv6].map(|family| Route { ip_family: Some(family), ..POD });
    let settings = Settings { routes: vec![ipv4, ipv6], ..settings() };
    let testbed = with_settings(&api, 2, ClientMode::Job, None, settings);
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    let servers = &nodes[&node_1()];
    assert_eq!(servers[&ipv4], Ok(server("10.244.1.5", 5201)));
    assert_eq!(servers[&ipv6], Err(Unusable::because("the pod has no IPv6 address")));
}

#[tokio::test(start_paused = true)]
async fn kept_servers_are_found_and_not_removed() {
    let api = FakeApi::new(|name, _| server_log(name));
    let keep = || Settings { keep: true, ..settings() };
    let chosen_nodes = || (1..=2).map(|number| chosen(&format!("node-{number}"))).collect::<Vec<_>>();
    let is_kept = async || has_kept(&api.cluster(), &Scope::kept(None), &settings(), &chosen_nodes()).await;
    assert!(!is_kept().await);
    let first = with_settings(&api, 2, ClientMode::Job, None, keep());
    assert!(start(&first).await.iter().all(Result::is_ok));
    first.stop().await.unwrap();
    assert!(api.requests("DELETE").is_empty());
    assert!(is_kept().await);
    let other = Settings { image: "example.org/other:1".to_owned(), ..settings() };
    let nodes = chosen_nodes();
    assert!(!has_kept(&api.cluster(), &Scope::kept(None), &other, &nodes).await);
}
