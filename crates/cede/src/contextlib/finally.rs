//! Clean-up that may await.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::error::{Failure, panic_text};
use crate::report::{self, Report};

/// Runs `body`, then `cleanup`, whatever became of the body: it returned, was cancelled, or panicked.
///
/// It runs `cleanup` *after* the unwind of a panic has been caught, so awaiting works there, where it is
/// refused in a destructor: a stack that is being unwound cannot pause. Then the panic goes on.
///
/// Cedes as `body` and `cleanup` do. A cancellation is delivered once: it ends an await in the body, and
/// the clean-up's own awaits are as any others; a second request to cancel interrupts one of those. While
/// the loop is closed by force, awaits in the clean-up leave it at once.
///
/// asyncio counterpart: `try: body finally: cleanup`. A panic of the clean-up goes on in the place of the
/// body's, as there.
///
/// ```
/// use cede::{Awaitable, finally};
///
/// let told = cede::run(cede::coroutine(|| {
///     let task = cede::create_task(cede::coroutine(|| {
///         finally(
///             || panic!("the well is dry"),
///             || cede::yield_now().await_().unwrap(), // says goodbye, others run meanwhile
///         )
///     }));
///     let error: cede::JoinError = task.await_().unwrap_err();
///     error.to_string()
/// }))?;
/// assert_eq!(told, "the task panicked: the well is dry");
/// # Ok::<(), cede::Error>(())
/// ```
pub fn finally<T>(body: impl FnOnce() -> T, cleanup: impl FnOnce()) -> T {
    let ended = catch_unwind(AssertUnwindSafe(body));
    cleanup();
    ended.unwrap_or_else(|payload| resume_unwind(payload))
}

/// As [`finally`], where both can fail.
///
/// An error of the clean-up goes on in the place of the body's result or error, as in Python; the error
/// that it replaces is reported, unless it was a cancellation. A panic of the body goes on whatever the
/// clean-up does, and then it is the clean-up's error that is reported.
///
/// ```
/// use cede::{Awaitable, try_finally};
///
/// let outcome = cede::run(cede::coroutine(|| {
///     try_finally(
///         || Ok::<_, cede::Error>(7),
///         || {
///             cede::yield_now().await_()?;
///             Err(cede::Error::other("cannot say goodbye"))
///         },
///     )
/// }))?;
/// assert_eq!(outcome.unwrap_err().to_string(), "cannot say goodbye");
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Errors
/// The clean-up's, else the body's.
pub fn try_finally<T, E: Failure>(
    body: impl FnOnce() -> Result<T, E>,
    cleanup: impl FnOnce() -> Result<(), E>,
) -> Result<T, E> {
    let ended = catch_unwind(AssertUnwindSafe(body));
    let cleaned = cleanup();
    match (ended, cleaned) {
        (Ok(result), Ok(())) => result,
        (Ok(result), Err(error)) => {
            if let Err(lost) = result {
                report_lost(&lost, format!("{error:?}"));
            }
            Err(error)
        }
        (Err(payload), cleaned) => {
            if let Err(lost) = cleaned {
                report_lost(&lost, the_panic(&*payload));
            }
            resume_unwind(payload)
        }
    }
}

fn report_lost<E: Failure>(lost: &E, instead: String) {
    if !lost.is_cancelled() {
        report::report(&Report::LostError { error: format!("{lost:?}"), instead });
    }
}

pub(super) fn the_panic(payload: &(dyn Any + Send)) -> String {
    format!("the panic '{}'", panic_text(payload))
}
