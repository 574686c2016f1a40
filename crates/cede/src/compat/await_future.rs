//! `future.await_()`.

use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::coroutine::{Awaitable, Interrupt};
use crate::error::{Cancelled, Error};
use crate::foreign::Loan;
use crate::report::{self, Report};
use crate::schedule;

const CALL: &str = "await of a future";

/// Any `std::future::Future`: polled here, on this stack, however deep; while it is pending the task is
/// parked and the loop goes on. A future that is ready at once does not cede.
///
/// Its waker may be cloned, sent and used from any thread, also when all is over. Cancelled while it is
/// pending, this gives [`Cancelled`] and drops the future, which is how futures are cancelled.
///
/// A future that needs its own runtime's reactor, as tokio's sockets and timers do, must find that running.
/// While a task waits for a future, the loop waits too, instead of reporting a deadlock: nobody can say who
/// will wake it.
///
/// asyncio counterpart: awaiting any object that has `__await__`.
///
/// ```
/// use cede::Awaitable;
///
/// async fn answer() -> u32 {
///     std::future::ready(40).await + 2
/// }
///
/// let answer = cede::run(cede::coroutine(|| answer().await_()))?;
/// assert_eq!(answer, Ok(42));
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// When it is pending and no task runs here that could be parked. With the future's own panic.
impl<F: Future> Awaitable for F {
    type Output = Result<F::Output, Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<F::Output, Cancelled> {
        let at = Location::caller();
        match poll_parking(self, at) {
            Ok(output) => Ok(output),
            Err(Interrupt::Cancelled(cancelled)) => Err(cancelled),
            Err(Interrupt::Error(error)) if error.is_unwinding() => {
                report::report(&Report::AwaitWhileUnwinding { call: CALL });
                Err(Cancelled::new())
            }
            Err(Interrupt::Error(error)) => panic!("{error}"),
        }
    }
}

fn poll_parking<F: Future>(future: F, at: &'static Location<'static>) -> Result<F::Output, Interrupt> {
    let Some(schedule) = schedule::running() else {
        // Nobody could wake us; but it may be ready.
        return match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(Interrupt::Error(Error::no_running_loop(CALL))),
        };
    };
    let wait = Loan::of(&schedule, at); // before the future, so that it goes after it, wakers and all
    let mut future = pin!(future);
    loop {
        wait.hush();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&wait.waker)) {
            return Ok(output);
        }
        wait.until_rung(CALL, at)?;
    }
}
