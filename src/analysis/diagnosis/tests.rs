use super::*;

/// Healthy rates that differ by up to 8% either way, in a fixed pattern that favours nobody.
fn healthy(nodes: usize) -> Grid {
    let rate = |sender: usize, receiver: usize| {
        let mixed = (sender * 7919 + receiver * 104_729 + 12_345) * 2_654_435_761 % 4_294_967_296;
        (sender != receiver).then_some(9.4e9 * (0.92 + 0.16 * mixed as f64 / 4_294_967_296.0))
    };
    let rates = (0..nodes).map(|sender| (0..nodes).map(|receiver| rate(sender, receiver)).collect());
    Grid { rates: rates.collect(), zones: vec![None; nodes] }
}

/// Slows the pairs down to a part.
fn slow(mut grid: Grid, part: f64, hit: impl Fn(usize, usize) -> bool) -> Grid {
    for (sender, row) in grid.rates.iter_mut().enumerate() {
        for (receiver, rate) in row.iter_mut().enumerate() {
            if hit(sender, receiver) {
                *rate = rate.map(|rate| rate * part);
            }
        }
    }
    grid
}

/// What is beyond doubt.
fn causes(grid: &Grid) -> Vec<Cause> {
    certain(suspects(grid)).into_iter().map(|fault| fault.cause).collect()
}

/// Measures again what is asked for, each rate being that of another grid.
fn measure_again(faults: &[Fault], alone: &Grid) -> Vec<((usize, usize), f64)> {
    let pairs = to_measure_again(faults, alone.rates.len()).into_iter();
    pairs.map(|pair| (pair, alone.rates[pair.0][pair.1].unwrap())).collect()
}

#[test]
fn a_slow_receiver_among_four_nodes_is_one_fault() {
    let grid = slow(healthy(4), 0.4, |_, receiver| receiver == 2);
    let faults = certain(suspects(&grid));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].cause, Cause::Receiver(2));
    assert_eq!((faults[0].slow, faults[0].of), (3, 3));
    assert!((0.35..0.45).contains(&faults[0].part), "{}", faults[0].part);
}

#[test]
fn a_node_slow_both_ways_among_four_is_not_the_healthy_half() {
    let grid = slow(healthy(4), 0.5, |sender, receiver| sender == 1 || receiver == 1);
    assert_eq!(causes(&grid), [Cause::Node(1)]);
}

#[test]
fn a_slow_sender_among_ten_is_not_nine_slow_links() {
    let grid = slow(healthy(10), 0.6, |sender, _| sender == 7);
    assert_eq!(causes(&grid), [Cause::Sender(7)]);
    assert_eq!(suspects(&grid)[0].evidence.len(), 9);
}

#[test]
fn a_single_link_is_told_with_its_direction() {
    let grid = slow(healthy(8), 0.3, |sender, receiver| (sender, receiver) == (5, 2));
    assert_eq!(causes(&grid), [Cause::Link { sender: 5, receiver: 2 }]);
}

#[test]
fn a_link_slow_both_ways_is_a_pair() {
    let grid = slow(healthy(8), 0.3, |sender, receiver| matches!((sender, receiver), (5, 2) | (2, 5)));
    assert_eq!(causes(&grid), [Cause::Pair(2, 5)]);
}

#[test]
fn a_slow_way_between_zones_is_neither_nodes_nor_links() {
    let mut grid = slow(healthy(9), 0.5, |sender, receiver| sender < 3 && receiver >= 6);
    grid.zones = (0..9).map(|node| Some(node / 3)).collect();
    assert_eq!(causes(&grid), [Cause::Zones { from: 0, to: 2 }]);
}

#[test]
fn of_two_faults_in_one_cell_the_worse_counts_and_both_are_told() {
    let grid = slow(healthy(12), 0.5, |sender, receiver| sender == 3 && receiver != 8);
    let grid = slow(grid, 0.2, |_, receiver| receiver == 8);
    assert_eq!(causes(&grid), [Cause::Receiver(8), Cause::Sender(3)]);
}

#[test]
fn healthy_noise_gives_nothing() {
    for nodes in [3, 4, 5, 8, 16, 40] {
        let grid = healthy(nodes);
        assert_eq!(causes(&grid), [], "{nodes} nodes");
        let faults = suspects(&grid);
        let again = measure_again(&faults, &slow(healthy(nodes), 1.02, |_, _| true));
        let judged = judge(&grid, faults, &again);
        assert!(judged.iter().all(|(_, verdict)| *verdict != Verdict::Confirmed), "{judged:?}");
    }
}

