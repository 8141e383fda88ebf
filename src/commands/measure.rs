//! What all measuring commands do: prepare, measure, save, print, remove.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis;
use kubectl_netbench::cli::{ExitCode, Saving};
use kubectl_netbench::delivery::volume::VolumeClient;
use kubectl_netbench::document::{EngineName, LeftOut, Run, State, TestRecord};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::plan::{Estimate, Plan, format_duration};
use kubectl_netbench::runner::{self, Observers, RunError, Settings};
use kubectl_netbench::store::Process;
use kubectl_netbench::testbed::Testbed;
use kubectl_netbench::view;

use super::delivery::DeliveryContext;
use super::interrupt::Interrupt;
use super::judged::{exit_code, judge, tell_breaches};
use super::prepare::{self, Destination, Prepared};
use super::request::Request;
use super::saved::Recorder;
use super::{Error, Surroundings, again, output, resume};
use crate::console;
use crate::progress::Progress;

pub(super) async fn run(
    request: Request,
    surroundings: &Surroundings,
    interrupt: &Interrupt,
) -> Result<ExitCode, Error> {
    if let Some(count) = request.instead.local {
        let prepared = prepare::local(&request, count)?;
        return Box::pin(measure(prepared, &request, surroundings, interrupt)).await;
    }
    if let Some(server) = &request.server {
        let preparing = Box::pin(prepare::across_clusters(&request, server, surroundings));
        let Some(prepared) = interrupt.unless(preparing).await else { return Ok(ExitCode::Interrupted) };
        return Box::pin(measure(prepared?, &request, surroundings, interrupt)).await;
    }
    let preparing = Box::pin(prepare::within_cluster(&request, surroundings));
    let Some(destination) = interrupt.unless(preparing).await else { return Ok(ExitCode::Interrupted) };
    match destination? {
        Destination::Within(prepared) => Box::pin(measure(prepared, &request, surroundings, interrupt)).await,
        Destination::Elsewhere(prepared) => {
            Box::pin(measure(prepared, &request, surroundings, interrupt)).await
        }
        Destination::DryRun(objects) => {
            output::write(objects).await?;
            Ok(ExitCode::Success)
        }
    }
}

async fn measure<T: Testbed>(
    mut prepared: Prepared<T>,
    request: &Request,
    surroundings: &Surroundings,
    interrupt: &Interrupt,
) -> Result<ExitCode, Error> {
    if let Some(base) = &request.resumed {
        let Prepared { run, plan, settings, .. } = &mut prepared;
        *plan = resume::resume(run, plan, settings, base);
        analysis::analyse(run);
    }
    let store = surroundings.store.as_ref();
    // a pod's own disk goes with it
    let saving = if request.scheduled.is_some() { &Saving::Nowhere } else { &request.saving };
    let recorder = Recorder::begin(saving, store, request.console, &prepared.run)?;
    let of_volume = prepared.volume.iter().map(|volume| volume.removal_command(&prepared.run.id));
    let commands = prepared.removals.iter().map(|removal| removal.command.clone());
    let commands: Vec<String> = commands.chain(of_volume).collect();
    let processes = surroundings.processes.as_ref().filter(|_| !commands.is_empty());
    // that others cannot tell whether it lives is no reason not to measure
    let process = processes.and_then(|processes| processes.begin(&prepared.run.id).ok());
    tokio::select! {
        code = measure_and_remove(prepared, process, request, &recorder, interrupt, surroundings) => Ok(code),
        () = interrupt.second.cancelled() => {
            recorder.abandon();
            if !commands.is_empty() {
                console::note(&format!("left behind; remove it with\n  {}", commands.join("\n  ")));
            }
            Ok(ExitCode::Interrupted)
        }
    }
}

