//! What a generator of a program can be left with: an exception of Python's, as a Rust error.

use std::error::Error;
use std::fmt;

use cede::{BoxError, ResumeError};
use serde_json::{Value, json};

/// An exception of Python's on its way out of a generator.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Exc {
    Err(i64),
    GeneratorExit,
    RuntimeError(String),
    TypeError(String),
    /// `return v` within a block: caught by the body alone.
    Return(i64),
    /// The generator was dropped, and has refused to be closed: it ends here, and none of its code sees it.
    Destroyed,
    /// Something no program asks for, so a fault of cede: its text.
    Other(String),
}

impl Exc {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Err(number) => json!(["Err", number]),
            Self::GeneratorExit => json!(["GeneratorExit"]),
            Self::RuntimeError(text) => json!(["RuntimeError", text]),
            Self::TypeError(text) => json!(["TypeError", text]),
            Self::Return(_) => json!(["Ret"]),
            Self::Destroyed => json!(["Destroyed"]),
            Self::Other(text) => json!([text]),
        }
    }

    /// Python's class and text of an error of ours.
    pub(super) fn from_resume(error: ResumeError) -> Self {
        let text = error.to_string();
        match error {
            ResumeError::Raised(error) => Self::from_box(error),
            ResumeError::IgnoredExit => Self::RuntimeError(text),
            ResumeError::JustStarted => Self::TypeError(text),
            _ => Self::Other(text),
        }
    }

    pub(super) fn from_box(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(exc) => return *exc,
            Err(error) => error,
        };
        match error.downcast::<ResumeError>() {
            Ok(error) => Self::from_resume(*error),
            Err(error) => Self::Other(error.to_string()),
        }
    }
}

impl fmt::Display for Exc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

impl Error for Exc {}
