use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::error::RecvError;
use super::shared::Shared;
use crate::coroutine::Awaitable;

/// A receiving end of a [`channel`](super::channel).
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// The number of the next value.
    position: Cell<u64>,
}

impl<T: Clone> Receiver<T> {
    pub(super) fn new(shared: Rc<Shared<T>>) -> Self {
        shared.receivers.set(shared.receivers.get() + 1);
        shared.unheard.clear();
        let position = Cell::new(shared.next());
        Receiver { shared, position }
    }

    /// Receives the next value. Awaiting this cedes while there is none; cancelled meanwhile, it loses
    /// nothing. An error also when values were [missed](RecvError::missed), once, and when all senders are
    /// gone and everything was received.
    pub fn recv(&self) -> Receiving<'_, T> {
        Receiving { receiver: self }
    }

    /// Receives the next value if there is one.
    ///
    /// # Errors
    /// When there is none, for now or for ever, and when values were missed.
    pub fn try_recv(&self) -> Result<T, RecvError> {
        let value = self.shared.receive(&self.position)?;
        Ok(Rc::try_unwrap(value).unwrap_or_else(|shared| T::clone(&shared)))
    }

    /// A further receiver, of what is sent from now on.
    pub fn resubscribe(&self) -> Receiver<T> {
        Receiver::new(Rc::clone(&self.shared))
    }

    /// How many values it has yet to receive; those that it has missed are among them until it is told.
    pub fn len(&self) -> u64 {
        self.shared.ahead(self.position.get())
    }

    /// Whether it has received everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.shared.senders.get() == 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = self.shared.receivers.get() - 1;
        self.shared.receivers.set(left);
        self.shared.leave(self.position.get());
        if left == 0 {
            self.shared.unheard.set();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    /// `<broadcast::Receiver 2>`: how many values it has yet to receive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<broadcast::Receiver {}>", self.shared.ahead(self.position.get()))
    }
}

/// What [`Receiver::recv`] gives; await it.
#[must_use = "it does not receive until it is awaited"]
pub struct Receiving<'a, T> {
    receiver: &'a Receiver<T>,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T: Clone> Awaitable for Receiving<'_, T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        loop {
            match self.receiver.try_recv() {
                Err(error) if error.is_empty() => {
                    self.receiver.shared.waiters.park("broadcast::Receiver::recv", |_| ())?;
                }
                result => return result,
            }
        }
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<broadcast::Receiver::recv>")
    }
}
