use std::fmt;
use std::panic::{Location, resume_unwind};
use std::rc::Rc;

use super::cell::{GatherCell, State};
use super::children::Started;
use crate::combinators::joinable::Source;
use crate::coroutine::{Awaitable, Interrupt};
use crate::error::{Error, Failure, JoinError};
use crate::outcome::Outcome;
use crate::target::{self, Target};
use crate::task;

/// What [`gather`](crate::gather), [`gather_results`](crate::gather_results) and [`join`](crate::join) give:
/// several children that run, as one thing to await.
///
/// Dropping it cancels nothing: the children go on.
///
/// asyncio counterpart: the future that `asyncio.gather` returns.
#[must_use = "await it: its values, and its error, are read nowhere else"]
pub struct Gather<V: 'static, E: 'static> {
    cell: Rc<GatherCell<V, E>>,
}

impl<V, E: Failure + From<Error>> Gather<V, E> {
    #[track_caller]
    pub(super) fn new(started: Started<V, E>, call: &'static str) -> Self {
        let cell = GatherCell::new(started, call);
        cell.completion.add_reader();
        Gather { cell }
    }

    #[track_caller]
    fn wait(&self) -> Result<(), E> {
        match task::park(self.target(), "await of a gather", Location::caller()) {
            Ok(()) => Ok(()),
            Err(Interrupt::Cancelled(cancelled)) => Err(cancelled.into()),
            Err(Interrupt::Error(error)) => Err(error.into()),
        }
    }
}

impl<V, E> Gather<V, E> {
    pub(crate) fn target(&self) -> Target {
        self.cell.clone().into()
    }

    /// Another handle on it.
    pub(crate) fn share(&self) -> Self {
        self.cell.completion.add_reader();
        Gather { cell: self.cell.clone() }
    }

    /// Whether it has its values or its failure.
    pub fn done(&self) -> bool {
        self.cell.completion.done()
    }

    /// How it stands. A cancelled child makes it *failed*; it is never cancelled itself.
    pub fn outcome(&self) -> Outcome {
        self.cell.completion.outcome()
    }

    /// Cancels every child that has not ended, in the order of the arguments: whether there was one.
    ///
    /// It ends when they have, with a cancellation, even if they all refuse.
    pub fn cancel(&self) -> bool {
        target::cancel(&self.target(), None)
    }

    /// As [`cancel`](Self::cancel), with a message.
    pub fn cancel_with(&self, message: &str) -> bool {
        target::cancel(&self.target(), Some(message.into()))
    }
}

fn why_none<V, E>(state: &State<V, E>) -> JoinError {
    match state {
        State::Panicked(error) => error.clone(),
        State::Taken => Error::invalid_state("the gather's values were moved out by an earlier await").into(),
        _ => Error::not_done().into(),
    }
}

impl<V, E> Source for Gather<V, E> {
    type Output = Result<V, E>;

    fn peek<R>(&self, look: impl FnOnce(&Result<V, E>) -> R) -> Option<R> {
        match &*self.cell.state.borrow() {
            State::Done(result) => Some(look(result)),
            _ => None,
        }
    }

    fn take(&self) -> Result<Result<V, E>, JoinError> {
        self.cell.completion.mark_read();
        let mut state = self.cell.state.borrow_mut();
        match &*state {
            State::Done(_) => match std::mem::replace(&mut *state, State::Taken) {
                State::Done(result) => Ok(result),
                _ => unreachable!("it was done a line ago"),
            },
            other => Err(why_none(other)),
        }
    }
}

fn flat<V, E: Failure + From<Error>>(taken: Result<Result<V, E>, JoinError>) -> Result<V, E> {
    match taken {
        Ok(result) => result,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => Err(Error::from(error).into()),
    }
}

/// Moves the values out. Cedes until they are all there, or one child fails; not at all if that is so.
///
/// Cancelled while it waits, a task cancels the children.
///
/// # Panics
/// With a child's panic, unless the error is a [`JoinError`], which holds it.
impl<V, E: Failure + From<Error>> Awaitable for Gather<V, E> {
    type Output = Result<V, E>;

    #[track_caller]
    fn await_(self) -> Result<V, E> {
        self.wait()?;
        flat(self.take())
    }
}

/// Clones the values.
///
/// # Panics
/// As by value.
impl<V: Clone, E: Failure + From<Error> + Clone> Awaitable for &Gather<V, E> {
    type Output = Result<V, E>;

    #[track_caller]
    fn await_(self) -> Result<V, E> {
        self.wait()?;
        self.cell.completion.mark_read();
        match self.peek(Clone::clone) {
            Some(result) => result,
            None => flat(self.take()),
        }
    }
}

impl<V, E> Drop for Gather<V, E> {
    fn drop(&mut self) {
        if self.cell.completion.drop_reader() {
            self.cell.report_unread();
        }
    }
}

impl<V, E> fmt::Debug for Gather<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target().describe(f)
    }
}
