use std::fmt;

use crate::error::{Cancelled, Error, Failure};

/// A queue took no item; here it is back.
#[doc(alias = "QueueFull")]
#[doc(alias = "QueueShutDown")]
#[derive(Clone, PartialEq, Eq)]
pub struct PutError<T> {
    item: T,
    kind: PutKind,
}

#[derive(Clone, PartialEq, Eq)]
enum PutKind {
    Cancelled(Cancelled),
    Full,
    ShutDown,
}

impl<T> PutError<T> {
    pub(super) fn cancelled(item: T, cancelled: Cancelled) -> Self {
        PutError { item, kind: PutKind::Cancelled(cancelled) }
    }

    pub(super) fn full(item: T) -> Self {
        PutError { item, kind: PutKind::Full }
    }

    pub(super) fn shut_down(item: T) -> Self {
        PutError { item, kind: PutKind::ShutDown }
    }

    /// The item.
    pub fn into_item(self) -> T {
        self.item
    }

    /// The same error without the item.
    pub fn without_item(self) -> PutError<()> {
        PutError { item: (), kind: self.kind }
    }

    /// Whether the task that waited was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, PutKind::Cancelled(_))
    }

    /// Whether it was `put_nowait` and the queue was full (asyncio: `QueueFull`).
    pub fn is_full(&self) -> bool {
        self.kind == PutKind::Full
    }

    /// Whether the queue was shut down (asyncio: `QueueShutDown`).
    pub fn is_shut_down(&self) -> bool {
        self.kind == PutKind::ShutDown
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            PutKind::Cancelled(cancelled) => cancelled.fmt(f),
            PutKind::Full => f.write_str("Queue::put_nowait: the queue is full"),
            PutKind::ShutDown => f.write_str("Queue::put: the queue is shut down"),
        }
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PutError({self})")
    }
}

impl<T> std::error::Error for PutError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            PutKind::Cancelled(cancelled) => Some(cancelled),
            PutKind::Full | PutKind::ShutDown => None,
        }
    }
}

/// The item is dropped. What is left can be found by `downcast_ref::<PutError<()>>()`.
impl<T> From<PutError<T>> for Error {
    fn from(error: PutError<T>) -> Self {
        match error.kind {
            PutKind::Cancelled(cancelled) => cancelled.into(),
            kind => Error::other(PutError { item: (), kind }),
        }
    }
}

impl<T> From<PutError<T>> for std::io::Error {
    fn from(error: PutError<T>) -> Self {
        Error::from(error).into()
    }
}

/// A queue gave no item.
#[doc(alias = "QueueEmpty")]
#[doc(alias = "QueueShutDown")]
#[derive(Clone, PartialEq, Eq)]
pub struct GetError {
    kind: GetKind,
}

#[derive(Clone, PartialEq, Eq)]
enum GetKind {
    Cancelled(Cancelled),
    Empty,
    ShutDown,
}

impl GetError {
    pub(super) fn empty() -> Self {
        GetError { kind: GetKind::Empty }
    }

    pub(super) fn shut_down() -> Self {
        GetError { kind: GetKind::ShutDown }
    }

    /// Whether the task that waited was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, GetKind::Cancelled(_))
    }

    /// Whether it was `get_nowait` and the queue was empty (asyncio: `QueueEmpty`).
    pub fn is_empty(&self) -> bool {
        self.kind == GetKind::Empty
    }

    /// Whether the queue was shut down and has nothing left (asyncio: `QueueShutDown`).
    pub fn is_shut_down(&self) -> bool {
        self.kind == GetKind::ShutDown
    }
}

impl Failure for GetError {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }
}

impl From<Cancelled> for GetError {
    fn from(cancelled: Cancelled) -> Self {
        GetError { kind: GetKind::Cancelled(cancelled) }
    }
}

impl From<GetError> for Error {
    fn from(error: GetError) -> Self {
        match error.kind {
            GetKind::Cancelled(cancelled) => cancelled.into(),
            _ => Error::other(error),
        }
    }
}

impl From<GetError> for std::io::Error {
    fn from(error: GetError) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            GetKind::Cancelled(cancelled) => cancelled.fmt(f),
            GetKind::Empty => f.write_str("Queue::get_nowait: the queue is empty"),
            GetKind::ShutDown => f.write_str("Queue::get: the queue is shut down"),
        }
    }
}

impl fmt::Debug for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GetError({self})")
    }
}

impl std::error::Error for GetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            GetKind::Cancelled(cancelled) => Some(cancelled),
            GetKind::Empty | GetKind::ShutDown => None,
        }
    }
}
