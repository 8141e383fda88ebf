//! `report` and `compare`: show saved runs.

use kubectl_netbench::cli::{CompareArgs, ExitCode, ReportArgs};
use kubectl_netbench::store;
use kubectl_netbench::view;

use super::gates::{check_distinct, evaluate, exit_code, print_breaches};
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
    check_distinct(baseline.as_ref(), &run)?;
    let gates = arguments.gates.gates();
    let evaluated = evaluate(&mut run, baseline.as_ref(), &gates);
    output.write(view::render(&run, output.format, output.canvas(&console))).await?;
    evaluated?;
    if !gates.is_empty() {
        print_breaches(&run);
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
    check_distinct(Some(&base), &run)?;
    run.breaches.clear();
    let evaluated = evaluate(&mut run, Some(&base), &arguments.gates.gates());
    output.write(view::render_comparison(&run, output.format, output.canvas(&console))).await?;
    evaluated?;
    print_breaches(&run);
    // failed pairs are part of the comparison, and breach a gate if one is set
    Ok(if run.breaches.is_empty() { ExitCode::Success } else { ExitCode::GateFailed })
}
