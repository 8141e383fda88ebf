//! Schedules, run documents in the cluster and on volumes, and metrics in Prometheus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{
    Cluster, Policy, Undo, apply, assert_nothing_left_in, command, first_nodes, kubectl, netbench, required,
    shaped,
};
use crate::common::Ended;
use crate::prometheus::{Server, free_port, get, prometheus, until};
use kubectl_netbench::document::Run;

/// The label of all objects of schedules.
const SCHEDULE_OBJECTS: &str = "app.kubernetes.io/managed-by=kubectl-netbench-schedule";

/// A namespace for schedules, and an image with this program.
struct TestNamespace {
    namespace: &'static str,
    image: String,
    /// The data directory of the user.
    data: tempfile::TempDir,
    _undo: [Undo<'static>; 2],
}

impl TestNamespace {
    fn new(namespace: &'static str) -> Self {
        let image = required("NETBENCH_E2E_PROGRAM_IMAGE");
        let cluster_scoped = format!(
            "kubectl get clusterroles,clusterrolebindings -l {SCHEDULE_OBJECTS} -o name | grep :{namespace}: \
             | xargs -r kubectl delete"
        );
        let undo = [
            Undo(vec!["kubectl", "delete", "namespace", namespace], Vec::new()),
            Undo(vec!["sh", "-c"], vec![cluster_scoped]),
        ];
        kubectl(&["create", "namespace", namespace]).expect_code(0);
        Self { namespace, image, data: tempfile::tempdir().expect("a temporary directory"), _undo: undo }
    }

    fn netbench(&self, arguments: &str) -> Ended {
        let mut command = netbench(&format!("{arguments} --namespace {}", self.namespace));
        command.env("XDG_DATA_HOME", self.data.path()).output().expect("kubectl runs").into()
    }

    /// Runs a command on the saved runs.
    fn saved(&self, arguments: &str) -> Ended {
        netbench(arguments).env("XDG_DATA_HOME", self.data.path()).output().expect("kubectl runs").into()
    }

    fn create(&self, flags: &str, run_command: &str) -> Ended {
        let flags = format!("{flags} --program-image {} --namespace {}", self.image, self.namespace);
        netbench(&format!("schedule create {flags} -- {run_command}")).output().expect("kubectl runs").into()
    }

    /// The status of the only schedule.
    fn status(&self) -> Value {
        let listed = self.netbench("schedule list -o json").expect_code(0).stdout;
        let mut listed: Vec<Value> = serde_json::from_str(&listed).expect("the list is JSON");
        assert_eq!(listed.len(), 1, "{listed:?}");
        listed.remove(0)
    }

    fn delete(&self, name: &str) {
        self.netbench(&format!("schedule delete {name}")).expect_code(0);
        let kinds = "cronjobs,jobs,pods,deployments,replicasets,services,configmaps,serviceaccounts,roles,rolebindings";
        assert_eq!(self.objects(kinds), "", "leftovers");
        let cluster_scoped = self.objects("clusterroles,clusterrolebindings");
        let own = |line: &&str| line.contains(&format!(":{}:", self.namespace));
        assert_eq!(cluster_scoped.lines().find(own), None, "leftovers");
    }

    /// The names of objects of schedules in the namespace, or in no namespace.
    fn objects(&self, kinds: &str) -> String {
        let get = ["get", kinds, "--namespace", self.namespace, "-l", SCHEDULE_OBJECTS, "-o", "name"];
        kubectl(&get).expect_code(0).stdout
    }
}

/// A volume on a directory that all nodes share with this machine; none if there is no such directory.
struct SharedVolume {
    directory: PathBuf,
    _undo: Undo<'static>,
}

impl SharedVolume {
    fn new(namespace: &str) -> Self {
        let directory = PathBuf::from(required("NETBENCH_E2E_SHARED_DIRECTORY")).join(namespace);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("the directory can be created");
        let status = command("chmod").arg("777").arg(&directory).status();
        assert!(status.expect("chmod runs").success());
        apply(&format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: results, namespace: {namespace}}}\nspec:\n  \
             accessModes: [ReadWriteMany]\n  storageClassName: \"\"\n  volumeName: {namespace}\n  resources: {{requests: \
             {{storage: 1Gi}}}}\n"
        ));
        let undo = vec!["kubectl", "delete", "persistentvolume", "--wait=false", "--ignore-not-found"];
        Self { directory, _undo: Undo(undo, vec![namespace.to_owned()]) }
    }

    /// Creates the volume for the claim.
    fn provision(&self, namespace: &str) {
        apply(&format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {namespace}}}\nspec:\n  capacity: {{storage: 1Gi}}\n  \
             accessModes: [ReadWriteMany]\n  storageClassName: \"\"\n  hostPath: {{path: {}}}\n",
            self.directory.display()
        ));
    }

    fn documents(&self, directory: &str) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.directory.join(directory)) else { return Vec::new() };
        let mut names: Vec<String> = files
            .filter_map(Result::ok)
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }
}

