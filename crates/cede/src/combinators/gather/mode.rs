//! What a child's result means to the whole: the one thing in which `gather`, `gather_results` and `join`
//! differ.

use crate::combinators::joinable::Source;
use crate::error::{Error, Failure, JoinError};
use crate::outcome::Classify;

/// Why the whole ended without values.
#[doc(hidden)]
pub enum Stop<E> {
    Error(E),
    /// A child panicked, and the error type is not one to hold a panic.
    Panicked(JoinError),
}

/// How the results `T` of children are read.
#[doc(hidden)]
pub trait Mode<T>: 'static {
    /// What each gives to the values of the whole.
    type Value: 'static;
    type Error: Failure + From<Error>;

    /// How to read what a child that is a coroutine returns.
    const CLASSIFY: Option<Classify<T>>;

    /// Why the whole ends with this child, which has ended: not at all, if `None`.
    fn failure(child: &impl Source<Output = T>) -> Option<Stop<Self::Error>>;

    /// Called once all have ended, and none was a failure.
    fn value(child: &impl Source<Output = T>) -> Result<Self::Value, Stop<Self::Error>>;
}

/// `gather`: an `Err` of a child is one of the whole.
#[doc(hidden)]
pub enum FailFast {}

impl<U: 'static, E: Failure + From<Error>> Mode<Result<U, E>> for FailFast {
    type Value = U;
    type Error = E;

    const CLASSIFY: Option<Classify<Result<U, E>>> = Some(Classify::fallible());

    fn failure(child: &impl Source<Output = Result<U, E>>) -> Option<Stop<E>> {
        if child.peek(Result::is_ok) == Some(true) { None } else { Self::value(child).err() }
    }

    fn value(child: &impl Source<Output = Result<U, E>>) -> Result<U, Stop<E>> {
        match child.take() {
            Ok(result) => result.map_err(Stop::Error),
            Err(error) if error.is_panic() => Err(Stop::Panicked(error)),
            Err(error) => Err(Stop::Error(fail(error))),
        }
    }
}

/// `gather_results`: an `Err` of a child is a value like others.
#[doc(hidden)]
pub enum ReturnErrors {}

impl<U: 'static, E: Failure + From<Error>> Mode<Result<U, E>> for ReturnErrors {
    type Value = Result<U, E>;
    type Error = E;

    const CLASSIFY: Option<Classify<Result<U, E>>> = Some(Classify::fallible());

    fn failure(_child: &impl Source<Output = Result<U, E>>) -> Option<Stop<E>> {
        None
    }

    fn value(child: &impl Source<Output = Result<U, E>>) -> Result<Result<U, E>, Stop<E>> {
        Ok(child.take().unwrap_or_else(|error| Err(fail(error))))
    }
}

/// `join`: a child returns whatever it wants; only what keeps it from returning ends the whole.
#[doc(hidden)]
pub enum AnyValue {}

impl<T: 'static> Mode<T> for AnyValue {
    type Value = T;
    type Error = JoinError;

    const CLASSIFY: Option<Classify<T>> = None;

    fn failure(child: &impl Source<Output = T>) -> Option<Stop<JoinError>> {
        if child.peek(|_| ()).is_some() { None } else { Self::value(child).err() }
    }

    fn value(child: &impl Source<Output = T>) -> Result<T, Stop<JoinError>> {
        child.take().map_err(Stop::Error)
    }
}

/// Why a child gave no result, in the words of an error type.
fn fail<E: Failure + From<Error>>(error: JoinError) -> E {
    match error.cancelled() {
        Some(cancelled) => cancelled.into(),
        None => Error::from(error).into(),
    }
}
