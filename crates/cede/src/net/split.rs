//! The two directions of a stream, apart.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;

use super::stream::Stream;

/// The reading half of a borrowed stream, from its `split`.
#[derive(Debug)]
pub struct ReadHalf<'a, S: ?Sized>(pub(super) &'a S);

/// The writing half of a borrowed stream, from its `split`.
#[derive(Debug)]
pub struct WriteHalf<'a, S: ?Sized>(pub(super) &'a S);

impl<S: Stream + ?Sized> Read for ReadHalf<'_, S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read_some(bytes)
    }
}

impl<S: Stream + ?Sized> Write for WriteHalf<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_some(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Stream + ?Sized> WriteHalf<'_, S> {
    /// Tells the other side that nothing more will come; it can still be read from. Over TLS it cedes while there
    /// is no room for that.
    ///
    /// # Errors
    /// Of the system: not connected any more.
    pub fn shutdown(&self) -> io::Result<()> {
        self.0.end()
    }
}

/// The reading half of a stream, for a task of its own; from its `into_split`.
pub struct OwnedReadHalf<S: Stream> {
    stream: Rc<S>,
}

/// The writing half of a stream, for a task of its own; from its `into_split`. Dropping it tells the other
/// side that nothing more will come.
pub struct OwnedWriteHalf<S: Stream> {
    stream: Rc<S>,
    shut: bool,
}

pub(super) fn split<S: Stream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Rc::new(stream);
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, shut: false })
}

impl<S: Stream> OwnedReadHalf<S> {
    /// The whole stream.
    pub fn stream(&self) -> &S {
        &self.stream
    }
}

impl<S: Stream> OwnedWriteHalf<S> {
    /// The whole stream.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// As [`WriteHalf::shutdown`].
    ///
    /// # Errors
    /// As there.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.stream.end()?;
        self.shut = true;
        Ok(())
    }

    /// Puts the two halves of a stream together again.
    ///
    /// # Errors
    /// The halves, when they are not of the same stream.
    pub fn reunite(self, read: OwnedReadHalf<S>) -> Result<S, (Self, OwnedReadHalf<S>)> {
        if !Rc::ptr_eq(&self.stream, &read.stream) {
            return Err((self, read));
        }
        let mut write = self;
        write.shut = true; // it is not: but nobody shall be told so
        drop(read);
        let stream = write.stream.clone();
        drop(write);
        Ok(Rc::into_inner(stream).expect("the halves were its only owners"))
    }
}

impl<S: Stream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if !self.shut {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

impl<S: Stream> Read for OwnedReadHalf<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.read_some(bytes)
    }
}

impl<S: Stream> Write for OwnedWriteHalf<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write_some(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Stream + fmt::Debug> fmt::Debug for OwnedReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedReadHalf").field(&self.stream).finish()
    }
}

impl<S: Stream + fmt::Debug> fmt::Debug for OwnedWriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedWriteHalf").field(&self.stream).finish()
    }
}
