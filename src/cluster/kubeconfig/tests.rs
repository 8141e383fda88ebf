use super::*;

const TWO_CONTEXTS: &str = r"
apiVersion: v1
kind: Config
clusters:
- {name: east, cluster: {server: 'https://10.1.0.1:6443', certificate-authority-data: Y2E=, tls-server-name: east}}
- {name: west, cluster: {server: 'https://10.2.0.1:6443', proxy-url: 'http://10.9.0.1:3128'}}
users: [{name: admin, user: {token: secret}}]
contexts:
- {name: east, context: {cluster: east, user: admin, namespace: tests}}
- {name: west, context: {cluster: west, user: missing}}
current-context: east
";

/// A target of one file; none if it selects none.
fn target_of(text: &str, options: &ConnectionOptions) -> Result<Option<Target>, ConnectError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    target(
        &ConnectionOptions { kubeconfig: Some(file.path().to_owned()), ..options.clone() },
        &Environment::default(),
    )
}

fn options(context: Option<&str>, user: Option<&str>) -> ConnectionOptions {
    ConnectionOptions {
        context: context.map(str::to_owned),
        user: user.map(str::to_owned),
        ..ConnectionOptions::default()
    }
}

/// The error without the path of the temporary file.
fn error_of(text: &str) -> String {
    let error = target_of(text, &options(None, None)).err().unwrap().explain();
    let cause = error.cause.unwrap_or_default();
    cause
        .split_once(": ")
        .filter(|(path, _)| Path::new(path).is_absolute())
        .map_or(cause.clone(), |(_, rest)| rest.to_owned())
}

#[test]
fn current_context_is_the_default() {
    let target = target_of(TWO_CONTEXTS, &options(None, None)).unwrap().unwrap();
    assert_eq!((target.context.as_deref(), target.namespace.as_deref()), (Some("east"), Some("tests")));
    assert_eq!(target.user.token, "secret");
    let target = target_of(TWO_CONTEXTS, &options(Some("west"), Some("admin"))).unwrap().unwrap();
    assert_eq!(target.cluster.proxy_url, "http://10.9.0.1:3128");
}

#[test]
fn unknown_context_is_rejected_with_the_nearest_name() {
    let error = target_of(TWO_CONTEXTS, &options(Some("eats"), None)).err().unwrap();
    let explanation = error.explain();
    assert_eq!(explanation.error, "context `eats` does not exist in the kubeconfig");
    assert_eq!(explanation.help.as_deref(), Some("did you mean --context east?"));
    assert!(target_of(TWO_CONTEXTS, &options(None, Some("root"))).is_err());
}

#[test]
fn context_with_an_unknown_user_is_rejected() {
    let error = target_of(TWO_CONTEXTS, &options(Some("west"), None)).err().unwrap();
    assert_eq!(error.to_string(), "user `missing` does not exist in the kubeconfig");
}

#[test]
fn server_flag_replaces_the_name_in_the_certificate() {
    let flags = ConnectionOptions { server: Some("https://10.3.0.1".to_owned()), ..options(None, None) };
    let target = target_of(TWO_CONTEXTS, &flags).unwrap().unwrap();
    assert_eq!(
        (target.cluster.server.as_str(), target.cluster.tls_server_name.as_str()),
        ("https://10.3.0.1", "")
    );
    let insecure = ConnectionOptions { insecure_skip_tls_verify: true, ..flags };
    let target = target_of(TWO_CONTEXTS, &insecure).unwrap().unwrap();
    assert!(target.cluster.insecure_skip_tls_verify && target.cluster.certificate_authority_data.is_empty());
}

#[test]
fn flags_need_no_kubeconfig() {
    let flags = ConnectionOptions {
        server: Some("https://10.3.0.1".to_owned()),
        token: Some(crate::cluster::Token("secret".to_owned())),
        ..ConnectionOptions::default()
    };
    let target = target(&flags, &Environment::default()).unwrap().unwrap();
    assert_eq!((target.context, target.user.token.as_str()), (None, "secret"));
}

