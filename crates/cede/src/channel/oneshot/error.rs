use std::fmt;

use crate::error::{Cancelled, Error, Failure};

/// There is no value.
#[derive(Clone, PartialEq, Eq)]
pub struct RecvError {
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Cancelled(Cancelled),
    Empty,
    Closed,
}

impl RecvError {
    pub(super) fn empty() -> Self {
        RecvError { kind: Kind::Empty }
    }

    pub(super) fn closed() -> Self {
        RecvError { kind: Kind::Closed }
    }

    /// Whether the task that waited was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled(_))
    }

    /// Whether it was `try_recv` and the value may still come.
    pub fn is_empty(&self) -> bool {
        self.kind == Kind::Empty
    }

    /// Whether none will come: the sender is gone without sending, or the value was received before.
    pub fn is_closed(&self) -> bool {
        self.kind == Kind::Closed
    }
}

impl Failure for RecvError {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }
}

impl From<Cancelled> for RecvError {
    fn from(cancelled: Cancelled) -> Self {
        RecvError { kind: Kind::Cancelled(cancelled) }
    }
}

impl From<RecvError> for Error {
    fn from(error: RecvError) -> Self {
        match error.kind {
            Kind::Cancelled(cancelled) => cancelled.into(),
            Kind::Empty | Kind::Closed => Error::other(error),
        }
    }
}

impl From<RecvError> for std::io::Error {
    fn from(error: RecvError) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(cancelled) => cancelled.fmt(f),
            Kind::Empty => f.write_str("oneshot: nothing has been sent yet"),
            Kind::Closed => f.write_str("oneshot: the sender is gone"),
        }
    }
}

impl fmt::Debug for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecvError({self})")
    }
}

impl std::error::Error for RecvError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Cancelled(cancelled) => Some(cancelled),
            Kind::Empty | Kind::Closed => None,
        }
    }
}
