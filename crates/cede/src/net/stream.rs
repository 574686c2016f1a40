//! What all streams can do, and `Read` and `Write` from that.

use std::io;
use std::net::Shutdown;
use std::rc::Rc;

/// A stream of bytes in both directions that a task can cede on, through a shared reference: what
/// [`TcpStream`](super::TcpStream), [`UnixStream`](super::UnixStream) and others have in common.
///
/// Programs use `Read` and `Write`; this is for code that takes any stream and shares it, as
/// [`split`](super::TcpStream::split) and [`streams`](crate::streams) do.
pub trait Stream {
    /// Reads what is there, at most as much as fits; 0 at the end. Cedes while there is nothing.
    ///
    /// # Errors
    /// Of the system; the cancellation, if the task is cancelled meanwhile.
    fn read_some(&self, bytes: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as there is room for, at least one byte. Cedes while there is no room.
    ///
    /// # Errors
    /// As [`read_some`](Self::read_some); when the other side has closed.
    fn write_some(&self, bytes: &[u8]) -> io::Result<usize>;

    /// As [`write_some`](Self::write_some), but where there is no room it gives `WouldBlock` instead of ceding.
    ///
    /// # Errors
    /// As [`write_some`](Self::write_some).
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Ends one direction, or both.
    ///
    /// # Errors
    /// Of the system: not connected any more.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// Tells the other side that nothing more will come. Cedes while there is no room for what must be said;
    /// cancelled meanwhile, it can be called again.
    ///
    /// Most streams say it without a word, so it is [`shutdown`](Self::shutdown) unless they do not.
    ///
    /// # Errors
    /// As [`shutdown`](Self::shutdown); the cancellation.
    fn end(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// As [`end`](Self::end), but where that would cede it gives `WouldBlock`.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    fn try_end(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// Ends both directions at once, though not all was sent. Where an end can be told from a cut, as over TLS, the
    /// other side reads a cut: it must not take a part for the whole. Does not cede.
    ///
    /// # Errors
    /// As [`shutdown`](Self::shutdown).
    fn abort(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Both)
    }
}

/// A stream that others share.
impl<S: Stream + ?Sized> Stream for Rc<S> {
    fn read_some(&self, bytes: &mut [u8]) -> io::Result<usize> {
        (**self).read_some(bytes)
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        (**self).write_some(bytes)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        (**self).try_write(bytes)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        (**self).shutdown(how)
    }

    fn end(&self) -> io::Result<()> {
        (**self).end()
    }

    fn try_end(&self) -> io::Result<()> {
        (**self).try_end()
    }

    fn abort(&self) -> io::Result<()> {
        (**self).abort()
    }
}

/// `Read` and `Write` for a stream and for a reference to it, and its descriptor.
macro_rules! read_and_write {
    ($stream:ident, $name:literal) => {
        /// Reading cedes while there is nothing to read.
        impl std::io::Read for &$stream {
            fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
                let call = concat!($name, "::read");
                self.source.receive(bytes, call, |mut stream, bytes| std::io::Read::read(&mut stream, bytes))
            }

            fn read_vectored(&mut self, bytes: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                if let Some(taken) = self.source.kept().take_vectored(bytes) {
                    return taken;
                }
                let size = bytes.iter().map(|slice| slice.len()).sum();
                if self.source.most(size) < size
                    && let Some(first) = bytes.iter_mut().find(|slice| !slice.is_empty())
                {
                    return std::io::Read::read(self, first); // a fault: less than there is
                }
                self.source.read(size, concat!($name, "::read"), |mut stream| stream.read_vectored(bytes))
            }
        }

        /// Writing cedes while there is no room. There is nothing to flush.
        impl std::io::Write for &$stream {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                let call = concat!($name, "::write");
                self.source.send(bytes, call, |mut stream, bytes| std::io::Write::write(&mut stream, bytes))
            }

            fn write_vectored(&mut self, bytes: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                let call = concat!($name, "::write");
                let size = bytes.iter().map(|slice| slice.len()).sum();
                if self.source.most(size) < size
                    && let Some(first) = bytes.iter().find(|slice| !slice.is_empty())
                {
                    return std::io::Write::write(self, first); // a fault: less than there is room for
                }
                self.source.when(crate::reactor::Way::Write, call, |mut stream| stream.write_vectored(bytes))
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        /// As for a reference to it.
        impl std::io::Read for $stream {
            fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
                std::io::Read::read(&mut &*self, bytes)
            }

            fn read_vectored(&mut self, bytes: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                std::io::Read::read_vectored(&mut &*self, bytes)
            }
        }

        /// As for a reference to it.
        impl std::io::Write for $stream {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                std::io::Write::write(&mut &*self, bytes)
            }

            fn write_vectored(&mut self, bytes: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                std::io::Write::write_vectored(&mut &*self, bytes)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        impl crate::net::Stream for $stream {
            fn read_some(&self, bytes: &mut [u8]) -> std::io::Result<usize> {
                std::io::Read::read(&mut &*self, bytes)
            }

            fn write_some(&self, bytes: &[u8]) -> std::io::Result<usize> {
                std::io::Write::write(&mut &*self, bytes)
            }

            fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
                let bytes = &bytes[..self.source.most(bytes.len())];
                self.source.attempt(crate::reactor::Way::Write, concat!($name, "::write"), |mut stream| {
                    std::io::Write::write(&mut stream, bytes)
                })
            }

            fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.source.io().shutdown(how)
            }
        }
    };
}

/// The descriptor of a socket, and how it looks.
macro_rules! descriptor {
    ($socket:ident) => {
        /// For options (`socket2::SockRef::from(&socket)`) and other crates. Whoever reads or writes through it
        /// finds it non-blocking.
        impl std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(self.source.io())
            }
        }

        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(self.source.io())
            }
        }

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.source.io().fmt(f)
            }
        }
    };
}

pub(crate) use descriptor;
pub(crate) use read_and_write;
