use std::cell::Cell;
use std::fmt;

use super::condition::Condition;
use super::lock::{Lock, LockGuard};
use crate::coroutine::Awaitable;
use crate::error::{Cancelled, Error, Failure};

/// A place where tasks wait for each other: when enough are there, all go on.
///
/// It *fills* until [`parties`](Self::parties) tasks wait, then *drains*: those go on, and who comes
/// meanwhile is kept outside until the last of them has left; then it fills again. [`reset`](Self::reset)
/// sends everybody who waits away with an error and fills anew; [`abort`](Self::abort) breaks it, and every
/// wait gives an error until it is reset.
///
/// asyncio counterpart: `asyncio.Barrier`.
///
/// ```
/// use cede::{Awaitable, sync::Barrier};
/// use std::rc::Rc;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let start = Rc::new(Barrier::new(3));
///     let runner = || {
///         let start = Rc::clone(&start);
///         cede::create_task(cede::coroutine(move || start.wait().await_())) // cedes until three are there
///     };
///     let runners = [runner(), runner(), runner()];
///     let mut places = Vec::new();
///     for runner in runners {
///         places.push(runner.await_()??);
///     }
///     assert_eq!(places, [0, 1, 2]); // each has an index of its own
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
pub struct Barrier {
    /// Makes waiting one step after another, as asyncio's condition does.
    lock: Lock<()>,
    changed: Condition,
    parties: usize,
    state: Cell<State>,
    /// How many are inside: waiting, or on their way out.
    count: Cell<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Until enough are there; set when the last one has left a barrier that drained or was reset.
    Filling,
    /// Those inside leave; set by the one who made the number full. Nobody enters.
    Draining,
    /// Those inside leave with an error. Nobody enters.
    Resetting,
    /// Everybody gets an error, until it is reset.
    Broken,
}

impl Barrier {
    /// A barrier that opens for so many at a time.
    ///
    /// # Panics
    /// When that is none: "parties must be > 0".
    #[track_caller]
    pub const fn new(parties: usize) -> Self {
        assert!(parties > 0, "Barrier::new: parties must be > 0");
        Barrier {
            lock: Lock::new(()),
            changed: Condition::new(),
            parties,
            state: Cell::new(State::Filling),
            count: Cell::new(0),
        }
    }

    /// Waits until enough tasks wait; gives each of them an index of its own, from 0, in the order in which
    /// they came. Awaiting this cedes, unless it makes the number full; cancelled meanwhile, it gives up its
    /// place.
    ///
    /// asyncio counterpart: `Barrier.wait`, `async with barrier`.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait { barrier: self }
    }

    /// Sends away everybody who waits, each with an error, and fills anew; mends a broken barrier. Awaiting
    /// this cedes only while others are on their way in or out; cancelled meanwhile, it does nothing.
    ///
    /// asyncio counterpart: `Barrier.reset`.
    pub fn reset(&self) -> BarrierReset<'_> {
        BarrierReset { barrier: self }
    }

    /// Breaks it: everybody who waits, or will, gets an error. Awaiting this cedes as
    /// [`reset`](Self::reset).
    ///
    /// asyncio counterpart: `Barrier.abort`.
    pub fn abort(&self) -> BarrierAbort<'_> {
        BarrierAbort { barrier: self }
    }

    /// How many it takes to open it.
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many wait in it; 0 unless it fills.
    pub fn waiting(&self) -> usize {
        if self.state.get() == State::Filling { self.count.get() } else { 0 }
    }

    /// Whether it was aborted and not reset since.
    pub fn broken(&self) -> bool {
        self.state.get() == State::Broken
    }

    /// Waits while others drain or are sent away.
    #[track_caller]
    fn enter(&self, guard: &mut LockGuard<'_, ()>) -> Result<(), BarrierError> {
        let shut = |_: &mut ()| matches!(self.state.get(), State::Draining | State::Resetting);
        self.changed.wait_while(guard, shut).named("Barrier::wait").await_()?;
        if self.broken() { Err(BarrierError::broken("Barrier aborted")) } else { Ok(()) }
    }

    /// Waits inside until it no longer fills.
    #[track_caller]
    fn stay(&self, guard: &mut LockGuard<'_, ()>) -> Result<(), BarrierError> {
        let filling = |_: &mut ()| self.state.get() == State::Filling;
        self.changed.wait_while(guard, filling).named("Barrier::wait").await_()?;
        match self.state.get() {
            State::Broken | State::Resetting => Err(BarrierError::broken("Abort or reset of barrier")),
            State::Filling | State::Draining => Ok(()),
        }
    }
}

