//! `schedule run` and `schedule logs`: follow the log of a run.

use std::ops::ControlFlow;

use kubectl_netbench::cli::{ExitCode, ScheduleLogsArgs, ScheduleNameArgs};
use kubectl_netbench::recurring::schedule::{ScheduleError, ScheduleId, Schedules};

use super::super::id::new_id;
use super::super::{Error, ProgramContext, interrupt};
use super::{connect, id};
use crate::console;

pub(super) async fn run(arguments: &ScheduleNameArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let cluster = connect(&arguments.connection, program).await?;
    let schedules = Schedules::discover(&cluster).await?;
    let id = id(&arguments.schedule, &arguments.connection, &cluster);
    let schedule = schedules.find(&id).await?;
    let job = schedules.run(&schedule, &new_id()).await?;
    console::note(&format!("started run {job} in namespace {}", id.namespace));
    follow(&schedules, &id, &job).await
}

pub(super) async fn logs(arguments: &ScheduleLogsArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let cluster = connect(&arguments.connection, program).await?;
    let schedules = Schedules::discover(&cluster).await?;
    let id = id(&arguments.schedule, &arguments.connection, &cluster);
    schedules.find(&id).await?;
    let jobs = schedules.job_names(&id).await?;
    let Some(job) = jobs.get(arguments.back) else {
        return Err(ScheduleError::NoSuchRun { id, runs: jobs.len() }.into());
    };
    follow(&schedules, &id, job).await
}

/// Prints the log of a run until it ends. Returns its exit code.
async fn follow(schedules: &Schedules<'_>, id: &ScheduleId, job: &str) -> Result<ExitCode, Error> {
    let followed = schedules.follow(id, job, |line| {
        // breaks if the reader has closed the pipe
        console::write_result(&format!("{line}\n")).unwrap_or(ControlFlow::Break(()))
    });
    let Some(code) = interrupt::watch().unless(followed).await else {
        console::note(&format!(
            "the run continues in the cluster; to follow it: kubectl netbench schedule logs {} --namespace {}{}",
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
