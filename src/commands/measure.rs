//! The steps of `matrix` and `pair`: prepare, measure, save, print, delete.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis;
use kubectl_netbench::cli::{ExitCode, Saving};
use kubectl_netbench::delivery::volume::VolumeClient;
use kubectl_netbench::document::{LeftOut, Run, State, TestRecord};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::plan::{Estimate, Plan, format_duration};
use kubectl_netbench::runner::{self, Observers, RunError, Settings};
use kubectl_netbench::store::Registration;
use kubectl_netbench::testbed::Testbed;
use kubectl_netbench::view;

use super::delivery::DeliveryContext;
use super::gates::{evaluate, exit_code, print_breaches};
use super::interrupt::Interrupt;
use super::prepare::{self, Destination, Prepared};
use super::request::Request;
use super::saved::Recorder;
use super::{Error, ProgramContext, output, resume, retest};
use crate::console;
use crate::progress::Progress;

pub(super) async fn run(
    request: Request,
    program: &ProgramContext,
    interrupt: &Interrupt,
) -> Result<ExitCode, Error> {
    if let Some(count) = request.target.local {
        let prepared = prepare::local(&request, count)?;
        return Box::pin(measure(prepared, &request, program, interrupt)).await;
    }
    if let Some(server) = &request.server {
        let preparing = Box::pin(prepare::across_clusters(&request, server, program));
        let Some(prepared) = interrupt.unless(preparing).await else { return Ok(ExitCode::Interrupted) };
        return Box::pin(measure(prepared?, &request, program, interrupt)).await;
    }
    let preparing = Box::pin(prepare::within_cluster(&request, program));
    let Some(destination) = interrupt.unless(preparing).await else { return Ok(ExitCode::Interrupted) };
    match destination? {
        Destination::Within(prepared) => Box::pin(measure(prepared, &request, program, interrupt)).await,
        Destination::Elsewhere(prepared) => Box::pin(measure(prepared, &request, program, interrupt)).await,
        Destination::DryRun(objects) => {
            output::write(objects).await?;
            Ok(ExitCode::Success)
        }
    }
}

async fn measure<T: Testbed>(
    mut prepared: Prepared<T>,
    request: &Request,
    program: &ProgramContext,
    interrupt: &Interrupt,
) -> Result<ExitCode, Error> {
    if let Some(base) = &request.resumed {
        let Prepared { run, plan, settings, .. } = &mut prepared;
        *plan = resume::resume(run, plan, settings, base);
        analysis::analyse(run);
    }
    let store = program.store.as_ref();
    // a scheduled run's pod has no persistent disk
    let saving = if request.scheduled.is_some() { &Saving::Nowhere } else { &request.saving };
    let recorder = Recorder::begin(saving, store, request.console, &prepared.run)?;
    let of_volume = prepared.volume.iter().map(|volume| volume.removal_command(&prepared.run.id));
    let commands = prepared.removals.iter().map(|removal| removal.command.clone());
    let commands: Vec<String> = commands.chain(of_volume).collect();
    let registry = program.registry.as_ref().filter(|_| !commands.is_empty());
    // measure even if other processes cannot see that this run is in progress
    let registration = registry.and_then(|registry| registry.register(&prepared.run.id).ok());
    tokio::select! {
        code = measure_and_remove(prepared, registration, request, &recorder, interrupt, program) => Ok(code),
        () = interrupt.second.cancelled() => {
            recorder.abandon();
            if !commands.is_empty() {
                let commands = commands.join("\n  ");
                console::note(&format!("created objects were not deleted; to delete them:\n  {commands}"));
            }
            Ok(ExitCode::Interrupted)
        }
    }
}

