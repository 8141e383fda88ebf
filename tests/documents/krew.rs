//! The manifests for krew, by the rules of its validator and of its index, and the archives they lead to.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::root;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn manifest(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the manifest is there");
    serde_yaml::from_str(&text).expect("it is YAML")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is text: {value}"))
}

/// Checks all that krew asks of a manifest; the platforms it has, each as OS and architecture.
fn check(manifest: &Value, file: &str, scheme: &str) -> HashSet<(String, String)> {
    assert_eq!(text(manifest, "apiVersion"), "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!(text(manifest, "kind"), "Plugin");
    let name = text(&manifest["metadata"], "name");
    assert_eq!(file, format!("{name}.yaml"), "the file is called as the plugin");
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
    let mut platforms = HashSet::new();
    for platform in spec["platforms"].as_array().expect("it has platforms") {
        let selector = platform["selector"]["matchLabels"].as_object().expect("it has labels");
        let keys: Vec<&str> = selector.keys().map(String::as_str).collect();
        assert_eq!(keys, ["arch", "os"], "krew knows no other label");
        let (os, arch) = (
            text(&platform["selector"]["matchLabels"], "os"),
            text(&platform["selector"]["matchLabels"], "arch"),
        );
        let uri = text(platform, "uri");
        assert!(uri.starts_with(scheme), "{uri}");
        assert!(uri.ends_with(&format!("/kubectl-netbench_v{VERSION}_{os}_{arch}.tar.gz")), "{uri}");
        let sum = text(platform, "sha256");
        assert!(sum.len() == 64 && sum.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f')), "{sum}");
        let suffix = if os == "windows" { ".exe" } else { "" };
        assert_eq!(text(platform, "bin"), format!("kubectl-netbench{suffix}"));
        assert!(
            platform["files"].is_null()
                || platform["files"].as_array().is_some_and(|files| !files.is_empty())
        );
        assert!(platforms.insert((os.to_owned(), arch.to_owned())), "{os} {arch} is there twice");
    }
    assert!(!platforms.is_empty());
    platforms
}

#[test]
fn the_manifest_is_one_that_krew_takes() {
    let platforms = check(&manifest(&root().join("krew/netbench.yaml")), "netbench.yaml", "https://");
    for os in ["linux", "darwin", "windows"] {
        for arch in ["amd64", "arm64"] {
            assert!(platforms.contains(&(os.to_owned(), arch.to_owned())), "{os} {arch}");
        }
    }
}

/// What the release bot makes of its template is what the script makes, but for the sums.
#[test]
fn the_template_of_the_release_bot_says_the_same() {
    let template = fs::read_to_string(root().join(".krew.yaml")).expect("the template is there");
    let made = template.lines().map(|line| match line.trim_start().strip_prefix("{{addURIAndSha \"") {
        None => line.to_owned(),
        Some(rest) => {
            let (uri, end) = rest.split_once('"').expect("the address ends");
            assert_eq!(end, " .TagName | indent 4 }}");
            format!("    uri: {uri}\n    sha256: {}", "0".repeat(64))
        }
    });
    let made: String = made.map(|line| line + "\n").collect();
    let made = made.replace("{{ .TagName }}", &format!("v{VERSION}"));
    let kept = fs::read_to_string(root().join("krew/netbench.yaml")).expect("the manifest is there");
    let without_sums = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.contains("sha256:")).map(str::to_owned).collect()
    };
    assert_eq!(without_sums(&made), without_sums(&kept));
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it writes text")
}

/// The archive as krew would install it: unpacked, and its program linked to where kubectl finds it.
#[test]
#[cfg(unix)]
#[ignore = "builds the program as it is released"]
fn the_archive_of_this_machine_can_be_installed() {
    let packed = run(Command::new(root().join("krew/package")).current_dir(root()));
    let archive = root().join(packed.lines().next().expect("it names the archive"));
    let manifest = manifest(&root().join("dist/netbench.yaml"));
    assert_eq!(check(&manifest, "netbench.yaml", "file:///").len(), 1);
    let platform = &manifest["spec"]["platforms"][0];
    let bytes = fs::read(&archive).expect("the archive is there");
    let stated: Vec<u8> = text(platform, "sha256")
        .as_bytes()
        .chunks(2)
        .map(|digits| {
            let digits = std::str::from_utf8(digits).expect("digits are ASCII");
            u8::from_str_radix(digits, 16).expect("it is hexadecimal")
        })
        .collect();
    assert_eq!(stated, Sha256::digest(&bytes).to_vec());
    assert_eq!(text(platform, "uri"), format!("file://{}", archive.display()));

    let home = tempfile::tempdir().expect("there is room");
    let store = home.path().join("store");
    let bin = home.path().join("bin");
    for directory in [&store, &bin] {
        fs::create_dir(directory).expect("there is room");
    }
    run(Command::new("tar").arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(&store));
    for file in ["LICENSE", "README.md", "man/kubectl-netbench-matrix.1", "completions/_kubectl-netbench"] {
        assert!(store.join(file).is_file(), "{file} is not in the archive");
    }
    let program = store.join(text(platform, "bin"));
    let size = fs::metadata(&program).expect("the program is there").len();
    assert!(size < 12_000_000, "the program has {size} bytes");
    std::os::unix::fs::symlink(&program, bin.join("kubectl-netbench")).expect("it can be linked");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let version = run(Command::new("kubectl-netbench").arg("--version").env("PATH", &path));
    assert!(version.starts_with(&format!("kubectl-netbench {VERSION} (")), "{version}");
    let installed =
        Command::new("kubectl-netbench").args(["completion", "install"]).env("PATH", &path).output();
    assert!(installed.expect("it runs").status.success());
    assert!(bin.join("kubectl_complete-netbench").is_file(), "beside the link, not what it leads to");
    let answer = run(Command::new(bin.join("kubectl_complete-netbench")).args(["repo"]).env("PATH", &path));
    assert!(answer.starts_with("report\t"), "{answer}");
}
