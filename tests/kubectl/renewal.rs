//! Credentials that expire while the program is connected.

use std::path::Path;

use kubectl_netbench::cluster::{self, Cluster, ConnectionOptions, Environment};

use crate::servers::Servers;

/// A credential plugin that prints `first` when it is called for the first time, and `second` from then on.
struct Plugin {
    directory: tempfile::TempDir,
}

impl Plugin {
    fn new(first: &str, second: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let credential = |status: &str| {
            format!(
                "{{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/v1\", \"status\": {status}}}"
            )
        };
        let write = |name: &str, text: String| {
            std::fs::write(directory.path().join(name), text).expect("it can be written");
        };
        write("first", credential(first));
        write("second", credential(second));
        Self { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn calls(&self) -> usize {
        std::fs::read_to_string(self.path().join("calls")).map_or(0, |calls| calls.lines().count())
    }

    async fn connect(&self, servers: &Servers) -> Cluster {
        let script = "echo >> calls; if [ $(wc -l < calls) = 1 ]; then cat first; else cat second; fi";
        let kubeconfig = format!(
            "clusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:{}', certificate-authority: {}}}}}]\n\
             users: [{{name: a, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, \
             command: sh, args: [-c, 'cd {} && {script}']}}}}}}]\n\
             contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\ncurrent-context: a\n",
            servers.ports["east"],
            servers.file("east-ca.crt").display(),
            self.path().display()
        );
        let path = self.path().join("config");
        std::fs::write(&path, kubeconfig).expect("it can be written");
        let options = ConnectionOptions { kubeconfig: Some(path), ..ConnectionOptions::default() };
        let connected = cluster::connect(&options, &Environment::default()).await;
        connected.unwrap_or_else(|error| panic!("{:?}", error.explain()))
    }
}

/// A client certificate of a user, as a plugin prints it.
fn certificate(servers: &Servers, name: &str) -> String {
    let read = |suffix: &str| {
        let text = std::fs::read_to_string(servers.file(&format!("{name}.{suffix}")));
        serde_json::to_string(&text.expect("it is there")).expect("it is text")
    };
    format!("{{\"clientCertificateData\": {}, \"clientKeyData\": {}}}", read("crt"), read("key"))
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(test)
}

/// The plugin runs once for all requests whose credentials were rejected, and each is sent again.
pub fn rejected_token_is_renewed_once() {
    let servers = Servers::start();
    let plugin = Plugin::new(r#"{"token": "old"}"#, r#"{"token": "new"}"#);
    block_on(async {
        let cluster = plugin.connect(&servers).await;
        cluster.version().await.expect("the token is valid");
        servers.reject("Bearer old");
        let requests = futures_util::future::join_all((0..8).map(|_| cluster.version())).await;
        assert!(requests.iter().all(Result::is_ok), "{requests:?}");
        assert_eq!(plugin.calls(), 2);
        servers.reject("Bearer new");
        let error = cluster.version().await.expect_err("the new token is rejected, too");
        assert_eq!(error.why(), "Unauthorized");
        assert_eq!(plugin.calls(), 3);
    });
}

/// An API server authenticates a connection by its certificate: another certificate needs another connection.
pub fn rejected_certificate_is_replaced_on_a_new_connection() {
    let servers = Servers::start();
    let plugin = Plugin::new(&certificate(&servers, "alice"), &certificate(&servers, "bob"));
    block_on(async {
        let cluster = plugin.connect(&servers).await;
        cluster.version().await.expect("the certificate is valid");
        servers.reject("alice");
        cluster.version().await.expect("the other certificate is valid");
        let users: Vec<_> = servers.take().into_iter().map(|request| request.certificate).collect();
        assert_eq!(
            users.iter().map(Option::as_deref).collect::<Vec<_>>(),
            [Some("alice"), Some("alice"), Some("bob")]
        );
    });
}

/// Credentials that are known to have expired are renewed before the next request.
pub fn expired_token_is_renewed_before_it_is_rejected() {
    let servers = Servers::start();
    let expired = r#"{"token": "old", "expirationTimestamp": "2020-01-01T00:00:00Z"}"#;
    let plugin = Plugin::new(expired, r#"{"token": "new"}"#);
    block_on(async {
        let cluster = plugin.connect(&servers).await;
        cluster.version().await.expect("the new token is valid");
        let tokens: Vec<_> = servers.take().into_iter().map(|request| request.authorization).collect();
        assert_eq!(tokens.iter().map(Option::as_deref).collect::<Vec<_>>(), [Some("Bearer new")]);
    });
}

/// A plugin that fails is named with its message, and does not run again for each request that needs it.
pub fn failed_renewal_names_the_plugin() {
    let servers = Servers::start();
    let plugin = Plugin::new(r#"{"token": "old"}"#, "");
    block_on(async {
        let cluster = plugin.connect(&servers).await;
        std::fs::write(plugin.path().join("second"), "log in").expect("it can be written");
        servers.reject("Bearer old");
        for _ in 0..3 {
            let error = cluster.version().await.expect_err("there is no other token");
            assert!(error.why().contains("credential plugin sh"), "{}", error.why());
            assert!(!error.is_transient(), "{error:?}");
        }
        assert_eq!(plugin.calls(), 2);
    });
}
