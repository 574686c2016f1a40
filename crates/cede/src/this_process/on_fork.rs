//! A function that the C library calls in the child of a fork, before the fork returns there.
//!
//! A child that the library did not make (`clone` as a system call) does not call it, nor does one that shares our
//! memory and soon becomes another program (`vfork`, `posix_spawn`).

use std::sync::atomic::{AtomicBool, Ordering};

/// Has this called in every child from now on. Said twice, it may be called twice.
///
/// It runs on the thread that forks, with all locks as they were: it must take none, and allocate nothing.
pub(crate) fn in_children(said: &AtomicBool, call: unsafe extern "C" fn()) {
    if !said.load(Ordering::Relaxed) {
        // SAFETY: the function is there for as long as the program; what it may do there it is told above.
        let refused = unsafe { libc::pthread_atfork(None, None, Some(call)) };
        // Refused for want of memory, it is said again by whoever comes next.
        said.store(refused == 0, Ordering::Relaxed);
    }
}
