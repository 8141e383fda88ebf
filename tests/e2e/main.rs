//! The real program on a real cluster, called by kubectl as a plugin.
//!
//! `NETBENCH_E2E_KUBECONFIG` names the cluster: one of four Linux nodes at least, whose user may do
//! everything. Optional:
//! - `NETBENCH_E2E_IMAGE`: an image that its nodes have or can pull; the program's own default
//!   otherwise;
//! - `NETBENCH_E2E_SHAPE`: a command that takes a node and a rate (`200mbit`, `none`) and limits
//!   what the node sends and receives;
//! - `NETBENCH_E2E_SHAPE_OVERLAY`: the same for what it sends over the pod network only;
//! - `NETBENCH_E2E_OUTSIDE`: the address by which the nodes reach this machine;
//! - `NETBENCH_E2E_LOAD_BALANCER`: an unused address, for a cluster without a load balancer;
//! - `NETBENCH_E2E_PROGRAM_IMAGE`: an image that has this program, for runs that the cluster makes
//!   (`tests/e2e/image` makes one); Prometheus must be on PATH then;
//! - `NETBENCH_E2E_SHARED_DIRECTORY`: a directory of this machine that all nodes have at the same place,
//!   as on clusters that run on this machine.
//!
//! `cargo test --test e2e` runs them one after the other. A test without a variable that it needs is reported as
//! ignored, with the name of the variable.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic fails the test; the tests print to the terminal"
)]

mod cluster;
mod command_line;
#[path = "../common/mod.rs"]
mod common;
mod completion;
mod elsewhere;
mod interrupts;
mod kept;
mod leftovers;
mod paths;
mod policies;
#[path = "../common/prometheus.rs"]
mod prometheus;
mod rights;
mod runs;
mod schedules;

use libtest_mimic::{Arguments, Trial};

/// A test, and the variables that it needs.
struct Test {
    name: &'static str,
    run: fn(),
    needs: &'static [&'static str],
}

macro_rules! test {
    ($module:ident::$name:ident $(, $variable:literal)*) => {
        Test {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: $module::$name,
            needs: &["NETBENCH_E2E_KUBECONFIG" $(, $variable)*],
        }
    };
}

