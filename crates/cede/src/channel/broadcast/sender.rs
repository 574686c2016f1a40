use std::fmt;
use std::rc::Rc;

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::Shared;
use crate::channel::Closed;

/// The sending end of a [`channel`](super::channel). Clones are further senders; with the last one the
/// channel closes.
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

impl<T: Clone> Sender<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        shared.senders.set(shared.senders.get() + 1);
        Sender { shared }
    }

    /// Sends a value to every receiver and wakes those that wait; gives how many there are. Never waits:
    /// where the channel is full, the oldest value goes.
    ///
    /// # Errors
    /// When there are no receivers, with the value.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        match self.receiver_count() {
            0 => Err(SendError::new(value)),
            count => {
                self.shared.send(value);
                Ok(count)
            }
        }
    }

    /// A further receiver, of what is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(Rc::clone(&self.shared))
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.get()
    }

    /// How many values are in the channel that not every receiver has received.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether every receiver has received everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until there are no receivers. Cedes, or not at all if that is so already.
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.shared.unheard, "broadcast::Sender::closed")
    }
}

impl<T: Clone> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender::new(Rc::clone(&self.shared))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = self.shared.senders.get() - 1;
        self.shared.senders.set(left);
        if left == 0 {
            self.shared.waiters.wake_all();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    /// `<broadcast::Sender 2>`: how many values are in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<broadcast::Sender {}>", self.shared.len())
    }
}
