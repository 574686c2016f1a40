use std::fmt;
use std::rc::Rc;

use super::Shared;
use super::error::SendError;
use super::receiver::Receiver;
use crate::channel::Closed;

/// The sending end of a [`channel`](super::channel). Clones are further senders; with the last one the
/// channel closes.
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        shared.senders.set(shared.senders.get() + 1);
        Sender { shared }
    }

    /// Puts a value in the place of the one before, and wakes the receivers that wait for a change. Never
    /// waits.
    ///
    /// # Errors
    /// When there are no receivers, with the value; the old one stays.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError::new(value));
        }
        self.shared.replace(value);
        Ok(())
    }

    /// Puts a value in the place of the one before, which is returned, whether or not there are receivers.
    pub fn send_replace(&self, value: T) -> Rc<T> {
        self.shared.replace(value)
    }

    /// Changes the value: works on a copy, which then takes its place.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let mut value = T::clone(&self.borrow());
        modify(&mut value);
        self.shared.replace(value);
    }

    /// The value as it is now.
    pub fn borrow(&self) -> Rc<T> {
        self.shared.borrow()
    }

    /// A further receiver, which counts the present value as seen.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(Rc::clone(&self.shared))
    }

    /// Whether there are no receivers.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there are no receivers. Cedes, or not at all if that is so already.
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.shared.unwatched, "watch::Sender::closed")
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.get()
    }
}

impl<T> Clone for Sender<T> {
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

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<watch::Sender {:?}>", self.borrow())
    }
}
