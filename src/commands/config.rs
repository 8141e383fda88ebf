//! Reads the settings for every command, and shows them for `config`.

use std::io;

use kubectl_netbench::cli::{ConfigArgs, ExitCode, ListFormat};
use kubectl_netbench::cluster::{self, ConnectionOptions};
use kubectl_netbench::config::{self, ConfigError, Configuration, Effective, Settings};
use kubectl_netbench::view;

use super::output::write;
use super::{Error, ProgramContext};
use crate::console::Console;

impl ProgramContext {
    /// The settings of a command with these connection flags.
    ///
    /// # Errors
    /// The file cannot be read, or a setting is invalid.
    pub fn settings(&self, given: &ConnectionOptions) -> Result<Settings, Error> {
        let path = self.configuration_file.clone().unwrap_or_default();
        let text = match std::fs::read_to_string(&path) {
            // also if a parent directory does not exist or is not accessible
            Err(_) if std::fs::metadata(&path).is_err() => String::new(),
            read => {
                let unreadable =
                    |error: io::Error| ConfigError::Unreadable { path: path.clone(), why: error.to_string() };
                read.map_err(unreadable)?
            }
        };
        let configuration = Configuration::read(&path, &text, |name| std::env::var(name).ok())?;
        let settings_of = |context: Option<&str>| {
            let settings = configuration.settings(context);
            if given.kubeconfig.is_some() { settings.for_another_kubeconfig() } else { settings }
        };
        let settings = settings_of(None);
        if !configuration.has_contexts() {
            return Ok(settings);
        }
        let default = settings.connection();
        let options = ConnectionOptions {
            kubeconfig: given.kubeconfig.clone().or(default.kubeconfig),
            context: given.context.clone().or(default.context),
            ..ConnectionOptions::default()
        };
        // an invalid kubeconfig is reported by the command that needs it
        let context = cluster::context(&options, &self.environment).ok().flatten();
        Ok(settings_of(context.as_deref()))
    }
}

pub(super) async fn run(
    arguments: &ConfigArgs,
    effective: &[Effective],
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let file = program.configuration_file.as_deref();
    write(match arguments.output {
        ListFormat::Table => config::table(effective, file, console.canvas()),
        ListFormat::Json => view::json(&effective),
        ListFormat::Yaml => view::yaml(&effective),
    })
    .await?;
    Ok(ExitCode::Success)
}
