use super::*;

const TWO_CONTEXTS: &str = r"
apiVersion: v1
kind: Config
clusters: [{name: east, cluster: {server: 'https://10.1.0.1:6443'}}, {name: west, cluster: {server: 'https://10.2.0.1:6443', proxy-url: 'http://10.9.0.1:3128'}}]
users: [{name: admin, user: {token: secret}}]
contexts: [{name: east, context: {cluster: east, user: admin}}, {name: west, context: {cluster: west, user: missing}}]
current-context: east
";

pub fn kubeconfig() -> Kubeconfig {
    Kubeconfig::from_yaml(TWO_CONTEXTS).unwrap()
}

pub fn options(context: Option<&str>, user: Option<&str>) -> ConnectionOptions {
    ConnectionOptions {
        context: context.map(str::to_owned),
        user: user.map(str::to_owned),
        ..ConnectionOptions::default()
    }
}

#[test]
fn current_context_is_the_default() {
    assert_eq!(validate_names(&kubeconfig(), &options(None, None)).unwrap(), "east");
    assert_eq!(validate_names(&kubeconfig(), &options(Some("west"), Some("admin"))).unwrap(), "west");
}

#[test]
fn unknown_context_is_rejected_with_the_nearest_name() {
    let error = validate_names(&kubeconfig(), &options(Some("eats"), None)).unwrap_err();
    let explanation = error.explain();
    assert_eq!(explanation.error, "context `eats` does not exist in the kubeconfig");
    assert_eq!(explanation.help.as_deref(), Some("did you mean --context east?"));
    assert!(validate_names(&kubeconfig(), &options(None, Some("root"))).is_err());
}

#[test]
fn context_with_an_unknown_user_is_rejected() {
    let error = validate_names(&kubeconfig(), &options(Some("west"), None)).unwrap_err();
    assert_eq!(error.to_string(), "user `missing` does not exist in the kubeconfig");
}

#[test]
fn missing_files_of_the_list_are_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    std::fs::write(&file, TWO_CONTEXTS).unwrap();
    let list = std::env::join_paths([directory.path().join("missing"), file]).unwrap();
    let environment = Environment { kubeconfig: Some(list), ..Environment::default() };
    let read = read(&options(None, None), &environment).unwrap().unwrap();
    assert_eq!(read.current_context.as_deref(), Some("east"));
}

#[test]
fn service_account_is_not_used_with_an_explicit_context() {
    let environment = Environment { in_cluster: true, ..Environment::default() };
    assert!(read(&options(None, None), &environment).unwrap().is_none());
    assert!(read(&options(Some("east"), None), &environment).is_err());
}

#[test]
fn context_is_read_without_a_connection() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    std::fs::write(&file, TWO_CONTEXTS).unwrap();
    let options = ConnectionOptions { kubeconfig: Some(file), ..options(None, None) };
    assert_eq!(context(&options, &Environment::default()).unwrap().as_deref(), Some("east"));
    let in_cluster = Environment { in_cluster: true, ..Environment::default() };
    assert_eq!(context(&ConnectionOptions::default(), &in_cluster).unwrap(), None);
}