async fn measure_and_remove<T: Testbed>(
    prepared: Prepared<T>,
    registration: Option<Registration>,
    request: &Request,
    recorder: &Recorder<'_>,
    interrupt: &Interrupt,
    program: &ProgramContext,
) -> ExitCode {
    let Prepared { testbed, plan, settings, mut run, estimate, volume, removals, .. } = prepared;
    let console = request.console;
    for LeftOut { name, reason } in &run.left_out {
        console.remark(&format!("{name} skipped: {reason}"));
    }
    if let Some(base) = &run.resumed {
        console.remark(&format!("reusing {} of {base}", plural(run.tests.len(), "result")));
    }
    console.remark(&plan_line(&run, &plan, estimate.total(&plan)));

    let progress = Progress::new(&console, &plan, &settings, &estimate);
    let phases = Phases { testbed: &testbed, settings: &settings, estimate: &estimate, request, interrupt };
    let measured = phases.measure(&mut run, &plan, &progress, recorder).await;
    progress.finish();
    let interrupted = measured.as_ref().is_ok_and(|ended| *ended == Ended::Interrupted);
    if interrupted {
        let keeps_all = !removals.is_empty() && removals.iter().all(|removal| removal.stays);
        let then = if keeps_all { "" } else { "; deleting created objects" };
        console.remark(&format!("interrupted{then} (press Ctrl-C again to quit immediately)"));
    }
    // deletion starts before anything is printed: a pager may block the output
    let removal_commands = |stays: bool| {
        let of = removals.iter().filter(|removal| removal.stays == stays);
        let commands: Vec<&str> = of.map(|removal| removal.command.as_str()).collect();
        (!commands.is_empty()).then(|| commands.join("\n  "))
    };
    let (removed, published) = tokio::join!(remove(&testbed, removal_commands(false)), async {
        let published = publish(&mut run, measured, request, recorder, volume.as_ref(), interrupt);
        let published = Box::pin(published).await;
        progress.show_removal();
        published
    });
    progress.finish();
    match (&removed, registration) {
        (Err(explanation), _) => console::error(explanation),
        (Ok(()), Some(registration)) => registration.remove(),
        (Ok(()), None) => {}
    }
    if let Some(command) = removal_commands(true) {
        console.remark(&format!("servers kept; to delete them:\n  {command}"));
    }
    let ended = removed.and(published);
    let code = match &ended {
        _ if interrupted => ExitCode::Interrupted,
        // the user interrupted the delivery
        Err(_) if interrupt.first.is_cancelled() => ExitCode::Interrupted,
        Err(_) => ExitCode::Error,
        Ok(()) => exit_code(&run, &request.gates),
    };
    if let Some(origin) = &program.origin {
        origin.report_run(code, ended.as_ref().err(), &run);
    }
    code
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Completed,
    Interrupted,
}

/// The phases of a run: start of the servers, tests of the plan, retests of suspicious pairs.
struct Phases<'a, T> {
    testbed: &'a T,
    settings: &'a Settings,
    estimate: &'a Estimate,
    request: &'a Request,
    interrupt: &'a Interrupt,
}

impl<T: Testbed> Phases<'_, T> {
    async fn measure(
        &self,
        run: &mut Run,
        plan: &Plan,
        progress: &Progress,
        recorder: &Recorder<'_>,
    ) -> Result<Ended, RunError> {
        let interrupt = &self.interrupt.first;
        let started = runner::start(self.testbed, self.settings, progress, interrupt).await?;
        let Some(started) = started else {
            return Ok(Ended::Interrupted);
        };
        add_versions(run, &started.versions());
        let observers = Observers(vec![progress, recorder]);
        let measurements = started.measure(plan, &observers, interrupt).await;
        progress.finish();
        run.finished_at = Timestamp::now();
        // number the slots after those of the reused results
        let offset = run.tests.iter().map(|test| test.slot).max().unwrap_or(0);
        let renumber = |test: TestRecord| TestRecord { slot: test.slot + offset, ..test };
        run.tests.extend(measurements.tests.into_iter().map(renumber));
        if run.tests.len() == run.planned_tests {
            run.state = State::Complete;
        }
        analysis::analyse(run);
        if measurements.interrupted {
            return Ok(Ended::Interrupted);
        }
        let retests = if self.request.confirms { retest::tests(run, self.settings) } else { Vec::new() };
        if retests.is_empty() {
            return Ok(Ended::Completed);
        }
        let plan = Plan::one_by_one(retests);
        let time = format_duration(self.estimate.measuring(&plan));
        let pairs = plural(plan.test_count(), "suspicious pair");
        self.request.console.remark(&format!("retesting {pairs} in isolation, about {time}"));
        let progress = Progress::new(&self.request.console, &plan, self.settings, self.estimate);
        let measurements = started.measure(&plan, &progress, interrupt).await;
        progress.finish();
        run.finished_at = Timestamp::now();
        run.retests = measurements.tests;
        analysis::analyse(run);
        Ok(if measurements.interrupted { Ended::Interrupted } else { Ended::Completed })
    }
}

