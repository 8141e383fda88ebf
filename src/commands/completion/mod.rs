//! `completion`, and the answers to kubectl and to shells that ask what a word may become.

mod names;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use kubectl_netbench::cli::{CompleteArgs, CompletionArgs, CompletionCommand, ExitCode, InstallArgs};
use kubectl_netbench::completion::{self, Known, SHIM, SHIM_NAME, Shell};

use super::output::write;
use super::{Error, ProgramContext};
use crate::console;
use names::Names;

/// Sets completion up, or prints what does.
pub(super) async fn set_up(arguments: CompletionArgs) -> Result<ExitCode, Error> {
    if let Some(CompletionCommand::Install(arguments)) = arguments.command {
        return install(arguments);
    }
    let script = arguments.shell.map(Shell::script);
    write(script.unwrap_or_default()).await?;
    Ok(ExitCode::Success)
}

/// Puts the program that kubectl asks where kubectl finds plugins.
fn install(arguments: InstallArgs) -> Result<ExitCode, Error> {
    let directory = match arguments.directory {
        Some(directory) => directory,
        None => directory_of_program().ok_or(Error::NotOnPath)?,
    };
    let path = directory.join(SHIM_NAME);
    put(&path).map_err(|source| Error::Shim { path: path.clone(), source })?;
    console::note(&format!(
        "installed {}; kubectl 1.26 and later asks it wherever kubectl itself is completed (kubectl completion --help)",
        path.display()
    ));
    let on_path = env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|one| one == directory));
    if !on_path {
        console::note(&format!("{} is not on PATH: kubectl finds nothing there", directory.display()));
    }
    Ok(ExitCode::Success)
}

/// The first directory of PATH that has this program, as kubectl looks for it: krew's, for example.
fn directory_of_program() -> Option<PathBuf> {
    let program = format!("kubectl-netbench{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|directory| directory.join(&program).is_file())
}

/// Writes the program whole or not at all.
fn put(path: &Path) -> io::Result<()> {
    let begun = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&begun, SHIM)?;
    #[cfg(unix)]
    fs::set_permissions(&begun, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    fs::rename(&begun, path)
}

/// Answers kubectl.
pub(super) async fn complete(arguments: CompleteArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let words = arguments.words;
    let known = known(&words, program);
    let answer = answered(move || completion::for_kubectl(&words, &known)).await;
    write(answer).await?;
    Ok(ExitCode::Success)
}

/// Answers a shell, which is known by name, and whose words follow a `--`.
///
/// # Errors
/// The answer cannot be written.
pub async fn complete_for_shell(shell: &str, program: &ProgramContext) -> Result<ExitCode, Error> {
    let Ok(shell) = Shell::from_str(shell, true) else { return Ok(ExitCode::Error) };
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let known = known(words.get(1..).unwrap_or_default(), program);
    let index = env::var(completion::INDEX).ok().and_then(|index| index.parse().ok());
    let answer = answered(move || completion::for_shell(shell, words, index, &known)).await;
    write(String::from_utf8_lossy(&answer).into_owned()).await?;
    Ok(ExitCode::Success)
}

fn known(words: &[OsString], program: &ProgramContext) -> Known {
    let names = Names::new(words, program, tokio::runtime::Handle::current());
    Arc::new(move |kind| names.of(kind))
}

/// Runs what may wait for a cluster, away from what serves the connection to it.
async fn answered<T: Default + Send + 'static>(answer: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(answer).await.unwrap_or_default()
}
