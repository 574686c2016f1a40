//! The signal handlers of one loop.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::rc::Rc;

use super::registration::{Registration, check};
use crate::callback::{Callback, HandleCell};
use crate::error::Error;
use crate::event_loop::{LoopCore, LoopHandle};
use crate::schedule::Schedule;

#[derive(Default)]
pub(crate) struct Signals {
    handlers: RefCell<BTreeMap<i32, Handler>>,
    /// What a signal wakes the loop with: the end the loop sleeps on, and the end the handler writes to.
    pipe: OnceCell<[UnixStream; 2]>,
    numbers: Cell<u64>,
}

pub(super) struct Handler {
    /// Tells it from one that replaced it.
    pub(super) number: u64,
    pub(super) registration: Registration,
    run: Rc<dyn Fn()>,
    site: &'static Location<'static>,
    whose: Whose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The program's: called in a turn; a loop that has nothing to do waits for it.
    Program,
    /// A run's, for Ctrl-C: called between two turns, and not waited for.
    Run,
}

impl Signals {
    /// Queues the handlers of the signals that have come.
    #[cold]
    pub(crate) fn deliver(&self, schedule: &Schedule) {
        if let Some([read, _]) = self.pipe.get() {
            let mut bytes = [0; 64];
            while matches!((&*read).read(&mut bytes), Ok(count) if count > 0) {}
        }
        let mut ours = Vec::new();
        for handler in self.handlers.borrow().values() {
            if handler.registration.take_arrived() {
                let run = handler.run.clone();
                match handler.whose {
                    Whose::Run => ours.push(run),
                    Whose::Program => {
                        let cell = HandleCell::new(Box::new(move || run()), handler.site);
                        schedule.push(Callback::Function(cell));
                    }
                }
            }
        }
        ours.iter().for_each(|run| run()); // outside the borrow
    }

    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.pipe.get().is_some()
    }

    /// Whether somebody may still send one that is waited for.
    pub(crate) fn awaited(&self) -> bool {
        self.any() && self.handlers.borrow().values().any(|handler| handler.whose == Whose::Program)
    }

    pub(super) fn has(&self, signal: i32) -> bool {
        self.handlers.borrow().contains_key(&signal)
    }

    /// Looks at the handler of this number, unless it was replaced or removed.
    pub(super) fn with<R>(&self, signal: i32, number: u64, look: impl FnOnce(&Handler) -> R) -> Option<R> {
        self.handlers.borrow().get(&signal).filter(|handler| handler.number == number).map(look)
    }

    /// Adds a handler in the place of this loop's earlier one, if there is one; gives its number.
    pub(super) fn add(
        &self,
        core: &LoopCore,
        signal: i32,
        run: Rc<dyn Fn()>,
        whose: Whose,
        site: &'static Location<'static>,
    ) -> Result<u64, Error> {
        let number = self.numbers.get() + 1;
        self.numbers.set(number);
        let earlier = self.handlers.borrow_mut().remove(&signal);
        let (registration, earlier) = match earlier {
            Some(Handler { registration, run, whose: Whose::Program, .. }) => (registration, Some(run)),
            // A run's, that goes off only once: given back before it is taken again.
            earlier => {
                drop(earlier);
                (Registration::new(signal, core.schedule.turn.posted(), self.pipe(core)?)?, None)
            }
        };
        let handler = Handler { number, registration, run, site, whose };
        self.handlers.borrow_mut().insert(signal, handler);
        drop(earlier); // outside the borrow: captures' destructors are user code
        Ok(number)
    }

    /// Takes a handler away and gives its signal back; the function, whose captures are for the caller to
    /// drop.
    pub(super) fn remove(&self, signal: i32) -> Option<Rc<dyn Fn()>> {
        let Handler { registration, run, .. } = self.handlers.borrow_mut().remove(&signal)?;
        drop(registration);
        Some(run)
    }

    /// Gives all signals back.
    pub(crate) fn clear(&self) {
        let all = self.handlers.take();
        drop(all); // outside the borrow: captures' destructors are user code
    }

    /// Whether a signal has put a byte there that nobody has read.
    #[cfg(test)]
    pub(crate) fn has_byte(&self) -> bool {
        self.pipe.get().is_some_and(|[read, _]| (&*read).read(&mut [0]).is_ok_and(|count| count > 0))
    }

    fn pipe(&self, core: &LoopCore) -> Result<&UnixStream, Error> {
        if self.pipe.get().is_none() {
            let (read, write) = UnixStream::pair()?;
            read.set_nonblocking(true)?;
            core.reactor.wake_on(&read)?;
            let _ = self.pipe.set([read, write]);
        }
        let [_, write] = self.pipe.get().expect("made above");
        Ok(write)
    }
}

impl LoopHandle {
    /// Has the loop call a function whenever this signal comes (`libc::SIGTERM`, say), in place of what the
    /// signal does by default.
    ///
    /// The function is an ordinary callback: it runs in a turn of the loop, not inside the signal handler,
    /// so it may do what any callback may. A signal that comes again before the loop has looked counts once.
    /// A second handler for the same signal replaces the first. While there is one, a loop that has nothing
    /// to do waits for it instead of reporting a deadlock. Closing the loop removes its handlers.
    ///
    /// asyncio counterpart: `loop.add_signal_handler`. It differs in that any thread's loop may have
    /// handlers, but a signal belongs to one loop at a time; and in that a handler which the program
    /// installed before, by other means, goes on being called first.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// let event_loop = cede::EventLoop::new()?;
    /// let (handle, calls) = (cede::LoopHandle::clone(&event_loop), Rc::new(Cell::new(0)));
    /// let seen = calls.clone();
    /// event_loop.add_signal_handler(libc::SIGHUP, move || {
    ///     seen.set(seen.get() + 1);
    ///     handle.stop();
    /// })?;
    /// signal_hook::low_level::raise(libc::SIGHUP)?; // would end the process, but for the handler
    /// event_loop.run_forever()?;
    /// assert_eq!(calls.get(), 1);
    /// assert!(event_loop.remove_signal_handler(libc::SIGHUP)?);
    /// # Ok::<(), cede::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such signal, or it cannot be caught, or says that the running code cannot go on;
    /// when another loop of the process has a handler for it; when the loop is closed; when the system gives
    /// no descriptors to be woken through.
    #[track_caller]
    pub fn add_signal_handler(&self, signal: i32, handler: impl Fn() + 'static) -> Result<(), Error> {
        check(signal)?;
        if self.is_closed() {
            return Err(Error::closed("add_signal_handler"));
        }
        if self.core.forked() {
            return Err(Error::forked("add_signal_handler")); // it would wake the parent
        }
        let site = Location::caller();
        self.core.signals.add(&self.core, signal, Rc::new(handler), Whose::Program, site).map(drop)
    }

    /// Removes the handler of a signal: whether there was one. From then on the signal does again what it
    /// did before: as a rule, end the process.
    ///
    /// asyncio counterpart: `loop.remove_signal_handler`. It differs for real-time signals, which do nothing
    /// once they were handled.
    ///
    /// # Errors
    /// When there is no such signal.
    pub fn remove_signal_handler(&self, signal: i32) -> Result<bool, Error> {
        check(signal)?;
        Ok(self.core.signals.remove(signal).is_some())
    }
}
