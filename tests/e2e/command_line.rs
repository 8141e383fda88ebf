//! The verbose log, settings and help, called by kubectl.

use std::fs;

use crate::cluster::{first_nodes, kubectl, netbench, run_netbench};
use crate::common::Ended;

pub fn verbose_log_has_requests_but_no_secrets() {
    let nodes = first_nodes(2);
    let ended =
        run_netbench(&format!("pair {} {} -t 1s -vvv -o json --no-save", nodes[0], nodes[1])).expect_code(0);
    assert_eq!(ended.run().tests.len(), 2);
    for part in [
        "POST /api/v1/namespaces: 201 in",
        "/log?",
        &format!("{} → {}: iperf3 -c ", nodes[0], nodes[1]),
        &format!("{} output: ", nodes[0]),
    ] {
        assert!(ended.stderr.contains(part), "{part} is missing:\n{}", ended.stderr);
    }
    let config = kubectl(&["config", "view", "--raw", "--minify", "-o", "json"]).expect_code(0).stdout;
    let config: serde_json::Value = serde_json::from_str(&config).expect("it is JSON");
    for secret in ["token", "client-key-data", "client-certificate-data", "password"] {
        if let Some(secret) = config["users"][0]["user"][secret].as_str() {
            assert!(!ended.stderr.contains(secret), "a credential was printed");
        }
    }
}

pub fn context_has_its_own_settings() {
    let context = kubectl(&["config", "current-context"]).expect_code(0).stdout;
    let home = tempfile::tempdir().expect("a directory");
    fs::create_dir(home.path().join("kubectl-netbench")).expect("a directory");
    let file = home.path().join("kubectl-netbench/config.yaml");
    let settings = format!(
        "namespace: of-all\ncontexts:\n  '{}': {{namespace: of-this-one, label: {{team: network}}}}\n",
        context.trim()
    );
    fs::write(file, settings).expect("it can be written");
    let manifests = |words: &str| {
        let mut command = netbench(&format!("matrix --dry-run {words}"));
        Ended::from(command.env("XDG_CONFIG_HOME", home.path()).output().expect("kubectl runs"))
            .expect_code(0)
            .stdout
    };
    let of_context = manifests("");
    assert!(
        of_context.contains("namespace: of-this-one") && of_context.contains("team: network"),
        "{of_context}"
    );
    let of_flag = manifests("-n of-flag");
    assert!(of_flag.contains("namespace: of-flag") && !of_flag.contains("of-this-one"), "{of_flag}");
}

/// `kubectl get nodes -o name` prints `node/NAME`.
pub fn nodes_are_named_as_kubectl_prints_them() {
    let names = first_nodes(2);
    let [one, other] = names.as_slice() else { panic!("two nodes: {names:?}") };
    let matrix = run_netbench(&format!("matrix node/{one},no/{other} --dry-run")).expect_code(0);
    let pair = run_netbench(&format!("pair node/{one} nodes/{other} --dry-run")).expect_code(0);
    for manifests in [matrix.stdout, pair.stdout] {
        assert!(names.iter().all(|name| manifests.contains(name.as_str())), "{manifests}");
    }
    let unknown = run_netbench(&format!("matrix {one},node/no-such-node,{other} --dry-run")).expect_code(1);
    assert!(
        unknown.stderr.contains("no-such-node") && !unknown.stderr.contains(&format!("{one},")),
        "{}",
        unknown.stderr
    );
}

/// What users of kubectl expect of each command: its help, and 2 for a wrong word, before anything is asked.
pub fn every_command_has_help_and_rejects_unknown_words() {
    for command in [
        "matrix",
        "pair",
        "check",
        "report",
        "compare",
        "runs",
        "runs delete",
        "cleanup",
        "config",
        "completion",
    ] {
        for help in ["-h", "--help"] {
            let ended = Ended::from(netbench(&format!("{command} {help}")).output().expect("kubectl runs"));
            let ended = ended.expect_code(0);
            assert!(ended.stdout.contains(&format!("Usage: kubectl netbench {command}")), "{}", ended.stdout);
        }
        let wrong = netbench(&format!("{command} --wrong")).output().expect("kubectl runs");
        let wrong = Ended::from(wrong).expect_code(2);
        assert!(wrong.stdout.is_empty() && wrong.stderr.contains("'--wrong'"), "{}", wrong.stderr);
    }
}
