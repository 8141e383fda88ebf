//! `schedule run` and `schedule logs`: the log of a run, as it is written.

use std::ops::ControlFlow;

use kubectl_netbench::cli::{ExitCode, ScheduleLogsArgs, ScheduleNameArgs};
use kubectl_netbench::schedule::{Id, ScheduleError, Schedules};

use super::super::id::new_id;
use super::super::{Error, ProgramContext, interrupt};
use super::{connect, id};
use crate::console;

pub(super) async fn run(arguments: &ScheduleNameArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let cluster = connect(&arguments.connection, program).await?;
    let schedules = Schedules::of(&cluster).await?;
    let id = id(&arguments.schedule, &arguments.connection, &cluster);
    let found = schedules.find(&id).await?;
    let job = schedules.run(&found, &new_id()).await?;
    console::note(&format!("started {job} in the namespace {}", id.namespace));
    follow(&schedules, &id, &job).await
}

pub(super) async fn logs(arguments: &ScheduleLogsArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let cluster = connect(&arguments.connection, program).await?;
    let schedules = Schedules::of(&cluster).await?;
    let id = id(&arguments.schedule, &arguments.connection, &cluster);
    schedules.find(&id).await?;
    let jobs = schedules.job_names(&id).await?;
    let Some(job) = jobs.get(arguments.back) else {
        return Err(ScheduleError::NoRun { name: id.name, namespace: id.namespace, runs: jobs.len() }.into());
    };
    follow(&schedules, &id, job).await
}

/// Shows the log until the run ends, and takes its exit code for our own.
async fn follow(schedules: &Schedules<'_>, id: &Id, job: &str) -> Result<ExitCode, Error> {
    let shown = schedules.follow(id, job, |line| {
        console::write_result(&format!("{line}\n")).unwrap_or(ControlFlow::Break(()))
    });
    let Some(code) = interrupt::watch().unless(shown).await else {
        console::note(&format!(
            "the run goes on in the cluster; kubectl netbench schedule logs {} --namespace {}{} follows it",
            id.name,
            id.namespace,
            schedules.kubectl_flags()
        ));
        return Ok(ExitCode::Interrupted);
    };
    Ok(match code? {
        0 => ExitCode::Success,
        3 => ExitCode::SomeFailed,
        4 => ExitCode::GateFailed,
        130 => ExitCode::Interrupted,
        _ => ExitCode::Error,
    })
}
