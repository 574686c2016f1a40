use std::fmt;
use std::io;

use crate::error::{Cancelled, Error, Failure};

/// Why a [`StreamReader`](super::StreamReader) has not what was asked for.
///
/// asyncio counterpart: `IncompleteReadError`, `LimitOverrunError`, and the errors of the connection.
pub struct ReadError {
    kind: Kind,
}

enum Kind {
    Incomplete { partial: Vec<u8>, expected: Option<usize> },
    Overrun { found: bool, consumed: usize },
    Io(io::Error),
}

impl ReadError {
    pub(super) fn incomplete(partial: Vec<u8>, expected: Option<usize>) -> Self {
        ReadError { kind: Kind::Incomplete { partial, expected } }
    }

    pub(super) fn overrun(found: bool, consumed: usize) -> Self {
        ReadError { kind: Kind::Overrun { found, consumed } }
    }

    /// Whether the stream ended first; [`partial`](Self::partial) is what had come.
    pub fn is_incomplete(&self) -> bool {
        matches!(self.kind, Kind::Incomplete { .. })
    }

    /// Whether the reader's limit was reached first.
    pub fn is_limit_overrun(&self) -> bool {
        matches!(self.kind, Kind::Overrun { .. })
    }

    /// What had come before the stream ended; empty for other errors.
    pub fn partial(&self) -> &[u8] {
        match &self.kind {
            Kind::Incomplete { partial, .. } => partial,
            _ => &[],
        }
    }

    /// As [`partial`](Self::partial), moved out.
    pub fn into_partial(self) -> Vec<u8> {
        match self.kind {
            Kind::Incomplete { partial, .. } => partial,
            _ => Vec::new(),
        }
    }

    /// How many bytes were asked for, where that is known.
    pub fn expected(&self) -> Option<usize> {
        match self.kind {
            Kind::Incomplete { expected, .. } => expected,
            _ => None,
        }
    }

    /// How many bytes are still in the reader, and may be read to go on after the limit was reached.
    pub fn consumed(&self) -> usize {
        match self.kind {
            Kind::Overrun { consumed, .. } => consumed,
            _ => 0,
        }
    }

    /// The error of the connection, if that is what it was.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.kind {
            Kind::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ReadError {
    /// asyncio's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Incomplete { partial, expected } => {
                write!(f, "{} bytes read on a total of ", partial.len())?;
                match expected {
                    Some(expected) => write!(f, "{expected} expected bytes"),
                    None => f.write_str("undefined expected bytes"),
                }
            }
            Kind::Overrun { found: true, .. } => {
                f.write_str("Separator is found, but chunk is longer than limit")
            }
            Kind::Overrun { found: false, .. } => {
                f.write_str("Separator is not found, and chunk exceed the limit")
            }
            Kind::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadError({self})")
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError { kind: Kind::Io(error) }
    }
}

impl From<Cancelled> for ReadError {
    fn from(cancelled: Cancelled) -> Self {
        io::Error::from(cancelled).into()
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        io::Error::from(error).into()
    }
}

impl Failure for ReadError {
    fn is_cancelled(&self) -> bool {
        self.io_error().is_some_and(Failure::is_cancelled)
    }
}

/// Of kind `UnexpectedEof` or `InvalidData`; an error of the connection stays what it was.
impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error.kind {
            Kind::Io(error) => error,
            Kind::Incomplete { .. } => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            Kind::Overrun { .. } => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error.kind {
            Kind::Io(error) => error.into(),
            _ => Error::other(error),
        }
    }
}
