use super::*;

const TWO_CONTEXTS: &str = r"
apiVersion: v1
kind: Config
clusters: [{name: east, cluster: {server: 'https://10.1.0.1:6443'}}, {name: west, cluster: {server: 'https://10.2.0.1:6443', proxy-url: 'http://10.9.0.1:3128'}}]
users: [{name: admin, user: {token: secret}}]
contexts: [{name: east, context: {cluster: east, user: admin}}, {name: west, context: {cluster: west, user: nobody}}]
current-context: east
";

fn kubeconfig() -> Kubeconfig {
    Kubeconfig::from_yaml(TWO_CONTEXTS).unwrap()
}

fn options(context: Option<&str>, user: Option<&str>) -> ConnectionOptions {
    ConnectionOptions {
        context: context.map(str::to_owned),
        user: user.map(str::to_owned),
        ..ConnectionOptions::default()
    }
}

#[test]
fn the_current_context_is_used_unless_one_is_named() {
    assert_eq!(check_names(&kubeconfig(), &options(None, None)).unwrap(), "east");
    assert_eq!(check_names(&kubeconfig(), &options(Some("west"), Some("admin"))).unwrap(), "west");
}

#[test]
fn unknown_names_are_errors_with_the_nearest() {
    let error = check_names(&kubeconfig(), &options(Some("eats"), None)).unwrap_err();
    let explanation = error.explain();
    assert_eq!(explanation.what, "there is no context `eats` in the kubeconfig");
    assert_eq!(explanation.remedy.as_deref(), Some("did you mean --context east?"));
    assert!(check_names(&kubeconfig(), &options(None, Some("root"))).is_err());
}

#[test]
fn a_context_of_an_unknown_user_is_not_anonymous() {
    let error = check_names(&kubeconfig(), &options(Some("west"), None)).unwrap_err();
    assert_eq!(error.to_string(), "there is no user `nobody` in the kubeconfig");
}

#[test]
fn files_that_are_not_there_are_skipped_and_the_rest_merged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, TWO_CONTEXTS).unwrap();
    let list = std::env::join_paths([folder.path().join("none"), file]).unwrap();
    let environment = Environment { kubeconfig: Some(list), ..Environment::default() };
    let read = read_kubeconfig(&options(None, None), &environment).unwrap().unwrap();
    assert_eq!(read.current_context.as_deref(), Some("east"));
}

#[test]
fn nothing_falls_back_to_the_pods_account_after_an_explicit_flag() {
    let environment = Environment { in_cluster: true, ..Environment::default() };
    assert!(read_kubeconfig(&options(None, None), &environment).unwrap().is_none());
    assert!(read_kubeconfig(&options(Some("east"), None), &environment).is_err());
}

#[test]
fn proxies_are_for_clusters_that_no_proxy_does_not_name() {
    let proxied = |cluster: &str, no_proxy: &str| {
        let environment = Environment {
            https_proxy: Some("http://10.9.0.1:3128".to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..Environment::default()
        };
        proxy_of_environment(&cluster.parse().unwrap(), &environment).is_some()
    };
    assert!(proxied("https://10.1.0.1:6443", ""));
    assert!(proxied("https://10.1.0.1:6443", "10.9.0.1,example.org"), "NO_PROXY is about clusters");
    assert!(!proxied("https://10.1.0.1:6443", "10.0.0.0/8"));
    assert!(!proxied("https://k8s.example.org", "example.org"));
    assert!(!proxied("https://127.0.0.1:6443", ""));
    assert!(!proxied("https://localhost:6443", ""));
    assert!(!proxied("https://[::1]:6443", ""));
}

#[test]
fn a_proxy_of_the_kubeconfig_is_its_own_affair() {
    assert_eq!(
        proxy_of_cluster(&kubeconfig(), &options(None, None), "west").as_deref(),
        Some("http://10.9.0.1:3128")
    );
    assert_eq!(proxy_of_cluster(&kubeconfig(), &options(None, None), "east"), None);
}

#[test]
fn a_proxy_without_a_scheme_is_an_http_proxy() {
    let environment =
        Environment { https_proxy: Some("proxy.example.org:3128".to_owned()), ..Environment::default() };
    let proxy = proxy_of_environment(&"https://10.1.0.1:6443".parse().unwrap(), &environment);
    assert_eq!(proxy.unwrap().to_string(), "http://proxy.example.org:3128/");
}

#[test]
fn kubectl_is_told_the_same_flags_as_we_were() {
    let options = ConnectionOptions {
        kubeconfig: Some("/home/a b/config".into()),
        impersonate: Some("jane".to_owned()),
        impersonate_groups: vec!["ops".to_owned()],
        ..ConnectionOptions::default()
    };
    let flags = options.kubectl_flags(Some("east"));
    assert_eq!(flags, " --kubeconfig '/home/a b/config' --context east --as jane --as-group ops");
}
