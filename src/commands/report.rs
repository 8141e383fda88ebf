//! `report`: shows a saved run.

use kubectl_netbench::analysis;
use kubectl_netbench::cli::{ExitCode, ReportArgs};
use kubectl_netbench::document::Run;
use kubectl_netbench::store::{self, Store};
use kubectl_netbench::view;

use super::gates::{check_distinct, evaluate, exit_code, print_breaches};
use super::output::Output;
use super::{Error, ProgramContext};
use crate::console::Console;

pub(super) async fn run(
    arguments: ReportArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let runs = program.store.as_ref();
    let output = Output::new(&arguments.output, program.streams)?;
    let baseline = arguments.gates.baseline.as_deref();
    let baseline = baseline.map(|reference| store::load(runs, reference)).transpose()?;
    let mut run = load(runs, &arguments.run)?;
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

/// Loads a saved run and analyses it: the document of an aborted run has no analysis.
///
/// # Errors
/// There is no such run, or it cannot be read.
pub(super) fn load(runs: Option<&Store>, reference: &str) -> Result<Run, Error> {
    let mut run = store::load(runs, reference)?;
    analysis::analyse(&mut run);
    Ok(run)
}