async fn measure_and_remove<T: Testbed>(
    prepared: Prepared<T>,
    process: Option<Process>,
    request: &Request,
    recorder: &Recorder<'_>,
    interrupt: &Interrupt,
    surroundings: &Surroundings,
) -> ExitCode {
    let Prepared { testbed, plan, settings, mut run, estimate, volume, removals, .. } = prepared;
    let console = request.console;
    for LeftOut { name, reason } in &run.left_out {
        console.remark(&format!("{name} left out: {reason}"));
    }
    if let Some(base) = &run.resumed {
        console.remark(&format!("{} tests are taken over from {base}", run.tests.len()));
    }
    console.remark(&plan_line(&run, &plan, estimate.total(&plan)));

    let progress = Progress::new(&console, &plan, &settings, &estimate);
    let phases = Phases { testbed: &testbed, settings: &settings, estimate: &estimate, request, interrupt };
    let measured = phases.measure(&mut run, &plan, &progress, recorder).await;
    progress.finish();
    let interrupted = measured.as_ref().is_ok_and(|ended| *ended == Ended::Interrupted);
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
        let told = Box::pin(tell(&mut run, measured, request, recorder, volume.as_ref(), interrupt)).await;
        progress.removing();
        told
    });
    progress.finish();
    match (&removed, process) {
        (Err(explanation), _) => console::error(explanation),
        (Ok(()), Some(process)) => process.end(),
        (Ok(()), None) => {}
    }
    if let Some(command) = commands(true) {
        console.remark(&format!("the servers stay; remove them with\n  {command}"));
    }
    let ended = removed.and(told);
    let code = match &ended {
        _ if interrupted => ExitCode::Interrupted,
        // what is handed out was given up
        Err(_) if interrupt.first.is_cancelled() => ExitCode::Interrupted,
        Err(_) => ExitCode::Error,
        Ok(()) => exit_code(&run, &request.gates),
    };
    if let Some(origin) = &surroundings.origin {
        origin.report_run(code, ended.as_ref().err(), &run);
    }
    code
}

/// How measuring ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    AsPlanned,
    Interrupted,
}

/// The phases of measuring: the start, the plan, and suspicious pairs once more.
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
        // the slots of what was taken over come first
        let before = run.tests.iter().map(|test| test.slot).max().unwrap_or(0);
        let after = |test: TestRecord| TestRecord { slot: test.slot + before, ..test };
        run.tests.extend(measurements.tests.into_iter().map(after));
        if run.tests.len() == run.planned_tests {
            run.state = State::Complete;
        }
        analysis::analyse(run);
        if measurements.interrupted {
            return Ok(Ended::Interrupted);
        }
        let again = if self.request.confirms { again::tests(run, self.settings) } else { Vec::new() };
        if again.is_empty() {
            return Ok(Ended::AsPlanned);
        }
        let plan = Plan::one_by_one(again);
        let time = format_duration(self.estimate.measuring(&plan));
        let what = match plan.test_count() {
            1 => "a suspicious pair again, alone".to_owned(),
            count => format!("{count} suspicious pairs again, each alone"),
        };
        self.request.console.remark(&format!("measuring {what}, about {time}"));
        let progress = Progress::new(&self.request.console, &plan, self.settings, self.estimate);
        let measurements = started.measure(&plan, &progress, interrupt).await;
        progress.finish();
        run.finished_at = Timestamp::now();
        run.retests = measurements.tests;
        analysis::analyse(run);
        Ok(if measurements.interrupted { Ended::Interrupted } else { Ended::AsPlanned })
    }
}

/// Saves, hands out and prints the result, or prints the errors, as soon as they are there: removal takes
/// its time. Returns the first of them.
async fn tell(
    run: &mut Run,
    measured: Result<Ended, RunError>,
    request: &Request,
    recorder: &Recorder<'_>,
    volume: Option<&VolumeClient>,
    interrupt: &Interrupt,
) -> Result<(), Explanation> {
    let errors = match measured {
        Ok(_) => {
            let judged = judge(run, request.baseline.as_ref(), &request.gates);
            let saved = recorder.finish(run);
            let (format, canvas) = (request.output.format, request.output.canvas(&request.console));
            let (scheduled, console) = (request.scheduled.as_ref(), request.console);
            let context = DeliveryContext { scheduled, volume, console, interrupt };
            // a gateway that is away keeps nobody from reading, nor does a pager keep anything from being pushed
            let (written, undelivered) = tokio::join!(
                request.output.write(view::render(run, format, canvas)),
                request.delivery.deliver(run, &context)
            );
            tell_breaches(run);
            let errors = [written, saved, judged].into_iter().filter_map(Result::err);
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

fn add_versions(run: &mut Run, versions: &[Option<String>]) {
    if run.parameters.engine != EngineName::Iperf3 {
        return;
    }
    for (node, version) in run.nodes.iter_mut().zip(versions) {
        node.iperf3.clone_from(version);
    }
    let mut versions: Vec<String> = versions.iter().flatten().cloned().collect();
    versions.sort_unstable();
    versions.dedup();
    run.versions.iperf3 = (!versions.is_empty()).then(|| versions.join(", "));
}
