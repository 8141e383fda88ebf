//! `check`: whether a run can succeed in a cluster, and what is missing. Nothing is made.

use k8s_openapi::api::core::v1::Node;
use kubectl_netbench::check::{self, Seen};
use kubectl_netbench::cli::{CheckArgs, CheckFormat, ExitCode};
use kubectl_netbench::cluster::{self, RequestError};
use kubectl_netbench::document::Command;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::testbed::kubernetes::{self, Choice, Depth, Needs, Wanted};
use kubectl_netbench::view;

use super::output::write;
use super::request::{needs_of, processes};
use super::{Error, ProgramContext};
use crate::console::Console;

pub(super) async fn run(
    arguments: CheckArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let needs = needs(&arguments);
    if arguments.rbac {
        write(check::rbac(&needs)).await?;
        return Ok(ExitCode::Success);
    }
    let options = arguments.connection.options();
    let cluster = cluster::connect(&options, &program.environment).await?;
    let nodes = async {
        match cluster.nodes(arguments.selector.as_deref()).await {
            // a right that is missing is one of many things to tell
            Err(error) if error.is_forbidden() => Ok(None),
            other => other.map(Some),
        }
    };
    let facts = async { Ok::<_, RequestError>(kubernetes::facts(&cluster, &needs, Depth::All).await) };
    let (version, nodes, facts) = tokio::try_join!(cluster.version(), nodes, facts)?;
    let (choice, refused) = match &nodes {
        Some(nodes) => choose(nodes, &arguments),
        None => (nothing(), None),
    };
    let report = check::check(
        &needs,
        &Seen {
            context: cluster.context.as_deref(),
            version: version.as_deref(),
            nodes: nodes.as_deref().unwrap_or_default(),
            choice: &choice,
            refused: refused.as_ref(),
            facts: &facts,
        },
    );
    write(match arguments.output {
        CheckFormat::Table => view::check(&report, console.canvas()),
        CheckFormat::Json => view::json(&report),
    })
    .await?;
    Ok(if report.problems == 0 { ExitCode::Success } else { ExitCode::SomeFailed })
}

fn nothing() -> Choice {
    Choice { chosen: Vec::new(), left_out: Vec::new() }
}

/// The nodes of the run, or why they cannot be measured and those that could be.
fn choose(nodes: &[Node], arguments: &CheckArgs) -> (Choice, Option<Explanation>) {
    let needed = if arguments.placement.to.is_some() { 1 } else { 2 };
    let wanted = match arguments.nodes.as_slice() {
        [] => Wanted::Usable { tolerated: arguments.pods.options().tolerations },
        names => Wanted::Named(names.to_vec()),
    };
    match kubernetes::choose(nodes, &wanted, needed) {
        Ok(choice) => (choice, None),
        Err(error) => {
            let all = Wanted::Usable { tolerated: arguments.pods.options().tolerations };
            let usable = kubernetes::choose(nodes, &all, 0).unwrap_or_else(|_| nothing());
            (usable, Some(error.explain()))
        }
    }
}

/// What a matrix with these flags needs.
fn needs(arguments: &CheckArgs) -> Needs {
    let placement = &arguments.placement;
    let processes = processes(arguments.engine.engine(), arguments.latency_engine(), placement.port);
    let needs = needs_of(
        placement,
        Command::Matrix,
        processes,
        arguments.protocol(),
        arguments.pods.options(),
        arguments.connection.namespace.clone(),
    );
    Needs { claim: arguments.volume.as_ref().map(|volume| volume.claim.clone()), ..needs }
}
