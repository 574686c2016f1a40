//! Being told what the loop does.

use std::panic::Location;

use crate::outcome::Outcome;
use crate::target::Awaited;
use crate::task::AnyTask;

/// Its short name inside the crate; outside, `cede::Event` is asyncio's.
pub(crate) use LoopEvent as Event;

/// Is told of every [`LoopEvent`] of a loop, as it happens; see
/// [`LoopHandle::set_observer`](crate::LoopHandle::set_observer).
///
/// It runs inside the loop and may not await; it should be quick.
pub trait Observer {
    /// Something happened.
    fn event(&self, event: &LoopEvent);
}

impl<F: Fn(&LoopEvent)> Observer for F {
    fn event(&self, event: &LoopEvent) {
        self(event);
    }
}

/// Something the loop did, or a task of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields say what they are
pub enum LoopEvent {
    /// The program gave control to the loop.
    RunBegins,
    /// The loop gave control back to the program.
    RunEnds,
    /// A task was made and its first step queued.
    TaskCreated { task: AnyTask },
    /// The loop gives control to a task.
    StepBegins { task: AnyTask },
    /// A task gave control back.
    StepEnds { task: AnyTask, why: StepEnd },
    /// A task begins to wait for something that has not ended: it is about to cede.
    AwaitBegins { task: AnyTask, on: Awaited, at: &'static Location<'static> },
    /// What the task waited for has ended, or it was cancelled; it goes on.
    AwaitEnds { task: AnyTask, on: Awaited },
}

/// Why a task gave control back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepEnd {
    /// It waits for this.
    Awaits(Awaited),
    /// It let others go first, and is queued again.
    Yielded,
    /// It ended.
    Ended(Outcome),
}
