//! `compare`: compares two saved runs.

use kubectl_netbench::cli::{CompareArgs, ExitCode};
use kubectl_netbench::store;
use kubectl_netbench::view;

use super::gates::{check_distinct, evaluate, print_breaches};
use super::output::Output;
use super::report::load;
use super::{Error, ProgramContext};
use crate::console::Console;

pub(super) async fn run(
    arguments: CompareArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let runs = program.store.as_ref();
    let output = Output::new(&arguments.output, program.streams)?;
    let base = store::load(runs, &arguments.base)?;
    let mut run = load(runs, &arguments.new)?;
    check_distinct(Some(&base), &run)?;
    run.breaches.clear();
    let evaluated = evaluate(&mut run, Some(&base), &arguments.gates.gates());
    output.write(view::render_comparison(&run, output.format, output.canvas(&console))).await?;
    evaluated?;
    print_breaches(&run);
    // failed pairs are part of the comparison, and breach a gate if one is set
    Ok(if run.breaches.is_empty() { ExitCode::Success } else { ExitCode::GateFailed })
}
