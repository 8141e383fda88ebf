use super::*;

/// Each pair once.
fn grid(nodes: usize, rate: impl Fn(usize, usize) -> f64) -> Grid {
    let pairs = (0..nodes).flat_map(|sender| (0..nodes).map(move |receiver| (sender, receiver)));
    let pairs = pairs.filter(|(sender, receiver)| sender != receiver);
    let rates = pairs.map(|(sender, receiver)| ((sender, receiver), rate(sender, receiver))).collect();
    Grid { nodes, rates, zones: vec![None; nodes] }
}

/// Healthy rates with pseudo-random deviations of up to 8%.
fn healthy(nodes: usize) -> Grid {
    let rate = |sender: usize, receiver: usize| {
        let mixed = (sender * 7919 + receiver * 104_729 + 12_345) * 2_654_435_761 % 4_294_967_296;
        9.4e9 * (0.92 + 0.16 * mixed as f64 / 4_294_967_296.0)
    };
    grid(nodes, rate)
}

/// Multiplies the rates of the selected pairs by `ratio`.
fn slow(mut grid: Grid, ratio: f64, hit: impl Fn(usize, usize) -> bool) -> Grid {
    for (&(sender, receiver), rate) in &mut grid.rates {
        if hit(sender, receiver) {
            *rate *= ratio;
        }
    }
    grid
}

/// The causes that need no retest.
fn certain_causes(grid: &Grid) -> Vec<Cause> {
    retain_certain(find_suspects(grid)).into_iter().map(|fault| fault.cause).collect()
}

/// Retests the selected pairs; each has its rate in `isolated`.
fn retest(faults: &[Fault], isolated: &Grid) -> Vec<((usize, usize), f64)> {
    let pairs = select_pairs_to_retest(faults, isolated.nodes).into_iter();
    pairs.map(|pair| (pair, isolated.rates[&pair])).collect()
}

#[test]
fn slow_receiver_among_four_nodes_is_one_fault() {
    let grid = slow(healthy(4), 0.4, |_, receiver| receiver == 2);
    let faults = retain_certain(find_suspects(&grid));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].cause, Cause::Receiver(2));
    assert_eq!((faults[0].slow_pairs, faults[0].measured_pairs), (3, 3));
    assert!((0.35..0.45).contains(&faults[0].ratio), "{}", faults[0].ratio);
}

#[test]
fn node_slow_in_both_directions_among_four_is_one_fault() {
    let grid = slow(healthy(4), 0.5, |sender, receiver| sender == 1 || receiver == 1);
    assert_eq!(certain_causes(&grid), [Cause::Node(1)]);
}

#[test]
fn slow_sender_among_ten_nodes_is_one_fault() {
    let grid = slow(healthy(10), 0.6, |sender, _| sender == 7);
    assert_eq!(certain_causes(&grid), [Cause::Sender(7)]);
    assert_eq!(find_suspects(&grid)[0].evidence.len(), 9);
}

#[test]
fn slow_link_is_found_with_its_direction() {
    let grid = slow(healthy(8), 0.3, |sender, receiver| (sender, receiver) == (5, 2));
    assert_eq!(certain_causes(&grid), [Cause::Link { sender: 5, receiver: 2 }]);
}

#[test]
fn link_slow_in_both_directions_is_a_pair() {
    let grid = slow(healthy(8), 0.3, |sender, receiver| matches!((sender, receiver), (5, 2) | (2, 5)));
    assert_eq!(certain_causes(&grid), [Cause::Pair(2, 5)]);
}

#[test]
fn slow_uplink_between_zones_is_one_fault() {
    let mut grid = slow(healthy(9), 0.5, |sender, receiver| sender < 3 && receiver >= 6);
    grid.zones = (0..9).map(|node| Some(node / 3)).collect();
    assert_eq!(certain_causes(&grid), [Cause::Zones { from: 0, to: 2 }]);
}

#[test]
fn overlapping_faults_are_both_found() {
    let grid = slow(healthy(12), 0.5, |sender, receiver| sender == 3 && receiver != 8);
    let grid = slow(grid, 0.2, |_, receiver| receiver == 8);
    assert_eq!(certain_causes(&grid), [Cause::Receiver(8), Cause::Sender(3)]);
}

#[test]
fn healthy_noise_yields_no_fault() {
    for nodes in [3, 4, 5, 8, 16, 40] {
        let grid = healthy(nodes);
        assert_eq!(certain_causes(&grid), [], "{nodes} nodes");
        let faults = find_suspects(&grid);
        let retests = retest(&faults, &slow(healthy(nodes), 1.02, |_, _| true));
        let judged = judge(&grid, faults, &retests);
        assert!(judged.iter().all(|(_, verdict)| *verdict != RetestVerdict::Confirmed), "{judged:?}");
    }
}

