//! `runs`: lists, fetches and deletes saved runs.

use jiff::Timestamp;
use kubectl_netbench::cli::{ExitCode, ListFormat, RunsArgs, RunsCommand};
use kubectl_netbench::store::StoreError;
use kubectl_netbench::view;

use super::fetch::fetch;
use super::output::write;
use super::{Error, ProgramContext};
use crate::console::{self, Console};

pub(super) async fn run(
    arguments: RunsArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let store = program.store.as_ref().ok_or(StoreError::NoDirectory)?;
    if let Some(RunsCommand::Delete(arguments)) = arguments.command {
        let deleted = store.delete(&arguments.runs)?;
        console::note(&format!("deleted {}", deleted.join(", ")));
        return Ok(ExitCode::Success);
    }
    let fetched = match &arguments.from_cluster {
        Some(place) => match fetch(place, &arguments, console, store, program).await? {
            Some(fetched) => Some(fetched),
            None => return Ok(ExitCode::Interrupted),
        },
        None => None,
    };
    let mut entries = store.list()?;
    entries.retain(|entry| fetched.as_ref().is_none_or(|fetched| fetched.ids.contains(&entry.id)));
    write(match arguments.output {
        ListFormat::Table if entries.is_empty() => {
            console::note(match &arguments.from_cluster {
                Some(_) => "no runs found",
                None => "no saved runs; to create one: kubectl netbench matrix",
            });
            String::new()
        }
        ListFormat::Table => view::runs(&entries, Timestamp::now(), console.canvas()),
        ListFormat::Json => view::json(&entries),
        ListFormat::Yaml => view::yaml(&entries),
    })
    .await?;
    let is_complete = fetched.is_none_or(|fetched| fetched.is_complete);
    Ok(if is_complete { ExitCode::Success } else { ExitCode::SomeFailed })
}
