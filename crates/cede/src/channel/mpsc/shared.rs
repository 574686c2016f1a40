//! What the two ends share.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::error::{SendError, TryRecvError};
use crate::error::Cancelled;
use crate::sync::{Event, Left, Permits, WaitQueue};

pub(super) struct Shared<T> {
    values: RefCell<VecDeque<T>>,
    /// The room that is left, and who waits for some; none if there is always more.
    pub(super) room: Option<Permits>,
    pub(super) capacity: Option<usize>,
    pub(super) senders: Cell<usize>,
    /// Set when the receiver takes nothing more.
    pub(super) closed: Event,
    receivers: WaitQueue,
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: Option<usize>) -> Self {
        Shared {
            values: RefCell::default(),
            room: capacity.map(|capacity| Permits::new(capacity, None)),
            capacity,
            senders: Cell::new(0),
            closed: Event::new(),
            receivers: WaitQueue::new(),
        }
    }

    #[track_caller]
    pub(super) fn send(&self, value: T) -> Result<(), SendError<T>> {
        if let Some(room) = &self.room
            && !self.closed.is_set()
            && let Err(cancelled) = room.acquire("mpsc::Sender::send")
        {
            return Err(SendError::cancelled(value, cancelled));
        }
        self.put(value) // asks again whether it is closed: that wakes who waits for room
    }

    pub(super) fn try_send(&self, value: T) -> Result<(), SendError<T>> {
        match &self.room {
            Some(room) if !self.closed.is_set() && !room.try_acquire() => Err(SendError::full(value)),
            _ => self.put(value),
        }
    }

    /// Sends a value for which there is room.
    fn put(&self, value: T) -> Result<(), SendError<T>> {
        if self.closed.is_set() {
            return Err(SendError::closed(value));
        }
        self.values.borrow_mut().push_back(value);
        self.receivers.wake_next();
        Ok(())
    }

    #[track_caller]
    pub(super) fn recv(&self) -> Result<Option<T>, Cancelled> {
        loop {
            match self.try_recv() {
                Ok(value) => return Ok(Some(value)),
                Err(error) if error.is_closed() => return Ok(None),
                Err(_) => self.receivers.park("mpsc::Receiver::recv", |left| {
                    if left == Left::PassOn && self.len() > 0 {
                        self.receivers.wake_next();
                    }
                })?,
            }
        }
    }

    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let value = self.values.borrow_mut().pop_front();
        match value {
            Some(value) => {
                if let Some(room) = &self.room {
                    let _ = room.release(); // without a bound it cannot fail
                }
                Ok(value)
            }
            None if self.closed.is_set() || self.senders.get() == 0 => Err(TryRecvError::closed()),
            None => Err(TryRecvError::empty()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.borrow().len()
    }

    /// The receiver takes nothing more than what is here.
    pub(super) fn close(&self) {
        self.closed.set();
        if let Some(room) = &self.room {
            room.wake_all();
        }
        self.receivers.wake_all();
    }

    /// The receiver is gone.
    pub(super) fn abandon(&self) {
        self.close();
        let rest = self.values.take();
        drop(rest); // outside the borrow
    }

    /// The last sender is gone.
    pub(super) fn end(&self) {
        self.receivers.wake_all();
    }
}
