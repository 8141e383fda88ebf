use super::*;
use crate::analysis::{Gates, Threshold, analyse, compare};
use crate::document::fixtures::{failed, measured, measured_latency, run};
use crate::document::{
    Command, Datagrams, Failure, FailureKind, Measurement, Note, NoteKind, Outcome, Path, Protocol, State,
    TestRecord,
};

const PLAIN: Canvas = Canvas::FILE;

fn all_pairs(nodes: &[&str], rate: impl Fn(&str, &str) -> f64) -> Vec<TestRecord> {
    let mut tests = Vec::new();
    for client in nodes {
        for server in nodes.iter().filter(|server| *server != client) {
            tests.push(measured(client, server, rate(client, server)));
        }
    }
    tests
}

fn slow_third_node() -> Run {
    let nodes = ["node-1", "node-2", "node-3", "node-4", "node-5"];
    let rate = |client: &str, server: &str| {
        if client == "node-3" || server == "node-3" { 0.19e9 } else { 9.41e9 }
    };
    run(&nodes, all_pairs(&nodes, rate))
}

#[test]
fn slow_node_is_marked_in_matrix() {
    insta::assert_snapshot!(render(&slow_third_node(), Format::Table, PLAIN));
}

#[test]
fn figures_under_a_limit_of_the_cluster_are_marked_and_are_no_finding() {
    let mut limited = slow_third_node();
    analyse(&mut limited);
    assert!(!limited.findings.is_empty());
    limited.notes =
        vec![Note::of_node(NoteKind::CpuLimit, "the cluster set a CPU limit of 200m", "node-3".into())];
    analyse(&mut limited);
    assert_eq!(limited.findings, []);
    insta::assert_snapshot!(render(&limited, Format::Table, PLAIN));
    let markdown = render(&limited, Format::Markdown, PLAIN);
    assert!(
        markdown.contains("\\~0.19") && markdown.contains("node-3: the cluster set a CPU limit"),
        "{markdown}"
    );
    limited.command = Command::Pair;
    let pairs = render(&limited, Format::Table, PLAIN);
    assert!(pairs.contains("~0.19"), "{pairs}");
}

#[test]
fn results_without_a_report_are_marked_noted_and_no_finding() {
    let mut cut = slow_third_node();
    let reason = "the control connection was lost: unable to send control message: Broken pipe";
    let failure =
        Failure::new(FailureKind::ConnectionLost, reason).with_remedy(Some("look for NAT".to_owned()));
    for test in &mut cut.tests {
        if let Outcome::Ok(Measurement::Throughput(throughput)) = &mut test.outcome
            && (test.client == "node-3" || test.server == "node-3")
        {
            throughput.cut_by = Some(failure.clone());
        }
    }
    analyse(&mut cut);
    assert_eq!(cut.findings, []);
    insta::assert_snapshot!(render(&cut, Format::Table, PLAIN));
    let csv = render(&cut, Format::Csv, PLAIN);
    assert!(csv.contains("connectionLost,the control connection was lost"), "{csv}");
}

#[test]
fn cell_colors_are_relative_to_median() {
    let nodes = ["a", "b", "c", "d"];
    let rate = |client: &str, server: &str| match (client, server) {
        ("a", "b") => 1e9,
        ("a", "c") => 7e9,
        _ => 10e9,
    };
    let canvas = Canvas { color: Some(ColorDepth::Ansi256), ..PLAIN };
    insta::assert_snapshot!(
        render(&run(&nodes, all_pairs(&nodes, rate)), Format::Table, canvas).replace('\u{1b}', "ESC")
    );
}

#[test]
fn failed_cells_have_reasons_below_matrix() {
    let mut partial = run(
        &["a", "b", "c"],
        vec![
            measured("a", "b", 9.4e9),
            failed("b", "a", "no route to host"),
            measured("a", "c", 9.2e9),
            failed("a", "c", "no route to host"),
            failed("c", "a", "the server is busy running a test"),
        ],
    );
    partial.state = State::Partial;
    insta::assert_snapshot!(render(&partial, Format::Table, PLAIN));
}

#[test]
fn failed_run_has_no_value() {
    let none = run(&["a", "b"], vec![failed("a", "b", "no route"), failed("b", "a", "no route")]);
    let text = render(&none, Format::Table, PLAIN);
    assert!(text.contains("No throughput was measured."));
    assert!(!text.contains("0.00"));
}

#[test]
fn narrow_terminal_shortens_names_then_lists_pairs() {
    let nodes = [
        "ip-10-0-1-23.eu-west-1.compute.internal",
        "ip-10-0-2-7.eu-west-1.compute.internal",
        "ip-10-0-2-9.eu-west-1.compute.internal",
    ];
    let run = run(&nodes, all_pairs(&nodes, |_, _| 9.4e9));
    let at = |width| render(&run, Format::Table, Canvas { width: Some(width), ..PLAIN });
    insta::assert_snapshot!("shortened", at(80));
    insta::assert_snapshot!("list", at(20));
    assert!(render(&run, Format::Table, PLAIN).contains(nodes[0]));
}

