//! Who in the process owns which signal.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use signal_hook::low_level::pipe;
use signal_hook::{SigId, flag, low_level};

use super::before::Before;
use crate::error::Error;

/// A signal that somebody in the process has owned, now or before.
struct Known {
    before: Before,
    /// Set while nobody owns it: then it does what it did before us.
    default: Arc<AtomicBool>,
    owned: bool,
}

static KNOWN: Mutex<BTreeMap<i32, Known>> = Mutex::new(BTreeMap::new());

/// The ownership of a signal by one loop; dropping it gives the signal back.
pub(super) struct Registration {
    signal: i32,
    before: Before,
    default: Arc<AtomicBool>,
    arrived: Arc<AtomicBool>,
    ids: Vec<SigId>,
}

impl Registration {
    /// Owns the signal: when it comes, `rung` is set and a byte goes into the pipe.
    pub(super) fn new(signal: i32, rung: Arc<AtomicBool>, pipe: &UnixStream) -> Result<Self, Error> {
        let mut all = KNOWN.lock();
        let known = match all.entry(signal) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(know(signal)?),
        };
        if known.owned {
            return Err(Error::misuse(format!(
                "add_signal_handler: {} is handled by another loop of this process; remove that handler first",
                name(signal)
            )));
        }
        let mut new = Registration {
            signal,
            before: known.before,
            default: known.default.clone(),
            arrived: Arc::default(),
            ids: Vec::new(),
        };
        known.owned = true;
        drop(all);
        new.register(rung, pipe).map_err(|error| uncatchable(signal, error))?;
        new.default.store(false, Ordering::SeqCst);
        Ok(new)
    }

    fn register(&mut self, rung: Arc<AtomicBool>, pipe: &UnixStream) -> io::Result<()> {
        self.ids.push(flag::register(self.signal, self.arrived.clone())?);
        self.ids.push(flag::register(self.signal, rung)?);
        self.ids.push(pipe::register(self.signal, pipe.try_clone()?)?);
        Ok(())
    }

    /// The next one is ours, the one after it does what the signal did before us: even if the loop never
    /// comes to look at the first.
    pub(super) fn only_once(&mut self) -> io::Result<()> {
        self.ids.push(flag::register(self.signal, self.default.clone())?);
        Ok(())
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
        self.default.store(self.before == Before::Default, Ordering::SeqCst);
        for id in self.ids.drain(..) {
            low_level::unregister(id);
        }
        if let Some(known) = KNOWN.lock().get_mut(&self.signal) {
            known.owned = false;
        }
    }
}

/// Takes over a signal for the first time in this process.
fn know(signal: i32) -> Result<Known, Error> {
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
    let before = Before::of(signal);
    let default = Arc::new(AtomicBool::new(before == Before::Default));
    if before == Before::Default {
        // Of a signal whose default it does not know (the real-time ones), `signal-hook` says so; given
        // back, such a signal does nothing.
        let _ = flag::register_conditional_default(signal, default.clone());
    }
    Ok(Known { before, default, owned: false })
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
