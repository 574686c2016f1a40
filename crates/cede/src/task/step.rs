//! A task's step: the loop gives it control and gets control back (asyncio: `Task.__step`).

use std::rc::Rc;

use super::cell::{TaskCore, TaskObject};
use crate::coroutine::undriven;
use crate::error::{Error, JoinError};
use crate::observe::{Event, StepEnd};
use crate::outcome::Outcome;
use crate::report::{self, Report};
use crate::stack::{self, StackError, Worker, WorkerStatus};
use crate::target::{Awaited, Target};

/// Gives the task control until it cedes or ends.
pub(crate) fn step(task: &Rc<dyn TaskObject>) {
    let core = task.core();
    debug_assert!(!core.completion.done(), "a task that has ended is in no queue");
    let _undriven = undriven();
    let before = core.schedule.set_current(Some(task.clone()));
    core.schedule.observe(|| Event::StepBegins { task: task.clone().handle() });

    let cancelled = core.must_cancel.take().then(|| core.take_cancelled());
    let waited = core.waiting.take();
    let status = match (core.fresh.replace(false), cancelled) {
        (true, Some(cancelled)) => {
            core.ended.set(Some(Outcome::Cancelled));
            task.set_error(cancelled.into());
            task.drop_body();
            WorkerStatus::Idle
        }
        (true, None) => start(task),
        (false, cancelled) => {
            *core.delivered.borrow_mut() = cancelled;
            if let Some(target) = waited {
                core.schedule
                    .observe(|| Event::AwaitEnds { task: task.clone().handle(), on: Awaited { target } });
            }
            resume(core)
        }
    };
    if status == WorkerStatus::Idle {
        finish(task);
    }
    core.schedule.observe(|| step_end(task));
    drop(core.schedule.set_current(before));
}

/// The first step: onto a worker's stack.
fn start(task: &Rc<dyn TaskObject>) -> WorkerStatus {
    let core = task.core();
    match take_worker(core) {
        Ok(mut worker) => {
            core.label(&worker);
            let status = worker.run(task.clone());
            put_back(core, worker, status);
            status
        }
        Err(error) => {
            let text = format!("task '{}' cannot start: {error}", core.name());
            core.ended.set(Some(Outcome::Failed));
            task.set_error(JoinError::from(Error::other(StartError { text, source: error })));
            task.drop_body();
            WorkerStatus::Idle
        }
    }
}

/// A later step: back to where it awaits.
fn resume(core: &TaskCore) -> WorkerStatus {
    let mut worker = core.worker.take().expect("a task that has started and not ended has its worker");
    let status = worker.resume();
    put_back(core, worker, status);
    status
}

fn take_worker(core: &TaskCore) -> Result<Worker, StackError> {
    core.schedule.workers.take(core.stack_size.unwrap_or_else(stack::default_size))
}

fn put_back(core: &TaskCore, worker: Worker, status: WorkerStatus) {
    match status {
        WorkerStatus::Suspended => *core.worker.borrow_mut() = Some(worker),
        WorkerStatus::Idle => core.schedule.workers.put(worker),
    }
}

/// The body has ended: outcome, callbacks, out of the register.
fn finish(task: &Rc<dyn TaskObject>) {
    let core = task.core();
    let mut outcome = core.ended.take().expect("a task ends once");
    if outcome == Outcome::Finished && core.must_cancel.take() {
        // Cancelled after its last await: asyncio drops the result, and so do we.
        outcome = Outcome::Cancelled;
        task.set_error(core.take_cancelled().into());
    }
    let target: Rc<dyn Target> = task.clone();
    core.completion.complete(outcome, &target, &core.schedule);
    core.schedule.unregister(core.key());
    if core.completion.unread() {
        report_unread(&**task);
    }
}

/// Nobody can read this task's failure any more.
pub(super) fn report_unread(task: &dyn TaskObject) {
    let core = task.core();
    report::report(&Report::UnreadFailure {
        who: format!("task '{}'", core.name()),
        created: core.site,
        error: task.error_text(),
    });
}

/// Ends a task whose loop is closing, by force: drops it unstarted, or leaves its frames by unwinding. What
/// still resists is leaked with its stack.
pub(crate) fn tear_down(task: &Rc<dyn TaskObject>) {
    let core = task.core();
    if core.completion.done() {
        return;
    }
    let _undriven = undriven();
    let before = core.schedule.set_current(Some(task.clone()));
    core.must_cancel.set(false);
    core.waiting.take();
    let cancelled = core.take_cancelled();
    if core.fresh.replace(false) {
        core.ended.set(Some(Outcome::Cancelled));
        task.set_error(cancelled.into());
        task.drop_body();
    } else if let Some(mut worker) = core.worker.take() {
        match worker.unwind() {
            WorkerStatus::Idle => core.schedule.workers.put(worker),
            WorkerStatus::Suspended => {
                report::report(&Report::IgnoredExit {
                    what: format!("task '{}'", core.name()),
                    created: core.site,
                    times: 1_000,
                });
                core.ended.set(Some(Outcome::Cancelled));
                task.set_error(cancelled.into());
            }
        }
    }
    finish(task);
    drop(core.schedule.set_current(before));
}

fn step_end(task: &Rc<dyn TaskObject>) -> Event {
    let core = task.core();
    let why = match (core.completion.outcome(), core.waiting()) {
        (Outcome::Pending, Some(target)) => StepEnd::Awaits(Awaited { target }),
        (Outcome::Pending, None) => StepEnd::Yielded,
        (outcome, _) => StepEnd::Ended(outcome),
    };
    Event::StepEnds { task: task.clone().handle(), why }
}

/// There was no stack for a task.
#[derive(Debug)]
struct StartError {
    text: String,
    source: StackError,
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
