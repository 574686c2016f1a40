//! Accepting, and what to do when the process has no descriptor left for it.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::io::Errno;

use crate::reactor::{Source, Way};
use crate::report::{self, Report};
use crate::time::pause;

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
    /// again, and tried again after a pause: a server must neither spin nor end over it. What was accepted and cannot
    /// be registered for want of memory is closed: the other side learns of it.
    #[track_caller]
    pub(super) fn accept<T, U, A>(
        &self,
        call: &'static str,
        attempt: impl Fn(&S) -> io::Result<(T, A)>,
        register: impl Fn(T, &'static str) -> io::Result<U>,
    ) -> io::Result<(U, A)> {
        loop {
            let accepted = self.source.when(Way::Read, call, &attempt);
            match accepted.and_then(|(stream, address)| Ok((register(stream, call)?, address))) {
                Err(error) if is_of_connection(&error) => {}
                Err(error) if is_want(&error) => {
                    if !self.starved.replace(true) {
                        report::report(&Report::AcceptPaused {
                            call,
                            error: error.to_string(),
                            pause: PAUSE,
                        });
                    }
                    pause(PAUSE, call)?;
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

/// Whether it is for want of something that others may give back: of descriptors, or of memory, which a registration
/// may want too.
fn is_want(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS))
        || matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull)
}
