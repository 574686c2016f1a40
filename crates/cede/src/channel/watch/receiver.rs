use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::Shared;
use super::error::RecvError;
use crate::coroutine::Awaitable;

/// A receiving end of a [`channel`](super::channel). Clones are further receivers, which have seen what this
/// one has.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// The version that was seen last.
    seen: Cell<u64>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        let seen = Cell::new(shared.version.get());
        Receiver::with_seen(shared, seen)
    }

    fn with_seen(shared: Rc<Shared<T>>, seen: Cell<u64>) -> Self {
        shared.receivers.set(shared.receivers.get() + 1);
        shared.unwatched.clear();
        Receiver { shared, seen }
    }

    /// The value as it is now. [`changed`](Self::changed) still waits for one that was not seen.
    pub fn borrow(&self) -> Rc<T> {
        self.shared.borrow()
    }

    /// The value as it is now, which counts as seen.
    pub fn borrow_and_update(&self) -> Rc<T> {
        self.seen.set(self.shared.version.get());
        self.shared.borrow()
    }

    /// Whether there is a value that was not seen.
    pub fn has_changed(&self) -> bool {
        self.seen.get() != self.shared.version.get()
    }

    /// Waits until there is a value that was not seen, which then counts as seen. Awaiting this cedes, or
    /// not at all if there is one; cancelled meanwhile, it leaves no trace. An error when all senders are
    /// gone.
    pub fn changed(&self) -> Changed<'_, T> {
        Changed { receiver: self }
    }

    /// Waits until the value is one that `wanted` says yes to, and gives it; it counts as seen. Cedes, or
    /// not at all if the present one is. An error when all senders are gone and the last value is not.
    pub fn wait_for<F: FnMut(&T) -> bool>(&self, wanted: F) -> WaitFor<'_, T, F> {
        WaitFor { receiver: self, wanted }
    }

    /// Whether all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.shared.senders.get() == 0
    }

    #[track_caller]
    fn change_as(&self, call: &'static str) -> Result<(), RecvError> {
        while !self.has_changed() {
            if self.is_closed() {
                return Err(RecvError::closed());
            }
            self.shared.waiters.park(call, |_| ())?;
        }
        self.seen.set(self.shared.version.get());
        Ok(())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver::with_seen(Rc::clone(&self.shared), self.seen.clone())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = self.shared.receivers.get() - 1;
        self.shared.receivers.set(left);
        if left == 0 {
            self.shared.unwatched.set();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let news = if self.has_changed() { ", not seen" } else { "" };
        write!(f, "<watch::Receiver {:?}{news}>", self.borrow())
    }
}

/// What [`Receiver::changed`] gives; await it.
#[must_use = "it does not wait until it is awaited"]
pub struct Changed<'a, T> {
    receiver: &'a Receiver<T>,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T> Awaitable for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.receiver.change_as("watch::Receiver::changed")
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<watch::Receiver::changed>")
    }
}

/// What [`Receiver::wait_for`] gives; await it.
#[must_use = "it does not wait until it is awaited"]
pub struct WaitFor<'a, T, F> {
    receiver: &'a Receiver<T>,
    wanted: F,
}

/// # Panics
/// As [`Changed`]'s.
impl<T, F: FnMut(&T) -> bool> Awaitable for WaitFor<'_, T, F> {
    type Output = Result<Rc<T>, RecvError>;

    #[track_caller]
    fn await_(mut self) -> Self::Output {
        loop {
            let value = self.receiver.borrow_and_update();
            if (self.wanted)(&value) {
                return Ok(value);
            }
            self.receiver.change_as("watch::Receiver::wait_for")?;
        }
    }
}

impl<T, F> fmt::Debug for WaitFor<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<watch::Receiver::wait_for>")
    }
}
