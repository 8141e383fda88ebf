//! Completion requests of kubectl and shells. The end-to-end tests complete the nodes of a real cluster.

use std::ffi::OsStr;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::Ended;
use kubectl_netbench::cli::Shell;
use kubectl_netbench::completion::SHIM_NAME;
use tempfile::TempDir;

fn netbench(home: &TempDir) -> Command {
    crate::common::netbench(home.path())
}

fn ended(command: &mut Command) -> Ended {
    command.output().expect("the program runs").into()
}

/// A kubeconfig for a cluster at this address.
fn kubeconfig(home: &TempDir, server: &str) -> PathBuf {
    let path = home.path().join("kubeconfig");
    let text = format!(
        "current-context: here\n\
         clusters: [{{name: one, cluster: {{server: \"{server}\"}}}}]\n\
         contexts: [{{name: here, context: {{cluster: one, user: me}}}}, {{name: there, context: {{cluster: one, user: me}}}}]\n\
         users: [{{name: me, user: {{token: x}}}}]\n"
    );
    std::fs::write(&path, text).expect("the kubeconfig can be written");
    path
}

/// `UPDATE_DOCUMENTS=1 cargo test --test program completion` updates them.
#[test]
fn committed_scripts_are_current() {
    for (shell, file) in [
        (Shell::Bash, "kubectl-netbench.bash"),
        (Shell::Elvish, "kubectl-netbench.elv"),
        (Shell::Fish, "kubectl-netbench.fish"),
        (Shell::Powershell, "kubectl-netbench.ps1"),
        (Shell::Zsh, "_kubectl-netbench"),
    ] {
        let path = format!("{}/completions/{file}", env!("CARGO_MANIFEST_DIR"));
        let current = shell.script();
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            std::fs::write(&path, &current).expect("completions can be written");
        }
        let kept = std::fs::read_to_string(&path).expect("the script is there");
        assert!(
            kept == current,
            "completions/{file} is not current: UPDATE_DOCUMENTS=1 cargo test --test program completion"
        );
    }
}

#[test]
fn kubectl_completes_contexts_of_the_kubeconfig() {
    let home = tempfile::tempdir().expect("a directory");
    let path = kubeconfig(&home, "http://127.0.0.1:1");
    let words = ["__complete", "--", "matrix", "--context", ""];
    let answer = ended(netbench(&home).env("KUBECONFIG", path).args(words)).expect_code(0);
    assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("here\tone\nthere\tone\n:4\n", ""));
}

#[test]
fn unresponsive_cluster_completes_nothing_in_time() {
    let home = tempfile::tempdir().expect("a directory");
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("it has an address");
    let path = kubeconfig(&home, &format!("http://{address}"));
    let words = ["__complete", "--", "pair", ""];
    let mut asking = netbench(&home);
    asking.env("KUBECONFIG", path).args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    let asking = asking.spawn().expect("the program runs");
    let (mut connection, _) = server.accept().expect("it asks");
    let answer = Ended::from(asking.wait_with_output().expect("it ends")).expect_code(0);
    assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), (":4\n", ""));
    // it sent a request, and gave up while the connection was open
    let mut asked = Vec::new();
    connection.read_to_end(&mut asked).expect("it has closed the connection");
    assert!(String::from_utf8_lossy(&asked).starts_with("GET /api/v1/nodes"));
}

#[test]
#[cfg(unix)]
fn bash_script_completes_flags_and_values() {
    let home = tempfile::tempdir().expect("a directory");
    let script = format!("{}/completions/kubectl-netbench.bash", env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_BIN_EXE_kubectl-netbench"));
    let path = format!(
        "{}:{}",
        program.parent().expect("it is in a directory").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let completed = |words: &str, current: usize| {
        let asked = format!(
            "COMP_WORDS=({words}); COMP_CWORD={current}; _clap_complete_kubectl_netbench kubectl-netbench \"${{COMP_WORDS[{current}]}}\" x; \
             echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", &format!("source '{script}'; {asked}")]).env("PATH", &path);
        ended(bash.env("XDG_DATA_HOME", home.path())).expect_code(0).stdout
    };
    assert_eq!(completed("kubectl-netbench report --output-", 2), "--output-file\n");
    // flags are completed only after a dash
    assert_eq!(
        completed("kubectl-netbench completion ''", 2),
        "install help bash elvish fish powershell zsh\n"
    );
    assert_eq!(completed("kubectl-netbench matrix --via ''", 3), "auto exec job\n");
}

#[test]
fn install_writes_the_shim_next_to_the_program() {
    let home = tempfile::tempdir().expect("a directory");
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).expect("a directory");
    let install = |path: &OsStr| ended(netbench(&home).env("PATH", path).args(["completion", "install"]));
    let missing = install(bin.as_os_str()).expect_code(1);
    assert!(missing.stderr.contains("kubectl-netbench is not on PATH"), "{}", missing.stderr);
    assert!(missing.stderr.contains("--directory"), "{}", missing.stderr);

    let program = Path::new(env!("CARGO_BIN_EXE_kubectl-netbench"));
    std::fs::copy(program, bin.join(program.file_name().expect("it is a file"))).expect("there is room");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&others);
    let path = std::env::join_paths([home.path().join("nonexistent"), bin.clone()].into_iter().chain(others));
    let path = path.expect("it has no separator");
    // a second install succeeds, too
    for _ in 0..2 {
        let done = install(&path).expect_code(0);
        assert!(done.stderr.contains("kubectl_complete-netbench"), "{}", done.stderr);
    }
    let mut shim = Command::new(bin.join(SHIM_NAME));
    let answer = ended(shim.env("PATH", &path).args(["runs", "del"])).expect_code(0);
    assert_eq!(answer.stdout, "delete\tDelete saved runs\n:4\n");
    assert_eq!(std::fs::read_dir(&bin).expect("a directory").count(), 2, "no temporary file is left");
}
