//! The manifest for krew, by the rules of its validator and of its index.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{VERSION, root, run, sha256};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is text: {value}"))
}

/// The manifest of the archives in a directory.
fn manifest(directory: &Path) -> Value {
    let printed = run(Command::new(root().join("krew/manifest")).arg(directory));
    serde_yaml::from_str(&printed).expect("it is YAML")
}

fn archive_name(os: &str, arch: &str) -> String {
    format!("kubectl-netbench_v{VERSION}_{os}_{arch}.tar.gz")
}

/// Checks all that krew asks of a manifest, and returns the checksum of each platform: OS and architecture.
fn check(manifest: &Value) -> BTreeMap<(String, String), String> {
    assert_eq!(text(manifest, "apiVersion"), "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!(text(manifest, "kind"), "Plugin");
    let name = text(&manifest["metadata"], "name");
    let is_kebab =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    assert!(name.chars().all(is_kebab) && !name.starts_with("kube"), "{name}");
    let spec = &manifest["spec"];
    assert_eq!(text(spec, "version"), format!("v{VERSION}"), "that of the program, with a v");
    let short = text(spec, "shortDescription");
    assert!(
        !short.is_empty() && short.lines().count() == 1 && !short.ends_with('.') && short.len() <= 50,
        "{short}"
    );
    assert!(!text(spec, "description").is_empty());
    assert!(text(spec, "homepage").starts_with("https://"));
    let mut platforms = BTreeMap::new();
    for platform in spec["platforms"].as_array().expect("it has platforms") {
        let selector = platform["selector"]["matchLabels"].as_object().expect("it has labels");
        let keys: Vec<&str> = selector.keys().map(String::as_str).collect();
        assert_eq!(keys, ["arch", "os"], "krew knows no other label");
        let (os, arch) = (
            text(&platform["selector"]["matchLabels"], "os"),
            text(&platform["selector"]["matchLabels"], "arch"),
        );
        let uri = text(platform, "uri");
        assert!(uri.starts_with("https://"), "{uri}");
        assert!(uri.ends_with(&format!("/v{VERSION}/{}", archive_name(os, arch))), "{uri}");
        let suffix = if os == "windows" { ".exe" } else { "" };
        assert_eq!(text(platform, "bin"), format!("kubectl-netbench{suffix}"));
        let twice =
            platforms.insert((os.to_owned(), arch.to_owned()), text(platform, "sha256").to_owned()).is_some();
        assert!(!twice, "{os} {arch} is there twice");
    }
    platforms
}

#[test]
fn manifest_has_each_platform_with_the_checksum_of_its_archive() {
    let directory = tempfile::tempdir().expect("there is room");
    let mut expected = BTreeMap::new();
    for os in ["darwin", "linux", "windows"] {
        for arch in ["amd64", "arm64"] {
            let content = format!("{os} {arch}");
            fs::write(directory.path().join(archive_name(os, arch)), &content).expect("there is room");
            expected.insert((os.to_owned(), arch.to_owned()), sha256(content.as_bytes()));
        }
    }
    assert_eq!(check(&manifest(directory.path())), expected);
}

#[test]
fn platforms_without_an_archive_are_omitted() {
    let directory = tempfile::tempdir().expect("there is room");
    fs::write(directory.path().join(archive_name("windows", "amd64")), "").expect("there is room");
    let platforms: Vec<_> = check(&manifest(directory.path())).into_keys().collect();
    assert_eq!(platforms, [("windows".to_owned(), "amd64".to_owned())]);
}

#[test]
#[ignore = "needs the files of release/build and release/metadata"]
fn published_manifest_is_that_of_the_archives() {
    let published =
        fs::read_to_string(root().join("dist/netbench.yaml")).expect("release/metadata writes it");
    let published: Value = serde_yaml::from_str(&published).expect("it is YAML");
    assert!(!check(&published).is_empty());
    assert_eq!(published, manifest(&root().join("dist")));
}