#[test]
fn equal_rates_give_nothing_and_a_fault_among_them_is_found() {
    let equal = Grid { rates: vec![vec![Some(1e9); 6]; 6], zones: vec![Some(0); 6] };
    assert_eq!(suspects(&equal), []);
    let grid = slow(equal, 0.5, |sender, _| sender == 0);
    assert_eq!(causes(&grid), [Cause::Sender(0)]);
}

#[test]
fn failed_tests_are_left_out() {
    let mut grid = slow(healthy(8), 0.4, |_, receiver| receiver == 6);
    grid.rates[1] = vec![None; 8];
    grid.rates[4][6] = None;
    grid.rates[0][3] = Some(0.0);
    grid.rates[0][4] = Some(f64::NAN);
    let faults = certain(suspects(&grid));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].cause, faults[0].of), (Cause::Receiver(6), 5));
}

#[test]
fn too_little_to_say_anything_does_no_harm() {
    for nodes in 0..=2 {
        let faults = suspects(&healthy(nodes));
        assert!(certain(faults.clone()).is_empty());
        judge(&healthy(nodes), faults, &[((0, 1), 1e9), ((9, 9), 0.0)]);
    }
    let failed = Grid { rates: vec![vec![None; 5]; 5], zones: Vec::new() };
    assert_eq!(suspects(&failed), []);
    let ragged = Grid { rates: vec![vec![Some(1e9); 9], Vec::new(), vec![None, Some(1e9)]], zones: vec![] };
    assert_eq!(certain(suspects(&ragged)), []);
}

#[test]
fn towards_a_single_server_a_slow_client_is_a_slow_link() {
    let mut grid = slow(healthy(10), 0.3, |sender, _| sender == 4);
    for row in &mut grid.rates {
        row[1..].fill(None);
    }
    assert_eq!(causes(&grid), [Cause::Link { sender: 4, receiver: 0 }]);
}

#[test]
fn what_is_slow_alone_is_confirmed() {
    let grid = slow(healthy(6), 0.4, |sender, _| sender == 2);
    let faults = suspects(&grid);
    let again = measure_again(&faults, &grid);
    let judged = judge(&grid, faults, &again);
    let confirmed: Vec<Cause> = judged
        .iter()
        .filter(|(_, verdict)| *verdict == Verdict::Confirmed)
        .map(|(fault, _)| fault.cause)
        .collect();
    assert_eq!(confirmed, [Cause::Sender(2)]);
}

#[test]
fn what_is_fast_alone_was_slow_only_together() {
    let mut grid = slow(healthy(9), 0.5, |sender, receiver| sender < 3 && receiver >= 6);
    grid.zones = (0..9).map(|node| Some(node / 3)).collect();
    let faults = suspects(&grid);
    let again = measure_again(&faults, &healthy(9));
    let judged = judge(&grid, faults, &again);
    assert_eq!((judged[0].0.cause, judged[0].1), (Cause::Zones { from: 0, to: 2 }, Verdict::OnlyTogether));
    assert!(judged.iter().all(|(_, verdict)| *verdict != Verdict::Confirmed));
}

#[test]
fn a_node_that_is_slow_alone_one_way_only_is_told_by_that_way() {
    let grid = slow(healthy(8), 0.5, |sender, receiver| sender == 1 || receiver == 1);
    let faults = suspects(&grid);
    let again = measure_again(&faults, &slow(healthy(8), 0.5, |sender, _| sender == 1));
    let judged = judge(&grid, faults, &again);
    assert_eq!((judged[0].0.cause, judged[0].1), (Cause::Sender(1), Verdict::Confirmed));
}

#[test]
fn what_is_not_measured_again_is_not_judged() {
    let grid = slow(healthy(6), 0.4, |sender, _| sender == 2);
    let judged = judge(&grid, suspects(&grid), &[]);
    assert!(judged.iter().all(|(_, verdict)| *verdict == Verdict::NotMeasured));
}

#[test]
fn few_pairs_are_measured_again_and_each_fault_has_its_turn() {
    let grid = slow(healthy(20), 0.4, |sender, receiver| sender + receiver == 19 && sender < 12);
    let faults = suspects(&grid);
    let pairs = to_measure_again(&faults, grid.rates.len());
    assert!(pairs.len() <= 16, "{pairs:?}");
    assert_eq!(pairs[0], faults[0].evidence[0]);
    assert_eq!(pairs[1], faults[1].evidence[0]);
}