#[test]
fn equal_rates_yield_only_the_injected_fault() {
    let equal = Grid { zones: vec![Some(0); 6], ..grid(6, |_, _| 1e9) };
    assert_eq!(find_suspects(&equal), []);
    let grid = slow(equal, 0.5, |sender, _| sender == 0);
    assert_eq!(certain_causes(&grid), [Cause::Sender(0)]);
}

#[test]
fn failed_and_invalid_cells_are_ignored() {
    let mut grid = slow(healthy(8), 0.4, |_, receiver| receiver == 6);
    grid.rates.retain(|&(sender, receiver), _| sender != 1 && (sender, receiver) != (4, 6));
    grid.rates.extend([((0, 3), 0.0), ((0, 4), f64::NAN), ((5, 5), 1e9), ((0, 8), 1e9)]);
    let faults = retain_certain(find_suspects(&grid));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].cause, faults[0].measured_pairs), (Cause::Receiver(6), 5));
}

#[test]
fn incomplete_grid_yields_no_certain_fault() {
    for nodes in 0..=2 {
        let faults = find_suspects(&healthy(nodes));
        assert!(retain_certain(faults.clone()).is_empty());
        judge(&healthy(nodes), faults, &[((0, 1), 1e9), ((9, 9), 0.0)]);
    }
    let failed = Grid { nodes: 5, ..Grid::default() };
    assert_eq!(find_suspects(&failed), []);
}

#[test]
fn slow_client_of_a_single_server_is_a_slow_link() {
    let mut grid = slow(healthy(10), 0.3, |sender, _| sender == 4);
    grid.rates.retain(|&(_, receiver), _| receiver == 0);
    assert_eq!(certain_causes(&grid), [Cause::Link { sender: 4, receiver: 0 }]);
}

#[test]
fn fault_slow_in_isolation_is_confirmed() {
    let grid = slow(healthy(6), 0.4, |sender, _| sender == 2);
    let faults = find_suspects(&grid);
    let retests = retest(&faults, &grid);
    let judged = judge(&grid, faults, &retests);
    let confirmed: Vec<Cause> = judged
        .iter()
        .filter(|(_, verdict)| *verdict == RetestVerdict::Confirmed)
        .map(|(fault, _)| fault.cause)
        .collect();
    assert_eq!(confirmed, [Cause::Sender(2)]);
}

#[test]
fn fault_normal_in_isolation_is_normal_alone() {
    let mut grid = slow(healthy(9), 0.5, |sender, receiver| sender < 3 && receiver >= 6);
    grid.zones = (0..9).map(|node| Some(node / 3)).collect();
    let faults = find_suspects(&grid);
    let retests = retest(&faults, &healthy(9));
    let judged = judge(&grid, faults, &retests);
    assert_eq!(
        (judged[0].0.cause, judged[0].1),
        (Cause::Zones { from: 0, to: 2 }, RetestVerdict::NormalAlone)
    );
    assert!(judged.iter().all(|(_, verdict)| *verdict != RetestVerdict::Confirmed));
}

#[test]
fn node_slow_in_isolation_in_one_direction_is_narrowed_to_it() {
    let grid = slow(healthy(8), 0.5, |sender, receiver| sender == 1 || receiver == 1);
    let faults = find_suspects(&grid);
    let retests = retest(&faults, &slow(healthy(8), 0.5, |sender, _| sender == 1));
    let judged = judge(&grid, faults, &retests);
    assert_eq!((judged[0].0.cause, judged[0].1), (Cause::Sender(1), RetestVerdict::Confirmed));
}

#[test]
fn fault_without_retest_is_not_retested() {
    let grid = slow(healthy(6), 0.4, |sender, _| sender == 2);
    let judged = judge(&grid, find_suspects(&grid), &[]);
    assert!(judged.iter().all(|(_, verdict)| *verdict == RetestVerdict::NotRetested));
}

#[test]
fn retests_are_limited_and_cover_each_fault_first() {
    let grid = slow(healthy(20), 0.4, |sender, receiver| sender + receiver == 19 && sender < 12);
    let faults = find_suspects(&grid);
    let pairs = select_pairs_to_retest(&faults, grid.nodes);
    assert!(pairs.len() <= 16, "{pairs:?}");
    assert_eq!(pairs[0], faults[0].evidence[0]);
    assert_eq!(pairs[1], faults[1].evidence[0]);
}
