//! `await task`: a callback on what is awaited, and control to the loop.

use std::panic::Location;
use std::rc::Rc;

use super::cell::TaskRef;
use super::handoff;
use crate::callback::Callback;
use crate::coroutine::{Interrupt, driver, is_driven};
use crate::error::{Cancelled, Error};
use crate::observe::Event;
use crate::schedule::{self, Schedule};
use crate::stack::{self, Refused};
use crate::target::{self, Awaited, Target, TargetCell};

/// Parks the running task until `target` is done. Does not cede if it is.
///
/// `Ok` means that the target is done; what came of it is for the caller to read. A cancellation that the
/// target did not take comes back as [`Interrupt::Cancelled`], and wins over the target's result.
///
/// Inlined down to the switch, for what [`Suspendable::suspend`](stack::Suspendable::suspend) says; what comes
/// before the switch is a call.
#[inline(always)]
pub(crate) fn park(
    target: Target,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<(), Interrupt> {
    match begin_to_wait(target, call, at)? {
        Some(task) => cede(&task, call),
        None => Ok(()),
    }
}

/// As [`park`], of a cell whose type is known, so that nothing is asked through a table.
#[inline(always)]
pub(crate) fn park_on<C: TargetCell + 'static>(
    cell: &Rc<C>,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<(), Interrupt> {
    let begun = match begin_unwatched(cell, at) {
        None => begin_to_wait(Target::Cell(cell.clone()), call, at)?,
        begun => begun,
    };
    match begun {
        Some(task) => cede(&task, call),
        None => Ok(()),
    }
}

/// [`begin_to_wait`] for what almost every await of a cell is: it is pending, the running task's own loop made it,
/// nobody watches and nothing is to be cancelled. `None` where it is not.
#[inline(never)]
fn begin_unwatched<C: TargetCell + 'static>(cell: &Rc<C>, at: &'static Location<'static>) -> Option<TaskRef> {
    if is_driven() || cell.completion().done() || stack::suspendable().is_err() {
        return None;
    }
    schedule::with_running(|running| {
        let schedule = running?;
        if schedule.is_special() || schedule.id() != cell.schedule().id() {
            return None;
        }
        schedule.with_current(|task| {
            let task = task.filter(|task| !task.must_cancel.get())?;
            cell.completion().add_waker(task.key());
            task.wait_for(Target::Cell(cell.clone()), at);
            Some(task.clone())
        })
    })
}

/// All that an await does before it cedes: the task that is to, or none if there is nothing to wait for any
/// more.
#[inline(never)]
fn begin_to_wait(
    target: Target,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<Option<TaskRef>, Interrupt> {
    if target.completion().done() {
        passed(&target, at);
        return Ok(None);
    }
    if let Some(driver) = driver() {
        return driver.wait(&target).map(|()| None);
    }
    let task = running_task(call)?;
    if let Some(refusal) = refusal(&task, &target) {
        // asyncio throws it in at the next step, so it costs a turn.
        yield_at(&task, at);
        cede(&task, call)?;
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
    Ok(Some(task))
}

/// As [`park`], of a task, which may be run on this stack without more ado.
#[inline]
pub(super) fn park_on_task(
    target: &TaskRef,
    call: &'static str,
    at: &'static Location<'static>,
) -> Result<(), Interrupt> {
    match handoff::await_on_top(target, at) {
        Some(Ok(delivered)) => came_back(delivered),
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
#[inline(always)]
pub(crate) fn yield_now(call: &'static str) -> Result<(), Interrupt> {
    if !handoff::yield_back(Location::caller()) {
        return yield_anyway(call, Location::caller());
    }
    came_back(schedule::with_running(|running| running?.with_current(|task| task?.take_delivered())))
}

/// The same with whatever may have to be done before or after.
#[inline(never)]
fn yield_anyway(call: &'static str, at: &'static Location<'static>) -> Result<(), Interrupt> {
    if let Some(driver) = driver() {
        return driver.yield_now();
    }
    let task = running_task(call)?;
    yield_at(&task, at);
    cede(&task, "yield_now")
}

#[inline]
fn yield_at(task: &TaskRef, at: &'static Location<'static>) {
    task.yields_at(at);
    task.schedule.push(Callback::Step(task.key()));
}

/// The task whose step runs here, if its stack can be suspended.
fn running_task(call: &'static str) -> Result<TaskRef, Interrupt> {
    let Some(current) = schedule::with_running(|running| running.map(Schedule::current)) else {
        return Err(Interrupt::Error(Error::no_running_loop(call)));
    };
    match (current, stack::suspendable()) {
        (Some(task), Ok(_)) => Ok(task),
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
#[inline(always)]
fn cede(task: &TaskRef, call: &'static str) -> Result<(), Interrupt> {
    if handoff::cede(task).is_err() {
        return Err(Interrupt::Error(Error::unwinding(call)));
    }
    came_back(task.take_delivered())
}

/// What an await gives whose step has delivered this.
#[inline(always)]
fn came_back(delivered: Option<Cancelled>) -> Result<(), Interrupt> {
    match delivered {
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
