//! `report` and `compare`: saved runs, without a cluster.

use kubectl_netbench::cli::{CompareArgs, ExitCode, ReportArgs};
use kubectl_netbench::store;
use kubectl_netbench::view;

use super::judged::{check_other, exit_code, judge, tell_breaches};
use super::output::Output;
use super::{Error, ProgramContext, saved};
use crate::console::Console;

pub(super) async fn report(
    arguments: ReportArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let runs = program.store.as_ref();
    let output = Output::new(&arguments.output, program.streams)?;
    let baseline = arguments.gates.baseline.as_deref();
    let baseline = baseline.map(|reference| store::load(runs, reference)).transpose()?;
    let mut run = saved::load(runs, &arguments.run)?;
    check_other(baseline.as_ref(), &run)?;
    let gates = arguments.gates.gates();
    let judged = judge(&mut run, baseline.as_ref(), &gates);
    output.write(view::render(&run, output.format, output.canvas(&console))).await?;
    judged?;
    if !gates.is_empty() {
        tell_breaches(&run);
    }
    Ok(exit_code(&run, &gates))
}

pub(super) async fn compare(
    arguments: CompareArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let runs = program.store.as_ref();
    let output = Output::new(&arguments.output, program.streams)?;
    let base = store::load(runs, &arguments.base)?;
    let mut run = saved::load(runs, &arguments.new)?;
    check_other(Some(&base), &run)?;
    run.breaches.clear();
    let judged = judge(&mut run, Some(&base), &arguments.gates.gates());
    output.write(view::render_comparison(&run, output.format, output.canvas(&console))).await?;
    judged?;
    tell_breaches(&run);
    // that a pair failed is told by the comparison, and is a breach of a gate where there is one
    Ok(if run.breaches.is_empty() { ExitCode::Success } else { ExitCode::GateFailed })
}
