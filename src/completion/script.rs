//! What makes kubectl and shells ask for completions.

use clap::ValueEnum;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

/// The variable by which a script asks: its value names the shell.
pub const VARIABLE: &str = "NETBENCH_COMPLETE";

/// The variable by which some scripts tell which word is to be completed, from 0; for others it is the
/// last one.
pub const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// The program that kubectl asks for completions of `kubectl netbench`, as it has to be named.
pub const SHIM_NAME: &str =
    if cfg!(windows) { "kubectl_complete-netbench.cmd" } else { "kubectl_complete-netbench" };

/// What that program is.
pub const SHIM: &str = if cfg!(windows) {
    include_str!("../../completions/kubectl_complete-netbench.cmd")
} else {
    include_str!("../../completions/kubectl_complete-netbench")
};

/// A shell.
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

impl Shell {
    /// The script that makes the shell ask `kubectl-netbench`, called by this name, for completions.
    pub fn script(self) -> String {
        let mut script = Vec::new();
        let program = "kubectl-netbench";
        self.completer()
            .write_registration(VARIABLE, program, program, program, &mut script)
            .and_then(|()| String::from_utf8(script).map_err(std::io::Error::other))
            .map(|script| script + self.ending())
            .unwrap_or_default()
    }

    /// What the script lacks.
    fn ending(self) -> &'static str {
        match self {
            // the first time, zsh calls the file of a function in its place
            Self::Zsh => {
                r#"
if [[ "$funcstack[1]" = "_kubectl-netbench" ]]; then
    _clap_dynamic_completer_kubectl_netbench "$@"
fi
"#
            }
            Self::Bash | Self::Elvish | Self::Fish | Self::Powershell => "",
        }
    }

    pub(super) fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Elvish => &Elvish,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
            Self::Zsh => &Zsh,
        }
    }
}
