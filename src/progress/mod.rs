//! Progress of a run, on standard error: bars on a terminal, lines elsewhere.

mod bars;
mod lines;

use crate::console::Console;
use kubectl_netbench::plan::{Estimate, Plan};
use kubectl_netbench::runner::{Event, Observer, Settings};

use bars::Bars;
use indicatif::ProgressDrawTarget;
use lines::Lines;

/// A display of progress.
pub enum Progress {
    /// Bars that are updated in place.
    Bars(Bars),
    /// A line per finished test.
    Lines(Lines),
    /// No output.
    Quiet,
}

impl Progress {
    /// Chooses the display by the console.
    pub fn new(console: &Console, plan: &Plan, settings: &Settings, estimate: &Estimate) -> Self {
        if console.quiet {
            Self::Quiet
        } else if console.can_draw_bars() && !ProgressDrawTarget::stderr().is_hidden() {
            Self::Bars(Bars::new(plan, settings, estimate, console.has_stderr_color()))
        } else {
            Self::Lines(Lines::new(plan.result_count(), settings))
        }
    }

    /// Shows that the created objects are being deleted.
    pub fn show_removal(&self) {
        if let Self::Bars(bars) = self {
            bars.show_removal();
        }
    }

    /// Clears the bars from the terminal, before anything else is printed.
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
