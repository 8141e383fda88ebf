//! The steps of `matrix` and `pair`: resolve, plan, provision, measure, analyse, retest, deliver.

mod delivery;
mod layout;
mod place;
mod plan;
mod recorder;
mod request;
mod resolve;
mod resume;
mod retest;
mod scheduled;

pub(super) use plan::plan;
pub(super) use request::{Request, ServerCluster, client_mode, needs_of};
pub(super) use resolve::resolve_in;
pub(super) use resume::check as check_resumable;
pub use scheduled::Origin;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis;
use kubectl_netbench::cli::{ExitCode, Saving};
use kubectl_netbench::document::{Command, NodeId, Note, NoteKind, Run, SkippedNode, State, TestRecord};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::options::ClientMode;
use kubectl_netbench::plan::{Plan, format_duration};
use kubectl_netbench::quantity::plural;
use kubectl_netbench::recurring::delivery::volume::VolumeClient;
use kubectl_netbench::runner::{self, Observers, RunError, Stopped};
use kubectl_netbench::store::Registration;
use kubectl_netbench::testbed::{Testbed, TestbedError};
use kubectl_netbench::view;

use self::delivery::DeliveryContext;
use self::plan::Planned;
use self::recorder::Recorder;
use self::resolve::{Removal, Resolved, resolve};
use super::gates::{evaluate, exit_code, print_breaches};
use super::interrupt::{self, Interrupt};
use super::{Error, ProgramContext, output};
use crate::console;
use crate::progress::Progress;

