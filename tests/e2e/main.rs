//! The real program on a real cluster, called by kubectl as a plugin.
//!
//! `NETBENCH_E2E_KUBECONFIG` names the cluster: one of four Linux nodes at least, whose user may do
//! everything. Optional:
//! - `NETBENCH_E2E_IMAGE`: an image that its nodes have or can pull; the program's own default
//!   otherwise;
//! - `NETBENCH_E2E_SHAPE`: a command that takes a node and a rate (`200mbit`, `none`) and limits
//!   what the node sends and receives;
//! - `NETBENCH_E2E_SHAPE_OVERLAY`: the same for what it sends over the pod network only;
//! - `NETBENCH_E2E_WAN`: a command that takes a node, a delay in milliseconds, a loss in percent and the size of the
//!   largest packets that pass, or a node and `none`;
//! - `NETBENCH_E2E_POLICY`: a command that takes the name of an admission policy (`no-exec`, `none`) and
//!   enforces it in the cluster;
//! - `NETBENCH_E2E_OUTSIDE`: the address by which the nodes reach this machine;
//! - `NETBENCH_E2E_LOAD_BALANCER`: an unused address, for a cluster without a load balancer;
//! - `NETBENCH_E2E_PROGRAM_IMAGE`: an image that has this program, for runs that the cluster makes
//!   (`image/build` creates one); Prometheus must be on PATH then;
//! - `NETBENCH_E2E_SHARED_DIRECTORY`: a directory of this machine that all nodes have at the same place,
//!   as on clusters that run on this machine.
//!
//! `cargo test --test e2e` runs them: first some beside each other, then those that affect the whole cluster or
//! depend on its load one after the other. A test without a variable that it needs is reported as
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
mod exec;
#[path = "../common/gateway.rs"]
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod gateway;
mod hidden_faults;
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
    ($run:expr, $module:ident::$name:ident $($variable:literal)*) => {
        Test {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: $run,
            needs: &["NETBENCH_E2E_KUBECONFIG" $(, $variable)*],
        }
    };
}

/// A test that affects other tests, or is affected by them.
macro_rules! alone {
    ($module:ident::$name:ident $(, $variable:literal)*) => {
        test!(
            || {
                let cluster = cluster::alone();
                $module::$name(&cluster);
                cluster.assert_nothing_left();
            },
            $module::$name $($variable)*
        )
    };
}

/// A test that other shared tests may run beside. It only looks at its own objects, and no other shared
/// test uses the same port of a node.
macro_rules! shared {
    ($module:ident::$name:ident $(, $variable:literal)*) => {
        test!(
            || {
                let _shared = cluster::shared();
                $module::$name();
            },
            $module::$name $($variable)*
        )
    };
}

/// How many shared tests run beside each other: they wait more than they compute.
const SHARED_TESTS: usize = 3;

