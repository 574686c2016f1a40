use std::fmt;

use crate::error::{Cancelled, Error, Failure};

/// A value was not sent, for there are no receivers; here it is back.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<T> {
    value: T,
}

impl<T> SendError<T> {
    pub(super) fn new(value: T) -> Self {
        SendError { value }
    }

    /// The value.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast: there are no receivers")
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendError({self})")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// The value is dropped.
impl<T> From<SendError<T>> for Error {
    fn from(_: SendError<T>) -> Self {
        Error::other(SendError { value: () })
    }
}

/// No value was received.
#[derive(Clone, PartialEq, Eq)]
pub struct RecvError {
    kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Cancelled(Cancelled),
    Empty,
    Closed,
    Lagged(u64),
}

impl RecvError {
    pub(super) fn empty() -> Self {
        RecvError { kind: Kind::Empty }
    }

    pub(super) fn closed() -> Self {
        RecvError { kind: Kind::Closed }
    }

    pub(super) fn lagged(missed: u64) -> Self {
        RecvError { kind: Kind::Lagged(missed) }
    }

    /// Whether the task that waited was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled(_))
    }

    /// Whether it was `try_recv` and something may still come.
    pub fn is_empty(&self) -> bool {
        self.kind == Kind::Empty
    }

    /// Whether all senders are gone and everything was received.
    pub fn is_closed(&self) -> bool {
        self.kind == Kind::Closed
    }

    /// How many values the receiver has missed, if that is what happened. It is told once, and the next
    /// attempt gives the oldest value that is left.
    pub fn missed(&self) -> Option<u64> {
        match self.kind {
            Kind::Lagged(missed) => Some(missed),
            _ => None,
        }
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
            _ => Error::other(error),
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
            Kind::Empty => f.write_str("broadcast: nothing new has been sent"),
            Kind::Closed => f.write_str("broadcast: all senders are gone"),
            Kind::Lagged(missed) => write!(f, "broadcast: the receiver lagged behind and missed {missed}"),
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
            Kind::Empty | Kind::Closed | Kind::Lagged(_) => None,
        }
    }
}
