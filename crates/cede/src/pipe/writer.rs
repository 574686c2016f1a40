use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::ends::{check, named, nobody_there, writing_end};
use crate::backoff::Backoff;
use crate::reactor::{Way, make};

/// How soon a pipe without a reader is tried again, at most.
const LATER: Duration = Duration::from_millis(50);

writing_end! {
    /// The end of a pipe that is written to. Writing cedes while there is no room; it works through a shared
    /// reference, but only one task at a time may wait. Dropping it tells the readers, if it was the last writer.
    ///
    /// asyncio counterpart: `loop.connect_write_pipe`.
    PipeWriter, "PipeWriter"
}

impl PipeWriter {
    /// Opens a pipe at a path (a FIFO), which must be there, for writing. Cedes until somebody has opened it for reading;
    /// the system tells nobody of that, so it is tried again and again, 50 milliseconds apart at most.
    ///
    /// # Errors
    /// When it is not there, may not be written, or is no pipe. The cancellation, if the task is cancelled meanwhile.
    /// When no loop runs here.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        const CALL: &str = "PipeWriter::open";
        let path = path.as_ref();
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(libc::O_NONBLOCK);
        let mut backoff = Backoff::new(CALL, LATER);
        loop {
            match make(|| options.open(path)) {
                Ok(file) => return Self::of(file.into(), CALL),
                Err(error) if nobody_there(&error, path) => backoff.wait()?,
                Err(error) => return Err(named(&error, CALL, path)),
            }
        }
    }

    /// Takes in a descriptor that is written like a pipe: one that was inherited, of std's `PipeWriter`, a socket, a
    /// terminal. It is made [non-blocking](crate::pipe#non-blocking-for-all-who-have-it-open). Does not cede.
    ///
    /// # Errors
    /// When it is of another kind, such as a regular file, or not open for writing; it is closed then. When no loop
    /// runs here.
    pub fn from_fd(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::of(fd.into(), "PipeWriter::from_fd")
    }

    fn of(fd: OwnedFd, call: &'static str) -> io::Result<Self> {
        check(&fd, Way::Write, call)?;
        Self::ours(fd, call)
    }
}
