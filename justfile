# Tasks for contributors. `just` lists them.

_list:
    @just --list --unsorted

# Run the tests that need no cluster (iperf3 and iperf on PATH)
test:
    cargo test

# Check the format, clippy and dependencies
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- --deny warnings
    cargo deny check

# Regenerate flag tables, settings, man pages, schema, completion scripts and snapshots
documents:
    UPDATE_DOCUMENTS=1 cargo test --test documents
    UPDATE_DOCUMENTS=1 cargo test --test program completion
    INSTA_UPDATE=always cargo test --lib

# Run the end-to-end tests on a cluster with four nodes: just e2e ~/.kube/config
e2e kubeconfig:
    NETBENCH_E2E_KUBECONFIG={{ kubeconfig }} cargo test --test e2e

# Run the benchmarks: overhead of a run, accuracy of the diagnosis, speed of reports and plans
bench:
    cargo bench

# Build the archive for this platform in dist/
package:
    release/build

# Build the image of the pods in dist/: just image arm64
image arch="amd64":
    release/build {{ if arch == "arm64" { "aarch64" } else { "x86_64" } }}-unknown-linux-musl
    image/build {{ arch }}
