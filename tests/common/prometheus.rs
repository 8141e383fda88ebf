//! Debian's Prometheus and Pushgateway on loopback, each on a port of its own.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A server that ends with its test.
pub struct Server {
    process: Child,
    pub port: u16,
    _directory: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A free port.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    listener.local_addr().expect("it has an address").port()
}

/// What a web server answers; none if it does not answer, or with an error.
pub fn get(url: &str) -> Option<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().ok()?;
        let answer = client.get(url).timeout(Duration::from_secs(5)).send().await.ok()?;
        if answer.status().is_success() { answer.text().await.ok() } else { None }
    })
}

/// Waits until `what` has come about, and returns it.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut come: impl FnMut() -> Option<T>) -> T {
    let given_up = Instant::now() + limit;
    loop {
        if let Some(come) = come() {
            return come;
        }
        assert!(Instant::now() < given_up, "{what} did not happen within {limit:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn start(program: &str, arguments: &[String], directory: TempDir, port: u16) -> Server {
    let started = Command::new(program)
        .args(arguments)
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let process =
        started.unwrap_or_else(|error| panic!("{program}, of Debian's package of this name: {error}"));
    let server = Server { process, port, _directory: directory };
    until(program, Duration::from_secs(30), || get(&format!("http://127.0.0.1:{port}/-/ready")));
    server
}

/// A Prometheus that scrapes these ports of this machine each second, and knows the rules of a file.
pub fn prometheus(targets: &[u16], rules: &Path) -> Server {
    let (directory, port) = (TempDir::new().expect("a temporary directory"), free_port());
    let targets: Vec<String> = targets.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let configuration = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [\"{}\"]\nscrape_configs:\n- \
         {{job_name: netbench, honor_labels: true, static_configs: [{{targets: [{}]}}]}}\n",
        rules.display(),
        targets.join(", ")
    );
    std::fs::write(directory.path().join("prometheus.yml"), configuration).expect("there is room");
    let listen = format!("--web.listen-address=127.0.0.1:{port}");
    let arguments =
        ["--config.file=prometheus.yml".to_owned(), "--storage.tsdb.path=data".to_owned(), listen];
    start("prometheus", &arguments, directory, port)
}

/// A Pushgateway.
#[allow(dead_code, reason = "the tests on a cluster need none")]
pub fn pushgateway() -> Server {
    let (directory, port) = (TempDir::new().expect("a temporary directory"), free_port());
    let listen = format!("--web.listen-address=127.0.0.1:{port}");
    start("prometheus-pushgateway", &[listen], directory, port)
}

impl Server {
    /// The samples that an expression has now, each with its labels.
    pub fn query(&self, expression: &str) -> Vec<(Value, f64)> {
        let mut url = reqwest::Url::parse(&format!("http://127.0.0.1:{}/api/v1/query", self.port))
            .expect("it is an address");
        url.query_pairs_mut().append_pair("query", expression);
        let answer = get(url.as_str()).unwrap_or_else(|| panic!("{expression} is refused"));
        let answer: Value = serde_json::from_str(&answer).expect("Prometheus answers in JSON");
        let samples = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let value = |sample: &Value| sample["value"][1].as_str().and_then(|value| value.parse().ok());
        samples.iter().filter_map(|sample| Some((sample["metric"].clone(), value(sample)?))).collect()
    }

    /// The value of the one sample that an expression has, once it has one.
    #[track_caller]
    pub fn value(&self, expression: &str) -> f64 {
        until(expression, Duration::from_secs(30), || match self.query(expression).as_slice() {
            [(_, value)] => Some(*value),
            _ => None,
        })
    }
}
