//! The manual: a page for each command.

use std::collections::BTreeMap;
use std::fs;

use clap::{Command, CommandFactory};
use kubectl_netbench::cli::Cli;

use super::{assert_current, root};

/// The command with every flag on its page, and the same version on every machine.
fn whole(command: Command) -> Command {
    command.mut_args(|flag| flag.hide_short_help(false)).mut_subcommands(whole)
}

fn pages() -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().expect("there is room");
    let command = whole(Cli::command().version(env!("CARGO_PKG_VERSION"))).disable_help_subcommand(true);
    clap_mangen::generate_to(command, directory.path()).expect("pages can be written");
    let pages = fs::read_dir(directory.path()).expect("it is read").map(|page| {
        let path = page.expect("it is read").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("it is text"))
    });
    pages.collect()
}

#[test]
fn the_manual_is_current() {
    let pages = pages();
    assert!(pages.len() > 10, "{:?}", pages.keys());
    for (name, page) in &pages {
        assert_current(&format!("man/{name}"), page);
    }
    let kept = fs::read_dir(root().join("man")).expect("there is a manual");
    for page in kept {
        let name = page.expect("it is read").file_name().to_string_lossy().into_owned();
        assert!(pages.contains_key(&name), "man/{name} is of no command: delete it");
    }
}
