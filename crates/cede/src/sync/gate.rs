//! Mutual exclusion without a value: asyncio's `Lock`, line by line.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::event::Waiters;
use super::wait_queue::{Left, WaitQueue};
use crate::blame::Holder;
use crate::error::Cancelled;

/// One at a time, in the order in which they came.
///
/// The invariant: if it is not locked and somebody waits, then the first waiter is woken, or is cancelled and
/// will wake its successor when it leaves.
pub(super) struct Gate {
    locked: Cell<bool>,
    waiters: WaitQueue,
    /// Who has it: for the report that nobody gives it back.
    holder: OnceCell<Rc<Holder>>,
}

impl Gate {
    pub(super) const fn new() -> Self {
        Gate { locked: Cell::new(false), waiters: WaitQueue::new(), holder: OnceCell::new() }
    }

    pub(super) fn locked(&self) -> bool {
        self.locked.get()
    }

    /// Locks it if nobody has it and nobody is to have it next.
    #[track_caller]
    pub(super) fn try_acquire(&self) -> bool {
        let free = !self.locked.get() && !self.waiters.occupied();
        if free {
            self.lock(Location::caller());
        }
        free
    }

    #[track_caller]
    pub(super) fn acquire(&self, call: &'static str) -> Result<(), Cancelled> {
        if self.try_acquire() {
            return Ok(());
        }
        let (at, holder) = (Location::caller(), self.holder.get_or_init(Rc::default).clone());
        self.waiters.park_for(call, Some(holder), |left| {
            if left == Left::Woken {
                debug_assert!(!self.locked.get(), "the first waiter is woken when the lock is free");
                self.lock(at);
            } else if !self.locked.get() {
                self.waiters.wake_first();
            }
        })
    }

    fn lock(&self, at: &'static Location<'static>) {
        self.locked.set(true);
        self.holder.get_or_init(Rc::default).set(at);
    }

    pub(super) fn release(&self) {
        debug_assert!(self.locked.get(), "only a guard releases");
        self.locked.set(false);
        self.holder.get_or_init(Rc::default).clear();
        self.waiters.wake_first();
    }
}

impl fmt::Display for Gate {
    /// `locked, waiters:2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = if self.locked() { "locked" } else { "unlocked" };
        write!(f, "{locked}{}", Waiters(self.waiters.len()))
    }
}
