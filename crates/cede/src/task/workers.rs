//! The workers of a loop that are idle: stacks with their resident coroutine, ready for the next task.

use std::cell::RefCell;

use crate::stack::{self, StackError, Worker};

#[derive(Default)]
pub(crate) struct Workers {
    /// By size class; last in, first out, for its stack is the warmest.
    idle: RefCell<Vec<Vec<Worker>>>,
}

impl Workers {
    /// An idle worker with a stack of at least this many bytes.
    pub(super) fn take(&self, bytes: usize) -> Result<Worker, StackError> {
        let class = stack::class_of(bytes)?;
        let idle = self.idle.borrow_mut().get_mut(usize::from(class)).and_then(Vec::pop);
        match idle {
            Some(worker) => Ok(worker),
            None => Worker::new(class),
        }
    }

    /// Has the stack brought to the cache that a task with a stack of so many bytes gets, if so many others start
    /// before it.
    pub(crate) fn fetch(&self, bytes: usize, before: usize) {
        let Ok(class) = stack::class_of(bytes) else { return };
        let idle = self.idle.borrow();
        if let Some(worker) = idle.get(usize::from(class)).and_then(|idle| idle.iter().nth_back(before)) {
            worker.fetch_idle();
        }
    }

    pub(super) fn put(&self, worker: Worker) {
        let class = usize::from(worker.class());
        let mut idle = self.idle.borrow_mut();
        if idle.len() <= class {
            idle.resize_with(class + 1, Vec::new);
        }
        idle[class].push(worker);
    }

    /// Gives all their stacks back.
    pub(crate) fn clear(&self) {
        let idle = self.idle.take();
        drop(idle); // outside the borrow: a worker that ends runs on its stack
    }
}
