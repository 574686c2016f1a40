//! Faults at the seam of the system calls, by a seed: what a busy system does rarely, done often.
//!
//! With the feature `faults`, for tests; without it, nothing of this is in the program.

use std::cell::Cell;
use std::io;

use rustix::io::Errno;

use super::source::Way;
use crate::event_loop::LoopHandle;

/// What goes wrong, and how often.
pub(super) struct Faults {
    state: Cell<u64>,
    /// One call in so many.
    one_in: u64,
    /// Also what ends a connection; else only what is to be tried again.
    errors: bool,
}

impl Faults {
    fn below(&self, bound: u64) -> u64 {
        let next =
            self.state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state.set(next);
        (next >> 33) % bound
    }

    fn strikes(&self) -> bool {
        self.below(self.one_in) == 0
    }

    /// What comes in the place of this call's own result.
    pub(super) fn error(&self, way: Way, call: &str) -> Option<io::Error> {
        if !self.strikes() {
            return None;
        }
        let ends = self.errors && self.below(4) == 0;
        let errno = match (ends, way) {
            (true, _) if call.ends_with("::accept") => {
                const ACCEPTING: [Errno; 6] = [
                    Errno::MFILE,
                    Errno::NFILE,
                    Errno::NOBUFS,
                    Errno::CONNABORTED,
                    Errno::PROTO,
                    Errno::HOSTUNREACH,
                ];
                ACCEPTING[self.below(ACCEPTING.len() as u64) as usize]
            }
            (true, Way::Read) => Errno::CONNRESET,
            (true, Way::Write) => [Errno::PIPE, Errno::CONNRESET, Errno::NOBUFS][self.below(3) as usize],
            (false, _) => [Errno::INTR, Errno::AGAIN][self.below(2) as usize],
        };
        Some(errno.into())
    }

    /// How much of this a call moves at most.
    pub(super) fn shortened(&self, size: usize) -> usize {
        if size > 1 && self.strikes() { 1 + self.below(size as u64 - 1) as usize } else { size }
    }
}

impl LoopHandle {
    /// From now on one system call in so many, of those that read, write and accept, goes wrong: is
    /// interrupted, would block although it would not, moves less than it could; and, with `errors`, one fault
    /// in four is an error: a connection that is reset, no descriptors left. By a seed, so the same each time.
    ///
    /// With the feature `faults`, for tests.
    ///
    /// # Panics
    /// When it is one in none.
    pub fn inject_faults(&self, seed: u64, one_in: u64, errors: bool) {
        assert!(one_in > 0, "inject_faults: one call in none cannot go wrong");
        *self.core.reactor.faults.borrow_mut() = Some(Faults { state: Cell::new(seed), one_in, errors });
    }
}
