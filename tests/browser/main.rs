//! Tests of the HTML report in a real browser: `cargo test --test browser -- --ignored`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by a panic, and prints measurements"
)]

mod driver;
mod generated;

use driver::Browser;
use generated::HOSTILE;
use kubectl_netbench::document::Run;
use kubectl_netbench::view::{Canvas, Format, render};

// key codes of WebDriver
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const HOME: &str = "\u{e011}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

fn html(run: &Run) -> String {
    render(run, Format::Html, Canvas::FILE)
}

async fn open(name: &str, run: &Run) -> Browser {
    Browser::open(name, &html(run)).await
}

/// What a screen reader announces for each cell, by keyboard navigation.
async fn cell_texts(browser: &Browser, nodes: usize) -> Vec<Vec<String>> {
    let mut cells = Vec::new();
    for row in 0..nodes {
        let down = DOWN.repeat(usize::from(row > 0));
        browser.press("#grid", &(HOME.to_owned() + &down)).await;
        let mut texts = vec![browser.text("#cell").await];
        for _ in 1..nodes {
            browser.press("#grid", RIGHT).await;
            texts.push(browser.text("#cell").await);
        }
        cells.push(texts);
    }
    cells
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn each_cell_announces_its_result() {
    let run = generated::run(3);
    let browser = open("report-3", &run).await;
    let cells = cell_texts(&browser, 3).await;
    let name = |node: usize| run.nodes[node].name.name();
    for pair in &run.summary.throughput[0].pairs {
        let index =
            |name: &str| run.nodes.iter().position(|node| node.name == name).expect("the node is in the run");
        let text = &cells[index(&pair.sender)][index(&pair.receiver)];
        let expected = match pair.mean_bits_per_second() {
            Some(rate) => format!("{} to {}: {:.2} Gbit/s, ", pair.sender, pair.receiver, rate / 1e9),
            None => format!("{} to {}: failed", pair.sender, pair.receiver),
        };
        assert!(text.starts_with(&expected), "{text:?} is not {expected:?}");
    }
    assert_eq!(cells[1][1], format!("{}: same node", name(1)));
    assert!(cells[2][0].ends_with("% of the median, very slow"), "{}", cells[2][0]);
    let counts =
        "const grid = document.getElementById('grid'); return [grid.ariaRowCount, grid.ariaColCount]";
    assert_eq!(browser.run(counts).await, serde_json::json!(["3", "3"]));
    browser.save_screenshot("report-3").await;
    browser.expect_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn findings_gates_and_failures_are_listed_and_link_to_pairs() {
    let run = generated::run(8);
    let browser = open("report-8-lists", &run).await;
    assert!(browser.text("#findings").await.contains(&run.findings[0].sentence));
    assert!(browser.text("#findings li").await.contains("−80%"));
    assert!(browser.text("#findings li").await.contains("confirmed"));
    assert!(browser.text("#breaches").await.contains("--fail-below 1Gbit/s"));
    assert!(browser.text("#failures").await.contains("Help: look for a NetworkPolicy"));
    assert!(browser.text("#run-details").await.contains("has the taint gpu=true:NoSchedule"));

    let before = overlay_pixels(&browser).await;
    browser.click("#findings button").await;
    assert_ne!(before, overlay_pixels(&browser).await, "the other pairs are dimmed");
    assert_eq!(browser.text("#live").await, "7 pairs highlighted in the matrix");
    browser.press("body", ESCAPE).await;
    assert_eq!(before, overlay_pixels(&browser).await);

    browser.press("#failures button", ENTER).await;
    assert!(browser.text("#details").await.contains("Connection timed out"));
    browser.press("#details", ESCAPE).await;
    assert_eq!(browser.run("return document.activeElement.closest('section').id").await, "failures");
    browser.expect_quiet().await;
}

async fn overlay_pixels(browser: &Browser) -> serde_json::Value {
    browser.run("return document.getElementById('overlay').toDataURL()").await
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn order_filter_and_layer_update_matrix() {
    let run = generated::run(8);
    let browser = open("report-8-order", &run).await;
    let first_row = async || {
        browser.press("#grid", HOME).await;
        browser.text("#row-header").await
    };
    assert_eq!(run.nodes[0].name, first_row().await);
    browser.choose("#order", "mean").await;
    assert_eq!(run.nodes[2].name, first_row().await, "the slowest sender is first");
    browser.choose("#order", "run").await;
    browser.press("#filter", "eu-west-1b").await;
    assert_eq!(run.nodes[1].name, first_row().await);
    assert_eq!(browser.run("return document.getElementById('grid').ariaRowCount").await, "3");
    for (layer, title) in [
        (1, "Throughput over host"),
        (2, "Latency over pod"),
        (3, "Overlay overhead (pod vs. host)"),
        (4, "Throughput change over pod"),
    ] {
        browser.choose("#layer", &layer.to_string()).await;
        assert!(browser.text("#matrix-title").await.starts_with(title), "{title}");
    }
    browser.expect_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn keyboard_and_pointer_open_pair_details() {
    let run = generated::run(8);
    let browser = open("report-8", &run).await;
    browser.press("#grid", &format!("{DOWN}{DOWN}{ENTER}")).await;
    let title = format!("{}{}", run.nodes[2].name, run.nodes[1].name);
    assert_eq!(browser.text("#details-title").await, title);
    let drawn = "const points = document.querySelector('#details .curve:not(.faint) polyline').points; \
        const bars = document.querySelectorAll('#details .retransmits'); \
        return [points.length, bars.length, document.activeElement.id]";
    assert_eq!(browser.run(drawn).await, serde_json::json!([10, 4, "details"]));
    let details = browser.text("#details").await;
    for row in ["Retransmits240", "RTT0.132 ms", "Sender CPU42%", "1,398 bytes", "Both directions"] {
        assert!(details.contains(row), "{row:?} is not in {details}");
    }
    assert!(details.contains("Retested in isolation"));
    browser.save_screenshot("report-8-details").await;
    browser.press("#details", ESCAPE).await;
    assert_eq!(
        browser.run("return [document.getElementById('details').hidden, document.activeElement.id]").await,
        serde_json::json!([true, "grid"])
    );

    let found = browser.run(&click_pair(&run.nodes[5].name, &run.nodes[0].name)).await;
    assert_eq!(found, true, "the pointer finds the pair");
    let title = format!("{}{}", run.nodes[5].name, run.nodes[0].name);
    assert_eq!(browser.text("#details-title").await, title);
    browser.expect_quiet().await;
}

/// Script that moves the pointer over the matrix until it is on the pair, then clicks.
fn click_pair(sender: &str, receiver: &str) -> String {
    format!(
        "const canvas = document.getElementById('overlay');
        const tooltip = document.getElementById('tooltip');
        const box = canvas.getBoundingClientRect();
        const send = (type, x, y) =>
          canvas.dispatchEvent(new PointerEvent(type, {{ clientX: box.left + x, clientY: box.top + y }}));
        for (let y = 0; y < box.height; y += 8) for (let x = 0; x < box.width; x += 8) {{
          send('pointermove', x, y);
          const names = tooltip.hidden ? '' : tooltip.querySelector('.names').textContent;
          if (names !== {sender:?} + {receiver:?}) continue;
          send('click', x, y);
          return true;
        }}
        return false;"
    )
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn theme_button_toggles_dark_theme() {
    let browser = open("report-8-dark", &generated::run(8)).await;
    let look = "const canvas = document.getElementById('base'); \
        return [getComputedStyle(document.body).backgroundColor, canvas.toDataURL()]";
    let light = browser.run(look).await;
    browser.click("#theme").await;
    let dark = browser.run(look).await;
    assert_ne!((&light[0], &light[1]), (&dark[0], &dark[1]));
    assert_eq!(dark[0], "rgb(17, 22, 28)");
    browser.save_screenshot("report-8-dark").await;
    browser.click("#theme").await;
    assert_eq!(browser.run(look).await, light);
    browser.expect_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn hostile_names_are_displayed_as_text() {
    let names: Vec<String> = (0..4).map(|node| format!("{HOSTILE}{node}")).collect();
    let browser = open("report-hostile", &generated::run_of(&names)).await;
    browser.press("#grid", &format!("{DOWN}{DOWN}{ENTER}")).await;
    browser.press("#details", ESCAPE).await;
    browser.click("#failures button").await;
    let counts = "return [window.pwned ?? null, document.images.length, document.scripts.length]";
    assert_eq!(browser.run(counts).await, serde_json::json!([null, 0, 2]));
    assert!(browser.text("#details").await.contains(&names[0]));
    browser.expect_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn external_server_pair_and_empty_runs_are_displayed() {
    let external = open("report-external", &generated::external()).await;
    external.press("#grid", &format!("{DOWN}{ENTER}")).await;
    assert!(external.text("#details").await.contains("192.0.2.7"));
    external.press("#details", ESCAPE).await;
    external.choose("#layer", "1").await;
    assert!(external.text("#matrix-note").await.starts_with("Rows: receivers. Columns: senders."));
    external.save_screenshot("report-external").await;
    external.expect_quiet().await;

    let pair = open("report-pair", &generated::pair()).await;
    pair.press("#grid", ENTER).await;
    assert!(pair.text("#details").await.contains("Jitter0.013 ms"));
    pair.save_screenshot("report-pair").await;
    pair.expect_quiet().await;

    let empty = open("report-empty", &generated::empty()).await;
    assert!(empty.text("#subtitle").await.contains("Partial: ended after 0 of"));
    assert!(empty.text("#tiles").await.contains("nothing was measured"));
    empty.click("#theme").await;
    assert_eq!(empty.text("#theme").await, "☀ Light");
    empty.save_screenshot("report-empty").await;
    empty.expect_quiet().await;
}

/// The bounds are wide: frames are timed on machines with other load.
#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn report_of_200_nodes_is_responsive() {
    let run = generated::run(200);
    let start = std::time::Instant::now();
    let page = html(&run);
    println!("{} MB, rendered in {:?}", page.len() / 1_000_000, start.elapsed());
    assert!(page.len() < 30_000_000);
    let start = std::time::Instant::now();
    let browser = Browser::open("report-200", &page).await;
    println!("browser started and page loaded in {:?}", start.elapsed());
    let times = browser
        .run_async(
            "const canvas = document.getElementById('overlay');
        canvas.scrollIntoView();
        const frame = () => new Promise(requestAnimationFrame);
        await frame();
        const box = canvas.getBoundingClientRect();
        const [handlers, frames] = [[], []];
        let last = await frame();
        for (let step = 0; step < 120; step += 1) {
          const at = { clientX: box.left + 100 + step * 7, clientY: box.top + 60 + step * 5 };
          const before = performance.now();
          canvas.dispatchEvent(new PointerEvent('pointermove', at));
          handlers.push(performance.now() - before);
          const now = await frame();
          frames.push(now - last);
          last = now;
        }
        const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)];
        const load = performance.getEntriesByType('navigation')[0].duration;
        return [median(handlers), median(frames), handlers.at(-1), frames.at(-1), load];",
        )
        .await;
    println!("milliseconds: handler, frame (medians), handler, frame (maxima), load: {times}");
    let milliseconds = |index: usize| times[index].as_f64().expect("a time is a number");
    assert!(milliseconds(0) < 16.0 && milliseconds(1) < 50.0, "{times}");
    assert!(milliseconds(4) < 10_000.0, "{times}");
    assert!(browser.text("#more").await.starts_with("Show more (200 of 39,800 pairs)"));
    browser.press("#pairs tbody tr", &format!("{DOWN}{DOWN}")).await;
    let third = "return document.activeElement === document.querySelectorAll('#pairs tbody tr')[2]";
    assert_eq!(browser.run(third).await, true, "arrow keys move between rows");
    browser.save_screenshot("report-200").await;
    browser.expect_quiet().await;
}
