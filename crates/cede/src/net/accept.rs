//! Accepting, and what to do when the process has no descriptor left for it.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::io::Errno;

use crate::coroutine::Awaitable;
use crate::reactor::{Source, Way};
use crate::report::{self, Report};
use crate::time::sleep;

/// As asyncio: how long nobody is accepted when there is no descriptor left.
const PAUSE: Duration = Duration::from_secs(1);

/// A listening socket.
pub(super) struct Acceptor<S: AsFd> {
    pub(super) source: Source<S>,
    /// It has no descriptors left, and that has been reported.
    starved: Cell<bool>,
}

impl<S: AsFd> Acceptor<S> {
    pub(super) fn new(source: Source<S>) -> Self {
        Acceptor { source, starved: Cell::new(false) }
    }

    /// Accepts the next one. A connection that has gone or failed before it was accepted is passed over. Where the
    /// process or the system has no descriptors or no memory left, that is reported, once until it works
    /// again, and tried again after a pause: a server must neither spin nor end over it.
    #[track_caller]
    pub(super) fn accept<T>(
        &self,
        call: &'static str,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match self.source.when(Way::Read, call, &mut attempt) {
                Err(error) if is_of_connection(&error) => {}
                Err(error) if is_want(&error) => {
                    if !self.starved.replace(true) {
                        report::report(&Report::AcceptPaused {
                            call,
                            error: error.to_string(),
                            pause: PAUSE,
                        });
                    }
                    sleep(PAUSE).await_()?;
                }
                done => {
                    self.starved.set(false);
                    return done;
                }
            }
        }
    }
}

/// Whether it is the connection's that was to be accepted: accept(2) hands on what befell it in the network, and says
/// to try the next.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::PROTO
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NONET
                | Errno::NOPROTOOPT
        )
    )
}

/// Whether it is for want of something that others may give back.
fn is_want(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC)
    )
}