const TESTS: &[Test] = &[
    // those that mostly wait come first
    shared!(leftovers::what_holds_a_namespace_is_named),
    shared!(
        schedules::run_is_kept_on_a_volume_until_its_document_expires,
        "NETBENCH_E2E_PROGRAM_IMAGE",
        "NETBENCH_E2E_SHARED_DIRECTORY"
    ),
    shared!(exec::exec_that_is_cut_twice_is_replaced_by_jobs),
    shared!(exec::exec_that_a_gateway_refuses_is_replaced_by_jobs),
    shared!(completion::the_names_of_a_cluster_are_completed),
    shared!(elsewhere::load_balancer_is_waited_for_and_measured, "NETBENCH_E2E_LOAD_BALANCER"),
    shared!(kept::dry_run_prints_objects_that_kubectl_accepts_and_creates_nothing),
    shared!(paths::node_port_reaches_the_server_over_tcp_and_udp),
    shared!(paths::iperf2_measures_by_exec_and_by_job),
    shared!(paths::bidirectional_tests_fill_the_matrix),
    shared!(paths::ip_family_that_the_cluster_lacks_fails_its_own_cells),
    shared!(policies::pods_have_the_fields_that_flags_set),
    shared!(rights::quota_and_network_policy_of_a_namespace_are_reported),
    shared!(rights::limit_range_of_a_namespace_is_reported_in_a_dry_run),
    shared!(rights::user_without_credentials_is_anonymous),
    shared!(runs::matrix_by_job_leaves_a_given_namespace_unchanged),
    shared!(runs::hundred_streams_are_measured_by_job),
    shared!(runs::missing_image_fails_soon_with_the_message_of_the_cluster),
    shared!(runs::user_without_permissions_sees_all_missing_ones),
    shared!(runs::matrix_without_permission_to_exec_uses_jobs),
    shared!(runs::quota_fails_the_cells_of_nodes_without_a_pod),
    shared!(schedules::failed_gate_of_a_run_is_shown_by_the_list, "NETBENCH_E2E_PROGRAM_IMAGE"),
    shared!(
        schedules::missing_permission_creates_nothing_and_leaves_nothing_behind,
        "NETBENCH_E2E_PROGRAM_IMAGE"
    ),
    shared!(command_line::verbose_log_has_requests_but_no_secrets),
    shared!(command_line::context_has_its_own_settings),
    shared!(command_line::nodes_are_named_as_kubectl_prints_them),
    shared!(command_line::every_command_has_help_and_rejects_unknown_words),
    // after all shared ones, so that neither kind waits for the other
    alone!(
        schedules::schedule_runs_every_minute_and_its_documents_are_fetched,
        "NETBENCH_E2E_PROGRAM_IMAGE",
        "NETBENCH_E2E_SHARED_DIRECTORY"
    ),
    alone!(
        schedules::scheduled_runs_end_with_a_sidecar_and_without_their_user_id,
        "NETBENCH_E2E_PROGRAM_IMAGE",
        "NETBENCH_E2E_POLICY"
    ),
    alone!(elsewhere::every_node_is_measured_against_an_outside_server, "NETBENCH_E2E_OUTSIDE"),
    alone!(elsewhere::outside_server_that_does_not_listen_fails_with_a_reason, "NETBENCH_E2E_OUTSIDE"),
    alone!(elsewhere::two_clusters_are_measured_and_both_are_cleaned_up),
    alone!(exec::exec_that_a_policy_refuses_is_replaced_by_jobs, "NETBENCH_E2E_POLICY"),
    // of a cluster on this machine, which has its processes
    alone!(hidden_faults::server_that_hangs_is_replaced, "NETBENCH_E2E_SHARED_DIRECTORY"),
    alone!(hidden_faults::packet_size_is_named_where_large_packets_vanish, "NETBENCH_E2E_WAN"),
    alone!(interrupts::interrupt_at_any_moment_prints_the_results_and_leaves_nothing),
    alone!(interrupts::second_interrupt_quits_immediately_and_prints_the_removal_command),
    alone!(kept::kept_servers_let_the_next_run_start_immediately),
    alone!(kept::kept_servers_in_a_given_namespace_are_removed_by_cleanup),
    alone!(leftovers::what_killed_runs_have_left_is_told_from_what_goes_on_and_removed),
    alone!(leftovers::what_other_versions_have_made_is_found_by_its_label_alone),
    alone!(paths::slow_overlay_is_distinguished_from_the_wire, "NETBENCH_E2E_SHAPE_OVERLAY"),
    alone!(paths::pair_over_two_paths_shows_the_cost_of_the_overlay_on_one_screen),
    alone!(paths::udp_loses_datagrams_above_the_capacity_of_a_link_only, "NETBENCH_E2E_SHAPE"),
    alone!(paths::udp_without_a_bitrate_stays_below_tcp_throughput, "NETBENCH_E2E_SHAPE"),
    alone!(paths::full_buffer_raises_the_latency_under_load, "NETBENCH_E2E_SHAPE"),
    alone!(policies::network_policy_admits_the_run_and_is_removed_by_cleanup),
    alone!(policies::nodes_with_a_tolerated_taint_are_tested_without_being_named),
    alone!(policies::containers_that_a_webhook_adds_do_not_end_a_run, "NETBENCH_E2E_POLICY"),
    alone!(policies::init_container_that_does_not_finish_is_named, "NETBENCH_E2E_POLICY"),
    alone!(policies::user_id_that_a_policy_refuses_is_left_to_the_cluster, "NETBENCH_E2E_POLICY"),
    alone!(policies::limit_that_was_not_requested_is_noted_and_explains_figures, "NETBENCH_E2E_POLICY"),
    alone!(rights::healthy_cluster_has_no_problems),
    alone!(rights::printed_roles_suffice_for_a_matrix),
    alone!(rights::printed_roles_suffice_on_the_host_network),
    alone!(rights::printed_roles_suffice_with_jobs),
    alone!(rights::printed_roles_suffice_in_a_given_namespace),
    alone!(rights::printed_roles_suffice_for_udp_over_node_ports_and_a_network_policy),
    alone!(rights::printed_roles_suffice_for_kept_servers),
    alone!(rights::roles_in_the_help_of_a_pair_suffice),
    alone!(rights::revoked_verb_is_reported),
    alone!(rights::port_of_another_run_is_reported),
    alone!(runs::matrix_by_exec_has_every_pair_once_and_no_pauses),
    alone!(runs::pair_on_the_host_network_shows_both_directions),
    alone!(runs::slow_node_is_measured_exactly_and_reported, "NETBENCH_E2E_SHAPE"),
    alone!(runs::node_that_only_sends_slowly_is_reported_with_its_direction, "NETBENCH_E2E_SHAPE_OVERLAY"),
    alone!(runs::interrupted_run_is_resumed_with_its_nodes_and_flags),
    alone!(runs::tainted_node_is_skipped_unless_named),
    alone!(runs::host_port_in_use_is_named),
    alone!(
        schedules::slow_node_is_shown_by_metrics_alerts_list_and_comparison,
        "NETBENCH_E2E_SHAPE",
        "NETBENCH_E2E_PROGRAM_IMAGE"
    ),
];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(SHARED_TESTS);
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
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if conclusion.num_passed > 0 && !conclusion.has_failed() {
        // a run of shared tests only has not been checked yet
        cluster::alone();
    }
    conclusion.exit();
}
