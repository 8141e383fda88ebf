//! The completion scripts of the repository are those of the code.

#![allow(clippy::expect_used, reason = "a test or benchmark ends by a panic, and talks to whoever runs it")]

use clap::CommandFactory;
use clap_complete::Shell;
use kubectl_netbench::cli::Cli;

/// `UPDATE_COMPLETIONS=1 cargo test --test completions` writes them anew.
#[test]
fn the_scripts_are_current() {
    for (shell, file) in [
        (Shell::Bash, "kubectl-netbench.bash"),
        (Shell::Zsh, "_kubectl-netbench"),
        (Shell::Fish, "kubectl-netbench.fish"),
    ] {
        let path = format!("{}/completions/{file}", env!("CARGO_MANIFEST_DIR"));
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "kubectl-netbench", &mut script);
        let current = String::from_utf8(script).expect("a script is text");
        if std::env::var_os("UPDATE_COMPLETIONS").is_some() {
            std::fs::write(&path, &current).expect("completions can be written");
        }
        let kept = std::fs::read_to_string(&path).expect("the script is there");
        assert!(
            kept == current,
            "completions/{file} is not current: UPDATE_COMPLETIONS=1 cargo test --test completions"
        );
    }
}
