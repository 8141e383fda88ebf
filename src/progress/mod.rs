//! What a person sees while a run goes on: bars on a terminal, lines elsewhere. Always on standard
//! error.

mod bars;
mod lines;

use crate::console::Console;
use kubectl_netbench::plan::{Estimate, Plan};
use kubectl_netbench::runner::{Event, Observer, Settings};

use bars::Bars;
use indicatif::ProgressDrawTarget;
use lines::Lines;

/// One way to show progress.
pub enum Progress {
    /// Bars that change in place.
    Bars(Bars),
    /// A line per event.
    Lines(Lines),
    /// Nothing.
    Quiet,
}

impl Progress {
    /// The way that suits the console.
    pub fn new(console: &Console, plan: &Plan, settings: &Settings, estimate: &Estimate) -> Self {
        if console.quiet {
            Self::Quiet
        } else if console.draws_bars() && !ProgressDrawTarget::stderr().is_hidden() {
            Self::Bars(Bars::new(plan, settings, estimate, console.stderr_color()))
        } else {
            Self::Lines(Lines::new(plan.result_count(), settings))
        }
    }

    /// Shows that what was made is being removed.
    pub fn removing(&self) {
        if let Self::Bars(bars) = self {
            bars.removing();
        }
    }

    /// Takes everything off the terminal that would stand in the way of the result.
    pub fn finish(&self) {
        if let Self::Bars(bars) = self {
            bars.finish();
        }
    }
}

impl Observer for Progress {
    fn observe(&self, event: &Event) {
        match self {
            Self::Bars(bars) => bars.observe(event),
            Self::Lines(lines) => lines.observe(event),
            Self::Quiet => {}
        }
    }
}