/// Saves, delivers and prints the result, and prints errors, without waiting for the deletion of objects.
///
/// # Errors
/// The first error, already printed.
async fn publish(
    run: &mut Run,
    measured: Result<Ended, RunError>,
    request: &Request,
    recorder: &Recorder<'_>,
    volume: Option<&VolumeClient>,
    interrupt: &Interrupt,
) -> Result<(), Explanation> {
    let errors = match measured {
        Ok(_) => {
            let evaluated = evaluate(run, request.baseline.as_ref(), &request.gates);
            let saved = recorder.finish(run);
            let (format, canvas) = (request.output.format, request.output.canvas(&request.console));
            let (scheduled, console) = (request.scheduled.as_ref(), request.console);
            let context = DeliveryContext { scheduled, volume, console, interrupt };
            // concurrent: an unreachable Pushgateway must not delay the output, nor a pager the delivery
            let (written, undelivered) = tokio::join!(
                request.output.write(view::render(run, format, canvas)),
                request.delivery.deliver(run, &context)
            );
            print_breaches(run);
            let errors = [written, saved, evaluated].into_iter().filter_map(Result::err);
            errors.chain(undelivered).collect()
        }
        Err(error) => vec![recorder.finish(run).err().unwrap_or(error.into())],
    };
    let explanations: Vec<Explanation> = errors.iter().map(Error::explain).collect();
    explanations.iter().for_each(console::error);
    match explanations.into_iter().next() {
        Some(first) => Err(first),
        None => Ok(()),
    }
}

/// Deletes the created objects. The help of the error has the command to delete them by hand.
async fn remove(testbed: &impl Testbed, removal_command: Option<String>) -> Result<(), Explanation> {
    testbed.stop().await.map_err(|error| {
        let explanation = error.explain();
        let by_hand = removal_command.map(|command| format!("delete the remaining objects: {command}"));
        let help: Vec<String> = explanation.help.clone().into_iter().chain(by_hand).collect();
        explanation.help(help.join("\n"))
    })
}

/// `4 nodes, 12 tests in 6 rounds, about 1m04s`
fn plan_line(run: &Run, plan: &Plan, total: Duration) -> String {
    let (nodes, tests, rounds) = (run.nodes.len(), plan.result_count(), plan.slot_count());
    format!(
        "{}, {} in {}, about {}",
        plural(nodes, "node"),
        plural(tests, "test"),
        plural(rounds, "round"),
        format_duration(total)
    )
}

/// `1 node`, `4 nodes`
fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn add_versions(run: &mut Run, versions: &[Option<String>]) {
    let engine = run.parameters.measurement.engine;
    for (node, version) in run.nodes.iter_mut().zip(versions) {
        if let Some(version) = version {
            node.engines.insert(engine, version.clone());
        }
    }
    let mut versions: Vec<String> = versions.iter().flatten().cloned().collect();
    versions.sort_unstable();
    versions.dedup();
    if !versions.is_empty() {
        run.versions.engines.insert(engine, versions.join(", "));
    }
}
