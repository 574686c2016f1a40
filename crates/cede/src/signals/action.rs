//! What is done inside the signal handler, which is `signal-hook`'s.
//!
//! One of the rooms for `unsafe`: a signal comes between any two instructions, so what is done may only read and write
//! atomic numbers, and call what POSIX allows there.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::{SendFlags, send};
use signal_hook::{SigId, low_level};

use super::known::Known;
use crate::this_process;

/// In a process in which nobody hears the signal, it does its default. For good: in the child of a fork, too.
pub(super) fn default_unless_heard(signal: i32, known: &'static Known) -> io::Result<()> {
    let action = move || {
        if !known.is_heard() {
            // Of a signal whose default it does not know (the real-time ones), `signal-hook` says so; given back,
            // such a signal does nothing.
            let _ = low_level::emulate_default_handler(signal);
        }
    };
    // SAFETY: it reads numbers and does what is allowed in a signal handler; nothing there panics.
    unsafe { low_level::register(signal, action) }.map(drop)
}

/// What a loop is told by.
pub(super) struct Told {
    pub(super) known: &'static Known,
    /// The process of the loop. In a child of it, a copy of this is called, and must not wake the parent.
    pub(super) process: u32,
    pub(super) arrived: Arc<AtomicBool>,
    /// The inbox's wake flag.
    pub(super) rung: Arc<AtomicBool>,
    /// What ends the sleep of the loop.
    pub(super) pipe: UnixStream,
    /// It is heard once.
    pub(super) once: Arc<AtomicBool>,
}

/// Tells a loop of the signal, from now on until it is unregistered.
pub(super) fn tell(signal: i32, told: Told) -> io::Result<SigId> {
    let action = move || {
        if told.process != this_process::id() {
            return;
        }
        told.arrived.store(true, Ordering::SeqCst);
        told.rung.store(true, Ordering::SeqCst);
        // Full, it has been rung often enough.
        let _ = send(&told.pipe, b"!", SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        if told.once.load(Ordering::SeqCst) {
            told.known.hear_no_more(told.process);
        }
    };
    // SAFETY: it reads and writes numbers and sends a byte, which is allowed in a signal handler; nothing there panics,
    // and `signal-hook` keeps what it refers to until nobody runs it any more.
    unsafe { low_level::register(signal, action) }
}
