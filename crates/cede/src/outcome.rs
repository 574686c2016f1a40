//! How a task or promise ended, and how a body's return value becomes that.
//!
//! A task has one of four ends. Which one, when its body returns a value, is the *verdict* of its
//! [`Classify`]: without one, every value is a result; for a `Result<_, E>` whose `E` is a
//! [`Failure`], `Err` is a failure, or a cancellation if it says so.

use std::fmt;
use std::marker::PhantomData;

use crate::error::Failure;

/// How a task or promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It has not ended.
    Pending,
    /// It has a result.
    Finished,
    /// Its result is an error: the body returned a [`Failure`], or
    /// [`Promise::set_exception`](crate::Promise::set_exception) was called.
    Failed,
    /// It was cancelled before it could end otherwise.
    Cancelled,
    /// Its body panicked.
    Panicked,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Pending => "pending",
            Outcome::Finished => "finished",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::Panicked => "panicked",
        })
    }
}

/// How to read a body's return value.
pub struct Classify<T> {
    /// Gives the verdict, and writes what a failure says where that is asked for. `None`: every value is a result.
    judge: Option<fn(&T, Option<&mut String>) -> Outcome>,
}

impl<T> Clone for Classify<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Classify<T> {}

impl<T> Classify<T> {
    /// Every value is a result.
    pub(crate) const fn any() -> Self {
        Classify { judge: None }
    }

    /// How a task ends that returns this.
    #[inline]
    pub(crate) fn verdict(&self, value: &T) -> Outcome {
        self.judge.map_or(Outcome::Finished, |judge| judge(value, None))
    }

    /// What the failure says that this is, if it is one.
    pub(crate) fn describe(&self, value: &T) -> String {
        let mut text = String::new();
        if let Some(judge) = self.judge {
            judge(value, Some(&mut text));
        }
        text
    }
}

impl<U, E: Failure> Classify<Result<U, E>> {
    /// `Err` is a failure, or a cancellation.
    pub(crate) const fn fallible() -> Self {
        Classify {
            judge: Some(|value, text| {
                let Err(error) = value else { return Outcome::Finished };
                if let Some(text) = text {
                    *text = format!("{error:?}");
                }
                if error.is_cancelled() { Outcome::Cancelled } else { Outcome::Failed }
            }),
        }
    }
}

/// Lets `#[cede::coroutine]` choose the [`Classify`] of a return type that it knows only as tokens: method
/// resolution tries [`ByFailure`] first, whose receiver needs one reference less, and falls back on
/// [`ByValue`].
pub struct Probe<T>(pub PhantomData<T>);

/// The choice for `Result`s that can say whether they are cancellations.
pub trait ByFailure<T> {
    /// `Err` is a failure.
    fn classify(&self) -> Classify<T>;
}

impl<U, E: Failure> ByFailure<Result<U, E>> for Probe<Result<U, E>> {
    fn classify(&self) -> Classify<Result<U, E>> {
        Classify::fallible()
    }
}

/// The choice for everything else.
pub trait ByValue<T> {
    /// Every value is a result.
    fn classify(&self) -> Classify<T>;
}

impl<T> ByValue<T> for &Probe<T> {
    fn classify(&self) -> Classify<T> {
        Classify::any()
    }
}
