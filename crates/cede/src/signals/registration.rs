//! The ownership of a signal by one loop.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::{SigId, low_level};

use super::action::{self, Told};
use super::before::Before;
use super::known::Known;
use crate::error::Error;
use crate::this_process;

/// The ownership of a signal by one loop; dropping it gives the signal back.
pub(super) struct Registration {
    known: &'static Known,
    /// The process in which it is owned. In a child of it, the drop of a copy gives nothing back.
    process: u32,
    before: Before,
    arrived: Arc<AtomicBool>,
    once: Arc<AtomicBool>,
    id: Option<SigId>,
}

impl Registration {
    /// Owns the signal: when it comes, `rung` is set and a byte goes into the pipe.
    pub(super) fn new(signal: i32, rung: Arc<AtomicBool>, pipe: &UnixStream) -> Result<Self, Error> {
        let known = catchable(signal)?;
        if !known.take() {
            return Err(Error::misuse(format!(
                "add_signal_handler: {} is handled by another loop of this process; remove that handler first",
                name(signal)
            )));
        }
        let mut new = Registration {
            known,
            process: this_process::id(),
            before: Before::Default,
            arrived: Arc::default(),
            once: Arc::default(),
            id: None,
        };
        new.before = known.prepare(signal).map_err(|error| uncatchable(signal, error))?;
        new.register(signal, rung, pipe).map_err(|error| uncatchable(signal, error))?;
        known.hear(new.process);
        Ok(new)
    }

    fn register(&mut self, signal: i32, rung: Arc<AtomicBool>, pipe: &UnixStream) -> io::Result<()> {
        let told = Told {
            known: self.known,
            process: self.process,
            arrived: self.arrived.clone(),
            rung,
            pipe: pipe.try_clone()?,
            once: self.once.clone(),
        };
        self.id = Some(action::tell(signal, told)?);
        Ok(())
    }

    /// The next one is ours, the one after it does what the signal did before us: even if the loop never
    /// comes to look at the first.
    pub(super) fn only_once(&self) {
        self.once.store(true, Ordering::SeqCst);
    }

    /// Whether it has come since this was asked last.
    pub(super) fn take_arrived(&self) -> bool {
        self.arrived.swap(false, Ordering::SeqCst)
    }

    pub(super) fn before(&self) -> Before {
        self.before
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // The default first, so that none is lost in between.
        self.known.hear_no_more(self.process);
        if let Some(id) = self.id.take() {
            low_level::unregister(id);
        }
        self.known.give_back(self.process);
    }
}

/// A signal that a loop can handle.
fn catchable(signal: i32) -> Result<&'static Known, Error> {
    check(signal)?;
    if [libc::SIGKILL, libc::SIGSTOP].contains(&signal) {
        return Err(Error::misuse(format!("add_signal_handler: sig {signal} cannot be caught")));
    }
    if [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE].contains(&signal) {
        return Err(Error::misuse(format!(
            "add_signal_handler: {} says that the running code cannot go on; no loop can handle it",
            name(signal)
        )));
    }
    Ok(Known::of(signal).expect("its number was checked"))
}

/// # Errors
/// When there is no such signal; the text is CPython's.
pub(super) fn check(signal: i32) -> Result<(), Error> {
    if (1..=64).contains(&signal) {
        return Ok(());
    }
    Err(Error::misuse(format!("invalid signal number {signal}")))
}

fn uncatchable(signal: i32, error: io::Error) -> Error {
    if error.raw_os_error() == Some(libc::EINVAL) {
        return Error::misuse(format!("add_signal_handler: sig {signal} cannot be caught"));
    }
    error.into()
}

fn name(signal: i32) -> String {
    low_level::signal_name(signal).map_or_else(|| format!("sig {signal}"), str::to_owned)
}
