//! What there is to tell.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::callback::{Call, Callback};
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::Awaited;
use crate::task::AnyTask;

/// Something the loop did, or a task of it.
///
/// `task` is whose event it is; `by` is the task that runs at that moment, if one does. Places are where the
/// program says `await`, makes a task, or sets a timer.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields say what they are
pub enum LoopEvent {
    /// The program gave control to the loop.
    RunBegins,
    /// The loop gave control back to the program.
    RunEnds,
    /// A turn begins: it runs exactly the callbacks that are ready now.
    TurnBegins { turn: u64, ready: usize },
    /// A task was made. Its first step is queued next, unless it is eager.
    TaskCreated { task: AnyTask, by: Option<AnyTask> },
    /// A callback goes to the tail of the ready queue; `because` is what has ended, if that is why.
    Queued { callback: ReadyCallback, by: Option<AnyTask>, because: Option<Awaited> },
    /// The callback at the head of the queue is left out: it was cancelled, or its task has ended.
    Skipped { callback: ReadyCallback },
    /// The loop gives control to a callback that is no task's step.
    CallBegins { callback: ReadyCallback },
    /// That callback gave control back.
    CallEnds { callback: ReadyCallback },
    /// A task is given control. Its step was at the head of the queue; or nowhere, if the task is eager and
    /// starts at once.
    StepBegins { task: AnyTask },
    /// A task gave control back; `at` is the await, if it has not ended.
    StepEnds { task: AnyTask, why: StepEnd, at: Option<&'static Location<'static>> },
    /// A task begins to wait for something that has not ended: its step is on that one's callback list, and
    /// it is about to cede.
    AwaitBegins { task: AnyTask, on: Awaited, at: &'static Location<'static> },
    /// What the task waited for has ended, or it was cancelled; it goes on.
    AwaitEnds { task: AnyTask, on: Awaited },
    /// A task awaits what has ended already: it does not cede.
    AwaitPassed { task: Option<AnyTask>, on: Awaited, at: &'static Location<'static> },
    /// A function was put on a callback list.
    CallbackAdded { to: Awaited, by: Option<AnyTask> },
    /// A task, a promise or something made of them has ended; those who wait for it are queued next.
    Ended { what: Awaited, outcome: Outcome, by: Option<AnyTask> },
    /// A timer was set, for this time of the loop's clock.
    TimerSet { timer: Called, when: Duration, by: Option<AnyTask> },
    /// A timer was withdrawn before it was due.
    TimerCancelled { timer: Called, by: Option<AnyTask> },
    /// A timer is due: its callback is queued next.
    TimerFired { timer: Called },
    /// A coroutine is awaited in place: a call, on the stack of whoever awaits.
    InlineBegins { task: Option<AnyTask>, coroutine: Cow<'static, str>, at: &'static Location<'static> },
    /// That call has come back, or is left by unwinding.
    InlineEnds { task: Option<AnyTask>, coroutine: Cow<'static, str>, at: &'static Location<'static> },
    /// A task that starts got a stack of its own. With the fast path on, most need none.
    StackTaken { task: AnyTask, stack: StackId },
    /// A stack is idle again.
    StackReturned { stack: StackId },
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

/// An entry of the ready queue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReadyCallback {
    /// A task's step.
    Step(AnyTask),
    /// The step of a task that has ended meanwhile: the wake came too late, and does nothing.
    Stale,
    /// A function given to `call_soon`, to a timer, or sent by another thread or a signal.
    Call(Called),
    /// A function on the callback list of this, which has ended.
    Done(Awaited),
}

impl ReadyCallback {
    pub(crate) fn of(callback: &Callback, schedule: &Schedule) -> Self {
        match callback {
            Callback::Step(key) => match schedule.task(*key) {
                Some(task) => ReadyCallback::Step(task.handle()),
                None => ReadyCallback::Stale,
            },
            Callback::Function(cell) => ReadyCallback::Call(Called { call: Call::Function(cell.clone()) }),
            Callback::Sleep(sleeper) => ReadyCallback::Call(Called { call: Call::Sleep(sleeper.clone()) }),
            Callback::Done(call) => ReadyCallback::Done(Awaited { target: call.target.clone() }),
        }
    }
}

/// A function that the loop is to call, or a timer.
#[derive(Clone)]
pub struct Called {
    pub(crate) call: Call,
}

impl Called {
    pub(crate) fn of(call: &Call) -> Self {
        Called { call: call.clone() }
    }

    /// Where it was given to the loop.
    pub fn created(&self) -> &'static Location<'static> {
        self.call.site()
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.call.timer().cancelled()
    }
}

/// Whether they are the same.
impl PartialEq for Called {
    fn eq(&self, other: &Self) -> bool {
        self.call.addr() == other.call.addr()
    }
}

impl Eq for Called {}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<callback created at {}>", self.created())
    }
}

/// Tells stacks apart while they live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(pub(crate) usize);
