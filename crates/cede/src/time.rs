//! Waiting: for a time, and for one turn.

use std::panic::Location;
use std::time::Duration;

use crate::coroutine::{Awaitable, Interrupt};
use crate::error::{Cancelled, Error};
use crate::event_loop::running_loop;
use crate::report::{self, Report};
use crate::task;

/// Pauses the task for at least this long while others run. Zero is [`yield_now`].
///
/// Awaiting it cedes, once; cancelled meanwhile, it gives [`Cancelled`] at once and the timer is withdrawn.
/// A time too long to represent is as long as can be. Where a thousand timers are pending, they are served in batches,
/// and one may be up to 200 µs late for that.
///
/// asyncio counterpart: `asyncio.sleep`. It differs in that the time is a [`Duration`], so it can be neither
/// negative nor NaN.
///
/// ```
/// use cede::Awaitable;
/// use std::time::Duration;
/// cede::run(cede::coroutine(|| cede::sleep(Duration::from_millis(1)).await_()))?.unwrap();
/// # Ok::<(), cede::Error>(())
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { duration }
}

/// Lets everybody else who is ready go first: cedes for exactly one turn (asyncio: `sleep(0)`).
pub fn yield_now() -> YieldNow {
    YieldNow { _private: () }
}

/// What [`sleep`] gives; await it.
#[must_use = "it does not sleep until it is awaited"]
#[derive(Debug)]
pub struct Sleep {
    duration: Duration,
}

/// What [`yield_now`] gives; await it.
#[must_use = "it does not cede until it is awaited"]
#[derive(Debug)]
pub struct YieldNow {
    _private: (),
}

/// # Panics
/// Outside a task: "no running event loop", or nobody who could cede. While the stack is being unwound it
/// does nothing and reports that.
impl Awaitable for Sleep {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        if self.duration.is_zero() {
            return settle(task::yield_now("sleep"), "sleep");
        }
        settle(pause(self.duration, "sleep"), "sleep")
    }
}

/// Sleeps, for the library's own calls: what keeps it from sleeping is an error.
#[track_caller]
pub(crate) fn pause(duration: Duration, call: &'static str) -> Result<(), Interrupt> {
    let event_loop = running_loop().map_err(|_| Interrupt::Error(Error::no_running_loop(call)))?;
    let sleeper = event_loop.begin_sleep(duration, Location::caller());
    let slept = sleeper.wait(call, Location::caller());
    event_loop.end_sleep(&sleeper);
    slept
}

/// # Panics
/// As [`Sleep`]'s.
impl Awaitable for YieldNow {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    #[inline(always)]
    fn await_(self) -> Result<(), Cancelled> {
        settle(task::yield_now("yield_now"), "yield_now")
    }
}

#[track_caller]
#[inline(always)]
fn settle(outcome: Result<(), Interrupt>, call: &'static str) -> Result<(), Cancelled> {
    match outcome {
        Ok(()) => Ok(()),
        Err(interrupt) => interrupted(interrupt, call),
    }
}

#[cold]
#[track_caller]
fn interrupted(interrupt: Interrupt, call: &'static str) -> Result<(), Cancelled> {
    match interrupt {
        Interrupt::Cancelled(cancelled) => Err(cancelled),
        Interrupt::Error(error) if error.is_unwinding() => {
            report::report(&Report::AwaitWhileUnwinding { call });
            Ok(())
        }
        Interrupt::Error(error) => panic!("{error}"),
    }
}
