//! An error of a clean-up, with the one it came in the middle of.

use std::error::Error;
use std::fmt;

use crate::generator::BoxError;

/// An error that happened while another was handled (Python: an exception with its `__context__`).
///
/// It goes on as the later error; the earlier one is kept so that nothing is lost.
///
/// ```
/// use cede::contextlib::Chained;
/// let error = Chained::new("cannot close the file", "the disk is full");
/// assert_eq!(error.to_string(), "cannot close the file; it happened while this was handled: the disk is full");
/// ```
#[derive(Debug)]
pub struct Chained {
    error: BoxError,
    context: BoxError,
}

impl Chained {
    /// `error`, which happened while `context` was handled.
    pub fn new(error: impl Into<BoxError>, context: impl Into<BoxError>) -> Self {
        Chained { error: error.into(), context: context.into() }
    }

    /// The later error.
    pub fn error(&self) -> &(dyn Error + 'static) {
        &*self.error
    }

    /// The earlier one, in the middle of which the later happened.
    pub fn context(&self) -> &(dyn Error + 'static) {
        &*self.context
    }

    /// Both, later and earlier.
    pub fn into_parts(self) -> (BoxError, BoxError) {
        (self.error, self.context)
    }

    pub(super) fn if_both(error: BoxError, context: Option<BoxError>) -> BoxError {
        match context {
            Some(context) => Box::new(Chained { error, context }),
            None => error,
        }
    }
}

impl fmt::Display for Chained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; it happened while this was handled: {}", self.error, self.context)
    }
}

impl Error for Chained {
    /// The later error: what is asked of this one, whether it is a cancellation for example, is asked of
    /// that.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}
