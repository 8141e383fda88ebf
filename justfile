# What a contributor does. `just` lists it.

_list:
    @just --list --unsorted

# the tests that need iperf3 and iperf, and no cluster
test:
    cargo test

# format, clippy, dependencies
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- --deny warnings
    cargo deny check

# what is generated from the program: flags, settings, man pages, schema, completion scripts, snapshots
documents:
    UPDATE_DOCUMENTS=1 cargo test --test documents
    UPDATE_SCHEMA=1 cargo test --test schema
    UPDATE_COMPLETIONS=1 cargo test --test completion
    INSTA_UPDATE=always cargo test --lib

# the tests on a cluster of four nodes: just e2e ~/.kube/config
e2e kubeconfig:
    NETBENCH_E2E_KUBECONFIG={{ kubeconfig }} cargo test --test e2e -- --ignored --test-threads 1

# what a run costs beside measuring, how often the diagnosis is right, how fast pages and plans are
bench:
    cargo bench

# the archive and the krew manifest of this machine's platform, in dist
package:
    krew/package
