use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::waitable::Waitable;
use crate::completion::CallbackId;
use crate::coroutine::{Awaitable, Interrupt};
use crate::error::Error;
use crate::event_loop::{TimerHandle, running_loop};
use crate::outcome::Outcome;
use crate::target::Target;
use crate::waiter::{Waiter, What};

/// Waits until several tasks or promises have ended, or as many as [asked for](Wait::return_when), and tells
/// which have.
///
/// It takes handles, or references to handles, and gives the same back, in their order; it reads no result
/// and cancels nothing. The same task given twice counts, and comes back, once.
///
/// Awaiting cedes, for two turns at least, even if all have ended. Cancelled while it waits, a task gets the
/// cancellation; what it waited for goes on.
///
/// asyncio counterpart: `asyncio.wait`. It differs in that what comes back is in order.
///
/// ```
/// use cede::{Awaitable, ReturnWhen, Waited};
/// use std::time::Duration;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let naps = [1, 60_000].map(|ms| {
///         cede::create_task(cede::coroutine(move || cede::sleep(Duration::from_millis(ms)).await_()))
///     });
///     let Waited { done, pending } = cede::wait(&naps).return_when(ReturnWhen::FirstCompleted).await_()?;
///     assert_eq!((done, pending[0].cancel()), (vec![&naps[0]], true));
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
pub fn wait<H>(handles: H) -> Wait<H::Item>
where
    H: IntoIterator,
    H::Item: Waitable,
{
    Wait { handles: handles.into_iter().collect(), when: ReturnWhen::AllCompleted, timeout: None }
}

/// When a [`wait`] has waited long enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReturnWhen {
    /// One has ended, however.
    FirstCompleted,
    /// One has failed or panicked, or all have ended. A cancelled one is no exception, as in asyncio.
    FirstException,
    /// All have ended.
    #[default]
    AllCompleted,
}

/// What [`wait`] gives; await it.
#[must_use = "it waits once it is awaited"]
#[derive(Debug)]
pub struct Wait<H> {
    handles: Vec<H>,
    when: ReturnWhen,
    timeout: Option<Duration>,
}

/// How far a [`wait`] got.
#[derive(Debug, PartialEq, Eq)]
pub struct Waited<H> {
    /// Those that have ended.
    pub done: Vec<H>,
    /// Those that have not; they go on.
    pub pending: Vec<H>,
}

impl<H: Waitable> Wait<H> {
    /// When it has waited long enough; [`AllCompleted`](ReturnWhen::AllCompleted) unless set.
    pub fn return_when(mut self, when: ReturnWhen) -> Self {
        self.when = when;
        self
    }

    /// Waits no longer than this. That the time is over is no error: who is pending then is told as such.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }
}

/// # Errors
/// [`Cancelled`](crate::Cancelled); when there is nothing to wait for ("Set of Tasks/Futures is empty.");
/// outside a loop or a task.
impl<H: Waitable> Awaitable for Wait<H> {
    type Output = Result<Waited<H>, Error>;

    #[track_caller]
    fn await_(self) -> Result<Waited<H>, Error> {
        let at = Location::caller();
        let mut seen = HashSet::new();
        let mut handles = self.handles;
        let mut targets: Vec<Target> = Vec::with_capacity(handles.len());
        handles.retain(|handle| {
            let target = handle.awaited().target;
            let new = seen.insert(target.addr());
            if new {
                targets.push(target);
            }
            new
        });
        if targets.is_empty() {
            return Err(Error::misuse("wait: Set of Tasks/Futures is empty."));
        }
        let event_loop = running_loop().map_err(|_| Error::no_running_loop("wait"))?;
        let waiter = Waiter::new(event_loop.core.schedule.clone(), const { &What::of("wait") });
        let timer = self.timeout.map(|timeout| event_loop.wake_later(timeout, waiter.clone(), "wait"));
        let watch = Watch::new(targets, self.when, waiter.clone(), timer);
        let waited = waiter.wait("wait", at);
        drop(watch);
        match waited {
            Ok(()) => {}
            Err(Interrupt::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(Interrupt::Error(error)) => return Err(error),
        }
        let (done, pending) =
            handles.into_iter().partition(|handle| handle.awaited().target.completion().done());
        Ok(Waited { done, pending })
    }
}

/// The callbacks on what is waited for; dropped, they are taken off again, however the wait is left.
struct Watch {
    targets: Vec<Target>,
    callbacks: Vec<CallbackId>,
    timer: Option<TimerHandle>,
}

impl Watch {
    fn new(targets: Vec<Target>, when: ReturnWhen, waiter: Rc<Waiter>, timer: Option<TimerHandle>) -> Self {
        let left = Rc::new(Cell::new(targets.len()));
        let callbacks = targets
            .iter()
            .map(|target| {
                let (ended, left) = (target.clone(), left.clone());
                let (waiter, timer) = (waiter.clone(), timer.clone());
                let on_end = move || {
                    left.set(left.get() - 1);
                    let enough = match when {
                        ReturnWhen::FirstCompleted => true,
                        ReturnWhen::FirstException => ended.completion().failed(),
                        ReturnWhen::AllCompleted => false,
                    };
                    if enough || left.get() == 0 {
                        if let Some(timer) = timer {
                            timer.cancel();
                        }
                        waiter.set(Outcome::Finished);
                    }
                };
                target.completion().add_call(target, Box::new(on_end))
            })
            .collect();
        Watch { targets, callbacks, timer }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(timer) = &self.timer {
            timer.cancel();
        }
        for (target, callback) in self.targets.iter().zip(&self.callbacks) {
            target.completion().remove_call(*callback);
        }
    }
}

impl fmt::Display for ReturnWhen {
    /// asyncio's names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReturnWhen::FirstCompleted => "FIRST_COMPLETED",
            ReturnWhen::FirstException => "FIRST_EXCEPTION",
            ReturnWhen::AllCompleted => "ALL_COMPLETED",
        })
    }
}