#[test]
fn pair_table_has_retransmits_rtt_and_cpu() {
    let mut pair = run(
        &["node-1", "node-3"],
        vec![measured("node-1", "node-3", 9.4e9), measured("node-3", "node-1", 0.94e9)],
    );
    pair.command = Command::Pair;
    insta::assert_snapshot!("pair", render(&pair, Format::Table, PLAIN));
    insta::assert_snapshot!("pair_wide", render(&pair, Format::Wide, PLAIN));
}

#[test]
fn json_and_yaml_round_trip() {
    let mut run = slow_third_node();
    run.tests.push(failed("node-1", "node-2", "0x: a \"reason\"\n# with - signs"));
    let json = render(&run, Format::Json, PLAIN);
    assert_eq!(serde_json::from_str::<Run>(&json).unwrap(), run);
    let yaml = render(&run, Format::Yaml, PLAIN);
    assert_eq!(serde_yaml::from_str::<Run>(&yaml).unwrap(), run);
    assert!(yaml.ends_with('\n'));
}

/// Two nodes over pod and host, with latency.
fn tests_over_two_paths() -> Vec<TestRecord> {
    let over = |path: Path, record| TestRecord { route: path.into(), ..record };
    let mut tests = Vec::new();
    for (client, server) in [("node-1", "node-3"), ("node-3", "node-1")] {
        tests.extend([
            over(Path::Pod, measured_latency(client, server, 92.0)),
            over(Path::Pod, measured(client, server, 6.1e9)),
            over(Path::Host, measured_latency(client, server, 61.0)),
            over(Path::Host, measured(client, server, 9.4e9)),
        ]);
    }
    tests
}

#[test]
fn pair_over_two_paths_has_latency_and_overlay_overhead() {
    let mut pair = run(&["node-1", "node-3"], tests_over_two_paths());
    pair.command = Command::Pair;
    pair.parameters.placement.paths = vec![Path::Pod, Path::Host];
    insta::assert_snapshot!(render(&pair, Format::Table, PLAIN));
}

#[test]
fn matrix_over_two_paths_has_latency_and_overhead_matrices() {
    let mut matrix = run(&["node-1", "node-3"], tests_over_two_paths());
    matrix.parameters.placement.paths = vec![Path::Pod, Path::Host];
    insta::assert_snapshot!(render(&matrix, Format::Table, PLAIN));
}

#[test]
fn markdown_over_two_paths_explains_latency_and_overhead() {
    let mut matrix = run(&["node-1", "node-3"], tests_over_two_paths());
    matrix.parameters.placement.paths = vec![Path::Pod, Path::Host];
    insta::assert_snapshot!(render(&matrix, Format::Markdown, PLAIN));
}

#[test]
fn udp_pair_has_loss_and_jitter() {
    let lossy = |mut record: TestRecord| {
        if let Outcome::Ok(Measurement::Throughput(throughput)) = &mut record.outcome {
            (throughput.retransmits, throughput.round_trip_time) = (None, None);
            throughput.udp = Some(Datagrams {
                target_bits_per_second: Some(1e9),
                sent: 86_330,
                lost: 4_200,
                lost_percent: 4.865,
                out_of_order: Some(3),
                jitter_microseconds: 12.7,
            });
        }
        record
    };
    let mut pair =
        run(&["a", "b"], vec![lossy(measured("a", "b", 0.95e9)), lossy(measured("b", "a", 0.94e9))]);
    pair.command = Command::Pair;
    pair.parameters.measurement.protocol = Protocol::Udp;
    insta::assert_snapshot!(render(&pair, Format::Table, PLAIN));
}

#[test]
fn external_server_is_the_only_column() {
    let to = "192.0.2.7:5202";
    let mut run = run(&["a", "b"], vec![measured("a", to, 0.95e9), measured("b", to, 0.41e9)]);
    run.parameters.placement.to = Some(to.parse().unwrap());
    insta::assert_snapshot!(render(&run, Format::Table, PLAIN));
}

/// A run with a slow receiver, a failure, failed gates and a baseline.
fn eventful() -> Run {
    let nodes = ["node-1", "node-2", "node-3", "node-4"];
    let rate = |_: &str, server: &str| if server == "node-3" { 3.6e9 } else { 9.41e9 };
    let base = run(&nodes, all_pairs(&nodes, |_, _| 9.41e9));
    let mut tests = all_pairs(&nodes, rate);
    tests[0] = failed("node-1", "node-2", "no route to host: <10.0.0.2> | \"refused\"");
    let mut run = run(&nodes, tests);
    analyse(&mut run);
    run.comparison = Some(compare(&Run { id: "b2w7h4ns".to_owned(), ..base }, &run));
    let gates = Gates {
        below: vec![(Threshold::Rate(5_000_000_000), "--fail-below 5Gbit/s".to_owned())],
        regression: None,
    };
    run.breaches = gates.breaches(&run);
    run
}

