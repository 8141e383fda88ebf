//! The scripts by which kubectl and shells call the program for completions.

use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::cli::Shell;

/// The variable that requests completion: its value is the shell.
pub const VARIABLE: &str = "NETBENCH_COMPLETE";

/// The variable with the index of the word to complete, from 0. Shells that do not set it complete the last word.
pub const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// The name of the program that kubectl calls to complete `kubectl netbench`.
pub const SHIM_NAME: &str =
    if cfg!(windows) { "kubectl_complete-netbench.cmd" } else { "kubectl_complete-netbench" };

/// The content of that program.
pub const SHIM: &str = if cfg!(windows) {
    include_str!("../../completions/kubectl_complete-netbench.cmd")
} else {
    include_str!("../../completions/kubectl_complete-netbench")
};

impl Shell {
    /// The script that registers completion for the program name `kubectl-netbench`.
    pub fn script(self) -> String {
        let mut script = Vec::new();
        let program = "kubectl-netbench";
        self.completer()
            .write_registration(VARIABLE, program, program, program, &mut script)
            .and_then(|()| String::from_utf8(script).map_err(std::io::Error::other))
            .map(|script| script + self.ending())
            .unwrap_or_default()
    }

    /// Text to append to the script of `clap_complete`.
    fn ending(self) -> &'static str {
        match self {
            // zsh autoloads the file as the completion function: its first call must complete, too
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
