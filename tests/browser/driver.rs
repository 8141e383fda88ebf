//! A headless browser, driven by chromedriver, that ends with the test.

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

/// How long chromedriver and the browser may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How long they may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// An open report.
pub struct Browser {
    pub client: Client,
    _driver: Driver,
}

/// A chromedriver with its browsers. They end with it, also when the test fails.
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

    /// Has it close its browsers, which a signal does not, and end.
    fn shut_down(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(ENDS_WITHIN))?;
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
    /// A browser with this page of `target`, which it writes.
    pub async fn open(name: &str, html: &str) -> Self {
        let file = format!("{}/{name}.html", env!("CARGO_TARGET_TMPDIR"));
        fs::write(&file, html).expect("target can be written");
        let driver = Driver::start();
        let client = connect(&format!("http://127.0.0.1:{}", driver.port)).await;
        let browser = Self { client, _driver: driver };
        browser.client.goto(&format!("file://{file}")).await.expect("the page loads");
        browser
    }

    /// What JavaScript returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// What a promise resolves to.
    pub async fn run_async(&self, body: &str) -> Value {
        let script = format!("const done = arguments[0]; (async () => {{ {body} }})().then(done)");
        self.client.execute_async(&script, Vec::new()).await.unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    /// The text of an element.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?})?.textContent ?? '(nothing)'");
        self.run(&script).await.as_str().expect("text is a string").to_owned()
    }

    /// Clicks as the mouse does.
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

    /// Chooses an option.
    pub async fn choose(&self, selector: &str, value: &str) {
        let select = self.client.find(Locator::Css(selector)).await.expect(selector);
        select.select_by_value(value).await.expect(value);
    }

    /// Keeps a picture of the page in `target`.
    pub async fn picture(&self, name: &str) {
        let png = self.client.screenshot().await.expect("there is a picture");
        fs::write(format!("{}/{name}.png", env!("CARGO_TARGET_TMPDIR")), png).expect("target can be written");
    }

    /// Fails the test if the page has asked for anything or complained.
    pub async fn expect_quiet(&self) {
        let asked_for =
            self.run("return performance.getEntriesByType('resource').map((entry) => entry.name)").await;
        assert_eq!(asked_for, json!([]), "the page has asked for something");
        let log = self.client.issue_cmd(BrowserLog).await.expect("the browser has a log");
        assert_eq!(log, json!([]), "the console has messages");
    }
}

async fn connect(address: &str) -> Client {
    let capabilities = json!({
        "goog:chromeOptions": {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000"],
        },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else { unreachable!("it is one") };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    let start = std::time::Instant::now();
    loop {
        match builder.connect(address).await {
            Ok(client) => return client,
            Err(error) => assert!(start.elapsed() < STARTS_WITHIN, "no browser: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What the console has: an endpoint that only Chromium has.
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
