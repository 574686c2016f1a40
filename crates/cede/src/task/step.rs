//! A task's step: it is given control, and gives it back when it awaits or ends (asyncio: `Task.__step`).
//!
//! Whoever gives control, the loop or another task's stack (`handoff.rs`), a step is the same three things:
//! [`begin`], the body running, and [`pause`] or [`end`].

use std::fmt;
use std::rc::Rc;

use super::cell::{TaskCore, TaskObject};
use crate::callback::TaskKey;
use crate::coroutine::undriven;
use crate::error::{Cancelled, Error, JoinError};
use crate::observe::{Event, StackId, StepEnd};
use crate::outcome::Outcome;
use crate::report::{self, Report};
use crate::stack::{self, StackError, Worker, WorkerStatus};
use crate::target::{Awaited, Target};

/// The loop gives the task control until it cedes or ends.
pub(crate) fn step(task: Rc<dyn TaskObject>) {
    let _undriven = undriven();
    give_control(task.clone());
    task.core().schedule.set_current(TaskKey::default());
}

/// One step, from whatever stack.
pub(super) fn give_control(task: Rc<dyn TaskObject>) {
    let core = task.core();
    debug_assert!(!core.completion.done(), "a task that has ended is in no queue");
    let fresh = core.fresh.get();
    match begin(&task) {
        Some(cancelled) if fresh => end_unstarted(&task, cancelled.into()),
        _ if fresh => start(task),
        cancelled => {
            core.delivered.set(cancelled);
            resume(core);
        }
    }
}

/// The task has control from here on. Gives the cancellation that this step delivers, if one is due.
pub(super) fn begin(task: &Rc<dyn TaskObject>) -> Option<Cancelled> {
    let core = task.core();
    let schedule = &core.schedule;
    schedule.set_current(core.key());
    schedule.observe(|| Event::StepBegins { task: task.clone().handle() });
    let mut cancelled = core.must_cancel.take().then(|| core.take_cancelled());
    if let Some(target) = core.waiting.take() {
        if target.task_key().is_none() && target.completion().outcome() == Outcome::Cancelled {
            cancelled = None; // the await gives that one, with its own message (as asyncio)
        }
        if schedule.observing() {
            schedule.observe(|| Event::AwaitEnds { task: task.clone().handle(), on: Awaited { target } });
        }
    }
    core.fresh.set(false);
    cancelled
}

/// The task is about to cede.
pub(super) fn pause(task: &Rc<dyn TaskObject>) {
    task.core().schedule.observe(|| {
        let why = match task.core().waiting() {
            Some(target) => StepEnd::Awaits(Awaited { target }),
            None => StepEnd::Yielded,
        };
        Event::StepEnds { task: task.clone().handle(), why, at: task.core().waiting_at() }
    });
}

/// The body has ended: outcome, callbacks, out of the register.
pub(super) fn end(task: &Rc<dyn TaskObject>) {
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
    core.schedule.observe(|| Event::StepEnds {
        task: task.clone().handle(),
        why: StepEnd::Ended(outcome),
        at: None,
    });
}

/// The first step: onto a worker's stack.
fn start(task: Rc<dyn TaskObject>) {
    let core = task.core();
    match core.schedule.workers.take(core.stack_bytes()) {
        Ok(mut worker) => {
            core.label(worker.label());
            core.schedule
                .observe(|| Event::StackTaken { task: task.clone().handle(), stack: StackId(worker.id()) });
            let status = worker.run(task.clone());
            put_back(core, worker, status);
        }
        Err(error) => {
            let text = format!("task '{}' cannot start: {error}", core.name());
            end_with(&task, Outcome::Failed, Error::other(StartError { text, source: error }).into());
        }
    }
}

/// A later step: back to where it awaits.
fn resume(core: &TaskCore) {
    let mut worker = core.take_worker().expect("a task that has started and not ended has its worker");
    let status = worker.resume();
    put_back(core, worker, status);
}

/// A worker has come back: idle, or with a task on top that has parked, which need not be the one that was
/// given control (`handoff.rs`).
fn put_back(core: &TaskCore, worker: Box<Worker>, status: WorkerStatus) {
    match status {
        WorkerStatus::Idle => {
            core.schedule.observe(|| Event::StackReturned { stack: StackId(worker.id()) });
            core.schedule.workers.put(worker);
        }
        WorkerStatus::Suspended => {
            let top = core.schedule.take_parked();
            if top == core.key() {
                core.put_worker(worker);
            } else {
                let top = core.schedule.task(top).expect("whoever suspends a worker says who is on top");
                top.core().put_worker(worker);
            }
        }
    }
}

/// Ends a task of which nothing has run.
fn end_unstarted(task: &Rc<dyn TaskObject>, error: JoinError) {
    end_with(task, Outcome::Cancelled, error);
}

fn end_with(task: &Rc<dyn TaskObject>, outcome: Outcome, error: JoinError) {
    task.core().ended.set(Some(outcome));
    task.set_error(error);
    task.drop_body();
    end(task);
}

/// Nobody can read this task's failure any more.
pub(super) fn report_unread(task: &dyn TaskObject) {
    let core = task.core();
    core.schedule.report(&Report::UnreadFailure {
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
    let before = core.schedule.current_key(); // a scope may do this in the middle of a step
    core.must_cancel.set(false);
    if core.fresh.get() {
        begin(task);
        end_unstarted(task, Cancelled::new().into());
    } else if let Some(mut worker) = core.take_worker() {
        begin(task);
        let status = worker.unwind();
        if status == WorkerStatus::Suspended && !core.completion.done() {
            give_up(task, worker);
        } else {
            put_back(core, worker, status);
        }
    } else {
        // Buried below one that resisted: its stack is leaked with that one's, and never run again.
        end_leaked(task);
    }
    core.schedule.set_current(before);
}

/// It caught the unwinding and parked again, every time.
fn give_up(task: &Rc<dyn TaskObject>, worker: Box<Worker>) {
    let core = task.core();
    core.schedule.take_parked();
    drop(worker); // suspended: leaks its stack
    report::report(&Report::IgnoredExit {
        what: format!("task '{}'", core.name()),
        created: core.site,
        times: stack::PATIENCE as usize,
    });
    end_leaked(task);
}

fn end_leaked(task: &Rc<dyn TaskObject>) {
    task.core().ended.set(Some(Outcome::Cancelled));
    task.set_error(Cancelled::new().into());
    end(task);
}

/// There was no stack for a task.
#[derive(Debug)]
struct StartError {
    text: String,
    source: StackError,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
