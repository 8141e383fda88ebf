//! `completion`: what sets it up, and what is called by what was set up.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::exit;

/// `completion`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    override_usage = "kubectl netbench completion install [--directory <DIRECTORY>]\n       kubectl netbench completion <SHELL>",
    after_help = concat!("\
`install` is for `kubectl netbench`, in each shell that completes kubectl itself:
  kubectl netbench completion install
To complete `kubectl-netbench` (with a hyphen), load a script:
  bash        source <(kubectl-netbench completion bash)         in ~/.bashrc
  zsh         source <(kubectl-netbench completion zsh)          in ~/.zshrc, after compinit
  fish        kubectl-netbench completion fish | source          in ~/.config/fish/config.fish
  PowerShell  kubectl-netbench completion powershell | Out-String | Invoke-Expression   in $PROFILE
  elvish      eval (kubectl-netbench completion elvish | slurp)  in ~/.config/elvish/rc.elv

",
        exit::exit_codes! {
            0: "success",
            1: "error",
            2: "invalid command line",
        }
    )
)]
pub struct CompletionArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<CompletionCommand>,
    /// Shell to print the completion script for.
    #[arg(value_enum)]
    pub shell: Option<Shell>,
}

/// What to do about completion.
#[derive(Debug, Subcommand)]
pub enum CompletionCommand {
    /// Install kubectl_complete-netbench next to kubectl-netbench: kubectl calls it to complete `kubectl netbench`.
    Install(InstallArgs),
}

/// `completion install`.
#[derive(Debug, Args)]
#[command(after_help = exit::exit_codes! {
    0: "installed",
    1: "error: the file could not be written",
    2: "invalid command line",
})]
pub struct InstallArgs {
    /// A directory of PATH [default: the one that has kubectl-netbench].
    #[arg(long)]
    pub directory: Option<PathBuf>,
}

/// The words that kubectl wants completed.
#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// The words after `kubectl netbench`; the last one is to be completed.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}

/// A shell with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash, from 4.
    Bash,
    /// elvish.
    Elvish,
    /// fish.
    Fish,
    /// PowerShell.
    Powershell,
    /// zsh.
    Zsh,
}
