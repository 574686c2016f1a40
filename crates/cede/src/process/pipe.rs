//! A child's standard streams.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process;

use crate::net::descriptor;
use crate::reactor::{Source, Way};

/// Our end of a pipe, which nobody else has, so nobody else minds that it does not block.
fn source(pipe: OwnedFd) -> io::Result<Source<OwnedFd>> {
    rustix::io::ioctl_fionbio(&pipe, true)?;
    Source::new(pipe, "Command::spawn")
}

macro_rules! reading_end {
    ($(#[$doc:meta])* $pipe:ident) => {
        $(#[$doc])*
        pub struct $pipe {
            source: Source<OwnedFd>,
        }

        impl $pipe {
            pub(super) fn new(pipe: process::$pipe) -> io::Result<Self> {
                Ok($pipe { source: source(pipe.into())? })
            }
        }

        /// Reading cedes while there is nothing to read.
        impl Read for &$pipe {
            fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                self.source.read(bytes.len(), concat!(stringify!($pipe), "::read"), |pipe| {
                    Ok(rustix::io::read(pipe, &mut *bytes)?)
                })
            }
        }

        /// As for a reference to it.
        impl Read for $pipe {
            fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                (&*self).read(bytes)
            }
        }

        descriptor!($pipe);
    };
}

reading_end! {
    /// The standard output of a child, to be read. Reading cedes while there is nothing.
    ChildStdout
}

reading_end! {
    /// The standard error of a child, to be read. Reading cedes while there is nothing.
    ChildStderr
}

/// The standard input of a child, to be written. Writing cedes while there is no room; dropping it closes it.
pub struct ChildStdin {
    source: Source<OwnedFd>,
}

impl ChildStdin {
    pub(super) fn new(pipe: process::ChildStdin) -> io::Result<Self> {
        Ok(ChildStdin { source: source(pipe.into())? })
    }
}

/// Writing cedes while there is no room. There is nothing to flush.
impl Write for &ChildStdin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.source.when(Way::Write, "ChildStdin::write", |pipe| Ok(rustix::io::write(pipe, bytes)?))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As for a reference to it.
impl Write for ChildStdin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

descriptor!(ChildStdin);
