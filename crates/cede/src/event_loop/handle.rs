//! Handles on callbacks and timers.

use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use super::core::LoopCore;
use crate::callback::{Call, HandleCell};
use crate::observe::{Called, Event};

/// A callback in the queue, from [`call_soon`](crate::LoopHandle::call_soon). Dropping the handle does not
/// cancel it.
#[derive(Clone)]
pub struct Handle {
    cell: Rc<HandleCell>,
}

impl Handle {
    pub(crate) fn new(cell: Rc<HandleCell>) -> Self {
        Handle { cell }
    }

    /// Keeps it from being called, and drops it. Does nothing if it has been called.
    pub fn cancel(&self) {
        self.cell.cancel();
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.cell.cancelled()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.cancelled() { " cancelled" } else { "" };
        write!(f, "<Handle{state} created at {}>", self.cell.site)
    }
}

/// A callback on a timer, from [`call_later`](crate::LoopHandle::call_later) or
/// [`call_at`](crate::LoopHandle::call_at). Dropping the handle does not cancel it.
#[derive(Clone)]
pub struct TimerHandle {
    cell: Rc<HandleCell>,
    when: Instant,
    core: Rc<LoopCore>,
}

impl TimerHandle {
    pub(crate) fn new(cell: Rc<HandleCell>, when: Instant, core: Rc<LoopCore>) -> Self {
        TimerHandle { cell, when, core }
    }

    /// Keeps it from being called, and drops it. Does nothing if it has been called.
    pub fn cancel(&self) {
        if self.cell.cancel() {
            self.core.withdraw(&Call::Function(self.cell.clone()));
        }
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.cell.cancelled()
    }

    /// Its deadline.
    pub fn when(&self) -> Instant {
        self.when
    }
}

impl LoopCore {
    /// This was cancelled while it was on a timer, or in the queue after that.
    pub(super) fn withdraw(&self, call: &Call) {
        self.timers.remove(call);
        self.schedule
            .observe(|| Event::TimerCancelled { timer: Called::of(call), by: self.schedule.running_task() });
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.cancelled() { " cancelled" } else { "" };
        write!(f, "<TimerHandle{state} created at {}>", self.cell.site)
    }
}
