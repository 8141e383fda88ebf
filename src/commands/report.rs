//! `report` and `compare`: saved runs, without a cluster.

use kubectl_netbench::cli::{CompareArgs, ExitCode, ReportArgs};
use kubectl_netbench::view;

use super::judged::{exit_code, judge, tell_breaches};
use super::output::Output;
use super::{Error, Surroundings, saved};
use crate::console::Console;

pub(super) async fn report(arguments: ReportArgs, surroundings: &Surroundings) -> Result<ExitCode, Error> {
    let store = surroundings.store.as_ref();
    let output = Output::new(&arguments.output, surroundings.streams)?;
    let console = Console::new(surroundings.streams, arguments.output.color, false);
    let baseline = arguments.gates.baseline.as_deref();
    let baseline = baseline.map(|reference| saved::load(store, reference)).transpose()?;
    let mut run = saved::load(store, &arguments.run)?;
    judge(&mut run, baseline.as_ref(), &arguments.gates.gates());
    output.write(view::render(&run, output.format, output.canvas(&console))).await?;
    tell_breaches(&run);
    Ok(exit_code(&run))
}

pub(super) async fn compare(arguments: CompareArgs, surroundings: &Surroundings) -> Result<ExitCode, Error> {
    let store = surroundings.store.as_ref();
    let output = Output::new(&arguments.output, surroundings.streams)?;
    let console = Console::new(surroundings.streams, arguments.output.color, false);
    let base = saved::load(store, &arguments.base)?;
    let mut run = saved::load(store, &arguments.new)?;
    judge(&mut run, Some(&base), &arguments.gates.gates());
    output.write(view::render_comparison(&run, output.format, output.canvas(&console))).await?;
    tell_breaches(&run);
    // that a pair failed is told by the comparison, and is a breach of a gate where there is one
    Ok(if run.breaches.is_empty() { ExitCode::Success } else { ExitCode::GateFailed })
}
