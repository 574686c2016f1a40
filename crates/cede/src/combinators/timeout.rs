use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::error::{Error, Failure, TimedOut};
use crate::event_loop::{Handle, LoopHandle, TimerHandle, running_loop};
use crate::facade;
use crate::task::AnyTask;

/// Runs a closure, here and now, on this stack; when the time is over before it has returned, its task is
/// cancelled, and that cancellation comes out as [`TimedOut`].
///
/// The closure cedes where it awaits; this does not add to it. Its error type says ([`Failure`]) whether what
/// left it is a cancellation. Another error of the closure stays what it is, even after the time is over; so
/// does a cancellation that somebody else asked for; and if the closure returns a value all the same, that
/// is the result. (Awaiting a task of a `Result` in it, carry both errors on, with `??` or
/// [`flatten`](crate::Task::flatten): a cancelled task's `Ok(Err(_))` is a value like others.) `None` never
/// ends.
///
/// To move the end, to ask for it, or to know afterwards whether it came, make a [`Timeout`] and
/// [`run`](Timeout::run) the closure in that.
///
/// asyncio counterpart: `async with asyncio.timeout(delay)`.
///
/// ```
/// use cede::Awaitable;
/// use std::time::Duration;
///
/// let late = cede::run(cede::coroutine(|| {
///     cede::timeout(Duration::from_millis(1), || -> cede::Result<()> {
///         cede::sleep(Duration::from_secs(3600)).await_()?;
///         Ok(())
///     })
/// }))?;
/// assert!(late.unwrap_err().is_timeout());
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Errors
/// [`TimedOut`], as an `E`; what the closure returns; outside a task.
pub fn timeout<T, E>(delay: impl Into<Option<Duration>>, body: impl FnOnce() -> Result<T, E>) -> Result<T, E>
where
    E: Failure + From<Error>,
{
    Timeout::after(delay)?.run(body)
}

/// As [`timeout`], until a time of the loop's clock ([`LoopHandle::time`]). A time in the past is now: the
/// closure is cancelled at its first await that cedes.
///
/// asyncio counterpart: `async with asyncio.timeout_at(when)`.
///
/// # Errors
/// As [`timeout`].
pub fn timeout_at<T, E>(when: impl Into<Option<Instant>>, body: impl FnOnce() -> Result<T, E>) -> Result<T, E>
where
    E: Failure + From<Error>,
{
    Timeout::at(when).run(body)
}

/// A time limit for a closure: made, [`run`](Self::run) once, and meanwhile moved. Clones are the same one.
///
/// ```text
///   Created ── run ──► Active ── the closure returns ──► Finished
///                        │
///                 time is over: the task is cancelled
///                        ▼
///                     Expiring ── the closure returns ──► Expired
/// ```
///
/// asyncio counterpart: `asyncio.Timeout`, the context manager.
///
/// ```
/// use cede::{Awaitable, Timeout};
/// use std::time::Duration;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let limit = Timeout::after(Duration::from_millis(1))?;
///     limit.run(|| -> cede::Result<()> {
///         limit.reschedule(None)?; // no, take your time
///         cede::sleep(Duration::from_millis(3)).await_()?;
///         Ok(())
///     })?;
///     assert!(!limit.expired());
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Clone)]
pub struct Timeout {
    inner: Rc<Inner>,
}

struct Inner {
    state: Cell<State>,
    when: Cell<Option<Instant>>,
    /// While active with a deadline: what will end it.
    alarm: RefCell<Option<Alarm>>,
    /// Set by `run`.
    task: RefCell<Option<AnyTask>>,
    /// How many requests to cancel the task were open when it began.
    cancelling: Cell<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Created,
    Active,
    Expiring,
    Expired,
    Finished,
}

/// The deadline has passed already, or is still to come.
enum Alarm {
    Now(Handle),
    Later(TimerHandle),
}

impl Alarm {
    fn cancel(&self) {
        match self {
            Alarm::Now(handle) => handle.cancel(),
            Alarm::Later(timer) => timer.cancel(),
        }
    }
}

impl Timeout {
    /// A limit this far from now, or none.
    ///
    /// # Errors
    /// When no event loop runs on this thread.
    pub fn after(delay: impl Into<Option<Duration>>) -> Result<Self, Error> {
        let event_loop = running_loop().map_err(|_| Error::no_running_loop("timeout"))?;
        Ok(Timeout::at(delay.into().map(|delay| event_loop.time_after(delay))))
    }

    /// A limit at this time of the loop's clock, or none.
    pub fn at(when: impl Into<Option<Instant>>) -> Self {
        Timeout {
            inner: Rc::new(Inner {
                state: Cell::new(State::Created),
                when: Cell::new(when.into()),
                alarm: RefCell::new(None),
                task: RefCell::new(None),
                cancelling: Cell::new(0),
            }),
        }
    }

