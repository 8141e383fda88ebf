//! Faults that iperf3 does not name: servers that hang, and packets that vanish.

use std::time::Duration;

use kubectl_netbench::document::{FailureKind, Outcome, Run};

use crate::cluster::{Cluster, blackholed, first_nodes, netbench, server_process};
use crate::common::{Ended, signal};

pub fn server_that_hangs_is_replaced(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let arguments = format!("matrix {} -t 2s --no-confirm -o json", nodes.join(" "));
    let run = netbench(&arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let run = run.expect("kubectl runs");
    signal(server_process(&nodes[1]), "STOP");
    std::thread::sleep(Duration::from_millis(100));
    let ended = Ended::from(run.wait_with_output().expect("it ends")).expect_code(0);
    cluster.assert_nothing_left();
    assert!(ended.stderr.contains("accepted connections, but did not respond"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("MTU"), "{}", ended.stdout);
    let run = ended.run();
    assert!(run.tests.len() == 6 && !run.has_failures(), "{:?}", run.tests);
}

pub fn packet_size_is_named_where_large_packets_vanish(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let _hole = blackholed(&nodes[1], 1350);
    let kinds = |run: &Run| -> Vec<(String, String, FailureKind)> {
        let failed = run.tests.iter().filter_map(|test| match &test.outcome {
            Outcome::Failed(failure) => {
                assert!(failure.reason.contains("MTU") && failure.remedy.is_some(), "{failure:?}");
                Some((test.client.to_string(), test.server.to_string(), failure.kind))
            }
            Outcome::Ok(_) => None,
        });
        failed.collect()
    };
    let matrix = cluster.run(&format!("matrix {} -t 2s --no-confirm -o json", nodes.join(" ")));
    let failed = kinds(&matrix.expect_code(3).run());
    assert_eq!(failed.len(), 4, "{failed:?}");
    let is_of_node = |(client, server, kind): &(String, String, FailureKind)| {
        *kind == FailureKind::PacketSize && (*client == nodes[1] || *server == nodes[1])
    };
    assert!(failed.iter().all(is_of_node), "{failed:?}");
    // nothing is measured
    let udp = format!(
        "pair {} {} --udp --bitrate 50M --length 1400 -t 1s --no-confirm -o json",
        nodes[0], nodes[1]
    );
    assert_eq!(kinds(&cluster.run(&udp).expect_code(1).run()).len(), 2);
}
