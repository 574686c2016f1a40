//! A task's step: it is given control, and gives it back when it awaits or ends (asyncio: `Task.__step`).
//!
//! Whoever gives control, the loop or another task's stack (`handoff.rs`), a step is the same three things:
//! [`begin`], the body running, and [`pause`] or [`end`].

use std::fmt;

use super::cell::TaskRef;
use super::core::TaskCore;
use crate::coroutine::undriven;
use crate::error::{Cancelled, Error, JoinError};
use crate::observe::{Event, StackId, StepEnd};
use crate::outcome::Outcome;
use crate::report::{self, Report};
use crate::schedule::Schedule;
use crate::stack::{self, StackError, Worker, WorkerStatus};
use crate::target::{Awaited, Target};

/// The loop gives the task control until it cedes or ends.
pub(crate) fn step(task: TaskRef) {
    let _undriven = undriven();
    let schedule = task.schedule.clone();
    schedule.fetch_ahead();
    give_control(task);
    schedule.set_current(None);
}

/// One step, from whatever stack.
#[inline(always)]
pub(super) fn give_control(task: TaskRef) {
    debug_assert!(!task.completion.done(), "a task that has ended is in no queue");
    if task.fresh.get() {
        return first(task);
    }
    begin(&task);
    resume(&task);
}

/// The first step.
#[inline(never)]
fn first(task: TaskRef) {
    begin(&task);
    match task.take_delivered() {
        Some(cancelled) => end_unstarted(&task, cancelled.into()),
        None => start(task),
    }
}

/// The task has control from here on. A cancellation that this step delivers waits in it to be taken.
#[inline(always)]
pub(super) fn begin(task: &TaskRef) {
    let schedule = &task.schedule;
    schedule.set_current(Some(task.clone()));
    if schedule.is_special() {
        return begin_watched(task);
    }
    let awaited = task.stop_waiting();
    if task.must_cancel.get() {
        deliver(task, awaited.as_ref());
    }
    task.fresh.set(false);
}

/// The rest of it, with somebody who watches.
#[inline(never)]
fn begin_watched(task: &TaskRef) {
    let schedule = &task.schedule;
    schedule.observe(|| Event::StepBegins { task: task.handle() });
    let awaited = task.stop_waiting();
    if task.must_cancel.get() {
        deliver(task, awaited.as_ref());
    }
    if let Some(target) = awaited {
        schedule.observe(|| Event::AwaitEnds { task: task.handle(), on: Awaited { target } });
    }
    task.fresh.set(false);
}

/// The same where nobody watches, of one that has not begun and is not cancelled.
#[inline(always)]
pub(super) fn begin_first_unwatched(task: &TaskRef) {
    task.schedule.put_current(task.clone());
    task.fresh.set(false);
}

/// The same of one that goes on and waits for a task. The cancellation that this step delivers.
#[inline(always)]
pub(super) fn go_on_unwatched(schedule: &Schedule, task: TaskRef) -> Option<Cancelled> {
    drop(task.stop_waiting_for_task());
    let mut delivered = None;
    if task.must_cancel.get() {
        deliver(&task, None);
        delivered = task.take_delivered();
    }
    schedule.set_current(Some(task));
    delivered
}

/// This step delivers the cancellation that is due.
#[cold]
fn deliver(task: &TaskRef, awaited: Option<&Target>) {
    task.must_cancel.set(false);
    match awaited {
        // The await gives that one, with its own message (as asyncio).
        Some(Target::Cell(cell)) if cell.completion().outcome() == Outcome::Cancelled => {
            task.set_message(None);
        }
        _ => task.deliver(),
    }
}

/// The task is about to cede.
#[inline(always)]
pub(super) fn pause(task: &TaskRef) {
    if task.schedule.observing() {
        tell_pause(task);
    }
}

#[cold]
fn tell_pause(task: &TaskRef) {
    task.schedule.observe(|| {
        let why = match task.waiting() {
            Some(target) => StepEnd::Awaits(Awaited { target }),
            None => StepEnd::Yielded,
        };
        Event::StepEnds { task: task.handle(), why, at: task.waiting_at() }
    });
}

