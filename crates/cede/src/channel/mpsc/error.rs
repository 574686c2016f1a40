use std::fmt;

use crate::error::{Cancelled, Error};

/// A value was not sent; here it is back.
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<T> {
    value: T,
    kind: SendKind,
}

#[derive(Clone, PartialEq, Eq)]
enum SendKind {
    Cancelled(Cancelled),
    Full,
    Closed,
}

impl<T> SendError<T> {
    pub(super) fn cancelled(value: T, cancelled: Cancelled) -> Self {
        SendError { value, kind: SendKind::Cancelled(cancelled) }
    }

    pub(super) fn full(value: T) -> Self {
        SendError { value, kind: SendKind::Full }
    }

    pub(super) fn closed(value: T) -> Self {
        SendError { value, kind: SendKind::Closed }
    }

    /// The value.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Whether the task that waited for room was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, SendKind::Cancelled(_))
    }

    /// Whether it was `try_send` and there was no room.
    pub fn is_full(&self) -> bool {
        self.kind == SendKind::Full
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        self.kind == SendKind::Closed
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SendKind::Cancelled(cancelled) => cancelled.fmt(f),
            SendKind::Full => f.write_str("mpsc: the channel is full"),
            SendKind::Closed => f.write_str("mpsc: the channel is closed"),
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendError({self})")
    }
}

impl<T> std::error::Error for SendError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            SendKind::Cancelled(cancelled) => Some(cancelled),
            SendKind::Full | SendKind::Closed => None,
        }
    }
}

/// The value is dropped. What is left can be found by `downcast_ref::<SendError<()>>()`.
impl<T> From<SendError<T>> for Error {
    fn from(error: SendError<T>) -> Self {
        match error.kind {
            SendKind::Cancelled(cancelled) => cancelled.into(),
            kind => Error::other(SendError { value: (), kind }),
        }
    }
}

impl<T> From<SendError<T>> for std::io::Error {
    fn from(error: SendError<T>) -> Self {
        Error::from(error).into()
    }
}

/// There was nothing to receive at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TryRecvError {
    closed: bool,
}

impl TryRecvError {
    pub(super) fn empty() -> Self {
        TryRecvError { closed: false }
    }

    pub(super) fn closed() -> Self {
        TryRecvError { closed: true }
    }

    /// Whether something may still come.
    pub fn is_empty(&self) -> bool {
        !self.closed
    }

    /// Whether nothing will come any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.closed { "closed" } else { "empty" };
        write!(f, "mpsc: the channel is {state}")
    }
}

impl fmt::Debug for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TryRecvError({self})")
    }
}

impl std::error::Error for TryRecvError {}

impl From<TryRecvError> for Error {
    fn from(error: TryRecvError) -> Self {
        Error::other(error)
    }
}
