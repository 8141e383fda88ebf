use super::*;

const TWO_CONTEXTS: &str = r"
apiVersion: v1
kind: Config
clusters: [{name: east, cluster: {server: 'https://10.1.0.1:6443'}}, {name: west, cluster: {server: 'https://10.2.0.1:6443', proxy-url: 'http://10.9.0.1:3128'}}]
users: [{name: admin, user: {token: secret}}]
contexts: [{name: east, context: {cluster: east, user: admin}}, {name: west, context: {cluster: west, user: nobody}}]
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
fn the_current_context_is_used_unless_one_is_named() {
    assert_eq!(check_names(&kubeconfig(), &options(None, None)).unwrap(), "east");
    assert_eq!(check_names(&kubeconfig(), &options(Some("west"), Some("admin"))).unwrap(), "west");
}

#[test]
fn unknown_names_are_errors_with_the_nearest() {
    let error = check_names(&kubeconfig(), &options(Some("eats"), None)).unwrap_err();
    let explanation = error.explain();
    assert_eq!(explanation.error, "there is no context `eats` in the kubeconfig");
    assert_eq!(explanation.help.as_deref(), Some("did you mean --context east?"));
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
    let read = read(&options(None, None), &environment).unwrap().unwrap();
    assert_eq!(read.current_context.as_deref(), Some("east"));
}

#[test]
fn nothing_falls_back_to_the_pods_account_after_an_explicit_flag() {
    let environment = Environment { in_cluster: true, ..Environment::default() };
    assert!(read(&options(None, None), &environment).unwrap().is_none());
    assert!(read(&options(Some("east"), None), &environment).is_err());
}

#[test]
fn a_context_is_told_without_a_connection() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    std::fs::write(&file, TWO_CONTEXTS).unwrap();
    let options = ConnectionOptions { kubeconfig: Some(file), ..options(None, None) };
    assert_eq!(context(&options, &Environment::default()).unwrap().as_deref(), Some("east"));
    let inside = Environment { in_cluster: true, ..Environment::default() };
    assert_eq!(context(&ConnectionOptions::default(), &inside).unwrap(), None);
}
