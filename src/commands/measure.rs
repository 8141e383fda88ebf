//! What all measuring commands do: prepare, measure, print, remove.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis::summarise;
use kubectl_netbench::cli::ExitCode;
use kubectl_netbench::document::{LeftOut, Run, State};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::plan::{Plan, format_duration};
use kubectl_netbench::runner::{self, Measurements, RunError, Settings};
use kubectl_netbench::testbed::Testbed;
use kubectl_netbench::testbed::kubernetes::Environment;
use kubectl_netbench::view::{self, Canvas, Format};

use super::interrupt::Interrupt;
use super::prepare::{self, Prepared};
use super::request::Request;
use super::{Error, interrupt};
use crate::console;
use crate::progress::Progress;

pub(super) async fn run(request: Request, environment: &Environment) -> Result<ExitCode, Error> {
    match request.measurement.local {
        Some(count) => measure(prepare::local(&request, count)?, &request).await,
        None => measure(prepare::cluster(&request, environment).await?, &request).await,
    }
}

async fn measure<T: Testbed>(prepared: Prepared<T>, request: &Request) -> Result<ExitCode, Error> {
    let removal_command = prepared.removal_command.clone();
    let interrupt = interrupt::watch();
    tokio::select! {
        code = measure_and_remove(prepared, request, &interrupt) => Ok(code),
        () = interrupt.second.cancelled() => {
            if let Some(command) = removal_command {
                console::note(&format!("left behind; remove it with\n  {command}"));
            }
            Ok(ExitCode::Interrupted)
        }
    }
}

async fn measure_and_remove<T: Testbed>(
    prepared: Prepared<T>,
    request: &Request,
    interrupt: &Interrupt,
) -> ExitCode {
    let Prepared { testbed, plan, mut run, estimate, grace, removal_command } = prepared;
    let console = request.console;
    for LeftOut { name, reason } in &run.left_out {
        console.remark(&format!("{name} left out: {reason}"));
    }
    console.remark(&plan_line(&plan, estimate.total(&plan, request.measurement.time)));
    let settings = Settings {
        nodes: run.nodes.iter().map(|node| node.name.clone()).collect(),
        time_seconds: run.parameters.time_seconds,
        parallel: run.parameters.parallel,
        path: run.parameters.path,
        grace,
    };

    let progress = Progress::new(&console, &plan, &settings, estimate);
    let measured = runner::run(&testbed, &plan, &settings, &progress, &interrupt.first).await;
    progress.finish();
    let interrupted = measured.as_ref().is_ok_and(|measurements| measurements.interrupted);
    if interrupted {
        console.remark("interrupted: removing what was made; once more to quit at once");
    }
    // removal begins before anything is printed: a pager may keep the printing waiting
    let (removed, told) = tokio::join!(remove(&testbed, removal_command), async {
        let told = tell(&mut run, measured, request).await;
        progress.removing();
        told
    });
    progress.finish();
    if let Err(explanation) = &removed {
        console::error(explanation);
    }
    match removed.and(told) {
        _ if interrupted => ExitCode::Interrupted,
        Err(_) => ExitCode::Error,
        Ok(()) if run.tests.iter().all(|test| test.outcome.measurement().is_none()) => ExitCode::Error,
        Ok(()) if run.has_failures() => ExitCode::SomeFailed,
        Ok(()) => ExitCode::Success,
    }
}

/// Prints the result, or the error, as soon as it is there: removal takes its time.
async fn tell(
    run: &mut Run,
    measured: Result<Measurements, RunError>,
    request: &Request,
) -> Result<(), Explanation> {
    let told = match measured {
        Ok(measurements) => {
            complete(run, measurements);
            print(run, request.format, request.console.canvas()).await
        }
        Err(error) => Err(error.into()),
    };
    told.map_err(|error| {
        let explanation = error.explain();
        console::error(&explanation);
        explanation
    })
}

/// Writes the result. A reader that does not read does not keep anything else waiting.
async fn print(run: &Run, format: Format, canvas: Canvas) -> Result<(), Error> {
    let text = view::render(run, format, canvas);
    let written = tokio::task::spawn_blocking(move || console::write_result(&text)).await;
    match written {
        Ok(written) => written.map_err(Error::Output),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Removes what was made. The error says how to do it by hand.
async fn remove(testbed: &impl Testbed, removal_command: Option<String>) -> Result<(), Explanation> {
    testbed.stop().await.map_err(|error| {
        let explanation = error.explain();
        let by_hand = removal_command.map(|command| format!("remove what is left: {command}"));
        let remedies: Vec<String> = explanation.remedy.clone().into_iter().chain(by_hand).collect();
        explanation.remedy(remedies.join("\n"))
    })
}

/// `4 nodes, 12 pairs, 6 rounds, about 1m04s`
fn plan_line(plan: &Plan, total: Duration) -> String {
    let (nodes, pairs, rounds) = (plan.node_count(), plan.pair_count(), plan.slot_count());
    let total = format_duration(total);
    format!("{nodes} nodes, {pairs} pairs, {rounds} rounds, about {total}")
}

fn complete(run: &mut Run, measurements: Measurements) {
    run.finished_at = Timestamp::now();
    run.tests = measurements.tests;
    run.summary = summarise(&run.tests);
    if run.tests.len() == run.planned_tests {
        run.state = State::Complete;
    }
    for (node, version) in run.nodes.iter_mut().zip(&measurements.versions) {
        node.iperf3.clone_from(version);
    }
    let mut versions: Vec<String> = measurements.versions.into_iter().flatten().collect();
    versions.sort_unstable();
    versions.dedup();
    run.versions.iperf3 = (!versions.is_empty()).then(|| versions.join(", "));
}
