//! What the cluster measures by itself, keeps, and tells Prometheus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Undo, apply, cluster, command, kubectl, netbench, shaped, variable};
use crate::common::Ended;
use crate::prometheus::{Server, free_port, get, prometheus, until};
use kubectl_netbench::document::Run;

/// What all objects of a schedule have.
const OF_SCHEDULES: &str = "app.kubernetes.io/managed-by=kubectl-netbench-schedule";

/// A namespace for schedules, with an image that has this program.
struct Place {
    namespace: &'static str,
    image: String,
    /// Where the user's runs are saved.
    data: tempfile::TempDir,
    _undo: [Undo<'static>; 2],
}

impl Place {
    /// None if no image is known that has this program.
    fn new(namespace: &'static str) -> Option<Self> {
        let Some(image) = variable("NETBENCH_E2E_PROGRAM_IMAGE") else {
            eprintln!("not tried: NETBENCH_E2E_PROGRAM_IMAGE is not set");
            return None;
        };
        let of_cluster = vec!["kubectl", "delete", "clusterroles,clusterrolebindings", "-l", OF_SCHEDULES];
        let undo = [
            Undo(vec!["kubectl", "delete", "namespace", namespace], Vec::new()),
            Undo(of_cluster, Vec::new()),
        ];
        kubectl(&["create", "namespace", namespace]).expect_code(0);
        Some(Self {
            namespace,
            image,
            data: tempfile::tempdir().expect("a temporary directory"),
            _undo: undo,
        })
    }

    fn netbench(&self, arguments: &str) -> Ended {
        let mut command = netbench(&format!("{arguments} --namespace {}", self.namespace));
        command.env("XDG_DATA_HOME", self.data.path()).output().expect("kubectl runs").into()
    }

    /// A command on the runs that are saved here.
    fn saved(&self, arguments: &str) -> Ended {
        netbench(arguments).env("XDG_DATA_HOME", self.data.path()).output().expect("kubectl runs").into()
    }

    fn create(&self, flags: &str, scheduled: &str) -> Ended {
        let flags = format!("{flags} --program-image {} --namespace {}", self.image, self.namespace);
        netbench(&format!("schedule create {flags} -- {scheduled}")).output().expect("kubectl runs").into()
    }

    /// The one schedule that there is.
    fn status(&self) -> Value {
        let listed = self.netbench("schedule list -o json").expect_code(0).stdout;
        let mut listed: Vec<Value> = serde_json::from_str(&listed).expect("the list is JSON");
        assert_eq!(listed.len(), 1, "{listed:?}");
        listed.remove(0)
    }