fn ids(listed: &Ended) -> Vec<String> {
    let entries: Vec<Value> = serde_json::from_str(&listed.stdout).expect("the list is JSON");
    entries.iter().filter_map(|entry| entry["id"].as_str().map(str::to_owned)).collect()
}

pub fn scheduled_runs_end_with_a_sidecar_and_without_their_user_id(_: &Cluster) {
    let test = TestNamespace::new("netbench-e2e-webhook");
    let nodes = first_nodes(2).join(" ");
    for policy in ["sidecar", "uid-range"] {
        let _policy = Policy::set(policy);
        test.create("meshed --cron @yearly", &format!("matrix {nodes} -t 1s --no-confirm")).expect_code(0);
        test.netbench("schedule run meshed").expect_code(0);
        let active =
            || kubectl(&["get", "jobs", "-n", test.namespace, "-o", "jsonpath={.items[*].status.active}"]);
        until("the end of the Job", Duration::from_secs(30), || active().stdout.is_empty().then_some(()));
        assert_eq!(test.status()["lastRun"]["outcome"], "succeeded", "{policy}");
        test.delete("meshed");
    }
}

pub fn schedule_runs_every_minute_and_its_documents_are_fetched(_: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    let test = TestNamespace::new("netbench-e2e-schedule");
    let volume = SharedVolume::new(test.namespace);
    volume.provision(test.namespace);
    let created = test.create("nightly --cron */1", &format!("matrix {nodes}")).expect_code(2);
    assert!(created.stderr.contains("--cron '*/1': expected 5 fields"), "{}", created.stderr);
    // not with `create`, which splits its arguments at spaces
    let mut create = netbench("schedule create nightly --cron");
    create.args(["* * * * *", "--program-image", &test.image, "--namespace", test.namespace, "--"]);
    create.args(format!("matrix {nodes} -t 1s --path pod,host --volume results:lab").split_whitespace());
    let created: Ended = create.output().expect("kubectl runs").into();
    assert!(
        created.stderr.contains("created schedule nightly in namespace netbench-e2e-schedule"),
        "{}",
        created.stderr
    );
    let again: Ended = create.output().expect("kubectl runs").into();
    let again = again.expect_code(1).stderr;
    assert!(again.contains("schedule nightly already exists in namespace netbench-e2e-schedule"), "{again}");

    let status = until("two scheduled runs", Duration::from_secs(200), || {
        let status = test.status();
        let ended = status["lastRun"]["outcome"] != "running";
        (ended && status["records"].as_u64() >= Some(2)).then_some(status)
    });
    assert_eq!(status["lastRun"]["outcome"], "succeeded", "{status}");
    assert_eq!(status["record"]["tests"], 4, "{status}");
    assert!(status["record"]["medianBitsPerSecond"].as_f64() > Some(1e6), "{status}");
    assert!(status["nextRunAt"].is_string(), "{status}");
    // kubelets that share a log directory delete the first lines of a log once a minute
    until("a complete log", Duration::from_secs(180), || {
        let log = test.netbench("schedule logs nightly").stdout;
        (log.contains("[4/4] ") && log.contains("Throughput over host")).then_some(())
    });

    let fetched = ids(&test.netbench("runs --from-cluster nightly -o json").expect_code(0));
    assert!(fetched.len() >= 2, "{fetched:?}");
    let again = ids(&test.netbench("runs --from-cluster nightly -o json").expect_code(0));
    assert!(fetched.iter().all(|id| again.contains(id)), "{fetched:?} {again:?}");
    test.saved("report latest").expect_code(0);
    test.saved("compare latest~1 latest").expect_code(0);
    assert_no_owner_left(test.namespace);

    test.delete("nightly");
    let kept = volume.documents("lab");
    assert!(kept.len() >= 2, "{kept:?}");
    for id in &fetched {
        let of_run = kept.iter().find(|name| name.ends_with(&format!("-{id}.json")));
        assert!(of_run.is_some_and(|name| name.starts_with("20")), "{id}: {kept:?}");
    }
    // the volume remains a source of runs after the deletion of the schedule
    let listed = ids(&test.netbench("runs --from-cluster results:lab -o json").expect_code(0));
    assert_eq!(listed.len(), volume.documents("lab").len());
    let unknown = test.netbench("runs --from-cluster nightly").expect_code(1).stderr;
    assert!(
        unknown.contains("nightly") && unknown.contains("in namespace netbench-e2e-schedule"),
        "{unknown}"
    );
}

