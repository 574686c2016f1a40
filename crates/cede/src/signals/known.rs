//! Who in this process has which signal, and what a signal did before us.
//!
//! Numbers by signal, read in the signal handler, and no lock: one that another thread held at a fork would never be
//! let go in the child. Processes are told apart, so what a parent had is free in its child from the beginning.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use std::io;

use super::action;
use super::before::Before;
use crate::this_process;

/// Signals are 1 to 64.
static KNOWN: [Known; 65] = [const { Known::new() }; 65];

pub(super) struct Known {
    /// The process whose loop has it.
    owner: AtomicU32,
    /// The process whose loop hears it. In all others, and while it is 0, it does what it did before us.
    heard: AtomicU32,
    /// As a number; 0 where it was not asked. Asked once, for afterwards the handler is ours.
    before: AtomicU8,
    /// Whether its default is done where nobody hears it. A fork copies that, too.
    prepared: AtomicBool,
}

impl Known {
    const fn new() -> Self {
        Known {
            owner: AtomicU32::new(0),
            heard: AtomicU32::new(0),
            before: AtomicU8::new(0),
            prepared: AtomicBool::new(false),
        }
    }

    pub(super) fn of(signal: i32) -> Option<&'static Self> {
        KNOWN.get(usize::try_from(signal).ok()?)
    }

    /// Takes it for a loop of this process: whether it was free.
    pub(super) fn take(&self) -> bool {
        let (owner, us) = (self.owner.load(Ordering::SeqCst), this_process::id());
        owner != us && self.owner.compare_exchange(owner, us, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Gives back what this process has taken. In its child, that is nothing.
    pub(super) fn give_back(&self, process: u32) {
        let _ = self.owner.compare_exchange(process, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// From now on it is heard in this process.
    pub(super) fn hear(&self, process: u32) {
        self.heard.store(process, Ordering::SeqCst);
    }

    /// From now on it does here what it did before us. A signal handler may say so.
    pub(super) fn hear_no_more(&self, process: u32) {
        let _ = self.heard.compare_exchange(process, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn is_heard(&self) -> bool {
        self.heard.load(Ordering::SeqCst) == this_process::id()
    }

    /// What it did before us; sees to it that it does so wherever it is not heard. For whoever has it.
    pub(super) fn prepare(&'static self, signal: i32) -> io::Result<Before> {
        if self.before.load(Ordering::SeqCst) == 0 {
            self.before.store(Before::of(signal) as u8, Ordering::SeqCst);
        }
        let before = self.before();
        if before == Before::Default && !self.prepared.load(Ordering::SeqCst) {
            action::default_unless_heard(signal, self)?;
            self.prepared.store(true, Ordering::SeqCst);
        }
        Ok(before)
    }

    fn before(&self) -> Before {
        match self.before.load(Ordering::SeqCst) {
            number if number == Before::Ignored as u8 => Before::Ignored,
            number if number == Before::Handled as u8 => Before::Handled,
            _ => Before::Default,
        }
    }
}
