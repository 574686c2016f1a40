use std::fmt;
use std::rc::Rc;

use super::error::RecvError;
use super::shared::Shared;
use crate::coroutine::Awaitable;

/// The receiving end of a [`channel`](super::channel) or of [`from_thread`](super::from_thread). Await it.
/// Dropping it closes the channel.
#[must_use = "dropped at once, it closes the channel at once"]
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        Receiver { shared }
    }

    /// Receives the value if it is there.
    ///
    /// # Errors
    /// When it is not: for now, or because it never will be.
    pub fn try_recv(&self) -> Result<T, RecvError> {
        self.shared.try_recv()
    }

    /// Takes nothing any more: the sender is refused from now on. A value that was sent can be received.
    pub fn close(&self) {
        self.shared.close();
    }
}

/// Receives the value. Cedes until it is there, or not at all if it is; cancelled meanwhile, it gives
/// [`Cancelled`](crate::Cancelled) and, as the receiver is consumed, closes the channel.
///
/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T> Awaitable for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.shared.recv()
    }
}

/// As by value, but the receiver is left: cancelled, it can be awaited again.
impl<T> Awaitable for &Receiver<T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.shared.recv()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<oneshot::Receiver>")
    }
}
