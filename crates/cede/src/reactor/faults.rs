//! Faults at the seam of the system calls, by a seed: what a busy system does rarely, done often.
//!
//! With the feature `faults`, for tests; without it, nothing of this is in the program.
//!
//! | call | to be tried again | and, if asked for, errors |
//! |---|---|---|
//! | accept | EINTR, EAGAIN | EMFILE, ENFILE, ENOBUFS; ECONNABORTED, EPROTO, EHOSTUNREACH |
//! | connect, once it is under way | EINTR, EAGAIN | ECONNREFUSED, ECONNRESET, ETIMEDOUT |
//! | read from a stream | EINTR, EAGAIN, less than there is | ECONNRESET |
//! | write to a stream | EINTR, EAGAIN, less than there is room for | EPIPE, ECONNRESET, ENOBUFS |
//! | read from, write to a pipe | the same | none; EPIPE |
//! | receive, send a datagram, which are whole or not at all | EINTR, EAGAIN | ECONNREFUSED; ECONNREFUSED, ENOBUFS |
//! | socket, bind, socketpair, a pipe's file, a copy of a descriptor, fork of a program, its pidfd, the loop's timer | | EMFILE, ENFILE, ENOBUFS, ENOMEM |
//! | registering a descriptor with the selector | | ENOMEM, ENOSPC |
//! | the loop's own wait | EINTR, which is also an early return | |

use std::cell::Cell;
use std::io;

use rustix::io::Errno;

use super::happened::Sleep;
use super::registry::Reactor;
use super::source::Way;
use crate::event_loop::{LoopHandle, find_running};

/// What goes wrong, and how often.
pub(super) struct Faults {
    state: Cell<u64>,
    /// One call in so many.
    one_in: u64,
    /// Also what ends a connection; else only what is to be tried again.
    errors: bool,
    /// How often something did.
    struck: Cell<u64>,
}

impl Faults {
    fn below(&self, bound: u64) -> u64 {
        let next =
            self.state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state.set(next);
        (next >> 33) % bound
    }

    fn strikes(&self) -> bool {
        let strikes = self.below(self.one_in) == 0;
        self.struck.set(self.struck.get() + u64::from(strikes));
        strikes
    }

    fn one_of(&self, errors: &[Errno]) -> Option<Errno> {
        if errors.is_empty() { None } else { Some(errors[self.below(errors.len() as u64) as usize]) }
    }

    /// An error instead of what is to be tried again: one fault in four.
    fn is_error(&self) -> bool {
        self.errors && self.below(4) == 0
    }

    /// What comes in the place of this call's own result.
    fn error(&self, way: Way, call: &str) -> Option<Errno> {
        if !self.strikes() {
            return None;
        }
        let error = if self.is_error() { self.one_of(errors_of(way, call)) } else { None };
        error.or_else(|| self.one_of(&[Errno::INTR, Errno::AGAIN]))
    }

    /// What comes instead of a new descriptor.
    fn want(&self, errors: &[Errno]) -> Option<Errno> {
        if self.strikes() && self.is_error() { self.one_of(errors) } else { None }
    }

    /// How much of this a call moves at most.
    fn shortened(&self, size: usize) -> usize {
        if size > 1 && self.strikes() { 1 + self.below(size as u64 - 1) as usize } else { size }
    }
}

/// What can befall a call for good.
fn errors_of(way: Way, call: &str) -> &'static [Errno] {
    let (of, operation) = call.rsplit_once("::").unwrap_or(("", call));
    match (of, operation, way) {
        (_, "accept", _) => {
            &[Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::CONNABORTED, Errno::PROTO, Errno::HOSTUNREACH]
        }
        (_, "connect" | "connect_addr", _) => &[Errno::CONNREFUSED, Errno::CONNRESET, Errno::TIMEDOUT],
        ("UdpSocket" | "UnixDatagram", _, Way::Read) => &[Errno::CONNREFUSED],
        ("UdpSocket" | "UnixDatagram", _, Way::Write) => &[Errno::CONNREFUSED, Errno::NOBUFS],
        ("TcpStream" | "UnixStream", _, Way::Read) => &[Errno::CONNRESET],
        ("TcpStream" | "UnixStream", _, Way::Write) => &[Errno::PIPE, Errno::CONNRESET, Errno::NOBUFS],
        ("ChildStdin" | "PipeWriter", _, _) => &[Errno::PIPE],
        _ => &[], // the end of a program, say
    }
}

impl Reactor {
    /// The fault that comes in the place of a call's own result.
    pub(super) fn fault(&self, way: Way, call: &str) -> Option<io::Error> {
        Some(self.faults.borrow().as_ref()?.error(way, call)?.into())
    }

    /// That of a registration.
    pub(super) fn fault_of_registering(&self) -> Option<io::Error> {
        Some(self.faults.borrow().as_ref()?.want(&[Errno::NOMEM, Errno::NOSPC])?.into())
    }

    /// Whether the loop's wait is over before it has begun. Not each time, for then it would never hear of
    /// anything; and a mere look is none: the kernel has nothing to interrupt there.
    pub(super) fn interrupted(&self, sleep: Sleep) -> bool {
        let faults = self.faults.borrow();
        sleep != Sleep::No && faults.as_ref().is_some_and(|faults| faults.one_in > 1 && faults.strikes())
    }

    /// How much of this a call may move.
    pub(super) fn most(&self, size: usize) -> usize {
        self.faults.borrow().as_ref().map_or(size, |faults| faults.shortened(size))
    }
}

/// Has the system make something with a descriptor.
pub(crate) fn make<T>(make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    const WANTS: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    let event_loop = find_running();
    let faults = event_loop.as_ref().map(|event_loop| event_loop.core.reactor.faults.borrow());
    let fault = faults.as_ref().and_then(|faults| faults.as_ref()?.want(&WANTS));
    drop(faults);
    fault.map_or_else(make, |errno| Err(errno.into()))
}

impl LoopHandle {
    /// From now on one system call in so many goes wrong: is interrupted, would block although it would not,
    /// moves less than it could; and, with `errors`, one fault in four is an error: a connection that is reset,
    /// no descriptors left. So is the loop's own wait interrupted. By a seed, so the same each time.
    ///
    /// With the feature `faults`, for tests.
    ///
    /// # Panics
    /// When it is one in none.
    pub fn inject_faults(&self, seed: u64, one_in: u64, errors: bool) {
        assert!(one_in > 0, "inject_faults: one call in none cannot go wrong");
        *self.core.reactor.faults.borrow_mut() =
            Some(Faults { state: Cell::new(seed), one_in, errors, struck: Cell::new(0) });
    }

    /// How many calls have gone wrong since [`inject_faults`](Self::inject_faults). Of waits that are no waits, as of a loop
    /// that spins between two turns, many do.
    ///
    /// With the feature `faults`, for tests.
    pub fn faults_injected(&self) -> u64 {
        self.core.reactor.faults.borrow().as_ref().map_or(0, |faults| faults.struck.get())
    }

    /// From now on nothing goes wrong but what does by itself.
    ///
    /// With the feature `faults`, for tests.
    pub fn stop_faults(&self) {
        *self.core.reactor.faults.borrow_mut() = None;
    }
}
