//! What can be a child of a combinator, and how its result is read.

use super::gather::Gather;
use super::shield::Shield;
use super::waitable::Waitable;
use crate::coroutine::{Body, Coroutine};
use crate::error::JoinError;
use crate::facade;
use crate::outcome::Classify;
use crate::promise::Promise;
use crate::target::Awaited;
use crate::task::Task;

/// What can be waited for together with others: a coroutine object, which is made a task; a task, a
/// promise, a gather or a shield. By value its result is moved out, by reference it is cloned.
///
/// asyncio counterpart: `asyncio.ensure_future`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be waited for together with others",
    note = "pass a `Coroutine`, a `Task`, a `Promise`, or a reference to one whose result is `Clone`"
)]
pub trait Joinable: Sized {
    /// Its result.
    type Output: 'static;
    /// What reads the result.
    #[doc(hidden)]
    type Source: Source<Output = Self::Output>;

    /// A coroutine object becomes a task, whose outcome is read as `classify` says, if it says anything.
    #[doc(hidden)]
    #[track_caller]
    fn ensure(self, classify: Option<Classify<Self::Output>>) -> Self::Source;
}

/// A child that has begun: its end can be waited for, its result read once it has ended.
#[doc(hidden)]
pub trait Source: Waitable + 'static {
    type Output: 'static;

    /// Looks at the result, if there is one.
    fn peek<R>(&self, look: impl FnOnce(&Self::Output) -> R) -> Option<R>;

    /// The result, or why there is none. To be called once.
    fn take(&self) -> Result<Self::Output, JoinError>;
}

impl<F> Joinable for Coroutine<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    type Output = F::Returns;
    type Source = Task<F::Returns>;

    /// # Panics
    /// When no event loop runs on this thread, or it is closed.
    #[track_caller]
    fn ensure(self, classify: Option<Classify<F::Returns>>) -> Task<F::Returns> {
        facade::create_task(match classify {
            Some(classify) => self.classified(classify),
            None => self,
        })
    }
}

impl<T: 'static> Joinable for Task<T> {
    type Output = T;
    type Source = Task<T>;

    fn ensure(self, _classify: Option<Classify<T>>) -> Task<T> {
        self
    }
}

impl<T: 'static> Source for Task<T> {
    type Output = T;

    fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        Task::peek(self, look)
    }

    fn take(&self) -> Result<T, JoinError> {
        Task::take(self)
    }
}

impl<T: 'static> Joinable for Promise<T> {
    type Output = T;
    type Source = Promise<T>;

    fn ensure(self, _classify: Option<Classify<T>>) -> Promise<T> {
        self
    }
}

impl<T: 'static> Source for Promise<T> {
    type Output = T;

    fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        Promise::peek(self, look)
    }

    fn take(&self) -> Result<T, JoinError> {
        Ok(Promise::take(self)?)
    }
}

impl<V: 'static, E: 'static> Joinable for Gather<V, E> {
    type Output = Result<V, E>;
    type Source = Gather<V, E>;

    fn ensure(self, _classify: Option<Classify<Self::Output>>) -> Gather<V, E> {
        self
    }
}

impl<S: Source> Joinable for Shield<S> {
    type Output = S::Output;
    type Source = Shield<S>;

    fn ensure(self, _classify: Option<Classify<S::Output>>) -> Shield<S> {
        self
    }
}

/// A handle whose result is cloned, for somebody else has it too.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shared<S>(S);

impl<S: Source> Waitable for Shared<S> {
    fn awaited(&self) -> Awaited {
        self.0.awaited()
    }
}

impl<S: Source<Output: Clone>> Source for Shared<S> {
    type Output = S::Output;

    fn peek<R>(&self, look: impl FnOnce(&S::Output) -> R) -> Option<R> {
        self.0.peek(look)
    }

    fn take(&self) -> Result<S::Output, JoinError> {
        match self.0.peek(Clone::clone) {
            Some(result) => Ok(result),
            None => self.0.take(), // there is no result to take, only the reason
        }
    }
}

impl<T: Clone + 'static> Joinable for &Task<T> {
    type Output = T;
    type Source = Shared<Task<T>>;

    fn ensure(self, _classify: Option<Classify<T>>) -> Shared<Task<T>> {
        Shared(self.share())
    }
}

impl<T: Clone + 'static> Joinable for &Promise<T> {
    type Output = T;
    type Source = Shared<Promise<T>>;

    fn ensure(self, _classify: Option<Classify<T>>) -> Shared<Promise<T>> {
        Shared(self.clone())
    }
}

impl<V: Clone + 'static, E: Clone + 'static> Joinable for &Gather<V, E> {
    type Output = Result<V, E>;
    type Source = Shared<Gather<V, E>>;

    fn ensure(self, _classify: Option<Classify<Self::Output>>) -> Shared<Gather<V, E>> {
        Shared(self.share())
    }
}
