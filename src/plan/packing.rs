//! Packs arbitrary tests into conflict-free slots.

use std::collections::HashSet;

use super::Test;
use crate::document::NodeId;

#[derive(Default)]
struct OpenSlot {
    tests: Vec<Test>,
    busy: HashSet<NodeId>,
}

/// First-fit packing. All tests of a slot have the same variant and flow, so that they take the same time.
pub(super) fn pack(tests: impl IntoIterator<Item = Test>, widest: usize) -> Vec<Vec<Test>> {
    let mut slots: Vec<OpenSlot> = Vec::new();
    // slots before this one are full
    let mut first_open = 0;
    for test in tests {
        let fits = |slot: &OpenSlot| {
            slot.tests.len() < widest
                && slot.tests.iter().all(|other| (other.variant, other.flow) == (test.variant, test.flow))
                && !slot.busy.contains(&test.client)
                && !slot.busy.contains(&test.server)
        };
        let found = slots[first_open..].iter().position(fits).map(|position| first_open + position);
        let place = found.unwrap_or_else(|| {
            slots.push(OpenSlot::default());
            slots.len() - 1
        });
        let slot = &mut slots[place];
        slot.busy.extend([test.client, test.server]);
        slot.tests.push(test);
        while slots.get(first_open).is_some_and(|slot| slot.tests.len() == widest) {
            first_open += 1;
        }
    }
    slots.into_iter().map(|slot| slot.tests).collect()
}
