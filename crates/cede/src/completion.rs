//! What a task and a promise have in common: an outcome that is set once, and a list of callbacks that go
//! to the ready queue when it is.

use std::cell::Cell;

use crate::callback::{Callback, TaskKey};
use crate::observe::Event;
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::{Awaited, Target};

/// Names a callback for removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

/// A callback list, in the order of adding.
///
/// Almost every list is one task that waits, so that needs no allocation.
enum Callbacks {
    None,
    /// A task is parked here: step it.
    Wake(TaskKey),
    #[allow(clippy::box_collection)] // keeps the list, and so every promise and task, small
    Many(Box<Vec<Entry>>),
}

enum Entry {
    Wake(TaskKey),
    Call(CallbackId, Box<dyn FnOnce()>),
}

impl Entry {
    fn queued(self, target: &Target) -> Callback {
        match self {
            Entry::Wake(task) => Callback::Step(task),
            Entry::Call(_, run) => Callback::done(target, run),
        }
    }
}

/// Out of line, for most lists are one task that waits.
#[inline(never)]
fn queue(entries: Vec<Entry>, target: &Target, schedule: &Schedule) {
    for entry in entries {
        schedule.push(entry.queued(target));
    }
}

pub(crate) struct Completion {
    outcome: Cell<Outcome>,
    /// Somebody has looked at the failure, or it has been reported.
    read: Cell<bool>,
    /// How many handles could still read the result.
    readers: Cell<u32>,
    /// Taken out and put back by whoever changes it: no callback runs meanwhile.
    callbacks: Cell<Callbacks>,
}

impl Completion {
    pub(crate) fn new() -> Self {
        Completion {
            outcome: Cell::new(Outcome::Pending),
            read: Cell::new(false),
            readers: Cell::new(0),
            callbacks: Cell::new(Callbacks::None),
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

    #[cold]
    fn add(&self, entry: Entry) {
        let mut entries = match self.callbacks.replace(Callbacks::None) {
            Callbacks::None => Box::default(),
            Callbacks::Wake(task) => Box::new(vec![Entry::Wake(task)]),
            Callbacks::Many(entries) => entries,
        };
        entries.push(entry);
        self.callbacks.set(Callbacks::Many(entries));
    }

    /// Parks a task here: it is stepped when this ends.
    #[inline]
    pub(crate) fn add_waker(&self, task: TaskKey) {
        match self.callbacks.replace(Callbacks::None) {
            Callbacks::None => self.callbacks.set(Callbacks::Wake(task)),
            others => {
                self.callbacks.set(others);
                self.add(Entry::Wake(task));
            }
        }
    }

    /// Whether all that its end has to do is to wake this task.
    #[inline]
    pub(crate) fn waker_is(&self, task: TaskKey) -> bool {
        match self.callbacks.replace(Callbacks::None) {
            Callbacks::Wake(waker) => {
                self.callbacks.set(Callbacks::Wake(waker));
                waker == task
            }
            others => {
                self.callbacks.set(others);
                false
            }
        }
    }

    /// Whether there is nobody on the list.
    #[inline]
    pub(crate) fn calls_nobody(&self) -> bool {
        let callbacks = self.callbacks.replace(Callbacks::None);
        let nobody = matches!(callbacks, Callbacks::None);
        self.callbacks.set(callbacks);
        nobody
    }

    /// Sets the outcome of what has a result; whoever it would wake goes on by himself.
    #[inline]
    pub(crate) fn finish(&self) {
        self.outcome.set(Outcome::Finished);
        let waker = self.callbacks.replace(Callbacks::None);
        debug_assert!(matches!(waker, Callbacks::Wake(_)));
        std::mem::forget(waker); // a key: to find out that there is nothing to drop would be a call
    }

    /// Adds a callback; if this has ended already, it goes to the queue at once.
    pub(crate) fn add_call(&self, target: &Target, run: Box<dyn FnOnce()>) -> CallbackId {
        let schedule = target.schedule();
        let id = CallbackId(schedule.next_callback_id());
        if self.done() {
            schedule.push_for(Callback::done(target, run), target);
        } else {
            self.add(Entry::Call(id, run));
            schedule.observe(|| Event::CallbackAdded {
                to: Awaited { target: target.clone() },
                by: schedule.running_task(),
            });
        }
        id
    }

    /// How many callbacks of this name were taken off the list: none once it has gone to the queue.
    pub(crate) fn remove_call(&self, id: CallbackId) -> usize {
        let removed: Vec<Entry> = match self.callbacks.replace(Callbacks::None) {
            Callbacks::Many(mut entries) => {
                let is = |entry: &mut Entry| matches!(entry, Entry::Call(other, _) if *other == id);
                let removed = entries.extract_if(.., is).collect();
                self.callbacks.set(Callbacks::Many(entries));
                removed
            }
            others => {
                self.callbacks.set(others);
                Vec::new()
            }
        };
        removed.len() // their captures are dropped with the list back in place
    }

    /// Makes it pending again, for something that ends many times; nobody waits for it now.
    #[inline]
    pub(crate) fn begin_again(&self) {
        self.outcome.set(Outcome::Pending);
        self.callbacks.set(Callbacks::None);
    }

    /// Sets the outcome and queues all callbacks, in the order in which they were added; `target` is what ends.
    #[inline(always)]
    pub(crate) fn complete(&self, outcome: Outcome, target: impl FnOnce() -> Target, schedule: &Schedule) {
        debug_assert!(!self.done() && outcome != Outcome::Pending);
        self.outcome.set(outcome);
        if schedule.observing() {
            return self.complete_told(outcome, &target(), schedule);
        }
        match self.callbacks.replace(Callbacks::None) {
            Callbacks::None => {}
            Callbacks::Wake(task) => schedule.push(Callback::Step(task)),
            Callbacks::Many(entries) => queue(*entries, &target(), schedule),
        }
    }

    /// The same, telling the observer.
    #[cold]
    fn complete_told(&self, outcome: Outcome, target: &Target, schedule: &Schedule) {
        schedule.observe(|| Event::Ended {
            what: Awaited { target: target.clone() },
            outcome,
            by: schedule.running_task(),
        });
        match self.callbacks.replace(Callbacks::None) {
            Callbacks::None => {}
            Callbacks::Wake(task) => schedule.push_for(Callback::Step(task), target),
            Callbacks::Many(entries) => {
                for entry in *entries {
                    schedule.push_for(entry.queued(target), target);
                }
            }
        }
    }

    /// What is on the list: tasks, by key, and functions.
    pub(crate) fn listed(&self) -> Vec<Option<TaskKey>> {
        let callbacks = self.callbacks.replace(Callbacks::None);
        let listed = match &callbacks {
            Callbacks::None => Vec::new(),
            Callbacks::Wake(task) => vec![Some(*task)],
            Callbacks::Many(entries) => entries
                .iter()
                .map(|entry| match entry {
                    Entry::Wake(task) => Some(*task),
                    Entry::Call(..) => None,
                })
                .collect(),
        };
        self.callbacks.set(callbacks);
        listed
    }

    // ---- who can still read the result

    pub(crate) fn readers(&self) -> u32 {
        self.readers.get()
    }

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
