use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::error::{Cancelled, Error, Failure};

/// Why a [`task_group`](crate::task_group) gave no value: the errors of its tasks and its closure, or a
/// cancellation from outside.
///
/// asyncio counterpart: `ExceptionGroup`. The errors are in the order in which they came, the closure's own
/// last. A cancelled task is none of them.
///
/// With `?` it becomes a [`cede::Error`](Error), an `io::Error` or a boxed error; a cancellation stays one.
pub struct GroupError<E> {
    kind: Kind<E>,
}

enum Kind<E> {
    /// Asked for from outside; no task had failed.
    Cancelled(E),
    Errors {
        errors: Vec<E>,
        /// How many more somebody else took, who awaited the task by value first.
        elsewhere: usize,
    },
    /// The group could not be entered, or waited for.
    Misuse(Error),
}

impl<E> GroupError<E> {
    pub(super) fn cancelled(error: E) -> Self {
        GroupError { kind: Kind::Cancelled(error) }
    }

    pub(super) fn errors(errors: Vec<E>, elsewhere: usize) -> Self {
        GroupError { kind: Kind::Errors { errors, elsewhere } }
    }

    pub(super) fn misuse(error: Error) -> Self {
        GroupError { kind: Kind::Misuse(error) }
    }

    /// Whether it is a cancellation from outside, and no task had failed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled(_))
    }

    /// The errors; none when it is a cancellation.
    pub fn as_slice(&self) -> &[E] {
        match &self.kind {
            Kind::Errors { errors, .. } => errors,
            _ => &[],
        }
    }

    /// The errors; none when it is a cancellation.
    pub fn into_errors(self) -> Vec<E> {
        match self.kind {
            Kind::Errors { errors, .. } => errors,
            _ => Vec::new(),
        }
    }
}

impl<E: Failure> From<Cancelled> for GroupError<E> {
    fn from(cancelled: Cancelled) -> Self {
        GroupError::cancelled(cancelled.into())
    }
}

impl<E: Failure> From<Error> for GroupError<E> {
    fn from(error: Error) -> Self {
        GroupError::misuse(error)
    }
}

impl<E: Failure> Failure for GroupError<E> {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }

    fn try_clone(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Cancelled(error) => Kind::Cancelled(error.try_clone()?),
            Kind::Errors { errors, elsewhere } => Kind::Errors {
                errors: errors.iter().map(E::try_clone).collect::<Option<_>>()?,
                elsewhere: *elsewhere,
            },
            Kind::Misuse(error) => Kind::Misuse(error.clone()),
        };
        Some(GroupError { kind })
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    /// CPython's text, and the errors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(error) => error.fmt(f),
            Kind::Misuse(error) => error.fmt(f),
            Kind::Errors { errors, elsewhere } => {
                let count = errors.len() + elsewhere;
                let s = if count == 1 { "" } else { "s" };
                write!(f, "unhandled errors in a TaskGroup ({count} sub-exception{s})")?;
                for (at, error) in errors.iter().enumerate() {
                    write!(f, "{} {error}", if at == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(error) => f.debug_tuple("Cancelled").field(error).finish(),
            Kind::Errors { errors, .. } => f.debug_tuple("GroupError").field(errors).finish(),
            Kind::Misuse(error) => f.debug_tuple("Misuse").field(error).finish(),
        }
    }
}

impl<E: StdError + 'static> StdError for GroupError<E> {
    /// The first error.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::Cancelled(error) => Some(error),
            Kind::Errors { errors, .. } => errors.first().map(|error| error as &(dyn StdError + 'static)),
            Kind::Misuse(error) => error.source(),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<GroupError<E>> for Error {
    fn from(group: GroupError<E>) -> Self {
        match group.kind {
            Kind::Cancelled(error) => match (&error as &dyn Any).downcast_ref::<Error>() {
                Some(error) => error.clone(),
                None => Cancelled::new().into(),
            },
            Kind::Misuse(error) => error,
            kind => Error::other(GroupError { kind }),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<GroupError<E>> for io::Error {
    fn from(group: GroupError<E>) -> Self {
        Error::from(group).into()
    }
}