pub fn run_is_kept_on_a_volume_until_its_document_expires() {
    let nodes = first_nodes(2).join(" ");
    let test = TestNamespace::new("netbench-e2e-volume");
    let volume = SharedVolume::new(test.namespace);
    let early = test.netbench(&format!("matrix {nodes} -t 60s --volume result")).expect_code(1).stderr;
    assert!(early.contains("did you mean results?"), "{early}");
    // the run waits for a volume that is provisioned only now
    let flags = format!("pair {nodes} -t 1s --namespace {} --volume results:lab/two", test.namespace);
    let mut first = netbench(&flags);
    first.env("XDG_DATA_HOME", test.data.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let first = first.spawn().expect("kubectl runs");
    until("a pod without a volume", Duration::from_secs(60), || {
        let reasons = "jsonpath={.items[*].status.conditions[*].message}";
        let messages = kubectl(&["get", "pods", "--namespace", test.namespace, "-o", reasons]).stdout;
        messages.contains("unbound immediate PersistentVolumeClaims").then_some(())
    });
    thread::sleep(Duration::from_secs(10));
    volume.provision(test.namespace);
    let first: Ended = first.wait_with_output().expect("kubectl ends").into();
    let first = first.expect_code(0).stderr;
    for part in ["waiting for the pod of the volume: ", "unbound immediate PersistentVolumeClaims"] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert_eq!(volume.documents("lab/two").len(), 1, "{first}");
    for via in ["exec", "job"] {
        let flags = format!("pair {nodes} -t 1s --via {via} --volume results:lab/two --volume-keep 2");
        let ended = test.netbench(&flags).expect_code(0);
        assert!(ended.stderr.contains("on volume results:lab/two"), "{}", ended.stderr);
        assert_nothing_left_in(test.namespace);
    }
    let kept = volume.documents("lab/two");
    assert_eq!(kept.len(), 2, "{kept:?}");
    let text = fs::read_to_string(volume.directory.join("lab/two").join(&kept[1]))
        .expect("the document can be read");
    let run: Run = serde_json::from_str(&text).expect("a run document");
    let saved = test.saved("report latest -o json").expect_code(0).run();
    assert_eq!(run, saved);
    // an error does not affect the output
    let status = command("chmod").arg("-R").arg("555").arg(&volume.directory).status();
    assert!(status.expect("chmod runs").success());
    let refused = test.netbench(&format!("pair {nodes} -t 1s --volume results:other")).expect_code(1);
    assert!(refused.stderr.contains("cannot write to volume results"), "{}", refused.stderr);
    assert!(refused.stderr.contains("65532"), "{}", refused.stderr);
    assert!(refused.stdout.starts_with("SENDER"), "{}", refused.stdout);
    assert_nothing_left_in(test.namespace);
}

/// A port of this machine that is forwarded to a Service.
struct Forwarded(Child, u16);

impl Forwarded {
    fn to(test: &TestNamespace, service: &str) -> Self {
        let port = free_port();
        let mut forward = command("kubectl");
        forward.args(["port-forward", "--namespace", test.namespace, service, &format!("{port}:9710")]);
        let forward = forward.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("kubectl runs");
        let forwarded = Self(forward, port);
        until("the exporter", Duration::from_secs(30), || get(&format!("http://127.0.0.1:{port}/healthz")));
        forwarded
    }
}

impl Drop for Forwarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn configuration() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prometheus")
}

