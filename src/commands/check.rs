//! `check`: whether a run can succeed in a cluster, and what is missing. It creates objects in dry runs only.

use futures_util::future::OptionFuture;
use k8s_openapi::api::core::v1::Node;
use kubectl_netbench::check::{self, ClusterSnapshot};
use kubectl_netbench::cli::{CheckArgs, CheckFormat, ExitCode};
use kubectl_netbench::cluster::{self, RequestError};
use kubectl_netbench::document::Command;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::testbed::kubernetes::{self, Choice, Depth, DryRunScope, Facts, Needs, Role, Wanted};
use kubectl_netbench::view;

use super::measure::{client_mode, needs_of};
use super::output::write;
use super::{Error, ProgramContext};
use crate::console::Console;

pub(super) async fn run(
    arguments: CheckArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let needs = needs(&arguments);
    if arguments.rbac {
        write(check::rbac_manifests(&needs)).await?;
        return Ok(ExitCode::Success);
    }
    let options = arguments.connection.options();
    let cluster = cluster::connect(&options, &program.environment).await?;
    let nodes = async {
        match cluster.nodes(arguments.selector.as_deref()).await {
            Err(error) if error.is_forbidden() => Ok(Err(error)),
            nodes => nodes.map(Ok),
        }
    };
    let facts = async { Ok::<_, RequestError>(kubernetes::facts(&cluster, &needs, Depth::All).await) };
    let (version, nodes, facts) = tokio::try_join!(cluster.version(), nodes, facts)?;
    let (choice, selection_error) = match &nodes {
        Ok(nodes) => choose(nodes, &arguments),
        // one of the missing permissions, unless the user may not even ask for them
        Err(error) => {
            let is_unknown = facts.permissions.iter().any(|check| check.missing.is_err());
            (Choice::default(), is_unknown.then(|| error.explain()))
        }
    };
    let client_jobs = kubernetes::has_client_jobs(needs.client_mode, &facts.permissions);
    let scope = DryRunScope::All { client_jobs };
    let may_exec = !client_jobs && needs.settings.role != Role::Servers;
    let exec =
        OptionFuture::from(may_exec.then(|| kubernetes::exec_in_kept(&cluster, &needs, &choice.chosen)));
    let (dry_runs, exec) = tokio::join!(kubernetes::dry_runs(&cluster, &needs, &choice.chosen, scope), exec);
    let facts = Facts { exec: exec.flatten(), ..facts };
    let report = check::check(
        &needs,
        &ClusterSnapshot {
            context: cluster.context.as_deref(),
            version: version.as_deref(),
            nodes: nodes.as_deref().unwrap_or_default(),
            choice: &choice,
            selection_error: selection_error.as_ref(),
            facts: &facts,
            dry_runs: &dry_runs,
        },
    );
    write(match arguments.output {
        CheckFormat::Table => view::check(&report, console.canvas()),
        CheckFormat::Json => view::json(&report),
    })
    .await?;
    Ok(if report.problems == 0 { ExitCode::Success } else { ExitCode::SomeFailed })
}

/// The nodes of the run. If the requested ones cannot be tested: all usable ones, and the error.
fn choose(nodes: &[Node], arguments: &CheckArgs) -> (Choice, Option<Explanation>) {
    let needed = if arguments.placement.to.is_some() { 1 } else { 2 };
    let wanted = match arguments.nodes.as_slice() {
        [] => Wanted::usable(&arguments.pods),
        names => Wanted::Named(names.to_vec()),
    };
    match kubernetes::choose(nodes, &wanted, needed) {
        Ok(choice) => (choice, None),
        Err(error) => {
            let all_usable = Wanted::usable(&arguments.pods);
            let usable = kubernetes::choose(nodes, &all_usable, 0).unwrap_or_default();
            (usable, Some(error.explain()))
        }
    }
}

/// The needs of a matrix with these flags.
fn needs(arguments: &CheckArgs) -> Needs {
    let needs = needs_of(
        &arguments.measurement(),
        &arguments.placement,
        &arguments.pods,
        client_mode(arguments.placement.via, Command::Matrix),
        arguments.connection.namespace.clone(),
    );
    Needs { claim: arguments.volume.as_ref().map(|volume| volume.claim.clone()), ..needs }
}