const TESTS: &[Test] = &[
    test!(completion::the_names_of_a_cluster_are_completed),
    test!(elsewhere::every_node_is_measured_against_an_outside_server, "NETBENCH_E2E_OUTSIDE"),
    test!(elsewhere::outside_server_that_does_not_listen_fails_with_a_reason, "NETBENCH_E2E_OUTSIDE"),
    test!(elsewhere::two_clusters_are_measured_and_both_are_cleaned_up),
    test!(elsewhere::load_balancer_is_waited_for_and_measured, "NETBENCH_E2E_LOAD_BALANCER"),
    test!(interrupts::interrupt_at_any_moment_prints_the_results_and_leaves_nothing),
    test!(interrupts::second_interrupt_quits_immediately_and_prints_the_removal_command),
    test!(kept::kept_servers_let_the_next_run_start_immediately),
    test!(kept::kept_servers_in_a_given_namespace_are_removed_by_cleanup),
    test!(kept::dry_run_prints_objects_that_kubectl_accepts_and_creates_nothing),
    test!(leftovers::what_killed_runs_have_left_is_told_from_what_goes_on_and_removed),
    test!(leftovers::what_other_versions_have_made_is_found_by_its_label_alone),
    test!(leftovers::what_holds_a_namespace_is_named),
    test!(paths::slow_overlay_is_distinguished_from_the_wire, "NETBENCH_E2E_SHAPE_OVERLAY"),
    test!(paths::pair_over_two_paths_shows_the_cost_of_the_overlay_on_one_screen),
    test!(paths::node_port_reaches_the_server_over_tcp_and_udp),
    test!(paths::udp_loses_datagrams_above_the_capacity_of_a_link_only, "NETBENCH_E2E_SHAPE"),
    test!(paths::udp_without_a_bitrate_stays_below_tcp_throughput, "NETBENCH_E2E_SHAPE"),
    test!(paths::full_buffer_raises_the_latency_under_load, "NETBENCH_E2E_SHAPE"),
    test!(paths::iperf2_measures_by_exec_and_by_job),
    test!(paths::bidirectional_tests_fill_the_matrix),
    test!(paths::ip_family_that_the_cluster_lacks_fails_its_own_cells),
    test!(policies::pods_have_the_fields_that_flags_set),
    test!(policies::network_policy_admits_the_run_and_is_removed_by_cleanup),
    test!(policies::nodes_with_a_tolerated_taint_are_tested_without_being_named),
    test!(rights::healthy_cluster_has_no_problems),
    test!(rights::printed_roles_suffice_for_a_matrix),
    test!(rights::printed_roles_suffice_on_the_host_network),
    test!(rights::printed_roles_suffice_with_jobs),
    test!(rights::printed_roles_suffice_in_a_given_namespace),
    test!(rights::printed_roles_suffice_for_udp_over_node_ports_and_a_network_policy),
    test!(rights::printed_roles_suffice_for_kept_servers),
    test!(rights::roles_in_the_help_of_a_pair_suffice),
    test!(rights::revoked_verb_is_reported),
    test!(rights::quota_and_network_policy_of_a_namespace_are_reported),
    test!(rights::limit_range_of_a_namespace_is_reported_in_a_dry_run),
    test!(rights::port_of_another_run_is_reported),
    test!(runs::matrix_by_exec_has_every_pair_once_and_no_pauses),
    test!(runs::matrix_by_job_leaves_a_given_namespace_unchanged),
    test!(runs::pair_on_the_host_network_shows_both_directions),
    test!(runs::slow_node_is_measured_exactly_and_reported, "NETBENCH_E2E_SHAPE"),
    test!(runs::node_that_only_sends_slowly_is_reported_with_its_direction, "NETBENCH_E2E_SHAPE_OVERLAY"),
    test!(runs::hundred_streams_are_measured_by_job),
    test!(runs::interrupted_run_is_resumed_with_its_nodes_and_flags),
    test!(runs::missing_image_fails_soon_with_the_message_of_the_cluster),
    test!(runs::tainted_node_is_skipped_unless_named),
    test!(runs::user_without_permissions_sees_all_missing_ones),
    test!(runs::matrix_without_permission_to_exec_uses_jobs),
    test!(runs::quota_fails_the_cells_of_nodes_without_a_pod),
    test!(runs::host_port_in_use_is_named),
    test!(
        schedules::schedule_runs_every_minute_and_its_documents_are_fetched,
        "NETBENCH_E2E_PROGRAM_IMAGE",
        "NETBENCH_E2E_SHARED_DIRECTORY"
    ),
    test!(
        schedules::run_is_kept_on_a_volume_until_its_document_expires,
        "NETBENCH_E2E_PROGRAM_IMAGE",
        "NETBENCH_E2E_SHARED_DIRECTORY"
    ),
    test!(
        schedules::slow_node_is_shown_by_metrics_alerts_list_and_comparison,
        "NETBENCH_E2E_SHAPE",
        "NETBENCH_E2E_PROGRAM_IMAGE"
    ),
    test!(schedules::failed_gate_of_a_run_is_shown_by_the_list, "NETBENCH_E2E_PROGRAM_IMAGE"),
    test!(
        schedules::missing_permission_creates_nothing_and_leaves_nothing_behind,
        "NETBENCH_E2E_PROGRAM_IMAGE"
    ),
    test!(command_line::verbose_log_has_requests_but_no_secrets),
    test!(command_line::context_has_its_own_settings),
    test!(command_line::every_command_has_help_and_rejects_unknown_words),
];

fn main() {
    let mut arguments = Arguments::from_args();
    // they share the network
    arguments.test_threads = Some(1);
    let trials = TESTS.iter().map(|test| {
        let trial = Trial::test(test.name, || {
            (test.run)();
            Ok(())
        });
        match test.needs.iter().find(|name| cluster::variable(name).is_none()) {
            Some(missing) => trial.with_kind(format!("needs {missing}")).with_ignored_flag(true),
            None => trial,
        }
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
