//! What an operation of a program can be left with: an exception of Python's, as a Rust error.

use std::error::Error;
use std::fmt;

use cede::{Cancelled, Failure, JoinError};
use serde_json::{Value, json};

/// An exception on its way out of the blocks of a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Exc {
    /// `raise n`, or what `fut_exc` sets.
    Err(i64),
    /// asyncio.CancelledError
    Cancelled,
    /// TimeoutError; raised by the operations of the groups `timeout` and `wait_for`.
    Timeout,
    /// ExceptionGroup; raised by the operation `tg`.
    Group(Vec<Exc>),
    /// `return v`: leaves every block of its body, is caught by the body alone.
    Return(Value),
    /// Something no program asks for, so a fault of cede: its text.
    Other(String),
}

/// What a block of operations gives.
pub(super) type Flow = Result<(), Exc>;

/// What a body gives, and so the outcome of a task.
pub(super) type Outcome = Result<Value, Exc>;

impl Exc {
    /// The exception as the traces write it: `["Err",3]`.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Err(n) => json!(["Err", n]),
            Self::Cancelled => json!(["Cancelled"]),
            Self::Timeout => json!(["Timeout"]),
            Self::Group(members) => {
                let mut members: Vec<Value> = members.iter().map(Self::to_json).collect();
                members.sort_by_key(python_repr);
                json!(["group", members])
            }
            Self::Return(_) => json!(["Ret"]),
            Self::Other(text) => json!([text]),
        }
    }
}

/// The outcome of a task or a promise as the traces write it: `["ok",3]`, or its exception.
pub(super) fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Ok(value) => json!(["ok", value]),
        Err(exc) => exc.to_json(),
    }
}

/// Python's `repr` of a list of strings, numbers and lists, by which the members of a group are sorted.
fn python_repr(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(python_repr).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

impl fmt::Display for Exc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

impl Error for Exc {}

impl Failure for Exc {
    fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl From<Cancelled> for Exc {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<JoinError> for Exc {
    fn from(error: JoinError) -> Self {
        if error.is_cancelled() { Self::Cancelled } else { Self::Other(error.to_string()) }
    }
}

impl From<cede::Error> for Exc {
    fn from(error: cede::Error) -> Self {
        match error.downcast_ref::<Exc>() {
            _ if error.is_cancelled() => Self::Cancelled,
            _ if error.is_timeout() => Self::Timeout,
            Some(exc) => exc.clone(),
            None => Self::Other(error.to_string()),
        }
    }
}
