//! What a task is parked on.

use std::cell::Cell;
use std::rc::Rc;

use super::cell::TaskRef;
use crate::callback::TaskKey;
use crate::target::{Target, TargetCell};

/// A place for a [`Target`], or for none.
///
/// One word for a task and two for anything else, not the one enum: it is written and read again within
/// nanoseconds, and a processor hands a word that was just stored to a load of that word, but two stored words
/// to a load of both only when they have reached its cache.
#[derive(Default)]
#[repr(C)]
pub(super) struct Waiting {
    task: Cell<Option<TaskRef>>,
    cell: Cell<Option<Rc<dyn TargetCell>>>,
}

impl Waiting {
    #[inline]
    pub(super) fn set(&self, target: Target) {
        match target {
            Target::Task(task) => self.task.set(Some(task)),
            Target::Cell(cell) => self.cell.set(Some(cell)),
        }
    }

    /// The same of a task, where nothing is waited for, so that there is nothing to drop.
    #[inline(always)]
    pub(super) fn put_task(&self, task: TaskRef) {
        let none = self.task.replace(Some(task));
        debug_assert!(none.is_none(), "whoever runs waits for nothing");
        std::mem::forget(none);
    }

    #[inline]
    pub(super) fn take(&self) -> Option<Target> {
        match self.task.take() {
            Some(task) => Some(Target::Task(task)),
            None => self.cell.take().map(Target::Cell),
        }
    }

    #[inline]
    pub(super) fn take_task(&self) -> Option<TaskRef> {
        self.task.take()
    }

    pub(super) fn get(&self) -> Option<Target> {
        let target = self.take();
        if let Some(target) = &target {
            self.set(target.clone());
        }
        target
    }

    #[inline]
    pub(super) fn is_task(&self) -> bool {
        let task = self.task.take();
        let is = task.is_some();
        self.task.set(task);
        is
    }

    #[inline]
    pub(super) fn is_any(&self) -> bool {
        let cell = self.cell.take();
        let is = cell.is_some();
        self.cell.set(cell);
        is || self.is_task()
    }

    /// The task, if it is the one with this key.
    #[inline]
    pub(super) fn task_of(&self, key: TaskKey) -> Option<TaskRef> {
        let task = self.task.take();
        let found = task.as_ref().filter(|task| task.key() == key).cloned();
        self.task.set(task);
        found
    }
}
