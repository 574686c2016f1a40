//! How a loop deals with the kernel: which ways there are, and which one it takes.

use std::fmt;
use std::io;

use crate::error::Error;
use crate::event_loop::LoopHandle;

/// How the kernel reads and writes for a loop's tasks.
///
/// A loop takes [`Readiness`](Self::Readiness) unless it is told otherwise, by
/// [`Runner::backend`](crate::Runner::backend), by [`LoopHandle::set_backend`], or by the environment:
/// `CEDE_REACTOR=uring`, or `epoll`. Programs do the same by both.
///
/// asyncio counterpart: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The kernel tells which descriptors are ready, and the task that waited reads or writes: epoll on Linux.
    #[default]
    Readiness,
    /// The kernel reads and writes by itself, from and into the very bytes that the task has given, and a loop
    /// makes one system call for all that its tasks have asked for in a turn. On Linux since 6.1, with the
    /// feature `io-uring`. Where the kernel refuses, as it does in many containers, the loop takes
    /// [`Readiness`](Self::Readiness).
    ///
    /// By the ring go reads and writes of [`TcpStream`](crate::net::TcpStream) and
    /// [`UnixStream`](crate::net::UnixStream) that have to wait; for all else the ring tells of readiness.
    IoUring,
}

impl Backend {
    /// What the environment asks for.
    pub(super) fn by_environment() -> Self {
        match std::env::var("CEDE_REACTOR").as_deref() {
            Ok("uring") => Backend::IoUring,
            _ => Backend::Readiness,
        }
    }
}

/// `epoll`, `io_uring`; on other systems than Linux, `readiness`.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::IoUring => "io_uring",
            Backend::Readiness if cfg!(target_os = "linux") => "epoll",
            Backend::Readiness => "readiness",
        })
    }
}

impl LoopHandle {
    /// Sets how the kernel reads and writes for this loop, before its first socket is made.
    ///
    /// # Errors
    /// When the loop has had a socket already, or [`backend`](Self::backend) was asked for.
    pub fn set_backend(&self, backend: Backend) -> Result<(), Error> {
        if self.core.reactor.decided() {
            return Err(Error::misuse(
                "set_backend: this loop has sockets already; set it before the first one is made",
            ));
        }
        self.core.reactor.wanted.set(backend);
        Ok(())
    }

    /// How the kernel reads and writes for this loop: what was asked for, if the kernel gave it.
    ///
    /// ```
    /// use cede::{Backend, EventLoop};
    /// let event_loop = EventLoop::new()?;
    /// event_loop.set_backend(Backend::IoUring)?;
    /// match event_loop.backend() {
    ///     Backend::IoUring => println!("the kernel gave a ring"),
    ///     other => println!("{other}, for: {}", event_loop.backend_refused().unwrap()),
    /// }
    /// # Ok::<(), cede::Error>(())
    /// ```
    pub fn backend(&self) -> Backend {
        match self.core.reactor.ring_or_make() {
            Some(_) => Backend::IoUring,
            None => Backend::Readiness,
        }
    }

    /// Why this loop does not have the backend that was asked for, if it does not.
    pub fn backend_refused(&self) -> Option<io::Error> {
        let refused = self.core.reactor.refused.borrow();
        refused.as_ref().map(|error| io::Error::new(error.kind(), error.to_string()))
    }
}
