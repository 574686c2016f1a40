//! `await task`: a callback on what is awaited, and control to the loop.

use std::panic::Location;

use super::cell::TaskRef;
use super::handoff;
use crate::callback::Callback;
use crate::coroutine::{Interrupt, driver};
use crate::error::Error;
use crate::observe::Event;
use crate::schedule::{self, Schedule};
use crate::stack::{self, Refused};
use crate::target::{self, Awaited, Target};

/// Parks the running task until `target` is done. Does not cede if it is.
///
/// `Ok` means that the target is done; what came of it is for the caller to read. A cancellation that the
/// target did not take comes back as [`Interrupt::Cancelled`], and wins over the target's result.
pub(crate) fn park(
    target: Target,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<(), Interrupt> {
    if target.completion().done() {
        passed(&target, at);
        return Ok(());
    }
    if let Some(driver) = driver() {
        return driver.wait(&target);
    }
    let task = running_task(call)?;
    if let Some(refusal) = refusal(&task, &target) {
        // asyncio throws it in at the next step, so it costs a turn.
        yield_running(&task)?;
        return Err(Interrupt::Error(refusal));
    }
    target.completion().add_waker(task.key());
    task.wait_for(target, at);
    if task.must_cancel.get()
        && let Some(target) = task.waiting()
        && target::cancel(&target, task.message())
    {
        task.must_cancel.set(false);
    }
    if task.schedule.observing()
        && let Some(target) = task.waiting()
    {
        task.schedule.observe(|| Event::AwaitBegins { task: task.handle(), on: Awaited { target }, at });
    }
    cede(&task, call)
}

/// As [`park`], of a task, which may be run on this stack without more ado.
#[inline]
pub(super) fn park_on_task(
    target: &TaskRef,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<(), Interrupt> {
    match handoff::await_on_top(target, at) {
        Some(Ok(None)) => Ok(()),
        Some(Ok(Some(cancelled))) => Err(Interrupt::Cancelled(cancelled)),
        Some(Err(_)) => Err(Interrupt::Error(Error::unwinding(call))),
        None => park(target.clone().into(), call, at),
    }
}

/// Tells that an await had nothing to wait for.
#[inline]
fn passed(target: &Target, at: &'static Location<'static>) {
    let schedule = target.schedule();
    schedule.observe(|| Event::AwaitPassed {
        task: schedule.running_task(),
        on: Awaited { target: target.clone() },
        at,
    });
}

/// Lets every callback that is ready now go first (asyncio: `sleep(0)`).
#[track_caller]
pub(crate) fn yield_now(call: &'static str) -> Result<(), Interrupt> {
    if let Some(driver) = driver() {
        return driver.yield_now();
    }
    yield_running(&running_task(call)?)
}

#[track_caller]
fn yield_running(task: &TaskRef) -> Result<(), Interrupt> {
    task.yields_at(Location::caller());
    task.schedule.push(Callback::Step(task.key()));
    cede(task, "yield_now")
}

/// The task whose step runs here, if its stack can be suspended.
fn running_task(call: &'static str) -> Result<TaskRef, Interrupt> {
    let Some(current) = schedule::with_running(|running| running.map(Schedule::current)) else {
        return Err(Interrupt::Error(Error::no_running_loop(call)));
    };
    match (current, stack::can_suspend()) {
        (Some(task), Ok(())) => Ok(task),
        (_, Err(Refused::Unwinding)) => Err(Interrupt::Error(Error::unwinding(call))),
        _ => Err(no_task(call)),
    }
}

#[cold]
fn no_task(call: &'static str) -> Interrupt {
    Interrupt::Error(Error::misuse(format!(
        "{call}: only a task can cede to the loop, and none runs here; move it from the callback into a task"
    )))
}

/// Gives control to the loop; back with it, takes what the step has delivered.
fn cede(task: &TaskRef, call: &'static str) -> Result<(), Interrupt> {
    if handoff::cede(task).is_err() {
        return Err(Interrupt::Error(Error::unwinding(call)));
    }
    match task.delivered.take() {
        None => Ok(()),
        Some(cancelled) => Err(Interrupt::Cancelled(cancelled)),
    }
}

/// Why this task cannot await this.
fn refusal(task: &TaskRef, target: &Target) -> Option<Error> {
    if target.schedule().id() != task.schedule.id() {
        return Some(Error::misuse(format!(
            "task {:?} got {:?} attached to a different loop",
            task.handle(),
            Awaited { target: target.clone() }
        )));
    }
    let same = target.task_key() == Some(task.key());
    same.then(|| Error::misuse(format!("Task cannot await on itself: {:?}", task.handle())))
}

/// A value was yielded to a driver, but a loop runs the coroutine: an error at the next step, as in asyncio.
pub(crate) fn bad_yield(value: &str) -> Error {
    match yield_now("yield_to_driver") {
        Ok(()) => Error::misuse(format!("Task got bad yield: {value}")),
        Err(Interrupt::Cancelled(cancelled)) => cancelled.into(),
        Err(Interrupt::Error(error)) => error,
    }
}
