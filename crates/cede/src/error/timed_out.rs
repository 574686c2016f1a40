use std::fmt;
use std::io;

use super::{Error, JoinError};

/// What [`timeout`](crate::timeout) and [`wait_for`](crate::wait_for) give when the time is over
/// (asyncio: `TimeoutError`).
///
/// It becomes a [`cede::Error`](Error), an `io::Error` of kind `TimedOut`, a [`JoinError`] or a boxed error
/// with `?`; the first three say so when asked with `is_timeout` or `kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimedOut {
    _private: (),
}

impl TimedOut {
    /// That the time is over.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl std::error::Error for TimedOut {}

impl From<TimedOut> for JoinError {
    fn from(timed_out: TimedOut) -> Self {
        Error::from(timed_out).into()
    }
}

impl From<TimedOut> for io::Error {
    fn from(timed_out: TimedOut) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, timed_out)
    }
}

/// Whether this is a [`TimedOut`], or a wrapper of one.
pub(super) fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<Error>() {
        error.is_timeout()
    } else if let Some(error) = error.downcast_ref::<JoinError>() {
        error.is_timeout()
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        error.kind() == io::ErrorKind::TimedOut
    } else {
        error.is::<TimedOut>()
    }
}
