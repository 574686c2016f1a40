use std::fmt;
use std::rc::Rc;

use super::error::TryRecvError;
use super::shared::Shared;
use crate::coroutine::Awaitable;
use crate::error::Cancelled;

/// The receiving end of a [`channel`](super::channel) or an [`unbounded`](super::unbounded) one. Dropping it
/// closes the channel and drops what is in it.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        Receiver { shared }
    }

    /// Receives the next value, or `None` when the channel is closed and empty. Awaiting this cedes while
    /// there is none; cancelled meanwhile, it gives [`Cancelled`] and loses nothing.
    pub fn recv(&self) -> Receiving<'_, T> {
        Receiving { shared: &self.shared }
    }

    /// Receives the next value if there is one.
    ///
    /// # Errors
    /// When there is none: for now, or because the channel is closed.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shared.try_recv()
    }

    /// Takes nothing more: senders are refused from now on. What is in the channel can be received.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether nothing more can be sent: it was closed, or there are no senders left.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.is_set() || self.shared.senders.get() == 0
    }

    /// How many values are in the channel.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether none is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    /// `<mpsc::Receiver 1>`: how many values are in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<mpsc::Receiver {}>", self.len())
    }
}

/// What [`Receiver::recv`] gives; await it.
#[must_use = "it does not receive until it is awaited"]
pub struct Receiving<'a, T> {
    shared: &'a Shared<T>,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T> Awaitable for Receiving<'_, T> {
    type Output = Result<Option<T>, Cancelled>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.shared.recv()
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<mpsc::Receiver::recv>")
    }
}
