//! What a task and a promise have in common: an outcome that is set once, and a list of callbacks that go
//! to the ready queue when it is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::callback::{Callback, TaskKey};
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::Target;

/// Names a callback for removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

/// An entry of a callback list.
enum Entry {
    /// A task is parked here: step it.
    Wake(TaskKey),
    Call(CallbackId, Box<dyn FnOnce()>),
}

pub(crate) struct Completion {
    outcome: Cell<Outcome>,
    /// Almost every list has one entry, so the first needs no allocation.
    first: RefCell<Option<Entry>>,
    rest: RefCell<Vec<Entry>>,
    ids: Cell<u64>,
    /// How many handles could still read the result.
    readers: Cell<usize>,
    /// Somebody has looked at the failure, or it has been reported.
    read: Cell<bool>,
}

impl Completion {
    pub(crate) fn new() -> Self {
        Completion {
            outcome: Cell::new(Outcome::Pending),
            first: RefCell::new(None),
            rest: RefCell::new(Vec::new()),
            ids: Cell::new(0),
            readers: Cell::new(0),
            read: Cell::new(false),
        }
    }

    #[inline]
    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome.get()
    }

    #[inline]
    pub(crate) fn done(&self) -> bool {
        self.outcome.get() != Outcome::Pending
    }

    fn add(&self, entry: Entry) {
        let mut first = self.first.borrow_mut();
        if first.is_none() && self.rest.borrow().is_empty() {
            *first = Some(entry);
        } else {
            self.rest.borrow_mut().push(entry);
        }
    }

    /// Parks a task here: it is stepped when this ends.
    #[inline]
    pub(crate) fn add_waker(&self, task: TaskKey) {
        self.add(Entry::Wake(task));
    }

    /// Adds a callback; if this has ended already, it goes to the queue at once.
    pub(crate) fn add_call(&self, target: &Rc<dyn Target>, run: Box<dyn FnOnce()>) -> CallbackId {
        let id = CallbackId(self.ids.get());
        self.ids.set(id.0 + 1);
        if self.done() {
            target.schedule().push(Callback::Done { target: target.clone(), run });
        } else {
            self.add(Entry::Call(id, run));
        }
        id
    }

    /// How many callbacks of this name were taken off the list: none once it has gone to the queue.
    pub(crate) fn remove_call(&self, id: CallbackId) -> usize {
        let is = |entry: &Entry| matches!(entry, Entry::Call(other, _) if *other == id);
        let removed: Vec<Entry> = {
            let mut first = self.first.borrow_mut();
            let mut rest = self.rest.borrow_mut();
            let mut removed: Vec<Entry> = rest.extract_if(.., |entry| is(entry)).collect();
            if first.as_ref().is_some_and(is) {
                removed.extend(first.take());
                if !rest.is_empty() {
                    *first = Some(rest.remove(0));
                }
            }
            removed
        };
        removed.len() // dropped here, outside the borrows
    }

    /// Sets the outcome and queues all callbacks, in the order in which they were added.
    pub(crate) fn complete(&self, outcome: Outcome, target: &Rc<dyn Target>, schedule: &Schedule) {
        debug_assert!(!self.done() && outcome != Outcome::Pending);
        self.outcome.set(outcome);
        let first = self.first.take();
        let rest = self.rest.take();
        for entry in first.into_iter().chain(rest) {
            schedule.push(match entry {
                Entry::Wake(task) => Callback::Step(task),
                Entry::Call(_, run) => Callback::Done { target: target.clone(), run },
            });
        }
    }

    // ---- who can still read the result

    pub(crate) fn add_reader(&self) {
        self.readers.set(self.readers.get() + 1);
    }

    /// Whether that was the last one and a failure is left unread.
    pub(crate) fn drop_reader(&self) -> bool {
        self.readers.set(self.readers.get() - 1);
        self.unread()
    }

    /// Whether there is a failure that nobody has read and nobody can. Says so once.
    pub(crate) fn unread(&self) -> bool {
        self.failed() && self.readers.get() == 0 && !self.read.replace(true)
    }

    /// As [`drop_reader`](Self::drop_reader), for one who tells of the failure in another way.
    pub(crate) fn drop_reader_quietly(&self) {
        self.readers.set(self.readers.get() - 1);
        self.mark_read();
    }

    /// Whether it ended with an error or a panic.
    pub(crate) fn failed(&self) -> bool {
        matches!(self.outcome(), Outcome::Failed | Outcome::Panicked)
    }

    pub(crate) fn mark_read(&self) {
        self.read.set(true);
    }
}
