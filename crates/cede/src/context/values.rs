use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::{ContextVar, Place, USED, current};
use crate::task::{AnyTask, Task};

/// Shared by copies until one of them sets a variable.
type Values = Rc<HashMap<u64, Rc<dyn Any>>>;

/// Which [`ContextVar`] has which value. Clones are the same context; [`copy`](Self::copy) makes another.
///
/// A task has one of its own, a copy of that in which it was made, and keeps it from its first step to its
/// last. To have several tasks share one, [make](Self::create_task) them in it.
///
/// asyncio counterpart: `contextvars.Context`. It differs in that a context that is entered may be entered
/// again: it stays on its thread, so nothing can go wrong.
///
/// ```
/// use cede::{Awaitable, ContextVar};
///
/// static REQUEST: ContextVar<u32> = ContextVar::new("request");
///
/// cede::run(cede::coroutine(|| {
///     REQUEST.set(7);
///     let task = cede::create_task(cede::coroutine(|| {
///         assert_eq!(REQUEST.get(), Some(7)); // copied when the task was made
///         REQUEST.set(8); // its own
///     }));
///     task.await_().unwrap();
///     assert_eq!(REQUEST.get(), Some(7));
/// }))?;
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Context {
    values: Rc<RefCell<Values>>,
}

impl Context {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another one with the same values. Costs the same however many they are.
    pub fn copy(&self) -> Self {
        let values = self.values.borrow().clone();
        Context { values: Rc::new(RefCell::new(values)) }
    }

    /// It is the current one as long as what this gives lives.
    pub(crate) fn enter(&self) -> Entered {
        USED.set(true);
        let place = Place::here();
        let before = place.replace(Some(self.clone()));
        Entered { place, before }
    }

    /// Calls a function in this context: what it reads and sets is read and set here. It may await.
    pub fn run<R>(&self, call: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        call()
    }

    /// The value that a variable has here; none if it was not set, even if it has a default.
    pub fn get<T: Clone + 'static>(&self, var: &ContextVar<T>) -> Option<T> {
        self.value(var.id())?.downcast_ref().cloned()
    }

    /// How many variables have a value here.
    pub fn len(&self) -> usize {
        self.values.borrow().len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn value(&self, id: u64) -> Option<Rc<dyn Any>> {
        self.values.borrow().get(&id).cloned()
    }

    /// Sets a variable, or takes its value away; gives that which it had.
    pub(super) fn replace(&self, id: u64, value: Option<Rc<dyn Any>>) -> Option<Rc<dyn Any>> {
        let mut values = self.values.borrow_mut();
        let values = Rc::make_mut(&mut values);
        match value {
            Some(value) => values.insert(id, value),
            None => values.remove(&id),
        }
    }
}

/// A copy of the current context (Python: `contextvars.copy_context`).
pub fn copy_context() -> Context {
    current().map_or_else(Context::new, |context| context.copy())
}

/// A context is the current one while this lives.
pub(crate) struct Entered {
    place: Place,
    before: Option<Context>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(self.place.replace(self.before.take()));
    }
}

/// Whether they are the same context, not whether they have the same values.
impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.values, &other.values)
    }
}

impl Eq for Context {}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Context of {} variables>", self.len())
    }
}

impl<T: 'static> Task<T> {
    /// Its context (asyncio: `Task.get_context`).
    pub fn context(&self) -> Context {
        self.handle().context()
    }
}

impl AnyTask {
    /// As [`Task::context`].
    pub fn context(&self) -> Context {
        USED.set(true);
        let place = Place::Task(self.task.clone());
        place.get().unwrap_or_else(|| {
            let context = Context::new();
            place.replace(Some(context.clone()));
            context
        })
    }
}
