use std::fmt;
use std::rc::Rc;

use super::shared::Shared;
use crate::channel::Closed;

/// The sending end of a [`channel`](super::channel): consumed by the one value it sends. Dropped without
/// sending, it leaves the receiver with an error.
#[must_use = "dropped at once, it closes the channel at once"]
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        Sender { shared }
    }

    /// Sends the value and wakes who waits for it. Never waits.
    ///
    /// # Errors
    /// When the receiver is gone or has closed the channel: the value.
    pub fn send(self, value: T) -> Result<(), T> {
        self.shared.send(value)
    }

    /// Whether the receiver takes nothing any more.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.is_set()
    }

    /// Waits until the receiver takes nothing any more: then there is no use in working out the value.
    /// Cedes, or not at all if that is so already.
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.shared.closed, "oneshot::Sender::closed")
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<oneshot::Sender>")
    }
}
