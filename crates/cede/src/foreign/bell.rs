//! What a `Waker` rings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Wake;

use super::ring::Ring;
use crate::callback::TaskKey;
use crate::schedule::{self, Schedule};

/// The way home for a bell that is rung on another thread: the loop is to [`answer`] it. Does nothing once
/// the loop is closed.
pub(crate) trait Home: Send + Sync {
    fn ring(&self, task: u64);
}

/// Rung once for each wait, however many wakers there are and however often they wake.
pub(super) struct Bell {
    home: Arc<dyn Home>,
    /// The loop's.
    schedule: u64,
    /// The key of the task that waits.
    task: AtomicU64,
    ring: Ring,
}

impl Bell {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Bell { home: schedule.home(), schedule: schedule.id(), task: AtomicU64::new(0), ring: Ring::new() }
    }

    /// It is this task's from now on.
    pub(super) fn belong_to(&self, task: TaskKey) {
        self.task.store(task.to_bits(), Ordering::Relaxed);
    }

    /// Before a poll: what rings from here on asks for another.
    pub(super) fn hush(&self) {
        self.ring.hush();
    }

    pub(super) fn rung(&self) -> bool {
        self.ring.rung()
    }

    /// Rung already: has the loop [`answer`] it after all that is in its inbox now.
    pub(super) fn ask_again(&self) {
        self.home.ring(self.task.load(Ordering::Relaxed));
    }

    fn ring(&self) {
        if !self.ring.ring() {
            return; // whoever rang first has said so
        }
        let task = self.task.load(Ordering::Relaxed);
        let at_home = schedule::with_running(|running| {
            running.filter(|running| running.id() == self.schedule).map(|running| answer(running, task))
        });
        if at_home.is_none() {
            self.home.ring(task);
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

/// On the loop's thread: whoever waits for that bell goes on. If the task runs, or waits for something else
/// by now, nothing happens: it will see for itself that the bell has rung, or does not care any more.
pub(crate) fn answer(schedule: &Schedule, task: u64) {
    let task = schedule.task(TaskKey::from_bits(task));
    if let Some(target) = task.and_then(|task| task.waiting()) {
        target.rung();
    }
}
