//! Where a turn stands.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a turn stands.
///
/// The two counters lie apart: counted up together, neighbours would be read as one, which has to wait for the
/// one that was written just before.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Turn {
    /// How many of the callbacks that were ready when the turn began are left (asyncio: `ntodo`).
    pub(super) todo: Cell<usize>,
    pub(crate) turns: Cell<u64>,
    /// How many boundaries may be crossed before the loop must look at one: its timers, its inbox, `stop`.
    /// The loop sets it at every boundary it looks at; whatever gives it something to look at sets it to 0.
    crossings: Cell<u32>,
    pub(crate) callbacks: Cell<u64>,
    /// Set by other threads when they post something; the loop clears it.
    posted: Arc<AtomicBool>,
}

impl Turn {
    #[inline]
    pub(super) fn count_turn(&self) {
        self.turns.set(self.turns.get() + 1);
    }

    #[inline]
    pub(super) fn count_callback(&self) {
        self.callbacks.set(self.callbacks.get() + 1);
    }

    #[inline]
    pub(super) fn may_cross(&self) -> bool {
        let left = self.crossings.get();
        if left == 0 || self.has_posts() {
            return false;
        }
        self.crossings.set(left - 1);
        true
    }

    /// Whether something is in the inbox. Whoever knows by other means that it was posted finds it here.
    #[inline]
    pub(crate) fn has_posts(&self) -> bool {
        self.posted.load(Ordering::Relaxed)
    }

    /// The loop must look at the next boundary.
    #[inline]
    pub(crate) fn call_loop(&self) {
        self.crossings.set(0);
    }

    /// The loop has looked, and need not look again for this many boundaries.
    pub(crate) fn allow(&self, crossings: u32) {
        self.crossings.set(crossings);
    }

    pub(crate) fn posted(&self) -> Arc<AtomicBool> {
        self.posted.clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::callback::{Callback, TaskKey};
    use crate::schedule::{BURST, Schedule};

    #[test]
    fn a_queue_gives_a_burst_back_once_nothing_is_ready() {
        let schedule = Schedule::new(false);
        for _ in 0..=BURST {
            schedule.push(Callback::Step(TaskKey::default()));
        }
        schedule.begin_turn();
        for _ in 0..=BURST {
            assert!(schedule.next_of_turn().is_some());
        }
        assert!(schedule.next_of_turn().is_none());
        assert!(schedule.ready.room() > BURST);
        schedule.rests();
        assert_eq!(schedule.ready.room(), 0);
    }
}
