//! Who keeps others waiting: what a deadlock report and a tree of tasks ask about a wait for a lock.
//!
//! A task that waits for a lock is parked on a waiter of its own, which knows nothing of the lock. So
//! whoever waits leaves a note here, under the waiter's address, about who holds what it waits for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;

use crate::callback::TaskKey;
use crate::schedule;
use crate::target::Target;

/// Who holds something, and since where. Shared by the thing and by those who wait for it.
#[derive(Default)]
pub(crate) struct Holder {
    task: Cell<TaskKey>,
    at: Cell<Option<&'static Location<'static>>>,
}

impl Holder {
    /// The running task has taken it, here.
    #[inline]
    pub(crate) fn set(&self, at: &'static Location<'static>) {
        self.task.set(schedule::current().map_or(TaskKey::default(), |task| task.key()));
        self.at.set(Some(at));
    }

    pub(crate) fn clear(&self) {
        self.at.set(None);
    }

    /// The key of the task that has it, and where that took it.
    pub(crate) fn get(&self) -> Option<(TaskKey, &'static Location<'static>)> {
        self.at.get().map(|at| (self.task.get(), at))
    }
}

thread_local! {
    static NOTES: RefCell<BTreeMap<usize, Rc<Holder>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A note that is there while this lives.
pub(crate) struct Noted {
    address: usize,
}

/// Whoever waits for `target` waits for what `holder` has.
pub(crate) fn note(target: &Target, holder: Rc<Holder>) -> Noted {
    let address = target.addr();
    let _ = NOTES.try_with(|notes| notes.borrow_mut().insert(address, holder));
    Noted { address }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let note = NOTES.try_with(|notes| notes.borrow_mut().remove(&self.address));
        drop(note); // outside the borrow
    }
}

/// Who has what is waited for with `target`, as far as somebody left a note.
pub(crate) fn of(target: &Target) -> Option<Rc<Holder>> {
    NOTES.try_with(|notes| notes.borrow().get(&target.addr()).cloned()).ok().flatten()
}