    fn delete(&self, name: &str) {
        self.netbench(&format!("schedule delete {name}")).expect_code(0);
        let kinds = "cronjobs,jobs,pods,deployments,replicasets,services,configmaps,serviceaccounts,roles,\
                     rolebindings,clusterroles,clusterrolebindings";
        let left = kubectl(&["get", kinds, "-A", "-l", OF_SCHEDULES, "-o", "name"]).expect_code(0).stdout;
        assert_eq!(left, "", "left behind");
    }
}

/// A volume on a directory that all nodes have in common with this machine; none if they have none.
struct SharedVolume {
    directory: PathBuf,
    _undo: Undo<'static>,
}

impl SharedVolume {
    fn new(namespace: &str) -> Option<Self> {
        let directory = PathBuf::from(variable("NETBENCH_E2E_SHARED_DIRECTORY")?).join(namespace);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("it can be made");
        let status = command("chmod").arg("777").arg(&directory).status();
        assert!(status.expect("chmod runs").success());
        apply(&format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: results, namespace: {namespace}}}\nspec:\n  \
             accessModes: [ReadWriteMany]\n  storageClassName: \"\"\n  volumeName: {namespace}\n  resources: {{requests: \
             {{storage: 1Gi}}}}\n"
        ));
        let undo = vec!["kubectl", "delete", "persistentvolume", "--wait=false", "--ignore-not-found"];
        Some(Self { directory, _undo: Undo(undo, vec![namespace.to_owned()]) })
    }

    /// Makes the volume that was claimed.
    fn provide(&self, namespace: &str) {
        apply(&format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {namespace}}}\nspec:\n  capacity: {{storage: 1Gi}}\n  \
             accessModes: [ReadWriteMany]\n  storageClassName: \"\"\n  hostPath: {{path: {}}}\n",
            self.directory.display()
        ));
    }

    fn documents(&self, folder: &str) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.directory.join(folder)) else { return Vec::new() };
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

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_cluster_measures_each_minute_and_what_it_found_is_at_hand() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let Some(place) = Place::new("netbench-e2e-schedule") else { return };
    let volume = SharedVolume::new(place.namespace);
    if let Some(volume) = &volume {
        volume.provide(place.namespace);
    }
    let on_volume = if volume.is_some() { "--volume results:lab" } else { "" };
    let created = place.create("nightly --cron */1", &format!("matrix {nodes}")).expect_code(2);
    assert!(created.stderr.contains("--cron '*/1': it has 1 field,"), "{}", created.stderr);
    // words are separated by spaces here: this is the whole of an expression
    let mut create = netbench("schedule create nightly --cron");
    create.args(["* * * * *", "--program-image", &place.image, "--namespace", place.namespace, "--"]);
    create.args(format!("matrix {nodes} -t 1s --path pod,host {on_volume}").split_whitespace());
    let created: Ended = create.output().expect("kubectl runs").into();
    assert!(created.stderr.contains("made the schedule nightly"), "{}", created.stderr);
    let again: Ended = create.output().expect("kubectl runs").into();
    let again = again.expect_code(1).stderr;
    assert!(
        again.contains("there is a schedule nightly in the namespace netbench-e2e-schedule already"),
        "{again}"
    );

    let status = until("two runs by themselves", Duration::from_secs(200), || {
        let status = place.status();
        let ended = status["lastRun"]["outcome"] != "running";
        (ended && status["records"].as_u64() >= Some(2)).then_some(status)
    });
    assert_eq!(status["lastRun"]["outcome"], "succeeded", "{status}");
    assert_eq!(status["record"]["tests"], 4, "{status}");
    assert!(status["record"]["medianBitsPerSecond"].as_f64() > Some(1e6), "{status}");
    assert!(status["nextRunAt"].is_string(), "{status}");
    // some kubelets lose a log: that of the next run tells as well
    until("a whole log", Duration::from_secs(180), || {
        let log = place.netbench("schedule logs nightly").stdout;
        (log.contains("2 nodes, 4 tests") && log.contains("Throughput over host")).then_some(())
    });

    let fetched = ids(&place.netbench("runs --from-cluster nightly -o json").expect_code(0));
    assert!(fetched.len() >= 2, "{fetched:?}");
    let again = ids(&place.netbench("runs --from-cluster nightly -o json").expect_code(0));
    assert!(fetched.iter().all(|id| again.contains(id)), "{fetched:?} {again:?}");
    place.saved("report latest").expect_code(0);
    place.saved("compare latest~1 latest").expect_code(0);
    assert_no_owner_left();

    place.delete("nightly");
    if let Some(volume) = volume {
        let kept = volume.documents("lab");
        assert!(kept.len() >= 2, "{kept:?}");
        for id in &fetched {
            let of_run = kept.iter().find(|name| name.ends_with(&format!("-{id}.json")));
            assert!(of_run.is_some_and(|name| name.starts_with("20")), "{id}: {kept:?}");
        }
        // without its schedule, a volume is still a place of runs
        let listed = ids(&place.netbench("runs --from-cluster results:lab -o json").expect_code(0));
        assert_eq!(listed.len(), volume.documents("lab").len());
    }
    let unknown = place.netbench("runs --from-cluster nightly").expect_code(1).stderr;
    assert!(unknown.contains("no schedule or PersistentVolumeClaim `nightly`"), "{unknown}");
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_run_from_here_is_kept_on_a_volume_for_as_long_as_it_is_wanted() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let Some(place) = Place::new("netbench-e2e-volume") else { return };
    let Some(volume) = SharedVolume::new(place.namespace) else {
        eprintln!("not tried: NETBENCH_E2E_SHARED_DIRECTORY is not set");
        return;
    };
    let early = place.netbench(&format!("matrix {nodes} -t 60s --volume result")).expect_code(1).stderr;
    assert!(early.contains("is results meant?"), "{early}");
    // one that is made only when it is claimed is waited for
    let flags = format!("pair {nodes} -t 1s --namespace {} --volume results:lab/two", place.namespace);
    let mut first = netbench(&flags);
    first.env("XDG_DATA_HOME", place.data.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let first = first.spawn().expect("kubectl runs");
    until("a pod that has no volume", Duration::from_secs(60), || {
        let reasons = "jsonpath={.items[*].status.conditions[*].message}";
        let said = kubectl(&["get", "pods", "--namespace", place.namespace, "-o", reasons]).stdout;
        said.contains("unbound immediate PersistentVolumeClaims").then_some(())
    });
    thread::sleep(Duration::from_secs(10));
    volume.provide(place.namespace);
    let first: Ended = first.wait_with_output().expect("kubectl ends").into();
    let first = first.expect_code(0).stderr;
    assert!(first.contains("waiting for the pod of the volume: the scheduler"), "{first}");
    assert_eq!(volume.documents("lab/two").len(), 1, "{first}");
    for via in ["exec", "job"] {
        let flags = format!("pair {nodes} -t 1s --via {via} --volume results:lab/two --volume-keep 2");
        let ended = place.netbench(&flags).expect_code(0);
        assert!(ended.stderr.contains("on the volume results:lab/two"), "{}", ended.stderr);
        cluster.assert_nothing_left();
    }
    let kept = volume.documents("lab/two");
    assert_eq!(kept.len(), 2, "{kept:?}");
    let text = fs::read_to_string(volume.directory.join("lab/two").join(&kept[1])).expect("it can be read");
    let run: Run = serde_json::from_str(&text).expect("it is a run");
    let saved = place.saved("report latest -o json").expect_code(0).run();
    assert_eq!(run, saved);
    // what cannot be written is told, and loses nothing
    let status = command("chmod").arg("-R").arg("555").arg(&volume.directory).status();
    assert!(status.expect("chmod runs").success());
    let refused = place.netbench(&format!("pair {nodes} -t 1s --volume results:other")).expect_code(1);
    assert!(refused.stderr.contains("cannot write to the volume results"), "{}", refused.stderr);
    assert!(refused.stderr.contains("65532"), "{}", refused.stderr);
    assert!(refused.stdout.starts_with("SENDER"), "{}", refused.stdout);
    cluster.assert_nothing_left();
}

