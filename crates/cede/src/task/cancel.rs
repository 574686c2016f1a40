//! Cancelling a task (asyncio: `Task.cancel`, `cancelling`, `uncancel`).

use super::core::TaskCore;
use crate::error::Cancelled;
use crate::target::{self, CancelWay};

impl TaskCore {
    /// One link of a cancellation's way: the task counts the request and hands it on to what it waits for.
    /// If there is nothing to hand it to, its next step delivers it.
    pub(crate) fn cancel(&self, way: &mut CancelWay) {
        self.requests.set(self.requests.get().saturating_add(1));
        self.walk.set(way.walk);
        if let Some(target) = self.waiting()
            && target::cancellable(&target)
            && !target.visited(way)
        {
            way.push(target);
            return;
        }
        self.must_cancel.set(true);
        self.set_message(way.message.clone());
    }

    /// Has the next await deliver a cancellation that was kept back, without counting it again.
    pub(crate) fn deliver_again(&self, cancelled: &Cancelled) {
        self.must_cancel.set(true);
        self.set_message(cancelled.message().map(Into::into));
    }

    pub(super) fn uncancel(&self) -> usize {
        let left = self.requests.get().saturating_sub(1);
        self.requests.set(left);
        if left == 0 {
            // Nobody wants it cancelled any more: withdraw what is not yet delivered (3.13).
            self.must_cancel.set(false);
        }
        left as usize
    }

    /// Whether this cancellation is on its way from here.
    pub(crate) fn visited(&self, way: &CancelWay) -> bool {
        self.walk.get() == way.walk
    }

    pub(crate) fn forget_visit(&self) {
        self.walk.set(0);
    }
}
