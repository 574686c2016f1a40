//! Running a loop.

use std::panic::resume_unwind;
use std::rc::Rc;

use super::core::{self, LoopCore, State};
use super::loop_handle::LoopHandle;
use super::turn::Boundary;
use crate::coroutine::{Body, Coroutine};
use crate::error::Error;
use crate::observe::Event;
use crate::target::Target;
use crate::task::Task;

/// What a loop can run to its end: a coroutine object or a task of this loop.
pub trait IntoTask {
    /// What it returns.
    type Output: 'static;

    /// The task.
    #[track_caller]
    fn into_task(self, event_loop: &LoopHandle) -> Task<Self::Output>;
}

impl<F> IntoTask for Coroutine<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    type Output = F::Returns;

    #[track_caller]
    fn into_task(self, event_loop: &LoopHandle) -> Task<F::Returns> {
        event_loop.create_task(self)
    }
}

impl<T: 'static> IntoTask for Task<T> {
    type Output = T;

    fn into_task(self, _event_loop: &LoopHandle) -> Task<T> {
        self
    }
}

/// How running until a condition came to its end.
pub(super) enum Ran {
    Done,
    /// `stop` was called first.
    Stopped,
    /// Nothing could ever happen any more.
    Dead,
    /// A task forked, and this is the child.
    Forked,
}

impl LoopHandle {
    /// Runs until [`stop`](Self::stop) is called. With nothing to do it sleeps in the kernel.
    ///
    /// # Errors
    /// When this loop, or another one on this thread, runs already; when it is closed. In the child of a fork,
    /// when a task gives control back there too: make a new loop.
    pub fn run_forever(&self) -> Result<(), Error> {
        self.check("run_forever")?;
        match self.core.run(true, || false) {
            Ran::Forked => Err(Error::forked("run_forever")),
            Ran::Done | Ran::Stopped | Ran::Dead => Ok(()),
        }
    }

    /// Runs until this coroutine or task has ended, and gives its result.
    ///
    /// # Errors
    /// When this loop, or another one on this thread, runs already; when it is closed or is stopped before
    /// the end; in the child of a fork, as [`run_forever`](Self::run_forever). A deadlock, with its report, when nothing can ever happen any more. When the task was
    /// cancelled.
    ///
    /// # Panics
    /// With the task's panic.
    #[track_caller]
    pub fn run_until_complete<M: IntoTask>(&self, main: M) -> Result<M::Output, Error> {
        self.check("run_until_complete")?;
        let task = main.into_task(self);
        self.run_task(&task)?;
        result_of(task)
    }

    /// Runs until the task has ended; its result stays in it.
    pub(super) fn run_task<T: 'static>(&self, task: &Task<T>) -> Result<(), Error> {
        let handle = task.handle();
        let target = Target::from(handle.task.clone());
        if target.schedule().id() != self.core.schedule.id() {
            return Err(Error::misuse(format!(
                "run_until_complete: {task:?} is attached to a different loop"
            )));
        }
        // As asyncio: the end of the task stops the loop through a callback, so whatever was ready beside it
        // still runs.
        let core = Rc::downgrade(&self.core);
        let stop = target.completion().add_call(
            &target,
            Box::new(move || {
                if let Some(core) = core.upgrade() {
                    core.request_stop();
                }
            }),
        );
        let ran = self.core.run(false, || false);
        if task.done() {
            return Ok(());
        }
        target.completion().remove_call(stop);
        Err(match ran {
            Ran::Dead => Error::deadlock(self.core.deadlock_report()),
            Ran::Forked => Error::forked("run_until_complete"),
            Ran::Stopped | Ran::Done => Error::misuse(format!(
                "run_until_complete: the event loop was stopped before {task:?} completed"
            )),
        })
    }

    /// Whether this loop can be run here and now.
    pub(super) fn check(&self, call: &'static str) -> Result<(), Error> {
        match self.core.state.get() {
            State::Closed | State::Closing => return Err(Error::closed(call)),
            State::Running => {
                return Err(Error::misuse(format!("{call}: this event loop is already running")));
            }
            State::Stopped => {}
        }
        if self.core.forked() {
            return Err(Error::forked(call));
        }
        if core::is_running() {
            return Err(Error::misuse(format!(
                "{call}: cannot run the event loop while another loop is running on this thread"
            )));
        }
        Ok(())
    }
}

/// The result of a task that has ended.
pub(super) fn result_of<T: 'static>(task: Task<T>) -> Result<T, Error> {
    match task.take() {
        Ok(value) => Ok(value),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => Err(error.into()),
    }
}

impl LoopCore {
    /// Turns until `stop` is called, `done` says so, or, unless `forever`, nothing can happen any more.
    pub(super) fn run(self: &Rc<Self>, forever: bool, done: impl Fn() -> bool) -> Ran {
        let _inside = self.enter();
        self.state.set(State::Running);
        let _stopped = Stopped { core: self, told: true };
        self.schedule.observe(|| Event::RunBegins);
        loop {
            if done() {
                return Ran::Done;
            }
            let before = self.before.borrow().clone();
            let boundary =
                if before.is_nothing() { self.turn(forever) } else { self.turn_by_steps(&before, forever) };
            match boundary {
                Boundary::Ready => {}
                Boundary::Dead => return Ran::Dead,
                Boundary::Forked => return Ran::Forked,
            }
            if self.stopping.take() {
                return Ran::Stopped;
            }
        }
    }
}

/// The loop runs while this lives.
pub(super) struct Stopped<'a> {
    core: &'a LoopCore,
    /// Whether an observer is told.
    told: bool,
}

impl<'a> Stopped<'a> {
    pub(super) fn quietly(core: &'a LoopCore) -> Self {
        Stopped { core, told: false }
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.core.stopping.set(false);
        self.core.state.set(State::Stopped);
        if self.told {
            self.core.schedule.observe(|| Event::RunEnds);
        }
    }
}
