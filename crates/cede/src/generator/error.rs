//! What resuming a generator can answer when it gives neither a value nor an end.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::stack::StackError;

/// An error of any kind, as [`Generator::throw`](crate::Generator::throw) takes it.
pub type BoxError = Box<dyn Error>;

/// Why a generator was not resumed, or how it ended instead of giving a value.
///
/// The texts are CPython's where it has one.
#[non_exhaustive]
pub enum ResumeError {
    /// It has finished; it stays so for ever (Python: `StopIteration`).
    Finished,
    /// It is running: its own body, or something its body called, tried to resume it.
    AlreadyExecuting,
    /// `resume` came before `start`: there is no `yield_` that could receive the value.
    JustStarted,
    /// `start` came after the first resume: use `resume` or `close`.
    AlreadyStarted,
    /// A coroutine that is driven by hand has ended (Python: `RuntimeError`, for it is no iterator).
    AlreadyAwaited,
    /// The body left with this error: one that was thrown in and not caught, or one it raised.
    Raised(BoxError),
    /// The body yielded although it was told to close.
    IgnoredExit,
    /// There is no stack for it; it has not started and may be tried again.
    NoStack(StackError),
    /// Only from `close`: the body panicked while it was closed. This is the panic's payload.
    Panicked(Box<dyn Any + Send>),
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResumeError::Finished => f.write_str("generator has finished"),
            ResumeError::AlreadyExecuting => f.write_str("generator already executing"),
            ResumeError::JustStarted => f.write_str("can't send non-None value to a just-started generator"),
            ResumeError::AlreadyStarted => f.write_str("generator has already started; resume it instead"),
            ResumeError::AlreadyAwaited => f.write_str("cannot reuse already awaited coroutine"),
            ResumeError::Raised(error) => write!(f, "{error}"),
            ResumeError::IgnoredExit => f.write_str("generator ignored GeneratorExit"),
            ResumeError::NoStack(error) => write!(f, "the generator cannot start: {error}"),
            ResumeError::Panicked(payload) => {
                write!(
                    f,
                    "the generator panicked while it was closed: {}",
                    crate::error::panic_text(&**payload)
                )
            }
        }
    }
}

impl fmt::Debug for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResumeError::Raised(error) => f.debug_tuple("Raised").field(error).finish(),
            ResumeError::NoStack(error) => f.debug_tuple("NoStack").field(error).finish(),
            ResumeError::Panicked(payload) => {
                f.debug_tuple("Panicked").field(&crate::error::panic_text(&**payload)).finish()
            }
            ResumeError::Finished => f.write_str("Finished"),
            ResumeError::AlreadyExecuting => f.write_str("AlreadyExecuting"),
            ResumeError::JustStarted => f.write_str("JustStarted"),
            ResumeError::AlreadyStarted => f.write_str("AlreadyStarted"),
            ResumeError::AlreadyAwaited => f.write_str("AlreadyAwaited"),
            ResumeError::IgnoredExit => f.write_str("IgnoredExit"),
        }
    }
}

impl Error for ResumeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ResumeError::Raised(error) => error.source(),
            ResumeError::NoStack(error) => Some(error),
            _ => None,
        }
    }
}

impl ResumeError {
    /// What a body's error becomes on its way out: a generator's own end that leaks out of another's body
    /// would look like that other's end (PEP 479), so it is wrapped.
    pub(crate) fn raised(error: BoxError) -> ResumeError {
        let is_end = error.downcast_ref::<ResumeError>().is_some_and(|e| matches!(e, ResumeError::Finished));
        ResumeError::Raised(if is_end { Box::new(RaisedStop) } else { error })
    }
}

/// PEP 479's RuntimeError.
#[derive(Debug)]
struct RaisedStop;

impl fmt::Display for RaisedStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("generator raised StopIteration")
    }
}

impl Error for RaisedStop {}

/// What a closed generator's body sees as an error, where it asks with [`Co::try_yield`](crate::Co::try_yield)
/// and carries [`Thrown`](crate::Thrown) on with `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeneratorExit;

impl fmt::Display for GeneratorExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratorExit")
    }
}

impl Error for GeneratorExit {}
