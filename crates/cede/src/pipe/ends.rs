//! What all ends of pipes have: those of [`pipe`](super), and a child's standard streams.

use std::fs::metadata;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;

use crate::reactor::{Source, Way, check_told};

/// Takes an end into the running loop, non-blocking.
pub(crate) fn take_in(pipe: OwnedFd, call: &'static str) -> io::Result<Source<OwnedFd>> {
    rustix::io::ioctl_fionbio(&pipe, true)?;
    Source::new(pipe, call)
}

/// Whether it is of a kind that can be waited for, and open for this.
pub(super) fn check(fd: &OwnedFd, way: Way, call: &'static str) -> io::Result<()> {
    let number = fd.as_raw_fd();
    let invalid = |text| {
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{call}: descriptor {number} {text}")))
    };
    let kind = FileType::from_raw_mode(fstat(fd)?.st_mode);
    match kind {
        FileType::Fifo | FileType::Socket | FileType::CharacterDevice => {}
        FileType::RegularFile => {
            return invalid(
                "is a regular file, which is always ready: read and write it on a thread (cede::fs, cede::to_thread)",
            );
        }
        _ => return invalid("is no pipe, socket or character device: only those can be waited for"),
    }
    let mode = fcntl_getfl(fd)? & OFlags::RWMODE;
    match way {
        Way::Read if mode == OFlags::WRONLY => invalid("is not open for reading"),
        Way::Write if mode == OFlags::RDONLY => invalid("is not open for writing"),
        _ if kind == FileType::CharacterDevice => check_told(fd, call),
        _ => Ok(()),
    }
}

/// Whether an error of opening says that nobody has the other end: `ENXIO`. The system says it of a socket too.
pub(super) fn nobody_there(error: &io::Error, path: &Path) -> bool {
    is_nxio(error) && metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// An error of opening, with what was to be opened.
pub(super) fn named(error: &io::Error, call: &str, path: &Path) -> io::Error {
    if is_nxio(error) && metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let text = "is a socket, which cannot be opened: connect to it (cede::net::UnixStream)";
        return io::Error::new(io::ErrorKind::InvalidInput, format!("{call}: {} {text}", path.display()));
    }
    io::Error::new(error.kind(), format!("{call}: {}: {error}", path.display()))
}

fn is_nxio(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NXIO)
}

/// What an end has, whatever its direction.
macro_rules! end {
    ($pipe:ident) => {
        impl $pipe {
            /// One that nobody else has, so nobody else minds that it does not block.
            pub(crate) fn ours(pipe: std::os::fd::OwnedFd, call: &'static str) -> std::io::Result<Self> {
                Ok($pipe { source: crate::pipe::take_in(pipe, call)? })
            }

            /// Takes it out of the loop, and makes it blocking again, for [all who have it
            /// open](crate::pipe#non-blocking-for-all-who-have-it-open): for another program's standard stream, say
            /// (`Stdio::from`).
            ///
            /// # Errors
            /// Of the system.
            pub fn into_fd(self) -> std::io::Result<std::os::fd::OwnedFd> {
                self.source.into_blocking()
            }
        }

        crate::net::descriptor!($pipe);
    };
}

macro_rules! reading_end {
    ($(#[$doc:meta])* $pipe:ident, $call:literal) => {
        $(#[$doc])*
        pub struct $pipe {
            source: crate::reactor::Source<std::os::fd::OwnedFd>,
        }

        crate::pipe::end!($pipe);

        /// Reading cedes while there is nothing to read, and gives 0 when all writers have gone.
        impl std::io::Read for &$pipe {
            fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
                const CALL: &str = concat!($call, "::read");
                let most = self.source.most(bytes.len());
                let bytes = &mut bytes[..most];
                self.source.when(crate::reactor::Way::Read, CALL, |pipe| Ok(rustix::io::read(pipe, &mut *bytes)?))
            }
        }

        /// As for a reference to it.
        impl std::io::Read for $pipe {
            fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
                (&*self).read(bytes)
            }
        }
    };
}

macro_rules! writing_end {
    ($(#[$doc:meta])* $pipe:ident, $call:literal) => {
        $(#[$doc])*
        pub struct $pipe {
            source: crate::reactor::Source<std::os::fd::OwnedFd>,
        }

        crate::pipe::end!($pipe);

        /// Writing cedes while there is no room, and is the error `BrokenPipe` when all readers have gone. There is
        /// nothing to flush.
        impl std::io::Write for &$pipe {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                const CALL: &str = concat!($call, "::write");
                let bytes = &bytes[..self.source.most(bytes.len())];
                self.source.when(crate::reactor::Way::Write, CALL, |pipe| Ok(rustix::io::write(pipe, bytes)?))
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        /// As for a reference to it.
        impl std::io::Write for $pipe {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                (&*self).write(bytes)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
    };
}

pub(crate) use {end, reading_end, writing_end};
