//! What the next steps need is asked for before they come.
//!
//! A task that has waited among thousands is in no cache: its block and its stack are a chain of pointers,
//! each line of it fetched only when the one before has come. The queue says long before whose turn it
//! will be, so the chain is walked ahead of the steps:
//!
//! ```text
//!   ready:   step T1   step T2   step T3   step T4   step T5   step T6   …
//!             runs               stack                         block
//! ```
//!
//! It changes nothing but when memory comes.

use super::Schedule;
use crate::stack;
use crate::task::TaskRef;

/// So many steps ahead a task's block is asked for: it must be there when its stack is.
const BLOCK: usize = 5;
/// And so many ahead its stack, or the idle one on which it is to start: an access to the memory takes longer than a
/// step.
const STACK: usize = 2;

impl Schedule {
    /// Has on its way what the next steps need, if there are so many tasks that it may have left the cache.
    #[inline(always)]
    pub(crate) fn fetch_ahead(&self) {
        if self.turn.todo.get() > STACK && self.tasks.borrow().is_large() {
            self.fetch();
        }
    }

    #[inline(never)]
    fn fetch(&self) {
        let tasks = self.tasks.borrow();
        let task = |ahead: usize| -> Option<&TaskRef> { tasks.get(self.ready.step_at(ahead)?) };
        if let Some(task) = task(BLOCK) {
            stack::fetch_lines(task.addr(), 2);
        }
        if let Some(task) = task(STACK) {
            if task.is_fresh() {
                self.workers.fetch(task.stack_bytes(), STACK);
            } else {
                task.fetch_stack();
            }
        }
    }
}