#[test]
fn table_ends_with_findings_comparison_and_failures() {
    insta::assert_snapshot!("eventful_table", render(&eventful(), Format::Table, PLAIN));
}

#[test]
fn median_of_mostly_slow_pairs_is_no_reference() {
    let nodes = ["node-1", "node-2", "node-3"];
    let rate = |one: &str, other: &str| if [one, other].contains(&"node-3") { 93e6 } else { 9.4e9 };
    let mut run = run(&nodes, all_pairs(&nodes, rate));
    analyse(&mut run);
    let table = render(&run, Format::Table, PLAIN);
    assert!(table.contains("Slowest: node-1 → node-3, 93.0 Mbit/s.\n"), "{table}");
}

#[test]
fn comparison_of_latency_reports_clients_and_servers() {
    let tests = |to_b: f64| vec![measured_latency("a", "b", to_b), measured_latency("b", "a", 52.0)];
    let base = run(&["a", "b"], tests(51.0));
    let mut run = run(&["a", "b"], tests(164.0));
    run.comparison = Some(compare(&Run { id: "b2w7h4ns".to_owned(), ..base }, &run));
    insta::assert_snapshot!("latency_comparison", render_comparison(&run, Format::Table, PLAIN));
    insta::assert_snapshot!("latency_comparison_markdown", render_comparison(&run, Format::Markdown, PLAIN));
}

#[test]
fn run_renders_in_every_text_format() {
    for (name, format) in [
        ("csv", Format::Csv),
        ("markdown", Format::Markdown),
        ("junit", Format::Junit),
        ("prometheus", Format::Prometheus),
        ("svg", Format::Svg),
    ] {
        let text = render(&eventful(), format, PLAIN);
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn comparison_renders_without_run() {
    let run = eventful();
    insta::assert_snapshot!("comparison_csv", render_comparison(&run, Format::Csv, PLAIN));
    let table = render_comparison(&run, Format::Table, PLAIN);
    assert!(table.starts_with("Compared with baseline b2w7h4ns (1970-01-01 00:00 UTC)."), "{table}");
    let json: serde_json::Value =
        serde_json::from_str(&render_comparison(&run, Format::Json, PLAIN)).unwrap();
    assert_eq!(json["base"], "b2w7h4ns");
}

#[test]
fn csv_rows_have_as_many_fields_as_header() {
    let mut run = eventful();
    run.tests.push(measured_latency("node-1", "node-2", 90.0));
    let text = render(&run, Format::Csv, PLAIN);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().unwrap().len();
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| row.len() == columns));
    assert!(text.contains("no route to host: <10.0.0.2> | \"\"refused\"\""));
}

/// A run with a hostile node name and failure reason.
fn hostile(node: &str, reason: &str) -> Run {
    run(&["a", node], vec![measured("a", node, 9.4e9), failed(node, "a", reason)])
}

#[test]
fn csv_escapes_formulas() {
    let text = render(&hostile("=1+1", "@SUM(A1)"), Format::Csv, PLAIN);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let cells: Vec<String> =
        reader.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(cells.iter().all(|cell| !cell.starts_with(['=', '@'])), "{cells:?}");
    assert!(cells.iter().any(|cell| cell == "'=1+1") && cells.iter().any(|cell| cell == "'@SUM(A1)"));
}

#[test]
fn markdown_escapes_links_and_mentions() {
    let mut run = hostile("b|c", "see https://example.org or www.example.org, @everyone `x` ![x](y) $z$");
    run.id = "a`b".to_owned();
    let text = render(&run, Format::Markdown, PLAIN);
    for wrong in ["https://", "www.", "@everyone", "![", " $z", "b|c", "`a`b`"] {
        assert!(!text.contains(wrong), "{wrong} in {text}");
    }
    assert!(text.contains("https\\://example.org or www\\.example.org, `@`everyone"), "{text}");
}

#[test]
fn metrics_and_images_escape_foreign_text() {
    let run = hostile("b\"} 1\nnetbench_forged{a=\"<script>", "x");
    let metrics = render(&run, Format::Prometheus, PLAIN);
    assert!(metrics.lines().all(|line| !line.starts_with("netbench_forged")), "{metrics}");
    for format in [Format::Svg, Format::Html, Format::Junit] {
        assert!(!render(&run, format, PLAIN).contains("<script>\""), "{format:?}");
    }
}

#[test]
fn retest_that_contradicts_first_result_is_noted() {
    let nodes = ["a", "b", "c", "d"];
    let rate = |sender: &str, receiver: &str| if (sender, receiver) == ("a", "b") { 6.5e9 } else { 9.4e9 };
    let mut run = run(&nodes, all_pairs(&nodes, rate));
    run.retests = vec![measured("a", "b", 9.3e9), measured("c", "d", 9.4e9)];
    let text = render(&run, Format::Table, PLAIN);
    assert!(text.contains("Retested in isolation: a → b 9.30 Gbit/s (was 6.50 Gbit/s).\n"), "{text}");
}
