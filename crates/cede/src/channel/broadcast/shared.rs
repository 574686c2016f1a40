//! What all ends share: the values that somebody has yet to receive.
//!
//! ```text
//!   number:        first                              next
//!   slots:     ┌─────┬─────┬─────┬─────┬─────┐        (the next value sent)
//!              │  2  │  3  │  3  │  3  │  3  │   how many receivers have yet to receive it
//!              └─────┴──▲──┴─────┴─────┴─────┘
//!                       └ a receiver's position: it has received what is before
//! ```

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::error::RecvError;
use crate::sync::{Event, WaitQueue};

pub(super) struct Shared<T> {
    slots: RefCell<VecDeque<Slot<T>>>,
    capacity: usize,
    /// How many values have been sent: the number of the next.
    sent: Cell<u64>,
    pub(super) senders: Cell<usize>,
    pub(super) receivers: Cell<usize>,
    /// Set while there are no receivers.
    pub(super) unheard: Event,
    pub(super) waiters: WaitQueue,
}

struct Slot<T> {
    /// `None` once everybody has it.
    value: Option<Rc<T>>,
    left: usize,
}

impl<T> Slot<T> {
    /// Somebody receives it. The last one gets the value itself.
    fn receive(&mut self) -> Option<Rc<T>> {
        self.left -= 1;
        if self.left == 0 { self.value.take() } else { self.value.clone() }
    }
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Shared {
            slots: RefCell::default(),
            capacity,
            sent: Cell::new(0),
            senders: Cell::new(0),
            receivers: Cell::new(0),
            unheard: Event::new(),
            waiters: WaitQueue::new(),
        }
    }

    /// The number of the next value.
    pub(super) fn next(&self) -> u64 {
        self.sent.get()
    }

    /// The number of the oldest value that is here.
    fn first(&self) -> u64 {
        self.sent.get() - self.slots.borrow().len() as u64
    }

    /// Sends a value to all receivers; at least one is there.
    pub(super) fn send(&self, value: T) {
        let oldest = {
            let mut slots = self.slots.borrow_mut();
            let oldest = if slots.len() == self.capacity { slots.pop_front() } else { None };
            slots.push_back(Slot { value: Some(Rc::new(value)), left: self.receivers.get() });
            oldest
        };
        self.sent.set(self.sent.get() + 1);
        drop(oldest); // outside the borrow
        self.waiters.wake_all();
    }

    /// The value at a receiver's position, which moves on.
    pub(super) fn receive(&self, position: &Cell<u64>) -> Result<Rc<T>, RecvError> {
        let (at, first) = (position.get(), self.first());
        if at < first {
            position.set(first);
            return Err(RecvError::lagged(first - at));
        }
        if at == self.next() {
            let closed = self.senders.get() == 0;
            return Err(if closed { RecvError::closed() } else { RecvError::empty() });
        }
        position.set(at + 1);
        let value = self.slots.borrow_mut().get_mut(index(at - first)).and_then(Slot::receive);
        self.tidy();
        Ok(value.expect("a value stays until all have received it"))
    }

    /// A receiver goes: it will not receive what it has not.
    pub(super) fn leave(&self, position: u64) {
        let from = index(position.saturating_sub(self.first()));
        let values: Vec<_> =
            self.slots.borrow_mut().iter_mut().skip(from).map(|slot| slot.receive()).collect();
        drop(values); // outside the borrow
        self.tidy();
    }

    /// Forgets the oldest slots that everybody has received.
    fn tidy(&self) {
        let mut slots = self.slots.borrow_mut();
        while slots.front().is_some_and(|slot| slot.left == 0) {
            slots.pop_front(); // its value is gone already
        }
    }

    /// How many values are here that somebody has not received.
    pub(super) fn len(&self) -> usize {
        self.slots.borrow().len()
    }

    /// How many values a receiver has yet to receive, those it has missed included.
    pub(super) fn ahead(&self, position: u64) -> u64 {
        self.next() - position
    }
}

/// A difference of two numbers within the slots.
fn index(difference: u64) -> usize {
    usize::try_from(difference).unwrap_or(usize::MAX)
}
