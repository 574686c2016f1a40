//! What the two ends share.

use std::any::Any;
use std::cell::{Cell, RefCell};

use super::error::RecvError;
use crate::sync::{Event, Left, WaitQueue};

pub(super) struct Shared<T> {
    value: RefCell<Option<T>>,
    /// The sender has sent or is gone.
    over: Cell<bool>,
    /// Set when the receiver takes nothing any more.
    pub(super) closed: Event,
    waiters: WaitQueue,
    /// Dropped when the receiver takes nothing any more.
    kept: RefCell<Option<Box<dyn Any>>>,
}

impl<T> Shared<T> {
    pub(super) fn new() -> Self {
        Shared {
            value: RefCell::new(None),
            over: Cell::new(false),
            closed: Event::new(),
            waiters: WaitQueue::new(),
            kept: RefCell::default(),
        }
    }

    /// Keeps something for as long as the receiver takes a value.
    pub(super) fn keep(&self, kept: Box<dyn Any>) {
        self.kept.replace(Some(kept));
    }

    pub(super) fn send(&self, value: T) -> Result<(), T> {
        if self.closed.is_set() {
            return Err(value);
        }
        self.value.replace(Some(value));
        self.end();
        Ok(())
    }

    /// The sender is gone. Whatever it has sent is here.
    pub(super) fn end(&self) {
        self.over.set(true);
        self.waiters.wake_all();
    }

    #[track_caller]
    pub(super) fn recv(&self) -> Result<T, RecvError> {
        loop {
            match self.try_recv() {
                Err(error) if error.is_empty() => self.waiters.park("oneshot::Receiver", |_: Left| ())?,
                result => return result,
            }
        }
    }

    pub(super) fn try_recv(&self) -> Result<T, RecvError> {
        let value = self.value.take();
        match value {
            Some(value) => Ok(value),
            None if self.over.get() || self.closed.is_set() => Err(RecvError::closed()),
            None => Err(RecvError::empty()),
        }
    }

    /// The receiver takes nothing any more, but what is here.
    pub(super) fn close(&self) {
        self.closed.set();
        self.waiters.wake_all();
        let kept = self.kept.take();
        drop(kept); // outside the borrow
    }

    /// The receiver is gone.
    pub(super) fn abandon(&self) {
        self.close();
        let value = self.value.take();
        drop(value); // outside the borrow
    }
}