/// The body has ended so: outcome, callbacks, out of the register.
#[inline]
pub(super) fn end(task: &TaskRef, outcome: Outcome) {
    let mut outcome = outcome;
    if outcome == Outcome::Finished && task.must_cancel.take() {
        // Cancelled after its last await: asyncio drops the result, and so do we.
        outcome = Outcome::Cancelled;
        task.set_error(task.take_cancelled().into());
    }
    task.completion.complete(outcome, || task.clone().into(), &task.schedule);
    task.schedule.unregister(task.key());
    task.schedule.set_current(None);
    if task.completion.unread() {
        report_unread(task);
    }
    task.schedule.observe(|| Event::StepEnds { task: task.handle(), why: StepEnd::Ended(outcome), at: None });
}

/// The first step: onto a worker's stack.
fn start(task: TaskRef) {
    match task.schedule.workers.take(task.stack_bytes()) {
        Ok(mut worker) => {
            task.label(worker.label());
            let stack = StackId(worker.id());
            task.schedule.observe(|| Event::StackTaken { task: task.handle(), stack });
            let status = worker.run(task.clone().into_job());
            put_back(&task, worker, status);
        }
        Err(error) => {
            let text = format!("task '{}' cannot start: {error}", task.name());
            end_with(&task, Outcome::Failed, Error::other(StartError { text, source: error }).into());
        }
    }
}

/// A later step: back to where it awaits.
#[inline(always)]
fn resume(core: &TaskCore) {
    let mut worker = core.take_worker().expect("a task that has started and not ended has its worker");
    let status = worker.resume();
    put_back(core, worker, status);
}

/// A worker has come back: idle, or with a task on top that has parked, which need not be the one that was
/// given control (`handoff.rs`).
#[inline(always)]
fn put_back(core: &TaskCore, worker: Worker, status: WorkerStatus) {
    if status == WorkerStatus::Suspended && core.schedule.parked_is(core.key()) {
        core.put_worker_at(worker, core.schedule.parked_at());
    } else {
        put_elsewhere(core, worker, status);
    }
}

#[inline(never)]
fn put_elsewhere(core: &TaskCore, worker: Worker, status: WorkerStatus) {
    match status {
        WorkerStatus::Idle => {
            core.schedule.observe(|| Event::StackReturned { stack: StackId(worker.id()) });
            core.schedule.workers.put(worker);
        }
        WorkerStatus::Suspended => {
            let top = core.schedule.task(core.schedule.parked());
            let top = top.expect("whoever suspends a worker says who is on top");
            top.put_worker_at(worker, core.schedule.parked_at());
        }
    }
}

/// Ends a task of which nothing has run.
fn end_unstarted(task: &TaskRef, error: JoinError) {
    end_with(task, Outcome::Cancelled, error);
}

fn end_with(task: &TaskRef, outcome: Outcome, error: JoinError) {
    task.set_error(error);
    task.drop_body();
    end(task, outcome);
}

/// Nobody can read this task's failure any more.
pub(super) fn report_unread(task: &TaskRef) {
    task.schedule.report(&Report::UnreadFailure {
        who: format!("task '{}'", task.name()),
        created: task.site(),
        error: task.error_text(),
    });
}

/// Ends a task whose loop is closing, by force: drops it unstarted, or leaves its frames by unwinding. What
/// still resists is leaked with its stack.
pub(crate) fn tear_down(task: &TaskRef) {
    if task.completion.done() {
        return;
    }
    let _undriven = undriven();
    let before = task.schedule.current(); // a scope may do this in the middle of a step
    task.must_cancel.set(false);
    if task.fresh.get() {
        begin(task);
        end_unstarted(task, Cancelled::new().into());
    } else if let Some(mut worker) = task.take_worker() {
        begin(task);
        let status = worker.unwind();
        if status == WorkerStatus::Suspended && !task.completion.done() {
            give_up(task, worker);
        } else {
            put_back(task, worker, status);
        }
    } else {
        // Buried below one that resisted: its stack is leaked with that one's, and never run again.
        end_leaked(task);
    }
    task.schedule.set_current(before);
}

/// It caught the unwinding and parked again, every time.
fn give_up(task: &TaskRef, worker: Worker) {
    drop(worker); // suspended: leaks its stack
    report::report(&Report::IgnoredExit {
        what: format!("task '{}'", task.name()),
        created: task.site(),
        times: stack::PATIENCE as usize,
    });
    end_leaked(task);
}

fn end_leaked(task: &TaskRef) {
    if let Some(Target::Cell(cell)) = task.waiting() {
        cell.abandoned();
    }
    task.set_error(Cancelled::new().into());
    end(task, Outcome::Cancelled);
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
