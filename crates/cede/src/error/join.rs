use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Cancelled, Error, panic_text};

/// Why awaiting a task gave no result: it was cancelled, it panicked, or it could not be awaited.
///
/// It can be cloned; a panic's payload goes to the first who takes it, later ones get its text.
#[derive(Clone)]
pub struct JoinError {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Cancelled(Cancelled),
    Panicked(Arc<Panic>),
    /// Boxed, for an `Error` may hold a `JoinError`.
    Error(Box<Error>),
}

struct Panic {
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    text: Box<str>,
}

pub(super) enum Parts {
    Cancelled(Cancelled),
    Panicked(JoinError),
    Error(Error),
}

impl JoinError {
    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let text = panic_text(&*payload).into();
        JoinError { kind: Kind::Panicked(Arc::new(Panic { text, payload: Mutex::new(Some(payload)) })) }
    }

    /// Whether the task was cancelled, or the one who awaits it.
    pub fn is_cancelled(&self) -> bool {
        match &self.kind {
            Kind::Cancelled(_) => true,
            Kind::Panicked(_) => false,
            Kind::Error(error) => error.is_cancelled(),
        }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.kind, Kind::Panicked(_))
    }

    /// The panic's payload, for `std::panic::resume_unwind`; its text where somebody else took it before.
    ///
    /// # Panics
    /// When the task did not panic; ask [`is_panic`](Self::is_panic).
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.kind {
            Kind::Panicked(panic) => {
                panic.payload.lock().take().unwrap_or_else(|| Box::new(panic.text.to_string()))
            }
            _ => panic!("JoinError::into_panic: the task did not panic: {self}"),
        }
    }

    /// The cancellation, if that is what it was.
    pub fn cancelled(&self) -> Option<Cancelled> {
        match &self.kind {
            Kind::Cancelled(cancelled) => Some(cancelled.clone()),
            _ => None,
        }
    }

    /// Whether a time was over; see [`TimedOut`](crate::TimedOut).
    pub fn is_timeout(&self) -> bool {
        matches!(&self.kind, Kind::Error(error) if error.is_timeout())
    }

    /// Whether the result was asked for before there was one (asyncio: `InvalidStateError`).
    pub fn is_invalid_state(&self) -> bool {
        matches!(&self.kind, Kind::Error(error) if error.is_invalid_state())
    }

    pub(super) fn into_parts(self) -> Parts {
        match self.kind {
            Kind::Cancelled(cancelled) => Parts::Cancelled(cancelled),
            Kind::Error(error) => Parts::Error(*error),
            kind => Parts::Panicked(JoinError { kind }),
        }
    }
}

impl From<Cancelled> for JoinError {
    fn from(cancelled: Cancelled) -> Self {
        JoinError { kind: Kind::Cancelled(cancelled) }
    }
}

/// A cancellation or a panic on its way through an [`Error`] is one again.
impl From<Error> for JoinError {
    fn from(error: Error) -> Self {
        match error.kind {
            super::Kind::Cancelled(cancelled) => cancelled.into(),
            super::Kind::Join(error) => error,
            kind => JoinError { kind: Kind::Error(Box::new(kind.into())) },
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(cancelled) => cancelled.fmt(f),
            Kind::Panicked(panic) => write!(f, "the task panicked: {}", panic.text),
            Kind::Error(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}
