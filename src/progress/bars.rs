//! Progress on a terminal: a bar for the run, and one for each running test.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::lines::{self, FailedNodes, Labels};
use crate::console::{self, is_ascii, note, to_charset};
use kubectl_netbench::document::{NodeId, Outcome, Sample};
use kubectl_netbench::plan::{Estimate, Plan, format_duration};
use kubectl_netbench::quantity::rate;
use kubectl_netbench::runner::{Event, Settings};
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::ServerState;

/// Maximum number of test bars, so that they fit on a screen; further tests are only counted.
const MAX_TEST_BARS: usize = 12;

/// Draws progress bars.
pub struct Bars {
    screen: MultiProgress,
    /// The start of the servers, then the tests of the run, then the removal.
    overall: ProgressBar,
    nodes: usize,
    tests: u64,
    labels: Labels,
    /// Estimated duration of all slots.
    estimated: Duration,
    /// Estimated end of the run, from the slots that are left.
    ends_at: Arc<Mutex<Instant>>,
    color: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: usize,
    /// The bars of the running tests, by client and server.
    running: HashMap<(NodeId, NodeId), ProgressBar>,
    is_measuring: bool,
    failed_nodes: FailedNodes,
}

impl Bars {
    pub(super) fn new(plan: &Plan, settings: &Settings, estimate: &Estimate, color: bool) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let overall = screen.add(ProgressBar::new_spinner());
        overall.set_style(style("{spinner} {msg}", color));
        overall.enable_steady_tick(Duration::from_millis(100));
        overall.set_message("starting servers");
        console::set_bars(Some(screen.clone()));
        Self {
            screen,
            overall,
            nodes: settings.nodes.len() - usize::from(settings.external_server.is_some()),
            tests: plan.result_count() as u64,
            labels: Labels::new(settings),
            estimated: estimate.measuring(plan),
            ends_at: Arc::new(Mutex::new(Instant::now())),
            color,
            state: Mutex::default(),
        }
    }

    pub(super) fn show_removal(&self) {
        self.overall.reset();
        self.overall.set_style(style("{spinner} {msg}", self.color));
        self.overall.enable_steady_tick(Duration::from_millis(100));
        self.overall.set_message("deleting created objects");
        console::set_bars(Some(self.screen.clone()));
    }

    pub(super) fn finish(&self) {
        self.overall.finish_and_clear();
        // the terminal is cleaned up even after a panic of an observer
        for bar in self.state.lock().unwrap_or_else(PoisonError::into_inner).running.values() {
            bar.finish_and_clear();
        }
        console::set_bars(None);
    }

    pub(super) fn observe(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Server { node, state: server } => self.update_server(&mut state, *node, *server),
            Event::Noted(noted) => note(&sanitize::line(&noted.to_string())),
            Event::SlotStarted { number, of, tests } => {
                state.failed_nodes.new_lines().iter().for_each(|line| note(&sanitize::line(line)));
                if !state.is_measuring {
                    state.is_measuring = true;
                    self.begin_measuring();
                }
                let left = (of - number + 1) as f64 / *of as f64;
                let ends_at = Instant::now() + self.estimated.mul_f64(left);
                *self.ends_at.lock().unwrap_or_else(PoisonError::into_inner) = ends_at;
                let more = match tests.saturating_sub(MAX_TEST_BARS) {
                    0 => String::new(),
                    more => format!(" ({more} more running)"),
                };
                self.overall.set_message(format!("round {number}/{of}{more}"));
            }
            Event::TestStarted { client, server, measure, route, seconds } => {
                let suffix = self.labels.suffix(*measure, *route);
                self.begin_test(&mut state, (*client, *server), &suffix, (*seconds).into());
            }
            Event::Sampled { client, server, sample } => {
                if let Some(bar) = state.running.get(&(*client, *server)) {
                    show_sample(bar, sample);
                }
            }
            Event::TestEnded { record } => {
                if let Some(bar) = state.running.remove(&(record.client, record.server)) {
                    bar.finish_and_clear();
                    self.screen.remove(&bar);
                }
                if matches!(record.outcome, Outcome::Failed(_)) && !state.failed_nodes.explain(record) {
                    note(&sanitize::line(&self.labels.result_line(record)));
                }
                self.overall.inc(1);
            }
        }
    }

    fn update_server(&self, state: &mut State, node: NodeId, server: ServerState) {
        let waits_for = match server {
            ServerState::Waiting(waits_for) => sanitize::line(&format!("; {node}: {waits_for}")),
            ServerState::Listening => {
                state.ready += 1;
                String::new()
            }
            ServerState::Failed(unusable) => {
                state.failed_nodes.add(node, unusable);
                String::new()
            }
            // the overall bar already counts tests
            ServerState::Restored(lost) => return note(&sanitize::line(&lines::server_restored(node, lost))),
        };
        let ready = state.ready;
        self.overall.set_message(to_charset(format!("starting servers: {ready}/{}{waits_for}", self.nodes)));
    }

    fn begin_measuring(&self) {
        let ends_at = Arc::clone(&self.ends_at);
        let left = move |_: &ProgressState, text: &mut dyn Write| {
            let ends_at = *ends_at.lock().unwrap_or_else(PoisonError::into_inner);
            // writing to a string cannot fail
            let _ = text.write_str(&format_duration(ends_at.saturating_duration_since(Instant::now())));
        };
        let template = "{bar:30.green} {pos}/{len} tests, {msg}, {left} left";
        self.overall.set_style(style(template, self.color).with_key("left", left));
        self.overall.set_length(self.tests);
        self.overall.set_position(0);
        self.overall.reset();
    }

    fn begin_test(&self, state: &mut State, pair: (NodeId, NodeId), suffix: &str, seconds: u64) {
        let (client, server) = pair;
        if state.running.len() >= MAX_TEST_BARS && !state.running.contains_key(&pair) {
            return;
        }
        let bar = state.running.entry(pair).or_insert_with(|| {
            let bar = self.screen.add(ProgressBar::new(seconds));
            bar.set_style(style("{prefix}  {bar:20.cyan} {pos:>3}/{len}s {msg}", self.color));
            bar.set_prefix(to_charset(sanitize::line(&format!("{client} → {server}{suffix}"))));
            bar
        });
        // a retry starts from zero
        bar.set_position(0);
        bar.set_message("");
    }
}

fn show_sample(bar: &ProgressBar, sample: &Sample) {
    bar.set_position(sample.end_seconds.round() as u64);
    bar.set_message(rate(sample.bits_per_second));
}

/// Builds a style from a template, with its colours removed unless `color`.
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
