//! What can go wrong, as values.
//!
//! Cancellation is a thing apart from failure: [`Cancelled`] is what a parked await gives when its task is
//! cancelled, [`JoinError`] says why a task has no result, [`Error`] is everything else the library has to
//! say, and [`Failure`] is what the library asks of *your* error type.

mod cancelled;
mod failure;
mod join;
mod set;
mod timed_out;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

pub use cancelled::Cancelled;
pub(crate) use cancelled::{Interrupt, Message};
pub use failure::Failure;
pub use join::JoinError;
pub use set::SetError;
pub use timed_out::TimedOut;

use crate::stack::StackError;

/// `Result` with [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the library, or one of yours on its way through it.
///
/// What kind it is can be asked with the predicates; the text names the operation and what to do. It can be
/// cloned, for several may await the same promise.
#[derive(Clone)]
pub struct Error {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Cancelled(Cancelled),
    TimedOut(TimedOut),
    Join(JoinError),
    NoRunningLoop(&'static str),
    Closed(&'static str),
    InvalidState(Arc<str>),
    Deadlock(Arc<str>),
    Unwinding(&'static str),
    Interrupted,
    Misuse(Arc<str>),
    Stack(StackError),
    Io(Arc<io::Error>),
    Other(Arc<dyn StdError + Send + Sync>),
}

impl Error {
    /// Wraps an error of your own. [`downcast_ref`](Self::downcast_ref) finds it again.
    ///
    /// ```
    /// let error = cede::Error::other("the well is dry");
    /// assert_eq!(error.to_string(), "the well is dry");
    /// ```
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Kind::Other(error.into().into()).into()
    }

    pub(crate) fn no_running_loop(call: &'static str) -> Self {
        Kind::NoRunningLoop(call).into()
    }

    pub(crate) fn closed(call: &'static str) -> Self {
        Kind::Closed(call).into()
    }

    /// Its loop is a copy that a fork made.
    pub(crate) fn forked(call: &str) -> Self {
        Self::misuse(format!(
            "{call}: this event loop was made before a fork, in another process; make a new one in this"
        ))
    }

    pub(crate) fn invalid_state(text: impl Into<Arc<str>>) -> Self {
        Kind::InvalidState(text.into()).into()
    }

    pub(crate) fn not_done() -> Self {
        Self::invalid_state("Result is not set.")
    }

    pub(crate) fn deadlock(report: impl Into<Arc<str>>) -> Self {
        Kind::Deadlock(report.into()).into()
    }

    pub(crate) fn unwinding(call: &'static str) -> Self {
        Kind::Unwinding(call).into()
    }

    pub(crate) fn interrupted() -> Self {
        Kind::Interrupted.into()
    }

    pub(crate) fn misuse(text: impl Into<Arc<str>>) -> Self {
        Kind::Misuse(text.into()).into()
    }

    /// Whether somebody's cancellation is behind it.
    pub fn is_cancelled(&self) -> bool {
        match &self.kind {
            Kind::Cancelled(_) => true,
            Kind::Join(error) => error.is_cancelled(),
            Kind::Io(error) => failure::io_is_cancelled(error),
            Kind::Other(error) => failure::is_cancelled(&**error),
            _ => false,
        }
    }

    /// Whether a time was over: [`TimedOut`], or an I/O error of that kind.
    pub fn is_timeout(&self) -> bool {
        match &self.kind {
            Kind::TimedOut(_) => true,
            Kind::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            Kind::Other(error) => timed_out::is_timeout(&**error),
            _ => false,
        }
    }

    /// Whether a task's panic is behind it.
    pub fn is_panic(&self) -> bool {
        matches!(&self.kind, Kind::Join(error) if error.is_panic())
    }

    /// Whether the loop found that nothing could ever happen any more.
    pub fn is_deadlock(&self) -> bool {
        matches!(self.kind, Kind::Deadlock(_))
    }

    /// Whether something was asked of a promise or task in a state that forbids it (asyncio:
    /// `InvalidStateError`).
    pub fn is_invalid_state(&self) -> bool {
        matches!(self.kind, Kind::InvalidState(_))
    }

    /// Whether the event loop is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed(_))
    }

    /// Whether something needed a running event loop and there was none.
    pub fn is_no_running_loop(&self) -> bool {
        matches!(self.kind, Kind::NoRunningLoop(_))
    }

    /// Whether Ctrl-C ended the program (Python: `KeyboardInterrupt`); see
    /// [`Runner::handle_ctrl_c`](crate::Runner::handle_ctrl_c).
    pub fn is_interrupted(&self) -> bool {
        matches!(self.kind, Kind::Interrupted)
    }

    /// Whether an await or a yield was refused because the stack is being unwound.
    pub fn is_unwinding(&self) -> bool {
        matches!(self.kind, Kind::Unwinding(_))
    }

    /// The error of this type that it wraps.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        match &self.kind {
            Kind::Cancelled(error) => (error as &dyn StdError).downcast_ref(),
            Kind::TimedOut(error) => (error as &dyn StdError).downcast_ref(),
            Kind::Join(error) => (error as &dyn StdError).downcast_ref(),
            Kind::Stack(error) => (error as &dyn StdError).downcast_ref(),
            Kind::Io(error) => (&**error as &dyn StdError).downcast_ref(),
            Kind::Other(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Error { kind }
    }
}

impl From<Cancelled> for Error {
    fn from(cancelled: Cancelled) -> Self {
        Kind::Cancelled(cancelled).into()
    }
}

impl From<TimedOut> for Error {
    fn from(timed_out: TimedOut) -> Self {
        Kind::TimedOut(timed_out).into()
    }
}

impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        match error.into_parts() {
            join::Parts::Cancelled(cancelled) => Kind::Cancelled(cancelled).into(),
            join::Parts::Error(error) => error,
            join::Parts::Panicked(error) => Kind::Join(error).into(),
        }
    }
}

impl From<StackError> for Error {
    fn from(error: StackError) -> Self {
        Kind::Stack(error).into()
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Kind::Io(Arc::new(error)).into()
    }
}

impl<T> From<SetError<T>> for Error {
    fn from(error: SetError<T>) -> Self {
        Error::invalid_state(error.to_string())
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::Io(error) => match Arc::try_unwrap(error) {
                Ok(error) => error,
                Err(shared) => io::Error::new(shared.kind(), Error::from(Kind::Io(shared))),
            },
            Kind::TimedOut(timed_out) => timed_out.into(),
            kind => io::Error::other(Error { kind }),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled(error) => error.fmt(f),
            Kind::TimedOut(error) => error.fmt(f),
            Kind::Join(error) => error.fmt(f),
            Kind::NoRunningLoop(call) => {
                write!(f, "{call}: no running event loop; call it from inside cede::run or a loop's callback")
            }
            Kind::Closed(call) => write!(f, "{call}: the event loop is closed"),
            Kind::Unwinding(call) => write!(
                f,
                "{call}: await while unwinding: a panic or a teardown is leaving this stack, so it cannot \
                 pause; clean up without awaiting, or after the unwind is caught"
            ),
            Kind::Interrupted => f.write_str("interrupted by Ctrl-C"),
            Kind::InvalidState(text) | Kind::Deadlock(text) | Kind::Misuse(text) => f.write_str(text),
            Kind::Stack(error) => error.fmt(f),
            Kind::Io(error) => error.fmt(f),
            Kind::Other(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    /// The text: it is what `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::Io(error) => error.source(),
            Kind::Other(error) => error.source(),
            _ => None,
        }
    }
}

/// The text of a panic's payload, if it has one.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "Box<dyn Any>"
    }
}
