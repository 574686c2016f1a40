//! Who runs, and who has parked last.

use super::Schedule;
use crate::callback::{Callback, TaskKey};
use crate::stack::Place;
use crate::task::{TaskCore, TaskRef};

impl Schedule {
    #[inline]
    pub(crate) fn current(&self) -> Option<TaskRef> {
        self.with_current(|current| current.cloned())
    }

    /// Looks at the task whose step runs. `look` must not change which that is.
    #[inline(always)]
    pub(crate) fn with_current<R>(&self, look: impl FnOnce(Option<&TaskRef>) -> R) -> R {
        let current = self.current.take();
        let seen = look(current.as_ref());
        self.current.set(current);
        seen
    }

    /// The task whose step runs is about to be suspended, and ready again. Whether there is one; nobody may watch.
    #[inline(always)]
    pub(crate) fn queue_current(&self, at: Place, note: impl FnOnce(&TaskRef)) -> bool {
        debug_assert!(!self.special.get());
        self.with_current(|current| {
            let Some(task) = current else { return false };
            note(task);
            self.ready.push_back(Callback::Step(task.key()));
            self.set_parked(task.key(), at);
            true
        })
    }

    pub(crate) fn is_current(&self, task: &TaskCore) -> bool {
        self.with_current(|current| current.is_some_and(|current| current.number() == task.number()))
    }

    #[inline]
    pub(crate) fn take_current(&self) -> Option<TaskRef> {
        self.current.take()
    }

    #[inline]
    pub(crate) fn set_current(&self, task: Option<TaskRef>) {
        self.current.set(task);
    }

    /// The same where none is, so that there is nobody to drop.
    #[inline(always)]
    pub(crate) fn put_current(&self, task: TaskRef) {
        let none = self.current.replace(Some(task));
        debug_assert!(none.is_none(), "whoever puts a task here has taken the one before");
        std::mem::forget(none);
    }

    #[inline]
    pub(crate) fn set_parked(&self, task: TaskKey, at: Place) {
        self.parked.set(task);
        self.parked_at.set(at);
    }

    /// The task that has parked last.
    pub(crate) fn parked(&self) -> TaskKey {
        self.parked.get()
    }

    /// Where it lies on its stack.
    #[inline]
    pub(crate) fn parked_at(&self) -> Place {
        self.parked_at.get()
    }

    #[inline]
    pub(crate) fn parked_is(&self, task: TaskKey) -> bool {
        self.parked.get() == task
    }
}
