//! Being told what the loop does.
//!
//! | file | its one idea |
//! |---|---|
//! | `event.rs` | what there is to tell |
//! | `teller.rs` | the one who is told |
//! | `inline.rs` | telling of inline awaits, which pass by no loop |
//!
//! The loop and its tasks tell of themselves where they act, in one line each, behind a flag: without an
//! observer an event costs a test that is always the same, and most of them share one that stands there
//! anyway. The events are the same, in the same order, whether the fast path is on or off (`task/handoff.rs`),
//! but for those about stacks: which stack a task runs on is what the fast path decides.

mod event;
mod inline;
mod teller;

use std::time::Duration;

pub use event::{Called, LoopEvent, ReadyCallback, StackId, StepEnd};
pub(crate) use inline::{InlineAwait, watched};
pub(crate) use teller::{Teller, Told};

/// Its short name inside the crate; outside, `cede::Event` is asyncio's.
pub(crate) use event::LoopEvent as Event;

/// Is told of every [`LoopEvent`] of a loop, as it happens; see
/// [`LoopHandle::set_observer`](crate::LoopHandle::set_observer). A ready-made one that keeps them is
/// [`trace::Recorder`](crate::trace::Recorder).
///
/// It runs inside the loop and may not await; it should be quick.
pub trait Observer {
    /// Something happened, at this time of the loop's clock, counted from when the clock began.
    fn event(&self, time: Duration, event: &LoopEvent);
}

impl<F: Fn(Duration, &LoopEvent)> Observer for F {
    fn event(&self, time: Duration, event: &LoopEvent) {
        self(time, event);
    }
}

/// Both are told, the first one first: a recorder and a watchdog, say.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn event(&self, time: Duration, event: &LoopEvent) {
        self.0.event(time, event);
        self.1.event(time, event);
    }
}
