//! `to_thread`: a function that blocks, without blocking the loop.

use std::fmt;

use crate::coroutine::Awaitable;
use crate::error::{Error, JoinError};
use crate::event_loop::find_running;

/// Calls a function on a thread of the loop's pool; awaited, it gives the function's result.
///
/// It runs nothing until it is awaited. Awaiting it cedes until the function has returned; others run
/// meanwhile. Cancelled meanwhile, it gives the cancellation at once: a function that no thread has begun
/// never runs, one that runs is not interrupted, and its result is dropped. A panic of the function comes
/// out as the [`JoinError`] of a task's would.
///
/// asyncio counterpart: `asyncio.to_thread`. It differs in that the function does not see the task's context
/// variables: their values stay on their thread.
///
/// ```
/// use cede::Awaitable;
/// use std::time::Duration;
///
/// let slept = cede::run(cede::coroutine(|| {
///     cede::to_thread(|| {
///         std::thread::sleep(Duration::from_millis(1)); // others run meanwhile
///         "well"
///     })
///     .await_()
/// }))??;
/// assert_eq!(slept, "well");
/// # Ok::<(), cede::Error>(())
/// ```
///
/// What is sent must be `Send`, and own what it uses:
///
/// ```compile_fail
/// let local = std::rc::Rc::new(5);
/// cede::to_thread(move || *local); // E0277: `Rc` cannot be sent
/// ```
pub fn to_thread<F, T>(function: F) -> ToThread<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ToThread { function }
}

/// What [`to_thread`] gives; await it.
#[must_use = "it does nothing until it is awaited"]
pub struct ToThread<F> {
    function: F,
}

impl<F, T> Awaitable for ToThread<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn await_(self) -> Result<T, JoinError> {
        let event_loop = find_running().ok_or_else(|| Error::no_running_loop("to_thread"))?;
        event_loop.run_in_executor(None, self.function)?.await_().map_err(JoinError::from)
    }
}

impl<F> fmt::Debug for ToThread<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToThread").finish_non_exhaustive()
    }
}
