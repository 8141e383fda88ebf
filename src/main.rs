//! Reads the environment, runs the command, prints its error, and exits with its code.
//!
//! Only the binary touches the terminal, in [`commands`], [`console`], [`log`] and [`progress`]; everything
//! else is in the library.

mod commands;
mod console;
mod log;
mod progress;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use commands::{Origin, ProgramContext, ResolvedSettings};
use console::{ColorEnvironment, Streams};
use kubectl_netbench::cli;
use kubectl_netbench::cluster::{self, Environment, Terminal};
use kubectl_netbench::completion;
use kubectl_netbench::config::{CommandLine, Configuration, LineError, Settings};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::recurring::schedule::objects;
use kubectl_netbench::store::{RunRegistry, Store};
use kubectl_netbench::view::ColorDepth;

#[tokio::main]
async fn main() {
    // no effect on other systems than Windows
    anstyle_query::windows::enable_ansi_colors();
    #[cfg(unix)]
    raise_file_limit();
    let data = user_directory(dirs::data_dir);
    let program = ProgramContext {
        environment: environment(),
        streams: streams(),
        configuration_file: user_directory(dirs::config_dir)
            .map(|directory| Configuration::file_in(&directory)),
        store: data.as_deref().map(Store::of_user),
        origin: origin(),
        registry: data.as_deref().map(RunRegistry::of_user),
    };
    console::use_ascii(!has_unicode());
    let shell = std::env::var(completion::VARIABLE).ok().filter(|shell| !shell.is_empty());
    let done = match shell {
        Some(shell) => commands::complete_for_shell(&shell, &program).await,
        None => run(&program).await,
    };
    let code = match done {
        Ok(code) => code,
        Err(error) => {
            let explanation = error.explain();
            console::error(&explanation);
            if let Some(origin) = &program.origin {
                origin.report_failure(cli::ExitCode::Error as i32, &explanation);
            }
            cli::ExitCode::Error
        }
    };
    if let Some(origin) = &program.origin {
        origin.end_sidecars(&program.environment).await;
    }
    // returning would wait for a blocked write to a reader that does not read
    std::process::exit(code as i32);
}

/// Parses the command line and runs its command. Help and usage errors end the process.
async fn run(program: &ProgramContext) -> Result<cli::ExitCode, commands::Error> {
    let line = CommandLine::read(std::env::args_os()).unwrap_or_else(|error| exit(&error, program));
    let settings =
        if line.takes_settings() { program.settings(&line.connection())? } else { Settings::default() };
    let (cli, settings) = match line.apply(&settings) {
        Err(LineError::Usage(error)) => exit(&error, program),
        Err(LineError::Settings(error)) => return Err(error.into()),
        Ok(applied) => applied,
    };
    if cli.console.ascii {
        console::use_ascii(true);
    }
    log::init(cli.console.verbose);
    let settings = ResolvedSettings { effective: line.effective(&settings), color: cli.console.color };
    Box::pin(commands::run(cli.command, &settings, program)).await
}

/// Prints help or a usage error, and ends the process.
fn exit(error: &clap::Error, program: &ProgramContext) -> ! {
    if let Some(origin) = program.origin.as_ref().filter(|_| error.use_stderr()) {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let cause = first.strip_prefix("error: ").unwrap_or(first);
        origin.report_failure(error.exit_code(), &Explanation::new("invalid command line").cause(cause));
    }
    error.exit()
}

/// Raises the limit of open files, which is 256 on macOS: every test needs a connection, or the pipes of a process.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    /// `OPEN_MAX` of macOS, which rejects more even if it reports no maximum.
    const LIMIT: u64 = 10_240;
    let mut limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.map_or(LIMIT, |maximum| maximum.min(LIMIT));
    if limit.current.is_some_and(|current| current < raised) {
        limit.current = Some(raised);
        // otherwise, what needs more files fails with the error of the operating system
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// A directory of the user: `APPDATA` on Windows, what the system defines elsewhere.
fn user_directory(of_system: fn() -> Option<PathBuf>) -> Option<PathBuf> {
    let of_windows = std::env::var_os("APPDATA").filter(|path| cfg!(windows) && !path.is_empty());
    of_windows.map(PathBuf::from).or_else(of_system)
}

fn environment() -> Environment {
    let variable = |names: [&str; 2]| {
        names.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    };
    Environment {
        kubeconfig: std::env::var_os("KUBECONFIG"),
        home: if cfg!(windows) {
            cluster::windows_home(|name| std::env::var_os(name), Path::is_file)
        } else {
            dirs::home_dir()
        },
        in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        https_proxy: variable(["HTTPS_PROXY", "https_proxy"]),
        http_proxy: variable(["HTTP_PROXY", "http_proxy"]),
        no_proxy: variable(["NO_PROXY", "no_proxy"]),
        terminal: std::io::stdin().is_terminal().then(|| Terminal::new(console::lend_terminal)),
    }
}

/// The schedule of this run, from the environment of its pod.
fn origin() -> Option<Origin> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(Origin {
        schedule: variable(objects::SCHEDULE_VARIABLE)?,
        pod: variable(objects::POD_VARIABLE)?,
        keep_records: variable(objects::RECORDS_VARIABLE)?.parse().ok()?,
        termination_message: variable(objects::TERMINATION_MESSAGE_VARIABLE).map(Into::into),
    })
}

fn streams() -> Streams {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = is_set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE") != Some("0".into());
    Streams {
        stdout_terminal: std::io::stdout().is_terminal(),
        stderr_terminal: std::io::stderr().is_terminal(),
        width: terminal_size::terminal_size().map(|(width, _)| width.0.into()),
        depth: match std::env::var("COLORTERM").as_deref() {
            Ok("truecolor" | "24bit") => ColorDepth::TrueColor,
            _ => ColorDepth::Ansi256,
        },
        color: if is_set("NO_COLOR") {
            ColorEnvironment::Never
        } else if forced {
            ColorEnvironment::Always
        } else {
            ColorEnvironment::Unset
        },
    }
}

/// Whether the locale is UTF-8. An unset locale is assumed to be, `C` is not.
fn has_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
