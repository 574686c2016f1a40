//! `await task`: a callback on what is awaited, and control to the loop.

use std::panic::Location;
use std::rc::Rc;

use super::cell::TaskObject;
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
    target: &Rc<dyn Target>,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<(), Interrupt> {
    if target.completion().done() {
        passed(target, at);
        return Ok(());
    }
    if let Some(driver) = driver() {
        return driver.wait(target);
    }
    let task = running_task(call)?;
    let core = task.core();
    if let Some(refusal) = refusal(&task, target) {
        // asyncio throws it in at the next step, so it costs a turn.
        yield_running(&task)?;
        return Err(Interrupt::Error(refusal));
    }
    target.completion().add_waker(core.key());
    *core.waiting.borrow_mut() = Some(target.clone());
    core.waiting_at.set(Some(at));
    if core.must_cancel.get() {
        let message = core.message.borrow().clone(); // not held across the walk, which may come by here
        if target::cancel(target, message) {
            core.must_cancel.set(false);
        }
    }
    core.schedule.observe(|| Event::AwaitBegins {
        task: task.clone().handle(),
        on: Awaited { target: target.clone() },
        at,
    });
    cede(&task, call)
}

/// Tells that an await had nothing to wait for.
#[inline]
fn passed(target: &Rc<dyn Target>, at: &'static Location<'static>) {
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
fn yield_running(task: &Rc<dyn TaskObject>) -> Result<(), Interrupt> {
    let core = task.core();
    core.waiting_at.set(Some(Location::caller()));
    core.schedule.push(Callback::Step(core.key()));
    cede(task, "yield_now")
}

/// The task whose step runs here, if its stack can be suspended.
fn running_task(call: &'static str) -> Result<Rc<dyn TaskObject>, Interrupt> {
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
fn cede(task: &Rc<dyn TaskObject>, call: &'static str) -> Result<(), Interrupt> {
    if handoff::cede(task).is_err() {
        return Err(Interrupt::Error(Error::unwinding(call)));
    }
    match task.core().delivered.take() {
        None => Ok(()),
        Some(cancelled) => Err(Interrupt::Cancelled(cancelled)),
    }
}

/// Why this task cannot await this.
fn refusal(task: &Rc<dyn TaskObject>, target: &Rc<dyn Target>) -> Option<Error> {
    if target.schedule().id() != task.core().schedule.id() {
        return Some(Error::misuse(format!(
            "task {:?} got {:?} attached to a different loop",
            task.clone().handle(),
            Awaited { target: target.clone() }
        )));
    }
    let same = target.clone().as_task().is_some_and(|other| other.core().key() == task.core().key());
    same.then(|| Error::misuse(format!("Task cannot await on itself: {:?}", task.clone().handle())))
}

/// A value was yielded to a driver, but a loop runs the coroutine: an error at the next step, as in asyncio.
pub(crate) fn bad_yield(value: &str) -> Error {
    match yield_now("yield_to_driver") {
        Ok(()) => Error::misuse(format!("Task got bad yield: {value}")),
        Err(Interrupt::Cancelled(cancelled)) => cancelled.into(),
        Err(Interrupt::Error(error)) => error,
    }
}
