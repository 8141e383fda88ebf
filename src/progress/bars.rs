//! Progress on a terminal: a bar for the whole run, and one for each test that runs.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::lines::{self, Words};
use crate::console::{self, is_ascii, note, shown};
use kubectl_netbench::document::{Outcome, Sample};
use kubectl_netbench::plan::{Estimate, Plan, format_duration};
use kubectl_netbench::quantity::rate;
use kubectl_netbench::runner::{Event, Settings};
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::Starting;

/// More running tests than this are counted, not drawn: the bars must fit a screen.
const DRAWN_TESTS: usize = 12;

/// Draws bars.
pub struct Bars {
    screen: MultiProgress,
    /// The servers' start, and then the whole run.
    whole: ProgressBar,
    nodes: usize,
    tests: u64,
    words: Words,
    /// How long all slots take, as far as is known beforehand.
    measuring: Duration,
    /// When the run will be over, by the slots that are left.
    over_at: Arc<Mutex<Instant>>,
    color: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: usize,
    /// The bars of the tests that run, by client and server.
    running: HashMap<(String, String), ProgressBar>,
    measuring: bool,
}

impl Bars {
    pub(super) fn new(plan: &Plan, settings: &Settings, estimate: &Estimate, color: bool) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let whole = screen.add(ProgressBar::new_spinner());
        whole.set_style(style("{spinner} {msg}", color));
        whole.enable_steady_tick(Duration::from_millis(100));
        whole.set_message("starting servers");
        console::set_bars(Some(screen.clone()));
        Self {
            screen,
            whole,
            nodes: settings.started,
            tests: plan.result_count() as u64,
            words: Words::new(settings),
            measuring: estimate.measuring(plan),
            over_at: Arc::new(Mutex::new(Instant::now())),
            color,
            state: Mutex::default(),
        }
    }

    pub(super) fn removing(&self) {
        self.whole.reset();
        self.whole.set_style(style("{spinner} {msg}", self.color));
        self.whole.enable_steady_tick(Duration::from_millis(100));
        self.whole.set_message("removing what was made");
        console::set_bars(Some(self.screen.clone()));
    }

    pub(super) fn finish(&self) {
        self.whole.finish_and_clear();
        // an observer that panicked must not keep the terminal from being tidied up
        for bar in self.state.lock().unwrap_or_else(PoisonError::into_inner).running.values() {
            bar.finish_and_clear();
        }
        console::set_bars(None);
    }

    pub(super) fn observe(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Server { node, starting } => self.server(&mut state, node, *starting),
            Event::SlotStarted { number, of, tests } => {
                if !state.measuring {
                    state.measuring = true;
                    self.begin_measuring();
                }
                let left = (of - number + 1) as f64 / *of as f64;
                let over_at = Instant::now() + self.measuring.mul_f64(left);
                *self.over_at.lock().unwrap_or_else(PoisonError::into_inner) = over_at;
                let more = match tests.saturating_sub(DRAWN_TESTS) {
                    0 => String::new(),
                    more => format!(" ({more} more at work)"),
                };
                self.whole.set_message(format!("round {number}/{of}{more}"));
            }
            Event::TestStarted { client, server, measure, route, seconds } => {
                let what = self.words.what(*measure, route.path, route.ip_family);
                self.begin_test(&mut state, (client, server), &what, (*seconds).into());
            }
            Event::Sampled { client, server, sample } => {
                let pair = ((*client).to_owned(), (*server).to_owned());
                if let Some(bar) = state.running.get(&pair) {
                    show(bar, sample);
                }
            }
            Event::TestEnded { record } => {
                if let Some(bar) = state.running.remove(&(record.client.clone(), record.server.clone())) {
                    bar.finish_and_clear();
                    self.screen.remove(&bar);
                }
                if matches!(record.outcome, Outcome::Failed(_)) {
                    note(&sanitize::line(&self.words.line(record)));
                }
                self.whole.inc(1);
            }
        }
    }

    fn server(&self, state: &mut State, node: &str, starting: Starting) {
        let waits_for = match starting {
            Starting::WaitsFor(waits_for) => sanitize::line(&format!("; {node}: {waits_for}")),
            Starting::Listens => {
                state.ready += 1;
                String::new()
            }
            Starting::Failed(unusable) => {
                note(&sanitize::line(&lines::server_failed(node, unusable)));
                String::new()
            }
            // the bar is that of the tests by then
            Starting::PutBack(lost) => return note(&sanitize::line(&lines::put_back(node, lost))),
        };
        let ready = state.ready;
        self.whole.set_message(shown(format!("starting servers: {ready}/{}{waits_for}", self.nodes)));
    }

    fn begin_measuring(&self) {
        let over_at = Arc::clone(&self.over_at);
        let left = move |_: &ProgressState, text: &mut dyn Write| {
            let over_at = *over_at.lock().unwrap_or_else(PoisonError::into_inner);
            // a string takes whatever is written to it
            let _ = text.write_str(&format_duration(over_at.saturating_duration_since(Instant::now())));
        };
        let template = "{bar:30.green} {pos}/{len} tests, {msg}, {left} left";
        self.whole.set_style(style(template, self.color).with_key("left", left));
        self.whole.set_length(self.tests);
        self.whole.set_position(0);
        self.whole.reset();
    }

    fn begin_test(&self, state: &mut State, (client, server): (&str, &str), what: &str, seconds: u64) {
        let pair = (client.to_owned(), server.to_owned());
        if state.running.len() >= DRAWN_TESTS && !state.running.contains_key(&pair) {
            return;
        }
        let bar = state.running.entry(pair).or_insert_with(|| {
            let bar = self.screen.add(ProgressBar::new(seconds));
            bar.set_style(style("{prefix}  {bar:20.cyan} {pos:>3}/{len}s {msg}", self.color));
            bar.set_prefix(shown(sanitize::line(&format!("{client} → {server}{what}"))));
            bar
        });
        // another attempt begins from the start
        bar.set_position(0);
        bar.set_message("");
    }
}

fn show(bar: &ProgressBar, sample: &Sample) {
    bar.set_position(sample.end_seconds.round() as u64);
    bar.set_message(rate(sample.bits_per_second));
}

/// A style from a template of this file; without colours where none are wanted.
fn style(template: &str, color: bool) -> ProgressStyle {
    let template =
        if color { template.to_owned() } else { template.replace(".green", "").replace(".cyan", "") };
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    if is_ascii() {
        style.progress_chars("=>-").tick_chars("|/-\\ ")
    } else {
        style.progress_chars("━╸─")
    }
}
