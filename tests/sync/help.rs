//! What these tests share.

use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, Failure, Task};

pub(crate) use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

/// Lets the others run for one turn: asyncio's `sleep(0)`.
#[track_caller]
pub(crate) fn turn() {
    cede::yield_now().await_().expect("nobody cancels the main task");
}

/// Lets the others run until they all wait.
#[track_caller]
pub(crate) fn settle() {
    cede::sleep(Duration::from_millis(1)).await_().expect("nobody cancels the main task");
}

/// A task whose body may fail.
#[track_caller]
pub(crate) fn spawn<U: 'static, E: Failure>(
    body: impl FnOnce() -> Result<U, E> + 'static,
) -> Task<Result<U, E>> {
    cede::create_task(cede::coroutine(body).fallible())
}

/// The same, with something shared.
#[track_caller]
pub(crate) fn spawn_with<S: 'static, U: 'static, E: Failure>(
    shared: &Rc<S>,
    body: impl FnOnce(&S) -> Result<U, E> + 'static,
) -> Task<Result<U, E>> {
    let shared = Rc::clone(shared);
    spawn(move || body(&shared))
}

/// Cancels a task in the next turn.
pub(crate) fn cancel_soon<T>(task: &Task<T>) {
    let task = task.handle();
    soon(move || {
        task.cancel();
    });
}

/// Cancels a task after some time.
pub(crate) fn cancel_later<T>(task: &Task<T>, milliseconds: u64, message: &'static str) {
    let task = task.handle();
    cede::running_loop().expect("a loop runs").call_later(Duration::from_millis(milliseconds), move || {
        task.cancel_with(message);
    });
}

/// Has the loop call a function in its next turn.
pub(crate) fn soon(callback: impl FnOnce() + 'static) {
    cede::running_loop().expect("a loop runs").call_soon(callback);
}

/// The text of a panic.
pub(crate) fn panic_text(panicking: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking)).expect_err("a panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}
