//! Reads the environment, runs the command, shows its error, and tells its exit code.
//!
//! The program is what touches the terminal: [`commands`], [`console`], [`log`] and [`progress`] are its
//! own, all else is in the library.

mod commands;
mod console;
mod log;
mod progress;

use std::io::IsTerminal;

use commands::{Origin, Settled, Surroundings};
use console::{ColorEnvironment, Streams};
use kubectl_netbench::cli;
use kubectl_netbench::cluster::Environment;
use kubectl_netbench::completion;
use kubectl_netbench::config::{CommandLine, Configuration, Settings};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::schedule::objects;
use kubectl_netbench::store::{Processes, Store};
use kubectl_netbench::view::ColorDepth;

#[tokio::main]
async fn main() {
    let surroundings = Surroundings {
        environment: environment(),
        streams: streams(),
        configuration_file: dirs::config_dir().map(|directory| Configuration::file_in(&directory)),
        store: dirs::data_dir().map(|directory| Store::of_user(&directory)),
        origin: origin(),
        processes: dirs::data_dir().map(|directory| Processes::of_user(&directory)),
    };
    console::use_ascii(!has_unicode());
    let shell = std::env::var(completion::VARIABLE).ok().filter(|shell| !shell.is_empty());
    let done = match shell {
        Some(shell) => commands::complete_for_shell(&shell, &surroundings).await,
        None => carry_out(&surroundings).await,
    };
    let code = match done {
        Ok(code) => code,
        Err(error) => {
            let explanation = error.explain();
            console::error(&explanation);
            if let Some(origin) = &surroundings.origin {
                origin.report_failure(cli::ExitCode::Error as i32, &explanation);
            }
            cli::ExitCode::Error
        }
    };
    // not by returning: that would wait for a write to a reader who does not read
    std::process::exit(code as i32);
}

/// Reads the command line and carries out its command. Help and mistakes end the process.
async fn carry_out(surroundings: &Surroundings) -> Result<cli::ExitCode, commands::Error> {
    let line = CommandLine::read(std::env::args_os()).unwrap_or_else(|error| exit(&error, surroundings));
    let settings = if line.takes_settings() {
        line.settle(&surroundings.settings(&line.connection())?)?
    } else {
        Settings::default()
    };
    let cli = line.cli(&settings).unwrap_or_else(|error| exit(&error, surroundings));
    if cli.console.ascii {
        console::use_ascii(true);
    }
    log::tell(cli.console.verbose);
    let settled = Settled { effective: line.effective(&settings), color: cli.console.color };
    Box::pin(commands::run(cli.command, &settled, surroundings)).await
}

/// Shows help or a mistake in the command line, and ends the process.
fn exit(error: &clap::Error, surroundings: &Surroundings) -> ! {
    if let Some(origin) = surroundings.origin.as_ref().filter(|_| error.use_stderr()) {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let cause = first.strip_prefix("error: ").unwrap_or(first);
        origin.report_failure(error.exit_code(), &Explanation::new("invalid command line").because(cause));
    }
    error.exit()
}

fn environment() -> Environment {
    let variable = |names: [&str; 2]| names.into_iter().find_map(|name| std::env::var(name).ok());
    Environment {
        kubeconfig: std::env::var_os("KUBECONFIG"),
        home: dirs::home_dir(),
        in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        https_proxy: variable(["HTTPS_PROXY", "https_proxy"]),
        no_proxy: variable(["NO_PROXY", "no_proxy"]),
        interactive: std::io::stdin().is_terminal(),
    }
}

/// The schedule that has made this run: it says so in the environment of its pod.
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

/// Whether the locale has more than ASCII: unless it says otherwise, as `C` does.
fn has_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
