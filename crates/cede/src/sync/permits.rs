//! Counting: asyncio's `Semaphore`, line by line, under both of ours and under bounded channels.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;

use super::event::Waiters;
use super::wait_queue::{Left, WaitQueue};
use crate::coroutine::Awaitable;
use crate::error::{Cancelled, Error};
use crate::report::{self, Report};

/// A number of permits, and those who wait for one.
///
/// Whoever wakes a waiter takes the permit for it out of the count, so nobody can come in between.
pub(crate) struct Permits {
    value: Cell<usize>,
    /// The value that [`release`](Self::release) may not exceed.
    bound: Option<usize>,
    waiters: WaitQueue,
}

impl Permits {
    pub(crate) const fn new(value: usize, bound: Option<usize>) -> Self {
        Permits { value: Cell::new(value), bound, waiters: WaitQueue::new() }
    }

    pub(crate) fn value(&self) -> usize {
        self.value.get()
    }

    /// Whether it cannot be acquired at once: there is none left, or somebody is to have it first.
    pub(crate) fn locked(&self) -> bool {
        self.value.get() == 0 || self.waiters.occupied()
    }

    pub(crate) fn try_acquire(&self) -> bool {
        let free = !self.locked();
        if free {
            self.value.set(self.value.get() - 1);
        }
        free
    }

    #[track_caller]
    pub(crate) fn acquire(&self, call: &'static str) -> Result<(), Cancelled> {
        if self.try_acquire() {
            return Ok(());
        }
        self.waiters.park(call, |left| {
            if left == Left::PassOn {
                self.value.set(self.value.get() + 1);
            }
            // Others may have had to wait although there were permits, because we were first.
            while self.value.get() > 0 && self.wake_next() {}
        })
    }

    pub(crate) fn release(&self) -> Result<(), Error> {
        let value = self.value.get();
        if self.bound.is_some_and(|bound| value >= bound) {
            return Err(Error::misuse("BoundedSemaphore released too many times"));
        }
        self.value.set(value.saturating_add(1));
        self.wake_next();
        Ok(())
    }

    /// Wakes everybody who waits, permit or not: for a channel that has been closed.
    pub(crate) fn wake_all(&self) {
        self.waiters.wake_all();
    }

    fn wake_next(&self) -> bool {
        let woken = self.waiters.wake_next();
        if woken {
            self.value.set(self.value.get() - 1);
        }
        woken
    }
}

impl fmt::Display for Permits {
    /// `unlocked, value:2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.locked() {
            f.write_str("locked")?;
        } else {
            write!(f, "unlocked, value:{}", self.value())?;
        }
        write!(f, "{}", Waiters(self.waiters.len()))
    }
}

/// What [`Semaphore::acquire`](super::Semaphore::acquire) and
/// [`BoundedSemaphore::acquire`](super::BoundedSemaphore::acquire) give; await it.
#[must_use = "it does not acquire until it is awaited"]
pub struct SemaphoreAcquire<'a> {
    permits: &'a Permits,
    call: &'static str,
}

impl<'a> SemaphoreAcquire<'a> {
    pub(super) fn new(permits: &'a Permits, call: &'static str) -> Self {
        SemaphoreAcquire { permits, call }
    }
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<'a> Awaitable for SemaphoreAcquire<'a> {
    type Output = Result<SemaphorePermit<'a>, Cancelled>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.permits.acquire(self.call)?;
        Ok(SemaphorePermit::new(self.permits))
    }
}

impl fmt::Debug for SemaphoreAcquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} [{}]>", self.call, self.permits)
    }
}

/// A permit of a semaphore; dropping it gives it back and wakes the next.
#[must_use = "dropped at once, it is given back at once"]
pub struct SemaphorePermit<'a> {
    permits: &'a Permits,
    site: &'static Location<'static>,
}

impl<'a> SemaphorePermit<'a> {
    #[track_caller]
    pub(super) fn new(permits: &'a Permits) -> Self {
        SemaphorePermit { permits, site: Location::caller() }
    }

    /// Keeps the permit out of the semaphore: asyncio's `acquire` without its `async with`. Somebody calls
    /// `release`, or there is one permit less from now on.
    pub fn forget(self) {
        std::mem::forget(self); // it borrows, so nothing is lost
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        give_back(self.permits, self.site);
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<SemaphorePermit acquired at {}>", self.site)
    }
}

/// A permit is dropped. Nobody can be told of an error but by a report.
pub(super) fn give_back(permits: &Permits, created: &'static Location<'static>) {
    if let Err(error) = permits.release() {
        let what = "a semaphore's permit".to_owned();
        report::report(&Report::ErrorInDrop { what, created, error: error.to_string() });
    }
}
