use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::ends::{check, named, reading_end};
use crate::reactor::{Way, make};

reading_end! {
    /// The end of a pipe that is read from. Reading cedes while there is nothing; it works through a shared
    /// reference, but only one task at a time may wait.
    ///
    /// asyncio counterpart: `loop.connect_read_pipe`.
    PipeReader, "PipeReader"
}

impl PipeReader {
    /// Opens a pipe at a path (a FIFO), which must be there, for reading. Does not cede: who reads does, until somebody
    /// writes, or has opened it for writing and gone.
    ///
    /// # Errors
    /// When it is not there, may not be read, or is no pipe. When no loop runs here.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        const CALL: &str = "PipeReader::open";
        let path = path.as_ref();
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_NONBLOCK);
        let file = make(|| options.open(path)).map_err(|error| named(&error, CALL, path))?;
        Self::of(file.into(), CALL)
    }

    /// Takes in a descriptor that is read like a pipe: one that was inherited, of std's `PipeReader`, a socket, a
    /// terminal. It is made [non-blocking](crate::pipe#non-blocking-for-all-who-have-it-open). Does not cede.
    ///
    /// # Errors
    /// When it is of another kind, such as a regular file, or not open for reading; it is closed then. When no loop
    /// runs here.
    pub fn from_fd(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::of(fd.into(), "PipeReader::from_fd")
    }

    fn of(fd: OwnedFd, call: &'static str) -> io::Result<Self> {
        check(&fd, Way::Read, call)?;
        Self::ours(fd, call)
    }
}