    /// Runs the closure under this limit. Once.
    ///
    /// # Errors
    /// As [`timeout`]; when it was run before ("Timeout has already been entered").
    pub fn run<T, E>(&self, body: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: Failure + From<Error>,
    {
        let inside = self.enter()?;
        let left = body();
        let ours = inside.leave();
        match left {
            Err(error) if ours && error.is_cancelled() => Err(Error::from(TimedOut::new()).into()),
            left => left,
        }
    }

    /// When it ends; `None` if never.
    pub fn when(&self) -> Option<Instant> {
        self.inner.when.get()
    }

    /// Whether the time is over, or was before the closure returned.
    pub fn expired(&self) -> bool {
        matches!(self.inner.state.get(), State::Expiring | State::Expired)
    }

    /// Moves the end. A time in the past ends it in the loop's next turn; `None` never.
    ///
    /// # Errors
    /// Unless it is active: before ("Timeout has not been entered"), and once the time is over or the closure
    /// has returned ("Cannot change state of … Timeout").
    pub fn reschedule(&self, when: impl Into<Option<Instant>>) -> Result<(), Error> {
        match self.inner.state.get() {
            State::Active => {}
            State::Created => return Err(Error::misuse("Timeout has not been entered")),
            state => return Err(Error::misuse(format!("Cannot change state of {state} Timeout"))),
        }
        let event_loop = running_loop().map_err(|_| Error::no_running_loop("Timeout::reschedule"))?;
        self.set_alarm(when.into(), &event_loop);
        Ok(())
    }

    /// Begins; what is given leaves again.
    pub(super) fn enter(&self) -> Result<Inside<'_>, Error> {
        if self.inner.state.get() != State::Created {
            return Err(Error::misuse("Timeout has already been entered"));
        }
        let (Ok(event_loop), Some(task)) = (running_loop(), facade::current_task()) else {
            return Err(Error::misuse("Timeout should be used inside a task"));
        };
        self.inner.state.set(State::Active);
        self.inner.cancelling.set(task.cancelling());
        self.inner.task.replace(Some(task));
        self.set_alarm(self.when(), &event_loop);
        Ok(Inside { inner: &self.inner })
    }

    fn set_alarm(&self, when: Option<Instant>, event_loop: &LoopHandle) {
        self.inner.when.set(when);
        let alarm = when.map(|when| {
            let inner = self.inner.clone();
            let over = move || inner.time_is_over();
            if when <= event_loop.time() {
                Alarm::Now(event_loop.call_soon(over))
            } else {
                Alarm::Later(event_loop.call_at(when, over))
            }
        });
        self.inner.silence(alarm);
    }
}

impl Inner {
    fn time_is_over(&self) {
        let task = self.task.borrow().clone();
        if let Some(task) = task {
            task.cancel();
        }
        self.state.set(State::Expiring);
        self.alarm.replace(None);
    }

    /// Puts another alarm in the place of the one that is set.
    fn silence(&self, next: Option<Alarm>) {
        let before = self.alarm.replace(next);
        if let Some(alarm) = before {
            alarm.cancel();
        }
    }

    /// The closure is left. Whether a cancellation that comes out of it is ours: the time is over, and
    /// nobody else has asked for one meanwhile.
    fn leave(&self) -> bool {
        self.silence(None);
        let task = self.task.take();
        match (self.state.get(), task) {
            (State::Expiring, Some(task)) => {
                self.state.set(State::Expired);
                task.uncancel() <= self.cancelling.get()
            }
            _ => {
                self.state.set(State::Finished);
                false
            }
        }
    }
}

/// While the closure runs. Left by unwinding, it does what is done otherwise.
pub(super) struct Inside<'a> {
    inner: &'a Inner,
}

impl Inside<'_> {
    /// The closure has returned. Whether a cancellation that comes out of it is the limit's.
    pub(super) fn leave(self) -> bool {
        let inner = self.inner;
        std::mem::forget(self);
        inner.leave()
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.inner.leave();
    }
}

impl fmt::Display for State {
    /// asyncio's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Created => "created",
            State::Active => "active",
            State::Expiring => "expiring",
            State::Expired => "expired",
            State::Finished => "finished",
        })
    }
}

impl fmt::Debug for Timeout {
    /// `<Timeout [active] when=…>`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.state.get();
        write!(f, "<Timeout [{state}]")?;
        if state == State::Active {
            match self.when() {
                Some(when) => write!(f, " when={when:?}")?,
                None => f.write_str(" when=None")?,
            }
        }
        f.write_str(">")
    }
}
