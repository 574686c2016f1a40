use std::fmt;

use crate::Outcome;

/// A promise took no result, for it has one already; here is the value back.
#[derive(Clone, PartialEq, Eq)]
pub struct SetError<T> {
    value: T,
    call: &'static str,
    outcome: Outcome,
}

impl<T> SetError<T> {
    pub(crate) fn new(value: T, call: &'static str, outcome: Outcome) -> Self {
        SetError { value, call, outcome }
    }

    /// The value that was not taken.
    pub fn into_value(self) -> T {
        self.value
    }

    /// How the promise ended before.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: invalid state: the promise is already {}", self.call, self.outcome)
    }
}

impl<T> fmt::Debug for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetError({self})")
    }
}

impl<T> std::error::Error for SetError<T> {}
