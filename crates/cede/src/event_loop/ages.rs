//! How long ago something was, without a look at the clock when it happened.
//!
//! A task that begins to wait notes how many callbacks the loop has run: that is in a register anyway, the
//! time is not. Whenever the loop is about to sleep, or somebody looks at it, the pair of both is kept, so that
//! a count can be turned into a time that has passed at least.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::clock::Nanos;

/// With so many pairs every other one goes, and from then on they are taken half as often.
const MANY: usize = 128;

#[derive(Default)]
pub(crate) struct Ages {
    /// Callbacks run, and the time then, ascending.
    seen: RefCell<Vec<(u64, Nanos)>>,
    /// How many callbacks lie between two pairs at least.
    stride: Cell<u64>,
}

impl Ages {
    pub(crate) fn note(&self, callbacks: u64, now: Nanos) {
        let mut seen = self.seen.borrow_mut();
        if seen.last().is_some_and(|(last, _)| callbacks <= *last + self.stride.get()) {
            return;
        }
        if seen.len() >= MANY {
            let mut place = 0;
            seen.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride.set(2 * self.stride.get() + 1);
        }
        seen.push((callbacks, now));
    }

    /// How long ago, at least, so many callbacks had been run.
    pub(crate) fn since(&self, callbacks: u64, now: Nanos) -> Duration {
        let seen = self.seen.borrow();
        let next = seen.partition_point(|(count, _)| *count < callbacks);
        seen.get(next).map_or(Duration::ZERO, |(_, then)| Duration::from_nanos(now.saturating_sub(*then)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_longer_than_it_is_and_rarely_much_shorter() {
        let ages = Ages::default();
        for callbacks in 0..10_000 {
            ages.note(callbacks, 10 * callbacks);
        }
        assert!(ages.seen.borrow().len() <= MANY);
        for callbacks in (0..8_000).step_by(7) {
            let (age, truth) = (ages.since(callbacks, 100_000), 100_000 - 10 * callbacks);
            assert!(age.as_nanos() <= u128::from(truth) && age.as_nanos() * 10 >= u128::from(truth) * 8);
        }
        assert_eq!(ages.since(10_001, 100_000), Duration::ZERO);
    }
}
