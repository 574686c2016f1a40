use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Context, current, current_or_new};
use crate::error::Error;

/// A variable whose value belongs to the current task, and is copied to the tasks and callbacks that are made
/// there.
///
/// Made once, mostly as a `static`. It has no value until it is [set](Self::set), unless it was made
/// [with a default](Self::with_default). Reading and setting cede nothing; values stay on their thread, and
/// need not be `Send`.
///
/// asyncio counterpart: `contextvars.ContextVar`; tokio's is `task_local!`, which is not copied.
///
/// ```
/// use cede::{Awaitable, ContextVar};
///
/// static USER: ContextVar<String> = ContextVar::with_default("user", || "nobody".to_owned());
///
/// cede::run(cede::coroutine(|| {
///     assert_eq!(USER.get().as_deref(), Some("nobody"));
///     let token = USER.set("ann".to_owned());
///     let task = cede::create_task(cede::coroutine(|| USER.get()));
///     USER.reset(token).unwrap();
///     assert_eq!(USER.get().as_deref(), Some("nobody"));
///     assert_eq!(task.await_().unwrap().as_deref(), Some("ann")); // as when it was made
/// }))?;
/// # Ok::<(), cede::Error>(())
/// ```
pub struct ContextVar<T: 'static> {
    name: &'static str,
    default: Option<fn() -> T>,
    /// 0 until it is first used.
    id: AtomicU64,
}

impl<T: 'static> ContextVar<T> {
    /// A variable without a value.
    pub const fn new(name: &'static str) -> Self {
        ContextVar { name, default: None, id: AtomicU64::new(0) }
    }

    /// A variable that has this value where it is not set.
    pub const fn with_default(name: &'static str, default: fn() -> T) -> Self {
        ContextVar { name, default: Some(default), id: AtomicU64::new(0) }
    }

    /// Its name, for `Debug` and errors.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its value here, else its default, if it has one.
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.with(|value| value.cloned())
    }

    /// Looks at its value here, else at its default, if it has one.
    pub fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        let value = current().and_then(|context| context.value(self.id()));
        match (value, self.default) {
            (Some(value), _) => look(value.downcast_ref()),
            (None, Some(default)) => look(Some(&default())),
            (None, None) => look(None),
        }
    }

    /// Gives it a value, in the current context alone. The token takes that back.
    pub fn set(&self, value: T) -> Token<T> {
        let context = current_or_new();
        let before = context.replace(self.id(), Some(Rc::new(value)));
        Token { var: self.id(), name: self.name, before, context, value: PhantomData }
    }

    /// Gives it the value that it had before the [`set`](Self::set) that gave this token.
    ///
    /// # Errors
    /// When the token is another variable's, or the current context is not the one in which it was set.
    pub fn reset(&self, token: Token<T>) -> Result<(), Error> {
        if token.var != self.id() {
            return Err(Error::misuse(format!("{token:?} was created by a different ContextVar")));
        }
        if current().as_ref() != Some(&token.context) {
            return Err(Error::misuse(format!("{token:?} was created in a different Context")));
        }
        let before = token.context.replace(token.var, token.before);
        drop(before);
        Ok(())
    }

    pub(super) fn id(&self) -> u64 {
        static IDS: AtomicU64 = AtomicU64::new(1);
        match self.id.load(Ordering::Relaxed) {
            0 => {
                let new = IDS.fetch_add(1, Ordering::Relaxed);
                match self.id.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => new,
                    Err(other) => other, // another thread was first
                }
            }
            id => id,
        }
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ContextVar name='{}'>", self.name)
    }
}

/// What a [`ContextVar`] was before it was set; [`reset`](ContextVar::reset) takes it, once.
pub struct Token<T: 'static> {
    var: u64,
    name: &'static str,
    before: Option<Rc<dyn Any>>,
    context: Context,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone> Token<T> {
    /// The value before, if it had one (Python: `Token.old_value`).
    pub fn old_value(&self) -> Option<T> {
        self.before.as_ref()?.downcast_ref().cloned()
    }
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Token var=<ContextVar name='{}'>>", self.name)
    }
}