#[test]
fn first_file_of_the_list_wins() {
    let directory = tempfile::tempdir().unwrap();
    let files = ["missing", "empty", "one", "two"].map(|name| directory.path().join(name));
    std::fs::write(&files[1], "").unwrap();
    std::fs::write(&files[2], "current-context: ''\nusers: [{name: admin, user: {token: first}}]").unwrap();
    std::fs::write(&files[3], TWO_CONTEXTS).unwrap();
    let list = std::env::join_paths(files).unwrap();
    let environment = Environment { kubeconfig: Some(list), ..Environment::default() };
    let target = target(&options(None, None), &environment).unwrap().unwrap();
    assert_eq!((target.context.as_deref(), target.user.token.as_str()), (Some("east"), "first"));
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    // kubectl recognizes only the separator of its system in a command
    let command = format!(".{}plugin", std::path::MAIN_SEPARATOR);
    let text = format!(
        "users: [{{name: a, user: {{tokenFile: token, exec: {{command: {command}}}}}}}, \
                 {{name: b, user: {{exec: {{command: aws}}}}}}]"
    );
    let file = File::parse(&text, &path).unwrap();
    let resolved = |name: &str| directory.path().join(name).display().to_string();
    assert_eq!(file.users[0].user.token_file, resolved("token"));
    assert_eq!(file.users[0].user.exec.as_ref().unwrap().command, resolved(&command));
    assert_eq!(file.users[1].user.exec.as_ref().unwrap().command, "aws");
}

#[test]
fn service_account_is_not_used_with_flags_that_select_a_target() {
    let environment = Environment { in_cluster: true, ..Environment::default() };
    assert!(target(&options(None, None), &environment).unwrap().is_none());
    assert!(target(&options(Some("east"), None), &environment).is_err());
}

#[test]
fn broken_entry_in_use_is_named_with_its_field() {
    let with_user = |fields: &str| TWO_CONTEXTS.replace("{token: secret}", fields);
    assert_eq!(
        error_of(&TWO_CONTEXTS.replace("'https://10.1.0.1:6443'", "''")),
        "cluster `east`: server is not set"
    );
    let unreadable = error_of(&with_user("{client-certificate: /nowhere, client-key: /nowhere}"));
    assert!(unreadable.starts_with("user `admin`: client-certificate: cannot read "), "{unreadable}");
    assert!(unreadable.ends_with(&std::fs::read("/nowhere").unwrap_err().to_string()), "{unreadable}");
    assert_eq!(
        error_of(&with_user("{token: a, username: b}")),
        "user `admin`: both token and username are set"
    );
    assert_eq!(error_of(&with_user("{exec: {apiVersion: v1}}")), "user `admin`: exec.command is not set");
    assert_eq!(
        error_of(&TWO_CONTEXTS.replace("cluster: east, user", "user")),
        "context `east`: cluster is not set"
    );
}

#[test]
fn errors_of_a_file_name_the_field_and_never_quote_it() {
    let secret = "c2VjcmV0LXRva2Vu";
    let error = |text: &str| File::parse(text, Path::new("config")).err().unwrap().to_string();
    assert_eq!(error(&format!("users: [{{name: a, user: {secret}}}]")), "users[0].user: expected a mapping");
    assert_eq!(error("users: [{name: a, user: {token: 12345}}]"), "users[0].user.token: expected a string");
    assert_eq!(
        error(&format!("users: [{{name: a, user: {{client-key-data: '{secret}!'}}}}]")),
        "users[0].user.client-key-data: expected base64"
    );
    let invalid = error(&format!("users: [{{name: a, token: {secret}}}\n}}"));
    assert!(invalid.starts_with("invalid YAML (line ") && !invalid.contains(secret), "{invalid}");
    assert_eq!(error("users: [{name: a}, {name: a}]"), "users has two entries with the name `a`");
    assert!(error("kind: Pod").starts_with("not a kubeconfig"));
}
