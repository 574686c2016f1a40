//! What each operation of the group sync does. The library's part is still to come.

use super::exception::Flow;
use super::interpreter::Run;
use super::program::Op;

impl Run {
    pub(super) fn event_wait(&self, _who: &str, _event: usize) -> Flow {
        self.not_yet("ev_wait")
    }

    pub(super) fn event_set(&self, _who: &str, _event: usize) -> Flow {
        self.not_yet("ev_set")
    }

    pub(super) fn event_clear(&self, _who: &str, _event: usize) -> Flow {
        self.not_yet("ev_clear")
    }

    pub(super) fn lock(&self, _who: &str, _lock: usize, _block: &[Op]) -> Flow {
        self.not_yet("lock")
    }

    pub(super) fn semaphore(&self, _who: &str, _semaphore: usize, _block: &[Op]) -> Flow {
        self.not_yet("sem")
    }

    pub(super) fn condition_wait(&self, _who: &str, _condition: usize) -> Flow {
        self.not_yet("cond_wait")
    }

    pub(super) fn condition_notify(&self, _who: &str, _condition: usize, _count: usize) -> Flow {
        self.not_yet("cond_notify")
    }

    pub(super) fn queue_put(&self, _who: &str, _queue: usize) -> Flow {
        self.not_yet("q_put")
    }

    pub(super) fn queue_get(&self, _who: &str, _queue: usize) -> Flow {
        self.not_yet("q_get")
    }
}