/// Runs `matrix` or `pair`.
///
/// # Errors
/// Nothing was measured, because the run cannot start. Errors after that are printed.
pub(super) async fn run(mut request: Request, program: &ProgramContext) -> Result<ExitCode, Error> {
    // as PID 1 in a container, the process ignores signals that it does not handle
    let interrupt = &interrupt::watch();
    let store = program.store.as_ref();
    let resolving = async {
        scheduled::begin(&mut request, program).await?;
        let baseline = request.load_baseline(store)?;
        Ok::<_, Error>((baseline, resolve(&request, program).await?))
    };
    let Some(resolved) = interrupt.unless(Box::pin(resolving)).await else {
        return Ok(ExitCode::Interrupted);
    };
    let (baseline, resolved) = resolved?;
    let planned = plan(&request, &resolved);
    if request.target.dry_run {
        output::write(resolved.manifests(&request, &planned)).await?;
        return Ok(ExitCode::Success);
    }

    // the disk of a scheduled run's pod does not outlive it
    let saving = if request.scheduled.is_some() { &Saving::Nowhere } else { &request.saving };
    let recorder = Recorder::begin(saving, store, request.console, &planned.run)?;
    let Resolved { site, volume, .. } = resolved;
    let (testbed, removals) = site.into_testbed(&request, &planned);
    let of_volume = volume.iter().map(|volume| volume.removal_command(&planned.run.id));
    let commands: Vec<String> =
        removals.iter().map(|removal| removal.command.clone()).chain(of_volume).collect();
    let registry = program.registry.as_ref().filter(|_| !commands.is_empty());
    // measure even if other processes cannot see that this run is in progress
    let registration = registry.and_then(|registry| registry.register(&planned.run.id).ok());
    let session = Session {
        request: &request,
        program,
        baseline,
        testbed,
        removals,
        volume,
        recorder: &recorder,
        interrupt,
    };
    tokio::select! {
        code = Box::pin(session.run(planned, registration)) => Ok(code),
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

/// A run that may create objects, from its first one to the deletion of the last.
struct Session<'a> {
    request: &'a Request,
    program: &'a ProgramContext,
    /// The run to compare with.
    baseline: Option<Run>,
    testbed: Box<dyn Testbed>,
    removals: Vec<Removal>,
    volume: Option<VolumeClient>,
    recorder: &'a Recorder<'a>,
    interrupt: &'a Interrupt,
}

impl Session<'_> {
    async fn run(&self, mut planned: Planned, registration: Option<Registration>) -> ExitCode {
        let console = self.request.console;
        announce(&planned, self.request);
        let progress = Progress::new(&console, &planned.plan, &planned.settings, &planned.estimate);
        let measured = self.measure_and_retest(&mut planned, &progress).await;
        progress.finish();
        let interrupted = measured.as_ref().is_ok_and(|stopped| *stopped == Some(Stopped::Interrupted));
        if interrupted {
            let keeps_all = !self.removals.is_empty() && self.removals.iter().all(|removal| removal.stays);
            let then = if keeps_all { "" } else { "; deleting created objects" };
            console.remark(&format!("interrupted{then} (press Ctrl-C again to quit immediately)"));
        }

        let mut run = planned.run;
        // deletion starts before anything is printed: a pager may block the output
        let (removed, delivered) = tokio::join!(self.remove(), async {
            let delivered = Box::pin(self.deliver(&mut run, measured)).await;
            progress.show_removal();
            delivered
        });
        progress.finish();
        match (&removed, registration) {
            (Err(explanation), _) => console::error(explanation),
            (Ok(()), Some(registration)) => registration.remove(),
            (Ok(()), None) => {}
        }
        if let Some(commands) = self.removal_commands(true) {
            console.remark(&format!("servers kept; to delete them:\n  {commands}"));
        }

        let ended = removed.and(delivered);
        let code = match &ended {
            _ if interrupted => ExitCode::Interrupted,
            // the user interrupted the delivery
            Err(_) if self.interrupt.first.is_cancelled() => ExitCode::Interrupted,
            Err(_) => ExitCode::Error,
            Ok(()) => exit_code(&run, &self.request.gates),
        };
        if let Some(origin) = &self.program.origin {
            origin.report_run(code, ended.as_ref().err(), &run);
        }
        code
    }

    /// Starts the servers, measures the plan, and retests suspicious pairs. The run is analysed. Returns why it was not
    /// completed.
    async fn measure_and_retest(
        &self,
        planned: &mut Planned,
        progress: &Progress,
    ) -> Result<Option<Stopped>, RunError> {
        let Planned { plan, settings, estimate, run } = planned;
        let interrupt = &self.interrupt.first;
        let started = runner::start(self.testbed.as_ref(), settings, progress, interrupt).await?;
        let Some(started) = started else { return Ok(Some(Stopped::Interrupted)) };
        add_versions(run, &started.versions());
        add_notes(run, &started.notes);

        let observers = Observers(vec![progress, self.recorder]);
        let measurements = started.measure(plan, &observers, interrupt).await;
        progress.finish();
        run.finished_at = Timestamp::now();
        // number the slots after those of the reused results
        let offset = run.tests.iter().map(|test| test.slot).max().unwrap_or(0);
        let renumber = |test: TestRecord| TestRecord { slot: test.slot + offset, ..test };
        run.tests.extend(measurements.tests.into_iter().map(renumber));
        add_notes(run, &measurements.notes);
        if run.tests.len() == run.planned_tests {
            run.state = State::Complete;
        }
        analysis::analyse(run);
        if measurements.stopped.is_some() {
            return Ok(measurements.stopped);
        }

        let retests = if self.request.confirms { retest::tests(run) } else { Vec::new() };
        if retests.is_empty() {
            return Ok(None);
        }
        let plan = Plan::one_by_one(retests);
        let console = self.request.console;
        let time = format_duration(estimate.measuring(&plan));
        let pairs = plural(plan.test_count(), "suspicious pair");
        console.remark(&format!("retesting {pairs} in isolation, about {time}"));
        let progress = Progress::new(&console, &plan, settings, estimate);
        let measurements = started.measure(&plan, &progress, interrupt).await;
        progress.finish();
        run.finished_at = Timestamp::now();
        run.retests = measurements.tests;
        add_notes(run, &measurements.notes);
        analysis::analyse(run);
        Ok(measurements.stopped)
    }

    /// Evaluates, saves, delivers and prints the run, and prints errors.
    ///
    /// # Errors
    /// The first error, already printed.
    async fn deliver(
        &self,
        run: &mut Run,
        measured: Result<Option<Stopped>, RunError>,
    ) -> Result<(), Explanation> {
        let Self { request, recorder, interrupt, .. } = self;
        let errors = match measured {
            Ok(stopped) => {
                let unauthenticated = match stopped {
                    Some(Stopped::Unauthenticated(failure)) => Some(Error::Unauthenticated {
                        why: failure.reason,
                        can_resume: request.command == Command::Matrix,
                    }),
                    Some(Stopped::Interrupted) | None => None,
                };
                let evaluated = evaluate(run, self.baseline.as_ref(), &request.gates);
                let saved = recorder.finish(run);
                let (format, canvas) = (request.output.format, request.output.canvas(&request.console));
                let context = DeliveryContext {
                    scheduled: request.scheduled.as_ref(),
                    volume: self.volume.as_ref(),
                    console: request.console,
                    interrupt,
                };
                // concurrent: an unreachable Pushgateway must not delay the output, nor a pager the delivery
                let (written, undelivered) = tokio::join!(
                    request.output.write(view::render(run, format, canvas)),
                    request.delivery.deliver(run, &context)
                );
                print_breaches(run);
                let errors = [written, saved, evaluated].into_iter().filter_map(Result::err);
                unauthenticated.into_iter().chain(errors).chain(undelivered).collect()
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

    /// Deletes the created objects.
    ///
    /// # Errors
    /// Some remain. The help of the error has the commands to delete them by hand.
    async fn remove(&self) -> Result<(), Explanation> {
        let mut removed = self.testbed.stop().await;
        if self.program.environment.terminal.is_some() && is_unauthenticated(&removed) {
            self.request.console.remark(
                "the created objects cannot be deleted with these credentials: log in again in another terminal, or \
                 press Ctrl-C to quit without deleting them",
            );
            while is_unauthenticated(&removed) {
                if self.interrupt.first.run_until_cancelled(tokio::time::sleep(LOGIN_PAUSE)).await.is_none() {
                    break;
                }
                removed = self.testbed.stop().await;
            }
        }
        removed.map_err(|error| {
            let explanation = error.explain();
            let by_hand = self.removal_commands(false);
            let by_hand = by_hand.map(|commands| format!("delete the remaining objects: {commands}"));
            let help: Vec<String> = explanation.help.clone().into_iter().chain(by_hand).collect();
            explanation.help(help.join("\n"))
        })
    }

    /// The commands that delete the objects which stay after the run, or those which do not; none if there are none.
    fn removal_commands(&self, stays: bool) -> Option<String> {
        let of = self.removals.iter().filter(|removal| removal.stays == stays);
        let commands: Vec<&str> = of.map(|removal| removal.command.as_str()).collect();
        (!commands.is_empty()).then(|| commands.join("\n  "))
    }
}

/// How often the deletion of objects is retried while the user logs in again.
const LOGIN_PAUSE: Duration = Duration::from_secs(5);

fn is_unauthenticated(removed: &Result<(), TestbedError>) -> bool {
    matches!(removed, Err(TestbedError::Request(error)) if error.is_unauthenticated())
}

/// Prints what is about to be measured.
fn announce(planned: &Planned, request: &Request) {
    let Planned { plan, run, .. } = planned;
    let console = request.console;
    for SkippedNode { name, reason } in &run.skipped_nodes {
        console.remark(&format!("{name} skipped: {reason}"));
    }
    if let Some(base) = &run.resumed {
        console.remark(&format!("reusing {} of {base}", plural(run.tests.len(), "result")));
    }
    console.remark(&plan_line(run, plan, planned.expected()));
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

fn add_notes(run: &mut Run, notes: &[Note]) {
    if notes.iter().any(|note| note.kind == NoteKind::ExecUnusable) {
        run.parameters.placement.via = ClientMode::Job;
    }
    Note::merge(&mut run.notes, notes.iter().cloned());
}

fn add_versions(run: &mut Run, versions: &HashMap<NodeId, String>) {
    let engine = run.parameters.measurement.engine;
    for node in &mut run.nodes {
        if let Some(version) = versions.get(&node.name) {
            node.engines.insert(engine, version.clone());
        }
    }
    let mut versions: Vec<String> = versions.values().cloned().collect();
    versions.sort_unstable();
    versions.dedup();
    if !versions.is_empty() {
        run.versions.engines.insert(engine, versions.join(", "));
    }
}
