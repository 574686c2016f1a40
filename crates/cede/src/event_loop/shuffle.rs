//! Other orders than the usual one, chosen by a number: the same number, the same order.

use std::cell::Cell;

/// A source of choices. Not for secrets.
pub(crate) struct Shuffle {
    state: Cell<u64>,
    /// Whether it only ever chooses the first.
    usual: bool,
}

impl Shuffle {
    pub(crate) fn new(seed: u64) -> Self {
        Shuffle { state: Cell::new(seed), usual: seed == 0 }
    }

    /// One of `0..of`.
    pub(super) fn choose(&self, of: usize) -> usize {
        if self.usual {
            return 0;
        }
        // SplitMix64: every seed is a good one.
        let state = self.state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % of.max(1) as u64) as usize
    }
}
