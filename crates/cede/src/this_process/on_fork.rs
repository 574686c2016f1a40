//! Functions that the C library calls at a fork, in the child before the fork returns there.
//!
//! A child that the library did not make (`clone` as a system call) does not call it, nor does one that shares our
//! memory and soon becomes another program (`vfork`, `posix_spawn`).

use std::sync::atomic::{AtomicBool, Ordering};

/// Has this called in every child from now on. Said twice, it may be called twice.
///
/// It runs on the thread that forks, with all locks as they were: it must take none, and allocate nothing.
pub(crate) fn in_children(said: &AtomicBool, call: unsafe extern "C" fn()) {
    around_forks(said, None, None, call);
}

/// Has these called before every fork from now on, and after it in the parent and in the child.
pub(crate) fn around_forks(
    said: &AtomicBool,
    before: Option<unsafe extern "C" fn()>,
    parent: Option<unsafe extern "C" fn()>,
    child: unsafe extern "C" fn(),
) {
    if !said.load(Ordering::Relaxed) {
        // SAFETY: the functions are there for as long as the program; what they may do there is said above.
        let refused = unsafe { libc::pthread_atfork(before, parent, Some(child)) };
        // Refused for want of memory, it is said again by whoever comes next.
        said.store(refused == 0, Ordering::Relaxed);
    }
}
