//! The archive of this machine's platform, and what is published with it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{VERSION, architecture, root, run, sha256};

fn archive() -> PathBuf {
    root().join(format!("dist/kubectl-netbench_v{VERSION}_linux_{}.tar.gz", architecture()))
}

/// The archive as krew installs it: unpacked, and its program linked to where kubectl finds it.
#[test]
#[ignore = "needs the archive of release/build"]
fn archive_can_be_installed() {
    let home = tempfile::tempdir().expect("there is room");
    let store = home.path().join("store");
    let bin = home.path().join("bin");
    for directory in [&store, &bin] {
        fs::create_dir(directory).expect("there is room");
    }
    run(Command::new("tar").arg("--extract").arg("--file").arg(archive()).arg("--directory").arg(&store));
    for file in ["LICENSE", "README.md", "man/kubectl-netbench-matrix.1", "completions/_kubectl-netbench"] {
        assert!(store.join(file).is_file(), "{file} is not in the archive");
    }
    let program = store.join("kubectl-netbench");
    let size = fs::metadata(&program).expect("the program is there").len();
    assert!(size < 12_000_000, "the program has {size} bytes");
    std::os::unix::fs::symlink(&program, bin.join("kubectl-netbench")).expect("it can be linked");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let version = run(Command::new("kubectl-netbench").arg("--version").env("PATH", &path));
    assert!(version.starts_with(&format!("kubectl-netbench {VERSION} (")), "{version}");
    run(Command::new("kubectl-netbench").args(["completion", "install"]).env("PATH", &path));
    assert!(bin.join("kubectl_complete-netbench").is_file(), "beside the link, not what it leads to");
    let answer = run(Command::new(bin.join("kubectl_complete-netbench")).args(["repo"]).env("PATH", &path));
    assert!(answer.starts_with("report\t"), "{answer}");
}

#[test]
#[ignore = "needs the files of release/build and release/metadata"]
fn archive_is_published_with_its_checksum() {
    let sums = fs::read_to_string(root().join("dist/SHA256SUMS")).expect("release/metadata writes it");
    let name = archive().file_name().expect("it has a name").to_string_lossy().into_owned();
    let sum = sha256(&fs::read(archive()).expect("release/build writes it"));
    assert!(sums.lines().any(|line| line == format!("{sum}  {name}")), "{sums}");
}

#[test]
#[ignore = "needs the files of release/metadata"]
fn sbom_lists_the_program_and_its_dependencies() {
    let file = root().join(format!("dist/kubectl-netbench_v{VERSION}.cdx.json"));
    let sbom = fs::read(file).expect("release/metadata writes it");
    let sbom: Value = serde_json::from_slice(&sbom).expect("it is JSON");
    assert_eq!(sbom["bomFormat"], "CycloneDX");
    assert_eq!(sbom["metadata"]["component"]["name"], "kubectl-netbench");
    assert_eq!(sbom["metadata"]["component"]["version"], VERSION);
    let components = sbom["components"].as_array().expect("it has components");
    let names: Vec<_> = components.iter().filter_map(|component| component["name"].as_str()).collect();
    for name in ["kube", "rustls", "tokio"] {
        assert!(names.contains(&name), "{name} is missing");
    }
    assert!(!names.contains(&"proptest"), "a dependency of the tests is listed");
}

#[test]
#[ignore = "needs the files of release/metadata"]
fn notes_are_a_section_of_the_changelog() {
    let notes = fs::read_to_string(root().join("dist/NOTES.md")).expect("release/metadata writes it");
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("it is there");
    assert!(notes.contains("### ") && !notes.contains("\n## "), "{notes}");
    assert!(changelog.contains(notes.trim()), "{notes}");
}
