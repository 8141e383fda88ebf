//! `runs`: the list of saved runs, and their deletion.

use jiff::Timestamp;
use kubectl_netbench::cli::{ExitCode, ListFormat, RunsArgs, RunsCommand};
use kubectl_netbench::store::StoreError;
use kubectl_netbench::view;

use super::output::write;
use super::{Error, Surroundings};
use crate::console::{self, Console};

pub(super) async fn run(
    arguments: RunsArgs,
    console: Console,
    surroundings: &Surroundings,
) -> Result<ExitCode, Error> {
    let store = surroundings.store.as_ref().ok_or(StoreError::NoDirectory)?;
    if let Some(RunsCommand::Delete(arguments)) = arguments.command {
        let deleted = store.delete(&arguments.runs)?;
        console::note(&format!("deleted {}", deleted.join(", ")));
        return Ok(ExitCode::Success);
    }
    let entries = store.list()?;
    write(match arguments.output {
        ListFormat::Table if entries.is_empty() => {
            console::note("no run was saved yet; make one: kubectl netbench matrix");
            String::new()
        }
        ListFormat::Table => view::runs(&entries, Timestamp::now(), console.canvas()),
        ListFormat::Json => view::json(&entries),
        ListFormat::Yaml => view::yaml(&entries),
    })
    .await?;
    Ok(ExitCode::Success)
}
