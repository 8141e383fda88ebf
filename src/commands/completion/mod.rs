//! `completion`, and completion requests of kubectl and shells.

mod names;

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use kubectl_netbench::cli::{CompleteArgs, CompletionArgs, CompletionCommand, ExitCode, InstallArgs, Shell};
use kubectl_netbench::completion::{self, NameSource, SHIM, SHIM_NAME};

use super::output::write;
use super::{Error, ProgramContext};
use crate::console;
use names::Names;

/// Installs completion, or prints the script of a shell.
pub(super) async fn set_up(arguments: CompletionArgs) -> Result<ExitCode, Error> {
    if let Some(CompletionCommand::Install(arguments)) = arguments.command {
        return install(arguments);
    }
    let script = arguments.shell.map(Shell::script);
    write(script.unwrap_or_default()).await?;
    Ok(ExitCode::Success)
}

/// Installs the program that kubectl calls for completion.
fn install(arguments: InstallArgs) -> Result<ExitCode, Error> {
    let directory = match arguments.directory {
        Some(directory) => directory,
        None => directory_of_program().ok_or(Error::NotOnPath)?,
    };
    let path = directory.join(SHIM_NAME);
    write_shim(&path).map_err(|source| Error::Shim { path: path.clone(), source })?;
    console::note(&format!(
        "installed {}; kubectl 1.26 and later uses it once its own completion is set up (kubectl completion --help)",
        path.display()
    ));
    let on_path = env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|one| one == directory));
    if !on_path {
        console::note(&format!("{} is not on PATH: kubectl does not find it", directory.display()));
    }
    Ok(ExitCode::Success)
}

/// The first directory of PATH that contains this program, where kubectl finds it: krew's, for example.
fn directory_of_program() -> Option<PathBuf> {
    let program = format!("kubectl-netbench{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|directory| directory.join(&program).is_file())
}

/// Writes the program atomically.
fn write_shim(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut file =
        tempfile::Builder::new().prefix(SHIM_NAME).make_in(directory, |path| File::create_new(path))?;
    file.as_file_mut().write_all(SHIM.as_bytes())?;
    #[cfg(unix)]
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    file.persist(path)?;
    Ok(())
}

/// Answers a completion request of kubectl.
pub(super) async fn complete(arguments: CompleteArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let words = arguments.words;
    let source = name_source(&words, program);
    let answer = run_blocking(move || completion::for_kubectl(&words, &source)).await;
    write(answer).await?;
    Ok(ExitCode::Success)
}

/// Answers a completion request of a shell. The command line follows a `--`.
///
/// # Errors
/// The answer cannot be written.
pub async fn complete_for_shell(shell: &str, program: &ProgramContext) -> Result<ExitCode, Error> {
    let Ok(shell) = Shell::from_str(shell, true) else { return Ok(ExitCode::Error) };
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let source = name_source(words.get(1..).unwrap_or_default(), program);
    let index = env::var(completion::INDEX).ok().and_then(|index| index.parse().ok());
    let answer = run_blocking(move || completion::for_shell(shell, words, index, &source)).await;
    write(String::from_utf8_lossy(&answer).into_owned()).await?;
    Ok(ExitCode::Success)
}

fn name_source(words: &[OsString], program: &ProgramContext) -> NameSource {
    let names = Names::new(words, program, tokio::runtime::Handle::current());
    Arc::new(move |kind| names.list(kind))
}

/// Runs a completion on a thread of its own: it blocks on requests to a cluster.
async fn run_blocking<T: Default + Send + 'static>(answer: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(answer).await.unwrap_or_default()
}
