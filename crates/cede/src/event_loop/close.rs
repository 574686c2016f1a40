//! Closing a loop: its tasks end, gently if they can, and nothing runs afterwards.

use std::rc::Rc;

use super::core::{LoopCore, State};
use super::loop_handle::LoopHandle;
use super::run::Ran;
use super::turn::Boundary;
use crate::coroutine::{Body, Coroutine};
use crate::error::Error;
use crate::report::{self, Report};
use crate::target::{self, Awaited, Target};
use crate::task;

/// How many turns the cancelled tasks of a loop that is closed have to end by themselves.
const ROUNDS: u64 = 1_000;

impl LoopHandle {
    /// Closes the loop: cancels its tasks, lets them run for a bounded number of turns, then leaves the
    /// frames of those that are still pending by unwinding. What resists even that is leaked, never
    /// reused. Every task that is pending when this begins is reported.
    ///
    /// Closing a closed loop does nothing. In a child process, one that was made before the fork is only
    /// forgotten, with its tasks.
    ///
    /// # Errors
    /// When it runs: "Cannot close a running event loop".
    pub fn close(&self) -> Result<(), Error> {
        match self.core.state.get() {
            State::Closed | State::Closing => Ok(()),
            State::Running => Err(Error::misuse("Cannot close a running event loop")),
            State::Stopped if self.core.forked() => {
                self.core.forget();
                Ok(())
            }
            State::Stopped => {
                self.core.close();
                Ok(())
            }
        }
    }

    /// Runs a step of the clean-up, if there is anything to it, to its end. Somebody's `stop` does not end
    /// it; a deadlock does.
    pub(super) fn finish<F>(&self, needed: bool, step: impl FnOnce() -> Coroutine<F>)
    where
        F: Body + 'static,
        F::Returns: 'static,
    {
        if !needed {
            return;
        }
        let _kept = self.core.schedule.keep_hands(); // whether it is over is asked at every boundary
        let task = self.create_task(step());
        while !task.done() {
            if let Ran::Dead | Ran::Forked = self.core.run(false, || task.done()) {
                break;
            }
        }
    }

    /// Cancels all tasks and runs until they have ended, as `asyncio.run` does when its main task has; an
    /// error that one of them raises is reported. A deadlock among them ends the wait.
    pub(super) fn cancel_all(&self) {
        let tasks = self.core.schedule.tasks();
        if tasks.is_empty() {
            return;
        }
        for task in &tasks {
            let target = Target::from(task.clone());
            task.completion().add_reader(); // what it raises is reported below
            target::cancel(&target, None);
        }
        let _kept = self.core.schedule.keep_hands(); // as above
        let pending = || tasks.iter().any(|task| !task.completion().done());
        while pending() {
            // Somebody's `stop` does not end the clean-up; a deadlock does.
            if let Ran::Dead | Ran::Forked = self.core.run(false, || !pending()) {
                break;
            }
        }
        for task in &tasks {
            task.completion().drop_reader_quietly();
            if task.completion().failed() {
                report::deliver(
                    Some(&|report: &Report| self.core.handle_report(report)),
                    &Report::UnhandledAtShutdown {
                        task: format!("'{}'", task.name()),
                        created: task.site(),
                        error: task.error_text(),
                    },
                );
            }
        }
    }
}

impl LoopCore {
    /// All that is done with the copy of a loop that a fork made: to take it down would take down the parent's,
    /// whose descriptors these are; so would dropping.
    fn forget(self: &Rc<Self>) {
        self.state.set(State::Closed);
        std::mem::forget(self.clone());
    }

    fn close(self: &Rc<Self>) {
        let _inside = self.enter();
        let tasks = self.schedule.tasks();
        for task in &tasks {
            report::report(&Report::DestroyedPending {
                task: format!("'{}'", task.name()),
                created: task.site(),
                waiting_for: task.waiting().map(|target| format!("{:?}", Awaited { target })),
            });
            let target = Target::from(task.clone());
            target::cancel(&target, None);
        }
        self.state.set(State::Closing);
        self.schedule.set_factory(None); // nothing starts at once any more
        self.schedule.set_fast_path(false); // turns are counted: nobody goes on by himself
        let turns = &self.schedule.turn.turns;
        let end = turns.get() + ROUNDS;
        while turns.get() < end && self.schedule.ready() > 0 && !self.schedule.tasks().is_empty() {
            if let Boundary::Forked = self.turn(false) {
                return self.forget();
            }
        }
        // Newest first: children before the parents that wait for them. Their destructors may make new ones.
        for _ in 0..ROUNDS {
            let left = self.schedule.tasks();
            if left.is_empty() {
                break;
            }
            for task in left.iter().rev() {
                if self.forked() {
                    return self.forget(); // a destructor forked: the others are the parent's
                }
                task::tear_down(task);
            }
        }
        if self.forked() {
            return self.forget();
        }
        self.state.set(State::Closed);
        self.schedule.close();
        self.timers.clear();
        self.signals.clear();
        self.reactor.close();
        drop(self.inbox.close());
        self.executor.close();
        self.landings.clear();
        self.generators.clear();
        let handler = self.exception_handler.take();
        self.schedule.set_observer(None);
        drop(handler);
    }
}
