//! The image of the pods.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{architecture, root, run, sha256};

const LIMIT: u64 = 25_000_000;

/// The unpacked OCI layout that `image/build` wrote.
struct Layout {
    directory: TempDir,
}

impl Layout {
    fn open() -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        unpack(&root().join("dist/netbench-image.tar"), directory.path());
        Self { directory }
    }

    fn json(&self, file: &str) -> Value {
        let content = fs::read(self.directory.path().join(file)).expect("the file is in the layout");
        serde_json::from_slice(&content).expect("it is JSON")
    }

    /// What a descriptor refers to, after a check of its size and digest.
    fn blob(&self, descriptor: &Value) -> Vec<u8> {
        let digest = descriptor["digest"].as_str().expect("it has a digest");
        let sum = digest.strip_prefix("sha256:").expect("it is of SHA-256");
        let content = fs::read(self.directory.path().join("blobs/sha256").join(sum)).expect("it is there");
        assert_eq!(sha256(&content), sum);
        assert_eq!(descriptor["size"], content.len());
        content
    }

    fn json_blob(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(&self.blob(descriptor)).expect("it is JSON")
    }

    /// The manifest for this machine.
    fn manifest(&self) -> Value {
        let index = self.json_blob(&self.json("index.json")["manifests"][0]);
        let manifests = index["manifests"].as_array().expect("the index has manifests");
        let ours = manifests.iter().find(|manifest| manifest["platform"]["architecture"] == architecture());
        self.json_blob(ours.expect("there is an image for this architecture"))
    }

    /// The file system of a container.
    fn file_system(&self) -> TempDir {
        let directory = tempfile::tempdir().expect("there is room");
        let layer = directory.path().join("layer");
        for descriptor in self.manifest()["layers"].as_array().expect("it has layers") {
            fs::write(&layer, self.blob(descriptor)).expect("there is room");
            unpack(&layer, directory.path());
        }
        fs::remove_file(layer).expect("it is there");
        directory
    }
}

fn unpack(archive: &Path, directory: &Path) {
    run(Command::new("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(directory));
}

#[test]
#[ignore = "needs the image of image/build"]
fn image_is_small_and_runs_without_root() {
    let layout = Layout::open();
    let manifest = layout.manifest();
    let layers = manifest["layers"].as_array().expect("it has layers");
    let size: u64 = layers.iter().filter_map(|layer| layer["size"].as_u64()).sum();
    assert!(size < LIMIT, "the image has {size} bytes");
    let config = layout.json_blob(&manifest["config"]);
    assert_eq!(config["architecture"], architecture());
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["rootfs"]["diff_ids"].as_array().map(Vec::len), Some(layers.len()));
}

/// Each library that a program or another library needs, found by binutils.
#[test]
#[ignore = "needs the image of image/build"]
fn image_has_each_library_that_it_needs() {
    let files = Layout::open().file_system();
    let find = r"find usr -type f -exec readelf --dynamic {} + 2>/dev/null |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u";
    let needed = run(Command::new("sh").args(["-c", find]).current_dir(&files));
    assert!(needed.lines().any(|library| library.starts_with("libiperf.so")), "{needed}");
    for library in needed.lines() {
        let found = run(Command::new("find").args(["usr/lib", "-name", library]).current_dir(&files));
        assert!(!found.is_empty(), "{library} is missing");
    }
}

/// The programs run with the libraries of the image, not with those of this machine.
#[test]
#[ignore = "needs the image of image/build"]
fn programs_of_the_image_run() {
    let files = Layout::open().file_system();
    let find = |name: &str| run(Command::new("find").arg(files.path().join("usr/lib")).args(["-name", name]));
    let (loader, libc) = (find("ld-linux-*.so.*"), find("libc.so.6"));
    let libraries = Path::new(libc.trim()).parent().expect("it is in a directory");
    let output = |program: &str, argument: &str| {
        let mut command = Command::new(loader.lines().next().expect("there is a loader"));
        command.arg("--library-path").arg(libraries).arg(files.path().join("usr/bin").join(program));
        run(command.arg(argument))
    };
    let version = run(Command::new(files.path().join("usr/local/bin/kubectl-netbench")).arg("--version"));
    assert!(version.contains("-linux-musl)"), "{version}");
    assert!(output("iperf3", "--version").starts_with("iperf 3."));
    assert!(output("iperf", "--version").starts_with("iperf version 2."));
    let applets = output("busybox", "--list");
    for entry in fs::read_dir(files.path().join("usr/bin")).expect("it is a directory") {
        let entry = entry.expect("it is read");
        if entry.file_type().expect("it has a type").is_symlink() {
            let name = entry.file_name().into_string().expect("it is text");
            assert!(applets.lines().any(|applet| applet == name), "busybox has no {name}");
        }
    }
}

/// The same packages and program give the same bytes.
#[test]
#[ignore = "needs the image of image/build, and access to Debian packages"]
fn image_is_reproducible() {
    let directory = tempfile::tempdir().expect("there is room");
    let again = directory.path().join("again.tar");
    run(Command::new(root().join("image/build")).arg("--output").arg(&again));
    assert!(
        fs::read(again).expect("it is there")
            == fs::read(root().join("dist/netbench-image.tar")).expect("it is there")
    );
}
