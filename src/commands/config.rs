//! The settings: read for every command, and shown by `config`.

use std::io;

use kubectl_netbench::cli::{ConfigArgs, ExitCode, ListFormat};
use kubectl_netbench::cluster::{self, ConnectionOptions};
use kubectl_netbench::config::{ConfigError, Configuration, Effective, Settings};
use kubectl_netbench::view;

use super::output::write;
use super::{Error, ProgramContext};
use crate::console::Console;

impl ProgramContext {
    /// The settings that are in force for a command with these flags.
    ///
    /// # Errors
    /// The file cannot be read, or a setting makes no sense.
    pub fn settings(&self, given: &ConnectionOptions) -> Result<Settings, Error> {
        let path = self.configuration_file.clone().unwrap_or_default();
        let text = match std::fs::read_to_string(&path) {
            // also where its folder cannot be, or cannot be looked into
            Err(_) if std::fs::metadata(&path).is_err() => String::new(),
            read => {
                let unreadable =
                    |error: io::Error| ConfigError::Unreadable { path: path.clone(), why: error.to_string() };
                read.map_err(unreadable)?
            }
        };
        let configuration = Configuration::read(&path, &text, |name| std::env::var(name).ok())?;
        let of = |context: Option<&str>| {
            let settings = configuration.settings(context);
            if given.kubeconfig.is_some() { settings.for_another_kubeconfig() } else { settings }
        };
        let settings = of(None);
        if !configuration.has_contexts() {
            return Ok(settings);
        }
        let usual = settings.connection();
        let options = ConnectionOptions {
            kubeconfig: given.kubeconfig.clone().or(usual.kubeconfig),
            context: given.context.clone().or(usual.context),
            ..ConnectionOptions::default()
        };
        // what is wrong with the kubeconfig is told by what needs it
        let context = cluster::context(&options, &self.environment).ok().flatten();
        Ok(of(context.as_deref()))
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
        ListFormat::Table => view::settings(effective, file, console.canvas()),
        ListFormat::Json => view::json(&effective),
        ListFormat::Yaml => view::yaml(&effective),
    })
    .await?;
    Ok(ExitCode::Success)
}
