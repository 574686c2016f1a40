//! What CPython's own tests say of gather, wait, shield, as_completed, wait_for, timeout, task groups, eager
//! tasks and context variables, row by row of the table in `docs/design.md`: `row_20_timeout::…` is row 20.
//! Each test names the CPython test it follows, where there is one.
#![forbid(unsafe_code)]

mod chains;
mod contexts;
mod row_15_eager;
mod row_16_as_completed;
mod row_16_gather;
mod row_17_wait;
mod row_18_shield;
mod row_19_wait_for;
mod row_20_timeout;
mod row_21_task_group;

use std::time::Duration;

use cede::{Awaitable, Cancelled, Coroutine, Error, Promise, Task};

/// Seconds of the virtual clock.
pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What has passed since the loop's virtual clock began, in whole seconds.
pub(crate) fn elapsed(since: std::time::Instant) -> u64 {
    (cede::running_loop().expect("inside a loop").time() - since).as_secs()
}

/// What time it is on the running loop.
pub(crate) fn now() -> std::time::Instant {
    cede::running_loop().expect("inside a loop").time()
}

/// Sleeps, and returns what it was given.
#[cede::coroutine]
pub(crate) fn nap<T>(seconds: u64, value: T) -> cede::Result<T> {
    cede::sleep(secs(seconds)).await?;
    Ok(value)
}

/// Sleeps, and fails.
#[cede::coroutine]
pub(crate) fn fails(seconds: u64, text: &'static str) -> cede::Result<u32> {
    cede::sleep(secs(seconds)).await?;
    Err(Error::other(text))
}

/// Waits for a promise.
#[cede::coroutine]
pub(crate) fn waits_for<T: 'static>(promise: Promise<T>) -> cede::Result<T> {
    promise.await
}

/// Ends in this many turns, in no time.
#[cede::coroutine]
pub(crate) fn turns(count: u32) -> cede::Result<u32> {
    for _ in 0..count {
        cede::yield_now().await?;
    }
    Ok(count)
}

/// Sleeps; cancelled, says so and goes on to say it.
pub(crate) fn cancels_into(
    trace: &cede_tests::trace::Trace,
    name: &'static str,
) -> Coroutine<impl FnOnce() -> cede::Result<u32> + use<>> {
    let trace = trace.clone();
    cede::coroutine(move || {
        cede::sleep(secs(1000)).await_().inspect_err(|_| trace.add(name))?;
        Ok(1)
    })
    .fallible()
}

/// A task of [`cede::Result`]s, whose failures are failures.
#[track_caller]
pub(crate) fn spawn<F, T>(body: F) -> Task<cede::Result<T>>
where
    F: FnOnce() -> cede::Result<T> + 'static,
    T: 'static,
{
    cede::create_task(cede::coroutine(body).fallible())
}

/// Lets this many turns pass.
pub(crate) fn pass(turns: u32) -> Result<(), Cancelled> {
    for _ in 0..turns {
        cede::yield_now().await_()?;
    }
    Ok(())
}

/// Cancels the task that runs.
pub(crate) fn cancel_myself() {
    assert!(cede::current_task().expect("inside a task").cancel());
}

/// How many requests to cancel the running task are open.
pub(crate) fn cancelling() -> usize {
    cede::current_task().expect("inside a task").cancelling()
}
