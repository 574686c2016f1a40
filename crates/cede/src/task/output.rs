//! What a task has come to, as whoever awaits it takes it.

#![allow(unsafe_code)] // belongs to the room for a task's memory; see docs/architecture.md

use std::ptr;

use crate::error::{Error, JoinError};

/// A task's result.
pub(crate) enum Output<T> {
    None,
    Value(T),
    Error(JoinError),
    Taken,
}

impl<T> Output<T> {
    /// The value, if there is one; it is taken then.
    #[inline]
    pub(super) fn take_value(&mut self) -> Option<T> {
        let Output::Value(value) = self else { return None };
        // By itself: taken out as a whole, it would be read as one, which has to wait for the parts that were
        // stored just before.
        // SAFETY: there is a value, and what it is read from is overwritten before anybody looks.
        let value = unsafe { ptr::read(value) };
        // SAFETY: what was here has been moved out.
        unsafe { ptr::write(self, Output::Taken) };
        Some(value)
    }

    /// Why there is no value, as an error.
    pub(super) fn why_none(&self) -> JoinError {
        match self {
            Output::None => Error::not_done().into(),
            Output::Error(error) => error.clone(),
            Output::Taken => {
                Error::invalid_state("the task's result was moved out by an earlier await").into()
            }
            Output::Value(_) => unreachable!("asked why there is no result while there is one"),
        }
    }
}
