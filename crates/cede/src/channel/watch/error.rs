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
        f.write_str("watch: there are no receivers")
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

/// There will be no further value, or the wait for it was cancelled.
#[derive(Clone, PartialEq, Eq)]
pub struct RecvError {
    cancelled: Option<Cancelled>,
}

impl RecvError {
    pub(super) fn closed() -> Self {
        RecvError { cancelled: None }
    }

    /// Whether the task that waited was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// Whether all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.cancelled.is_none()
    }
}

impl Failure for RecvError {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }
}

impl From<Cancelled> for RecvError {
    fn from(cancelled: Cancelled) -> Self {
        RecvError { cancelled: Some(cancelled) }
    }
}

impl From<RecvError> for Error {
    fn from(error: RecvError) -> Self {
        match error.cancelled {
            Some(cancelled) => cancelled.into(),
            None => Error::other(error),
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
        match &self.cancelled {
            Some(cancelled) => cancelled.fmt(f),
            None => f.write_str("watch: all senders are gone"),
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
        self.cancelled.as_ref().map(|cancelled| cancelled as _)
    }
}