/// Waits until Prometheus has scraped the metrics of a run.
fn await_scrape(prometheus: &Server, run: &str) {
    until("the run in Prometheus", Duration::from_secs(30), || {
        let known = prometheus.query("netbench_run_info");
        known.iter().any(|(labels, _)| labels["run"] == run && labels["schedule"] == "graph").then_some(())
    });
}

pub fn slow_node_is_shown_by_metrics_alerts_list_and_comparison(_: &Cluster) {
    let nodes = first_nodes(4);
    let test = TestNamespace::new("netbench-e2e-graph");
    let run_command = format!("matrix {} -t 1s --repeat 2 --baseline latest", nodes.join(" "));
    test.create("graph --cron @yearly --exporter", &run_command).expect_code(0);
    assert_eq!(test.status()["lastRun"], Value::Null);
    until("the exporter's pod", Duration::from_secs(60), || {
        let (path, kind) = ("jsonpath={.status.readyReplicas}", "deployment/netbench-graph-exporter");
        let ready = kubectl(&["get", kind, "--namespace", test.namespace, "-o", path]).stdout;
        (ready == "1").then_some(())
    });
    let exporter = Forwarded::to(&test, "service/netbench-graph-exporter");
    let prometheus = prometheus(&[exporter.1], &configuration().join("alerts.yaml"));
    assert!(prometheus.value("netbench_run_available") < 0.5);
    let _limits: Vec<_> = nodes.iter().map(|node| shaped("NETBENCH_E2E_SHAPE", node, "100mbit")).collect();
    let mut slow = None;
    for number in 1..=3 {
        if number == 3 {
            slow = Some(shaped("NETBENCH_E2E_SHAPE", &nodes[2], "30mbit"));
        }
        let ran = test.netbench("schedule run graph");
        // a test may fail on the slow link
        assert!(matches!(ran.code, Some(0 | 3)), "{}{}", ran.stdout, ran.stderr);
        let record = test.status()["record"].clone();
        let id = record["id"].as_str().expect("a run document").to_owned();
        await_scrape(&prometheus, &id);
        let median = prometheus.value("netbench_throughput_median_bytes_per_second");
        let of_document = record["medianBitsPerSecond"].as_f64().expect("a median") / 8.0;
        assert!((median / of_document - 1.0).abs() < 1e-9, "{median} {of_document}");
    }
    drop(slow);

    // the metrics
    let (other, node) = (&nodes[0], &nodes[2]);
    let sent =
        |node: &str| prometheus.value(&format!("netbench_node_sent_bytes_per_second{{node=\"{node}\"}}"));
    assert!(sent(node) * 8.0 < 35e6 && sent(other) > 2.0 * sent(node), "{} {}", sent(node), sent(other));
    let found = prometheus.query("netbench_finding_info");
    assert!(found.iter().any(|(labels, _)| labels["subject"] == node.as_str()), "{found:?}");
    // it is pending before it fires
    let alerts = until("an alert", Duration::from_secs(30), || {
        let alerts = prometheus.query(&format!("ALERTS{{alertname=\"NetbenchNodeSlow\", node=\"{node}\"}}"));
        (!alerts.is_empty()).then_some(alerts)
    });
    assert!(alerts.iter().all(|(labels, _)| labels["alertstate"] == "pending"), "{alerts:?}");
    // the list
    let status = test.status();
    let findings = status["record"]["findings"].to_string();
    assert!(findings.contains(node.as_str()), "{status}");
    let table = test.netbench("schedule list").expect_code(0).stdout;
    assert!(table.contains("graph:\n") && table.contains(node.as_str()), "{table}");
    // the comparison
    test.netbench("runs --from-cluster graph").expect_code(0);
    let compared = test.saved("compare latest~1 latest --fail-regression 50%").expect_code(4);
    assert!(compared.stderr.contains(node.as_str()), "{}", compared.stderr);
    // every panel of the dashboard has data, except for what was not measured
    assert_dashboard(&prometheus);
    drop(exporter);
    test.delete("graph");
}

