use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::joinable::{Joinable, Source};
use crate::completion::CallbackId;
use crate::coroutine::{Awaitable, Interrupt};
use crate::error::JoinError;
use crate::outcome::Outcome;
use crate::target::{self, Awaited, Target};
use crate::waiter::{Waiter, What};

/// Waits for something without taking it along when the wait is cancelled: that goes on.
///
/// A coroutine object is made a task here and now. Awaiting cedes until what is inside has ended; if it has
/// ended already, not at all. Cancelled while it waits, a task gets the cancellation at once, and what is
/// inside does not notice. Cancelled itself, what is inside gives the cancellation to whoever awaits.
///
/// If it fails later, and nobody else has a handle on it, that is reported.
///
/// asyncio counterpart: `asyncio.shield`. It differs in that nothing need hold on to the task: the loop does.
///
/// ```
/// use cede::Awaitable;
/// use std::time::Duration;
///
/// #[cede::coroutine]
/// fn save() -> cede::Result<&'static str> {
///     cede::sleep(Duration::from_millis(3)).await?;
///     Ok("saved")
/// }
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let saving = cede::create_task(save());
///     let late = cede::timeout(Duration::from_millis(1), || cede::shield(&saving).await_());
///     assert!(late.unwrap_err().is_timeout());
///     assert_eq!(saving.flatten().await_()?, "saved");
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// When a coroutine object is given and no event loop runs on this thread.
#[track_caller]
pub fn shield<J: Joinable>(inner: J) -> Shield<J::Source> {
    Shield::new(inner.ensure(None))
}

/// What [`shield`] gives; await it.
#[must_use = "it shields whoever awaits it"]
pub struct Shield<S: Source> {
    inner: S,
    /// What is awaited instead; none if what is inside had ended already.
    outer: Option<Rc<Waiter>>,
}

impl<S: Source> Shield<S> {
    #[track_caller]
    fn new(inner: S) -> Self {
        let Awaited { target } = inner.awaited();
        if target.completion().done() {
            return Shield { inner, outer: None };
        }
        let outer = Waiter::new(target.schedule().clone(), const { &What::of("shield") });
        let on_inner = watch_inner(&target, &outer);
        let watched: Target = outer.clone().into();
        let forget = move || {
            if !target.completion().done() {
                target.completion().remove_call(on_inner);
            }
        };
        watched.completion().add_call(&watched, Box::new(forget));
        Shield { inner, outer: Some(outer) }
    }

    /// Whether what is inside has ended, or whoever awaits was cancelled.
    pub fn done(&self) -> bool {
        self.outcome() != Outcome::Pending
    }

    /// How the wait stands; what is inside may go on after it was cancelled.
    pub fn outcome(&self) -> Outcome {
        self.target().completion().outcome()
    }

    /// Cancels the wait, not what is inside: whether it was still pending.
    pub fn cancel(&self) -> bool {
        self.outer.is_some() && target::cancel(&self.target(), None)
    }

    pub(crate) fn target(&self) -> Target {
        match &self.outer {
            Some(outer) => outer.clone().into(),
            None => self.inner.awaited().target,
        }
    }
}

/// When what is inside ends, so does what is outside, in the same way.
fn watch_inner(inner: &Target, outer: &Rc<Waiter>) -> CallbackId {
    let outer = outer.clone();
    let this = inner.downgrade();
    inner.completion().add_call(
        inner,
        Box::new(move || {
            if let Some(inner) = this.upgrade() {
                outer.set(inner.completion().outcome());
            }
        }),
    )
}

impl<S: Source> Source for Shield<S> {
    type Output = S::Output;

    fn peek<R>(&self, look: impl FnOnce(&S::Output) -> R) -> Option<R> {
        match &self.outer {
            Some(outer) if outer.cancelled().is_some() => None,
            _ => self.inner.peek(look),
        }
    }

    fn take(&self) -> Result<S::Output, JoinError> {
        match self.outer.as_ref().and_then(|outer| outer.cancelled()) {
            Some(cancelled) => Err(cancelled.into()),
            None => self.inner.take(),
        }
    }
}

/// Cedes until what is inside has ended; not at all if it had when the shield was made.
impl<S: Source> Awaitable for Shield<S> {
    type Output = Result<S::Output, JoinError>;

    #[track_caller]
    fn await_(self) -> Result<S::Output, JoinError> {
        if let Some(outer) = &self.outer {
            match outer.wait("await of a shield", Location::caller()) {
                Ok(()) => {}
                Err(Interrupt::Cancelled(cancelled)) => return Err(cancelled.into()),
                Err(Interrupt::Error(error)) => return Err(error.into()),
            }
        }
        self.inner.take()
    }
}

impl<S: Source> fmt::Debug for Shield<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Shield {} of {:?}>", self.target().completion().outcome(), self.inner.awaited())
    }
}
