//! What the queue of a pool holds.

use std::cell::RefCell;
use std::sync::Arc;

use super::shared::inbox::Source;
use crate::error::JoinError;
use crate::reactor::Waker;

/// Something for a thread of a pool to do.
pub(super) trait Job: Send {
    /// Does it, on a thread of the pool, unless it was withdrawn meanwhile.
    fn run(self: Box<Self>);

    /// Whether it was not withdrawn.
    fn waits(&self) -> bool;

    /// Nobody will do it.
    fn refuse(self: Box<Self>, why: JoinError);
}

/// A loop's wait for a job.
pub(super) type Ticket = Source<Waker>;

thread_local! {
    /// What the job that runs on this thread works for.
    static WORKS_FOR: RefCell<Option<Arc<Ticket>>> = const { RefCell::new(None) };
}

/// Runs a job's body; meanwhile [`wait_for_loop`] knows for which loop it works.
pub(super) fn working_for<R>(ticket: &Arc<Ticket>, body: impl FnOnce() -> R) -> R {
    struct Done(Option<Arc<Ticket>>);
    impl Drop for Done {
        fn drop(&mut self) {
            WORKS_FOR.set(self.0.take());
        }
    }
    let _done = Done(WORKS_FOR.replace(Some(ticket.clone())));
    body()
}

/// The running job, if one runs here, waits for a loop, and so does no work meanwhile: were it its own loop
/// and that loop's clock waited for the job in turn, nobody would ever go on.
pub(super) fn wait_for_loop<R>(wait: impl FnOnce() -> R) -> R {
    match WORKS_FOR.with_borrow(Clone::clone) {
        Some(ticket) => ticket.pause_while(wait),
        None => wait(),
    }
}