/// A port of this machine that leads to a Service.
struct Forwarded(Child, u16);

impl Forwarded {
    fn to(place: &Place, service: &str) -> Self {
        let port = free_port();
        let mut forward = command("kubectl");
        forward.args(["port-forward", "--namespace", place.namespace, service, &format!("{port}:9710")]);
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

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prometheus")
}

/// What the exporter tells of the newest run, once Prometheus has it.
fn scraped(prometheus: &Server, run: &str) {
    until("the run in Prometheus", Duration::from_secs(30), || {
        let known = prometheus.query("netbench_run_info");
        known.iter().any(|(labels, _)| labels["run"] == run && labels["schedule"] == "graph").then_some(())
    });
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_node_that_becomes_slow_shows_in_the_graph_the_comparison_and_the_list() {
    let cluster = cluster();
    let nodes = cluster.nodes(4);
    let Some(place) = Place::new("netbench-e2e-graph") else { return };
    let scheduled = format!("matrix {} -t 1s --repeat 2 --baseline latest", nodes.join(" "));
    place.create("graph --cron @yearly --exporter", &scheduled).expect_code(0);
    assert_eq!(place.status()["lastRun"], Value::Null);
    until("the exporter's pod", Duration::from_secs(60), || {
        let (path, kind) = ("jsonpath={.status.readyReplicas}", "deployment/netbench-graph-exporter");
        let ready = kubectl(&["get", kind, "--namespace", place.namespace, "-o", path]).stdout;
        (ready == "1").then_some(())
    });
    let exporter = Forwarded::to(&place, "service/netbench-graph-exporter");
    let prometheus = prometheus(&[exporter.1], &documents().join("alerts.yaml"));
    assert!(prometheus.value("netbench_run_available") < 0.5);
    let limits: Option<Vec<_>> =
        nodes.iter().map(|node| shaped("NETBENCH_E2E_SHAPE", node, "100mbit")).collect();
    if limits.is_none() {
        return;
    }
    let mut slow = None;
    for number in 1..=3 {
        if number == 3 {
            slow = shaped("NETBENCH_E2E_SHAPE", &nodes[2], "30mbit");
        }
        let ran = place.netbench("schedule run graph");
        // a link that is slow may lose a test: that is told, and no matter here
        assert!(matches!(ran.code, Some(0 | 3)), "{}{}", ran.stdout, ran.stderr);
        let record = place.status()["record"].clone();
        let id = record["id"].as_str().expect("it has a document").to_owned();
        scraped(&prometheus, &id);
        let median = prometheus.value("netbench_throughput_median_bytes_per_second");
        let of_document = record["medianBitsPerSecond"].as_f64().expect("it was measured") / 8.0;
        assert!((median / of_document - 1.0).abs() < 1e-9, "{median} {of_document}");
    }
    drop(slow);

    // the query
    let (other, node) = (&nodes[0], &nodes[2]);
    let sent =
        |node: &str| prometheus.value(&format!("netbench_node_sent_bytes_per_second{{node=\"{node}\"}}"));
    assert!(sent(node) * 8.0 < 35e6 && sent(other) > 2.0 * sent(node), "{} {}", sent(node), sent(other));
    let found = prometheus.query("netbench_finding_info");
    assert!(found.iter().any(|(labels, _)| labels["subject"] == node.as_str()), "{found:?}");
    // it lasts for a while before it fires
    let alerts = until("an alert", Duration::from_secs(30), || {
        let alerts = prometheus.query(&format!("ALERTS{{alertname=\"NetbenchNodeSlow\", node=\"{node}\"}}"));
        (!alerts.is_empty()).then_some(alerts)
    });
    assert!(alerts.iter().all(|(labels, _)| labels["alertstate"] == "pending"), "{alerts:?}");
    // the list
    let status = place.status();
    let findings = status["record"]["findings"].to_string();
    assert!(findings.contains(node.as_str()), "{status}");
    let table = place.netbench("schedule list").expect_code(0).stdout;
    assert!(table.contains("graph:\n") && table.contains(node.as_str()), "{table}");
    // the comparison
    place.netbench("runs --from-cluster graph").expect_code(0);
    let compared = place.saved("compare latest~1 latest --fail-regression 50%").expect_code(4);
    assert!(compared.stderr.contains(node.as_str()), "{}", compared.stderr);
    // each panel of the dashboard has something to show, but for what was not measured
    assert_dashboard(&prometheus);
    drop(exporter);
    place.delete("graph");
}

/// Asks Prometheus all that the dashboard asks.
fn assert_dashboard(prometheus: &Server) {
    let text = fs::read_to_string(documents().join("dashboard.json")).expect("it is there");
    let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
    let not_measured =
        ["latency", "path=\"host\"", "netbench_failed_tests", "netbench_lost", "netbench_jitter"];
    let mut asked = 0;
    let panels = dashboard["panels"].as_array().expect("it has panels");
    for panel in panels
        .iter()
        .flat_map(|panel| std::iter::once(panel).chain(panel["panels"].as_array().into_iter().flatten()))
    {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().expect("it asks something");
            let expression = expression.replace("$schedule", ".*").replace("$path", "pod");
            let samples = prometheus.query(&expression);
            asked += 1;
            if !not_measured.iter().any(|what| expression.contains(what)) {
                assert!(!samples.is_empty(), "{}: {expression}", panel["title"]);
            }
        }
    }
    assert!(asked > 10, "{asked}");
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn whoever_may_not_make_a_schedule_is_told_so_and_nothing_is_left() {
    let cluster = cluster();
    let Some(place) = Place::new("netbench-e2e-rights") else { return };
    let nodes = cluster.nodes(2).join(" ");
    let refused =
        || place.create("nightly --cron @daily --as jane", &format!("matrix {nodes}")).expect_code(1);
    assert!(refused().stderr.contains("cannot list nodes"), "{}", refused().stderr);
    // an administrator of the namespace who may measure, and make no ClusterRole
    kubectl(&["create", "rolebinding", "jane", "--clusterrole=admin", "--user=jane", "-n", place.namespace])
        .expect_code(0);
    let role = "--resource=nodes,namespaces,configmaps,pods";
    kubectl(&["create", "clusterrole", "netbench-e2e-jane", "--verb=list", role]).expect_code(0);
    let _role = Undo(vec!["kubectl", "delete", "clusterrole", "netbench-e2e-jane"], Vec::new());
    let role = "--clusterrole=netbench-e2e-jane";
    kubectl(&["create", "clusterrolebinding", "netbench-e2e-jane", role, "--user=jane"]).expect_code(0);
    let _binding = Undo(vec!["kubectl", "delete", "clusterrolebinding", "netbench-e2e-jane"], Vec::new());
    let told = refused().stderr;
    assert!(told.contains("make the ClusterRole netbench:netbench-e2e-rights:nightly"), "{told}");
    let left = kubectl(&["get", "cronjobs,roles,configmaps", "-A", "-l", OF_SCHEDULES, "-o", "name"]);
    assert_eq!(left.expect_code(0).stdout, "");
    // what is in no namespace is found also when that is gone
    place.create("nightly --cron @daily", &format!("matrix {nodes}")).expect_code(0);
    kubectl(&["delete", "namespace", place.namespace]).expect_code(0);
    place.delete("nightly");
    let unknown = place.netbench("schedule delete nightly").expect_code(1).stderr;
    assert!(unknown.contains("there is no schedule nightly"), "{unknown}");
}

/// Between two runs of a schedule there is nothing of either.
fn assert_no_owner_left() {
    let of_runs = ["get", "namespaces,configmaps", "-A", "-l", crate::cluster::LABEL, "-o", "name"];
    until("nothing of a run", Duration::from_secs(60), || {
        kubectl(&of_runs).expect_code(0).stdout.is_empty().then_some(())
    });
}
