use std::panic::{Location, resume_unwind};
use std::time::Duration;

use super::gather::Gather;
use super::joinable::Source;
use super::shield::Shield;
use super::timeout::Timeout;
use super::waitable::Waitable;
use crate::coroutine::{Awaitable, Body, Coroutine, Interrupt};
use crate::error::{Cancelled, Error, Failure, JoinError, TimedOut};
use crate::event_loop::running_loop;
use crate::facade;
use crate::outcome::Outcome;
use crate::promise::Promise;
use crate::target::{self, Awaited};
use crate::task::{Flatten, Task};
use crate::waiter::{Waiter, What};

/// Awaits something, for no longer than this; then cancels it, and gives [`TimedOut`] once it has ended.
///
/// A coroutine object is awaited in place, on this stack, and must return a `Result` whose error can say
/// that it is a cancellation; anything else is a task, a promise, or what another combinator gave. What
/// refuses the cancellation and ends with a value or an error of its own gives that. To let it go on instead,
/// [`shield`](crate::shield) it. `None` waits for ever.
///
/// No time at all starts nothing: what has ended already gives its result, a coroutine object never runs
/// (unless its loop [starts tasks eagerly](crate::TaskFactory::eager)), anything else is cancelled. For that
/// the coroutine object must own what it uses; for one that borrows there is [`timeout`](crate::timeout).
///
/// Awaiting cedes where the coroutine does, or until the task has ended. Cancelled while it waits, a task
/// cancels what it waits for.
///
/// asyncio counterpart: `asyncio.wait_for`.
///
/// ```
/// use cede::Awaitable;
/// use std::time::Duration;
///
/// #[cede::coroutine]
/// fn eternity() -> cede::Result<()> {
///     cede::sleep(Duration::from_secs(3600)).await?;
///     println!("yay!");
///     Ok(())
/// }
///
/// let limit = Duration::from_millis(1);
/// let waited = cede::run(cede::coroutine(move || cede::wait_for(eternity(), limit).await_()))?;
/// assert_eq!(waited.unwrap_err().to_string(), "timed out");
/// # Ok::<(), cede::Error>(())
/// ```
pub fn wait_for<A>(awaitable: A, timeout: impl Into<Option<Duration>>) -> WaitFor<A>
where
    A: Limited,
{
    WaitFor { awaitable, timeout: timeout.into() }
}

/// What [`wait_for`] gives; await it.
#[must_use = "it waits once it is awaited"]
#[derive(Debug)]
pub struct WaitFor<A> {
    awaitable: A,
    timeout: Option<Duration>,
}

/// # Errors
/// [`TimedOut`]; what the awaitable gives; outside a task.
impl<A, T, E> Awaitable for WaitFor<A>
where
    A: Limited + Awaitable<Output = Result<T, E>>,
    E: Failure + From<Error>,
{
    type Output = Result<T, E>;

    #[track_caller]
    fn await_(self) -> Result<T, E> {
        let WaitFor { awaitable, timeout: limit } = self;
        running_loop().map_err(|_| Error::no_running_loop("wait_for"))?;
        if limit == Some(Duration::ZERO) {
            return match awaitable.end_now() {
                Ok(Ended::Before(result)) => result,
                Ok(Ended::Cancelled { result, cancelled }) => timed_out_if_cancelled(result, cancelled),
                Ok(Ended::NeverBegan) => Err(Error::from(TimedOut::new()).into()),
                Err(error) => Err(match error.downcast_ref::<Cancelled>() {
                    Some(cancelled) => cancelled.clone().into(),
                    None => error.into(),
                }),
            };
        }
        let limit = Timeout::after(limit)?;
        let inside = limit.enter()?;
        let awaited = awaitable.handle();
        let result = awaitable.await_();
        let ours = inside.leave();
        if ours { timed_out_if_cancelled(result, awaited.is_some_and(is_cancelled)) } else { result }
    }
}