/// Somebody is inside; dropped when they leave, however they do.
struct Inside<'a>(&'a Barrier);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let Inside(barrier) = *self;
        barrier.count.set(barrier.count.get() - 1);
        if barrier.count.get() == 0 {
            if matches!(barrier.state.get(), State::Resetting | State::Draining) {
                barrier.state.set(State::Filling);
            }
            barrier.changed.notify_all();
        }
    }
}

impl fmt::Debug for Barrier {
    /// As CPython: `<Barrier [filling, waiters:1/3]>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state.get() {
            State::Filling => "filling",
            State::Draining => "draining",
            State::Resetting => "resetting",
            State::Broken => return f.write_str("<Barrier [broken]>"),
        };
        write!(f, "<Barrier [{state}, waiters:{}/{}]>", self.waiting(), self.parties)
    }
}

/// What [`Barrier::wait`] gives; await it.
#[must_use = "it does not wait until it is awaited"]
#[derive(Debug)]
pub struct BarrierWait<'a> {
    barrier: &'a Barrier,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl Awaitable for BarrierWait<'_> {
    type Output = Result<usize, BarrierError>;

    #[track_caller]
    fn await_(self) -> Result<usize, BarrierError> {
        let barrier = self.barrier;
        let mut guard = barrier.lock.lock_as("Barrier::wait")?;
        barrier.enter(&mut guard)?;
        let index = barrier.count.replace(barrier.count.get() + 1);
        let inside = Inside(barrier); // dropped before the guard
        if index + 1 == barrier.parties {
            barrier.state.set(State::Draining);
            barrier.changed.notify_all();
        } else {
            barrier.stay(&mut guard)?;
        }
        drop(inside);
        Ok(index)
    }
}

/// What [`Barrier::reset`] gives; await it.
#[must_use = "it does not reset until it is awaited"]
#[derive(Debug)]
pub struct BarrierReset<'a> {
    barrier: &'a Barrier,
}

/// # Panics
/// As [`BarrierWait`]'s.
impl Awaitable for BarrierReset<'_> {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        let barrier = self.barrier;
        let _guard = barrier.lock.lock_as("Barrier::reset")?;
        barrier.state.set(if barrier.count.get() > 0 { State::Resetting } else { State::Filling });
        barrier.changed.notify_all();
        Ok(())
    }
}

/// What [`Barrier::abort`] gives; await it.
#[must_use = "it does not abort until it is awaited"]
#[derive(Debug)]
pub struct BarrierAbort<'a> {
    barrier: &'a Barrier,
}

/// # Panics
/// As [`BarrierWait`]'s.
impl Awaitable for BarrierAbort<'_> {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        let barrier = self.barrier;
        let _guard = barrier.lock.lock_as("Barrier::abort")?;
        barrier.state.set(State::Broken);
        barrier.changed.notify_all();
        Ok(())
    }
}

/// Why a wait at a [`Barrier`] did not end with enough being there.
#[doc(alias = "BrokenBarrierError")]
#[derive(Clone, PartialEq, Eq)]
pub struct BarrierError {
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Cancelled(Cancelled),
    Broken(&'static str),
}

impl BarrierError {
    fn broken(text: &'static str) -> Self {
        BarrierError { kind: Kind::Broken(text) }
    }

    /// Whether the task that waited was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled(_))
    }

    /// Whether the barrier was aborted or reset (asyncio: `BrokenBarrierError`).
    pub fn is_broken(&self) -> bool {
        matches!(self.kind, Kind::Broken(_))
    }
}

impl Failure for BarrierError {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }
}

impl From<Cancelled> for BarrierError {
    fn from(cancelled: Cancelled) -> Self {
        BarrierError { kind: Kind::Cancelled(cancelled) }
    }
}

impl From<BarrierError> for Error {
    fn from(error: BarrierError) -> Self {
        match error.kind {
            Kind::Cancelled(cancelled) => cancelled.into(),
            Kind::Broken(_) => Error::other(error),
        }
    }
}

impl From<BarrierError> for std::io::Error {
    fn from(error: BarrierError) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(cancelled) => cancelled.fmt(f),
            Kind::Broken(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BarrierError({self})")
    }
}

impl std::error::Error for BarrierError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Cancelled(cancelled) => Some(cancelled),
            Kind::Broken(_) => None,
        }
    }
}
