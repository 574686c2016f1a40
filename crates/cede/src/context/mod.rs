//! Context variables: values that follow the work, not the thread (Python: `contextvars`).
//!
//! | file | its one idea |
//! |---|---|
//! | `values.rs` | a context: which variable has which value |
//! | `var.rs` | a variable |
//! | `mod.rs` | which context is the current one |
//!
//! The current context is the running task's own. A callback has one too, a copy of that in which it was
//! added; and so has the program outside any loop. Nothing is kept for a task until somebody sets a
//! variable: a program without variables pays one test of a flag for each task and each callback.

mod values;
mod var;

use std::cell::Cell;

pub use values::{Context, copy_context};
pub use var::{ContextVar, Token};

use crate::schedule;
use crate::task::{AnyTask, TaskRef};

thread_local! {
    /// Whether any context was ever used on this thread.
    static USED: Cell<bool> = const { Cell::new(false) };
    /// That of a callback, or of the program outside any loop.
    static OUTSIDE: Cell<Option<Context>> = const { Cell::new(None) };
}

/// Where the current context is kept.
enum Place {
    Task(TaskRef),
    Outside,
}

impl Place {
    fn here() -> Self {
        schedule::current().map_or(Place::Outside, Place::Task)
    }

    /// Puts a context here; gives that which was.
    fn replace(&self, context: Option<Context>) -> Option<Context> {
        match self {
            Place::Task(task) => task.context().replace(context),
            // Where a thread ends, there is none any more.
            Place::Outside => OUTSIDE.try_with(|outside| outside.replace(context)).ok().flatten(),
        }
    }

    fn get(&self) -> Option<Context> {
        let context = self.replace(None);
        drop(self.replace(context.clone()));
        context
    }
}

/// The current context, if it was ever used.
fn current() -> Option<Context> {
    if USED.get() { Place::here().get() } else { None }
}

/// The current context.
fn current_or_new() -> Context {
    USED.set(true);
    let place = Place::here();
    place.get().unwrap_or_else(|| {
        let context = Context::new();
        place.replace(Some(context.clone()));
        context
    })
}

/// That of a task, if any was ever used.
pub(crate) fn of(task: &AnyTask) -> Option<Context> {
    if USED.get() { Place::Task(task.task.clone()).get() } else { None }
}

/// What a task or a callback that is made here begins with: a copy of the current context, none if that is
/// empty.
#[inline]
pub(crate) fn inherit() -> Option<Context> {
    if USED.get() { inherit_used() } else { None }
}

#[cold]
fn inherit_used() -> Option<Context> {
    current().filter(|context| !context.is_empty()).map(|context| context.copy())
}

/// A callback that runs in a copy of the current context.
#[inline]
pub(crate) fn bind(callback: impl FnOnce() + 'static) -> Box<dyn FnOnce()> {
    match inherit() {
        None => Box::new(callback),
        Some(context) => Box::new(move || context.run(callback)),
    }
}

/// While this lives, a callback runs: it sees no variables but its own, and nobody else sees what it sets.
pub(crate) struct CallbackContext {
    before: Option<Context>,
}

impl CallbackContext {
    #[inline]
    pub(crate) fn enter() -> Self {
        CallbackContext { before: if USED.get() { Place::Outside.replace(None) } else { None } }
    }
}

impl Drop for CallbackContext {
    #[inline]
    fn drop(&mut self) {
        if USED.get() {
            drop(Place::Outside.replace(self.before.take()));
        }
    }
}
