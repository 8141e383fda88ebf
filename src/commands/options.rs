//! `options`: the connection flags.

use clap::CommandFactory;
use kubectl_netbench::cli::{Cli, ExitCode};

use super::Error;
use super::output::write;

/// Prints the flags that the help of other commands does not show.
pub(super) async fn run() -> Result<ExitCode, Error> {
    let mut program = Cli::command();
    program.build();
    let options = program.find_subcommand("options").cloned().unwrap_or_default();
    let mut help = options.mut_args(|flag| {
        let is_for_all = matches!(flag.get_id().as_str(), "help" | "verbose" | "color" | "ascii");
        flag.hide(is_for_all).hide_short_help(false)
    });
    write(help.render_help().to_string()).await?;
    Ok(ExitCode::Success)
}