/// A task of a `Result` that ends cancelled gives `Ok(Err(…))`, so its outcome is asked, too.
fn timed_out_if_cancelled<T, E: Failure + From<Error>>(
    result: Result<T, E>,
    cancelled: bool,
) -> Result<T, E> {
    match result {
        Err(error) if error.is_cancelled() => Err(Error::from(TimedOut::new()).into()),
        Ok(_) if cancelled => Err(Error::from(TimedOut::new()).into()),
        result => result,
    }
}

fn is_cancelled(awaited: Awaited) -> bool {
    awaited.target.completion().outcome() == Outcome::Cancelled
}

/// What can be [waited for](wait_for) with a limit: a coroutine object, a task, a promise, what another
/// combinator gave, or a reference to one whose result is `Clone`.
pub trait Limited: Awaitable {
    /// What is awaited, unless it is a coroutine object.
    #[doc(hidden)]
    fn handle(&self) -> Option<Awaited>;

    /// Ends it without giving it any time.
    #[doc(hidden)]
    #[track_caller]
    fn end_now(self) -> Result<Ended<Self::Output>, Error>;
}

/// How something ended that was given no time.
#[doc(hidden)]
pub enum Ended<T> {
    /// By itself, before.
    Before(T),
    /// After we cancelled it, and whether as cancelled.
    Cancelled {
        result: T,
        cancelled: bool,
    },
    NeverBegan,
}

impl<F> Limited for Coroutine<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    fn handle(&self) -> Option<Awaited> {
        None
    }

    #[track_caller]
    fn end_now(self) -> Result<Ended<F::Returns>, Error> {
        let task = facade::create_task(self);
        let awaited = task.awaited();
        if awaited.done() {
            return Ok(ended(task.take(), Ended::Before)); // its loop starts tasks at once
        }
        cancel_and_wait(&awaited)?;
        let cancelled = is_cancelled(awaited);
        Ok(ended(task.take(), |result| Ended::Cancelled { result, cancelled }))
    }
}

/// How the task of a coroutine object ended, which as such has no [`JoinError`] to tell.
fn ended<T>(result: Result<T, JoinError>, with: impl FnOnce(T) -> Ended<T>) -> Ended<T> {
    match result {
        Ok(result) => with(result),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => Ended::NeverBegan,
    }
}

macro_rules! limited {
    ($([$($bounds:tt)*] $Handle:ty;)+) => {
        $(impl<$($bounds)*> Limited for $Handle {
            fn handle(&self) -> Option<Awaited> {
                Some(self.awaited())
            }

            #[track_caller]
            fn end_now(self) -> Result<Ended<Self::Output>, Error> {
                let awaited = self.awaited();
                if awaited.done() {
                    return Ok(Ended::Before(self.await_()));
                }
                cancel_and_wait(&awaited)?;
                Ok(Ended::Cancelled { result: self.await_(), cancelled: is_cancelled(awaited) })
            }
        })+
    };
}

limited! {
    [T: 'static] Task<T>;
    [T: Clone + 'static] &Task<T>;
    [T: 'static] Promise<T>;
    [T: Clone + 'static] &Promise<T>;
    [U: 'static, E: Failure + From<JoinError>] Flatten<U, E>;
    [V: 'static, E: Failure + From<Error>] Gather<V, E>;
    [V: Clone + 'static, E: Failure + From<Error> + Clone] &Gather<V, E>;
    [S: Source] Shield<S>;
}

/// Cancels and waits for the end, which is not awaited itself: that wait could not be cancelled.
#[track_caller]
fn cancel_and_wait(awaited: &Awaited) -> Result<(), Error> {
    let Awaited { target } = awaited;
    let waiter = Waiter::new(target.schedule().clone(), const { &What::of("wait_for") });
    let ended = waiter.clone();
    let callback = target.completion().add_call(target, Box::new(move || ended.wake()));
    target::cancel(target, None);
    let waited = waiter.wait("wait_for", Location::caller());
    target.completion().remove_call(callback);
    match waited {
        Ok(()) => Ok(()),
        Err(Interrupt::Cancelled(cancelled)) => Err(cancelled.into()),
        Err(Interrupt::Error(error)) => Err(error),
    }
}
