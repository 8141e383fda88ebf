//! What all measuring commands do: prepare, measure, print, remove.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis::summarise;
use kubectl_netbench::cli::ExitCode;
use kubectl_netbench::document::{EngineName, LeftOut, Run, State};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::plan::{Plan, format_duration};
use kubectl_netbench::runner::{self, Measurements, RunError};
use kubectl_netbench::testbed::Testbed;
use kubectl_netbench::testbed::kubernetes::Environment;
use kubectl_netbench::view::{self, Canvas, Format};

use super::interrupt::Interrupt;
use super::prepare::{self, Destination, Prepared};
use super::request::Request;
use super::{Error, interrupt};
use crate::console;
use crate::progress::Progress;

pub(super) async fn run(request: Request, environment: &Environment) -> Result<ExitCode, Error> {
    if let Some(count) = request.placement.local {
        return measure(prepare::local(&request, count)?, &request).await;
    }
    if let Some(server) = &request.server {
        let prepared = prepare::across_clusters(&request, server, environment).await?;
        return Box::pin(measure(prepared, &request)).await;
    }
    match prepare::cluster(&request, environment).await? {
        Destination::Within(prepared) => Box::pin(measure(prepared, &request)).await,
        Destination::Elsewhere(prepared) => Box::pin(measure(prepared, &request)).await,
        Destination::DryRun(objects) => {
            write(objects).await?;
            Ok(ExitCode::Success)
        }
    }
}

async fn measure<T: Testbed>(prepared: Prepared<T>, request: &Request) -> Result<ExitCode, Error> {
    let commands: Vec<String> = prepared.removals.iter().map(|removal| removal.command.clone()).collect();
    let interrupt = interrupt::watch();
    tokio::select! {
        code = measure_and_remove(prepared, request, &interrupt) => Ok(code),
        () = interrupt.second.cancelled() => {
            if !commands.is_empty() {
                console::note(&format!("left behind; remove it with\n  {}", commands.join("\n  ")));
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
    let Prepared { testbed, plan, settings, mut run, estimate, removals } = prepared;
    let console = request.console;
    for LeftOut { name, reason } in &run.left_out {
        console.remark(&format!("{name} left out: {reason}"));
    }
    console.remark(&plan_line(&run, &plan, estimate.total(&plan)));

    let progress = Progress::new(&console, &plan, &settings, &estimate);
    let measured = runner::run(&testbed, &plan, &settings, &progress, &interrupt.first).await;
    progress.finish();
    let interrupted = measured.as_ref().is_ok_and(|measurements| measurements.interrupted);
    if interrupted {
        let stays = !removals.is_empty() && removals.iter().all(|removal| removal.stays);
        let then = if stays { "" } else { ": removing what was made" };
        console.remark(&format!("interrupted{then}; once more to quit at once"));
    }
    // removal begins before anything is printed: a pager may keep the printing waiting
    let commands = |stays: bool| {
        let of = removals.iter().filter(|removal| removal.stays == stays);
        let commands: Vec<&str> = of.map(|removal| removal.command.as_str()).collect();
        (!commands.is_empty()).then(|| commands.join("\n  "))
    };
    let by_hand = commands(false);
    let (removed, told) = tokio::join!(remove(&testbed, by_hand), async {
        let told = tell(&mut run, measured, request).await;
        progress.removing();
        told
    });
    progress.finish();
    if let Err(explanation) = &removed {
        console::error(explanation);
    }
    if let Some(command) = commands(true) {
        console.remark(&format!("the servers stay; remove them with\n  {command}"));
    }
    match removed.and(told) {
        _ if interrupted => ExitCode::Interrupted,
        Err(_) => ExitCode::Error,
        Ok(()) if run.tests.iter().all(|test| !test.outcome.is_ok()) => ExitCode::Error,
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
    write(view::render(run, format, canvas)).await
}

/// Writes to standard output.
async fn write(text: String) -> Result<(), Error> {
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

/// `4 nodes, 12 tests in 6 rounds, about 1m04s`
fn plan_line(run: &Run, plan: &Plan, total: Duration) -> String {
    let (nodes, tests, rounds) = (run.nodes.len(), plan.result_count(), plan.slot_count());
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}, {} in {}, about {}",
        plural(nodes, "node"),
        plural(tests, "test"),
        plural(rounds, "round"),
        format_duration(total)
    )
}

fn complete(run: &mut Run, measurements: Measurements) {
    run.finished_at = Timestamp::now();
    run.tests = measurements.tests;
    run.summary = summarise(&run.tests);
    if run.tests.len() == run.planned_tests {
        run.state = State::Complete;
    }
    if run.parameters.engine != EngineName::Iperf3 {
        return;
    }
    for (node, version) in run.nodes.iter_mut().zip(&measurements.versions) {
        node.iperf3.clone_from(version);
    }
    let mut versions: Vec<String> = measurements.versions.into_iter().flatten().collect();
    versions.sort_unstable();
    versions.dedup();
    run.versions.iperf3 = (!versions.is_empty()).then(|| versions.join(", "));
}