/// Runs all queries of the dashboard.
fn assert_dashboard(prometheus: &Server) {
    let text = fs::read_to_string(configuration().join("dashboard.json")).expect("the dashboard can be read");
    let dashboard: Value = serde_json::from_str(&text).expect("the dashboard is JSON");
    let not_measured =
        ["latency", "path=\"host\"", "netbench_failed_tests", "netbench_lost", "netbench_jitter"];
    let mut queries = 0;
    let panels = dashboard["panels"].as_array().expect("the dashboard has panels");
    for panel in panels
        .iter()
        .flat_map(|panel| std::iter::once(panel).chain(panel["panels"].as_array().into_iter().flatten()))
    {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().expect("a target has a query");
            let expression = expression.replace("$schedule", ".*").replace("$path", "pod");
            let samples = prometheus.query(&expression);
            queries += 1;
            if !not_measured.iter().any(|what| expression.contains(what)) {
                assert!(!samples.is_empty(), "{}: {expression}", panel["title"]);
            }
        }
    }
    assert!(queries > 10, "{queries}");
}

pub fn failed_gate_of_a_run_is_shown_by_the_list() {
    let test = TestNamespace::new("netbench-e2e-gate");
    let nodes = first_nodes(2).join(" ");
    test.create("gate --cron @yearly", &format!("matrix {nodes} -t 1s --fail-below 90Tbit/s")).expect_code(0);
    test.netbench("schedule run gate").expect_code(4);
    let last_run = until("the end of the run", Duration::from_secs(30), || {
        let last_run = test.status()["lastRun"].clone();
        (last_run["outcome"] == "gateFailed").then_some(last_run)
    });
    // from the termination message of its container
    assert!(last_run["why"].as_str().is_some_and(|why| why.contains("--fail-below")), "{last_run}");
    test.delete("gate");
}

pub fn missing_permission_creates_nothing_and_leaves_nothing_behind() {
    let test = TestNamespace::new("netbench-e2e-rights");
    let nodes = first_nodes(2).join(" ");
    let refused =
        || test.create("nightly --cron @daily --as jane", &format!("matrix {nodes}")).expect_code(1);
    assert!(refused().stderr.contains("cannot list nodes"), "{}", refused().stderr);
    // an administrator of the namespace who has the permissions of a run, but may not create a ClusterRole
    kubectl(&["create", "rolebinding", "jane", "--clusterrole=admin", "--user=jane", "-n", test.namespace])
        .expect_code(0);
    let role = "--resource=nodes,namespaces,configmaps,pods";
    kubectl(&["create", "clusterrole", "netbench-e2e-jane", "--verb=list", role]).expect_code(0);
    let _role = Undo(vec!["kubectl", "delete", "clusterrole", "netbench-e2e-jane"], Vec::new());
    let role = "--clusterrole=netbench-e2e-jane";
    kubectl(&["create", "clusterrolebinding", "netbench-e2e-jane", role, "--user=jane"]).expect_code(0);
    let _binding = Undo(vec!["kubectl", "delete", "clusterrolebinding", "netbench-e2e-jane"], Vec::new());
    let stderr = refused().stderr;
    assert!(stderr.contains("create ClusterRole netbench:netbench-e2e-rights:nightly"), "{stderr}");
    assert_eq!(test.objects("cronjobs,roles,configmaps"), "");
    // the cluster-scoped objects are found even after the namespace was deleted
    test.create("nightly --cron @daily", &format!("matrix {nodes}")).expect_code(0);
    kubectl(&["delete", "namespace", test.namespace]).expect_code(0);
    test.delete("nightly");
    let unknown = test.netbench("schedule delete nightly").expect_code(1).stderr;
    assert!(unknown.contains("schedule nightly not found"), "{unknown}");
}

/// Waits until no objects of a run remain.
fn assert_no_owner_left(namespace: &str) {
    let of_runs = ["get", "configmaps", "--namespace", namespace, "-l", crate::cluster::LABEL, "-o", "name"];
    until("no objects of a run", Duration::from_secs(60), || {
        kubectl(&of_runs).expect_code(0).stdout.is_empty().then_some(())
    });
}
