//! A headless browser, driven by chromedriver.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// For chromedriver and the browser together.
const START_TIMEOUT: Duration = Duration::from_secs(30);

const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// A browser with an open report.
pub struct Browser {
    pub client: Client,
    _driver: Driver,
}

/// A chromedriver process. It is shut down with its browsers when dropped, also if the test fails.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = free.expect("a port is free").port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        Self { process, port }
    }

    /// Unlike a signal, a request to shut down closes the browsers as well.
    fn shut_down(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(SHUTDOWN_TIMEOUT))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.shut_down().is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Saves a page in `target` and opens it.
    pub async fn open(name: &str, html: &str) -> Self {
        let file = format!("{}/{name}.html", env!("CARGO_TARGET_TMPDIR"));
        fs::write(&file, html).expect("target can be written");
        let driver = Driver::start();
        let client = connect(&format!("http://127.0.0.1:{}", driver.port)).await;
        let browser = Self { client, _driver: driver };
        browser.client.goto(&format!("file://{file}")).await.expect("the page loads");
        browser
    }

    /// Runs JavaScript. Returns its result.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs JavaScript as the body of an async function. Returns its result.
    pub async fn run_async(&self, body: &str) -> Value {
        let script = format!("const done = arguments[0]; (async () => {{ {body} }})().then(done)");
        self.client.execute_async(&script, Vec::new()).await.unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    /// The text content of an element.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?})?.textContent ?? '(nothing)'");
        self.run(&script).await.as_str().expect("text is a string").to_owned()
    }

    pub async fn click(&self, selector: &str) {
        self.client.find(Locator::Css(selector)).await.expect(selector).click().await.expect(selector);
    }

    /// Presses keys while an element has the focus.
    pub async fn press(&self, selector: &str, keys: &str) {
        self.client
            .find(Locator::Css(selector))
            .await
            .expect(selector)
            .send_keys(keys)
            .await
            .expect(selector);
    }

    /// Selects an option by its value.
    pub async fn choose(&self, selector: &str, value: &str) {
        let select = self.client.find(Locator::Css(selector)).await.expect(selector);
        select.select_by_value(value).await.expect(value);
    }

    /// Saves a screenshot in `target`.
    pub async fn save_screenshot(&self, name: &str) {
        let png = self.client.screenshot().await.expect("the browser takes a screenshot");
        fs::write(format!("{}/{name}.png", env!("CARGO_TARGET_TMPDIR")), png).expect("target can be written");
    }

    /// Fails the test if the page sent requests or logged messages.
    pub async fn expect_quiet(&self) {
        let requests =
            self.run("return performance.getEntriesByType('resource').map((entry) => entry.name)").await;
        assert_eq!(requests, json!([]), "the page sent requests");
        let log = self.client.issue_cmd(BrowserLog).await.expect("the browser has a log");
        assert_eq!(log, json!([]), "the page logged messages");
    }
}

async fn connect(address: &str) -> Client {
    let capabilities = json!({
        "goog:chromeOptions": {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000"],
        },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else { unreachable!("json! builds an object") };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    let start = std::time::Instant::now();
    loop {
        match builder.connect(address).await {
            Ok(client) => return client,
            Err(error) => assert!(start.elapsed() < START_TIMEOUT, "no browser: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The messages of the console: an endpoint of Chromium only.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/se/log", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
