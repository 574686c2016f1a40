use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use super::Error;

/// What a parked await gives when its task is cancelled (asyncio: `CancelledError`, as a value).
///
/// Carry it on with `?`; the task then ends cancelled. Keeping it and going on is allowed, and then the
/// task is not cancelled, only asked (see [`Task::cancelling`](crate::Task::cancelling)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    message: Option<Message>,
}

impl Cancelled {
    /// A cancellation without a message.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_message(message: Option<Message>) -> Self {
        Cancelled { message }
    }

    /// The message given to [`cancel_with`](crate::Task::cancel_with).
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

/// The text of a cancellation. One word, for every task has room for two.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message(Arc<Box<str>>);

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message(Arc::new(text.into()))
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message(Arc::new(text.into()))
    }
}

impl Deref for Message {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "cancelled: {}", &**message),
            None => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Cancelled {}

/// How an await that parks can come back otherwise than with its target done.
pub(crate) enum Interrupt {
    Cancelled(Cancelled),
    Error(Error),
}

impl From<Interrupt> for io::Error {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::Cancelled(cancelled) => cancelled.into(),
            Interrupt::Error(error) => error.into(),
        }
    }
}
