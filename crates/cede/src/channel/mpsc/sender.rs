use std::fmt;
use std::rc::Rc;

use super::error::SendError;
use super::shared::Shared;
use crate::channel::Closed;
use crate::coroutine::Awaitable;

/// One of the senders' holds on the channel; with the last one it closes.
pub(super) struct Link<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Link<T> {
    pub(super) fn new(shared: &Rc<Shared<T>>) -> Self {
        shared.senders.set(shared.senders.get() + 1);
        Link { shared: Rc::clone(shared) }
    }
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        Link::new(&self.shared)
    }
}

impl<T> Drop for Link<T> {
    fn drop(&mut self) {
        let left = self.shared.senders.get() - 1;
        self.shared.senders.set(left);
        if left == 0 {
            self.shared.end();
        }
    }
}

/// The sending end of a [`channel`](super::channel). Clones are further senders.
pub struct Sender<T> {
    link: Link<T>,
}

impl<T> Sender<T> {
    pub(super) fn new(link: Link<T>) -> Self {
        Sender { link }
    }

    /// Sends a value. Awaiting this cedes while the channel is full or others wait for room; cancelled
    /// meanwhile, or refused because the channel is closed, it gives the value back in the error.
    pub fn send(&self, value: T) -> Sending<'_, T> {
        Sending { shared: &self.link.shared, value }
    }

    /// Sends a value if [`send`](Self::send) would not cede.
    ///
    /// # Errors
    /// When the channel is full or closed, with the value.
    pub fn try_send(&self, value: T) -> Result<(), SendError<T>> {
        self.link.shared.try_send(value)
    }

    /// Whether the receiver takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.link.shared.closed.is_set()
    }

    /// Waits until the receiver takes nothing more. Cedes, or not at all if that is so already.
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.link.shared.closed, "mpsc::Sender::closed")
    }

    /// For how many values more there is room. What is promised to senders that wait is not counted.
    pub fn capacity(&self) -> usize {
        self.link.shared.room.as_ref().map_or(usize::MAX, |room| room.value())
    }

    /// For how many values there is room when nothing is in the channel.
    pub fn max_capacity(&self) -> usize {
        self.link.shared.capacity.unwrap_or(usize::MAX)
    }

    /// Whether they send into the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Rc::ptr_eq(&self.link.shared, &other.link.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender { link: self.link.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    /// `<mpsc::Sender 1 of 2>`: how many values are in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<mpsc::Sender {} of {}>", self.link.shared.len(), self.max_capacity())
    }
}

/// What [`Sender::send`] gives; await it.
#[must_use = "it does not send until it is awaited"]
pub struct Sending<'a, T> {
    shared: &'a Shared<T>,
    value: T,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T> Awaitable for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.shared.send(self.value)
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<mpsc::Sender::send>")
    }
}

/// The sending end of an [`unbounded`](super::unbounded) channel. Clones are further senders.
pub struct UnboundedSender<T> {
    link: Link<T>,
}

impl<T> UnboundedSender<T> {
    pub(super) fn new(link: Link<T>) -> Self {
        UnboundedSender { link }
    }

    /// Sends a value; never waits.
    ///
    /// # Errors
    /// When the channel is closed, with the value.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.link.shared.try_send(value)
    }

    /// Whether the receiver takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.link.shared.closed.is_set()
    }

    /// Waits until the receiver takes nothing more. Cedes, or not at all if that is so already.
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.link.shared.closed, "mpsc::UnboundedSender::closed")
    }

    /// Whether they send into the same channel.
    pub fn same_channel(&self, other: &UnboundedSender<T>) -> bool {
        Rc::ptr_eq(&self.link.shared, &other.link.shared)
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        UnboundedSender { link: self.link.clone() }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    /// `<mpsc::UnboundedSender 1>`: how many values are in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<mpsc::UnboundedSender {}>", self.link.shared.len())
    }
}
