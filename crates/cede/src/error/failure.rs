use std::error::Error as StdError;
use std::fmt::Debug;
use std::io;

use super::{Cancelled, Error, JoinError};

/// What the library asks of the error type of a task that can fail: to be made from a cancellation, so that
/// `?` carries one out, and to say whether it is one, so that the task ends *cancelled* and not *failed*.
///
/// Implemented for [`Error`], [`JoinError`], [`Cancelled`], `io::Error`, `Box<dyn Error>` and
/// `Box<dyn Error + Send + Sync>`. For a type of your own:
///
/// ```
/// #[derive(Debug)]
/// enum GardenError {
///     Rocky,
///     Cancelled,
/// }
///
/// impl From<cede::Cancelled> for GardenError {
///     fn from(_: cede::Cancelled) -> Self {
///         GardenError::Cancelled
///     }
/// }
///
/// impl cede::Failure for GardenError {
///     fn is_cancelled(&self) -> bool {
///         matches!(self, GardenError::Cancelled)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say whether it is a cancellation",
    note = "implement `cede::Failure` and `From<cede::Cancelled>` for it, or use `cede::Error`"
)]
pub trait Failure: From<Cancelled> + Debug + 'static {
    /// Whether this error is a cancellation on its way out.
    fn is_cancelled(&self) -> bool;

    /// A copy for a second reader, if there can be one. A [`TaskGroup`](crate::TaskGroup) takes the error
    /// of its task; with a copy, whoever else awaits that task gets it too. A type that is `Clone` says
    /// `Some(self.clone())`; otherwise there is none.
    fn try_clone(&self) -> Option<Self> {
        None
    }
}

impl Failure for Cancelled {
    fn is_cancelled(&self) -> bool {
        true
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Failure for Error {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Failure for JoinError {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Failure for io::Error {
    fn is_cancelled(&self) -> bool {
        io_is_cancelled(self)
    }
}

impl Failure for Box<dyn StdError> {
    fn is_cancelled(&self) -> bool {
        is_cancelled(&**self)
    }
}

impl Failure for Box<dyn StdError + Send + Sync> {
    fn is_cancelled(&self) -> bool {
        is_cancelled(&**self)
    }
}

/// Never `ErrorKind::Interrupted`: std's helpers would try again for ever.
impl From<Cancelled> for io::Error {
    fn from(cancelled: Cancelled) -> Self {
        io::Error::other(cancelled)
    }
}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        io::Error::other(error)
    }
}

pub(super) fn io_is_cancelled(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| is_cancelled(inner))
}

/// Whether this error is a cancellation, or one is its source.
pub(super) fn is_cancelled(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if is_itself_cancelled(error) {
            return true;
        }
        next = error.source();
    }
    false
}

fn is_itself_cancelled(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<Error>() {
        error.is_cancelled()
    } else if let Some(error) = error.downcast_ref::<JoinError>() {
        error.is_cancelled()
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        io_is_cancelled(error)
    } else {
        error.is::<Cancelled>()
    }
}
