//! Any tests, put together in conflict-free slots.

use std::collections::HashSet;

use super::Test;

/// A slot that is being filled.
#[derive(Default)]
struct Open {
    tests: Vec<Test>,
    busy: HashSet<usize>,
}

/// Puts each test in the first slot that has room for it. The tests of a slot are of one variant
/// and one flow, as they are in any plan: they take the same time.
pub(super) fn pack(tests: impl IntoIterator<Item = Test>, widest: usize) -> Vec<Vec<Test>> {
    let mut slots: Vec<Open> = Vec::new();
    // slots before this one are full
    let mut first = 0;
    for test in tests {
        let fits = |slot: &Open| {
            slot.tests.len() < widest
                && slot.tests.iter().all(|other| (other.variant, other.flow) == (test.variant, test.flow))
                && !slot.busy.contains(&test.client)
                && !slot.busy.contains(&test.server)
        };
        let found = slots[first..].iter().position(fits).map(|position| first + position);
        let place = found.unwrap_or_else(|| {
            slots.push(Open::default());
            slots.len() - 1
        });
        let slot = &mut slots[place];
        slot.busy.extend([test.client, test.server]);
        slot.tests.push(test);
        while slots.get(first).is_some_and(|slot| slot.tests.len() == widest) {
            first += 1;
        }
    }
    slots.into_iter().map(|slot| slot.tests).collect()
}
