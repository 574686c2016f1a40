//! Ctrl-C while a program runs: the first press cancels its main task, the second ends the process.

use std::cell::Cell;
use std::panic::Location;
use std::rc::Rc;

use libc::SIGINT;

use super::before::Before;
use super::handlers::Whose;
use crate::event_loop::{LoopCore, LoopHandle};
use crate::task::AnyTask;

/// SIGINT is a run's while this lives.
pub(crate) struct CtrlC {
    core: Rc<LoopCore>,
    number: u64,
    seen: Rc<Seen>,
}

struct Seen {
    main: AnyTask,
    pressed: Cell<bool>,
    cancelled: Cell<bool>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    No,
    /// The main task was asked to end.
    Cancelled,
    /// There was no main task to be asked any more.
    TooLate,
}

impl CtrlC {
    /// Takes SIGINT for a run of `main`, where that is safe: nobody else handles it, it is not ignored,
    /// and this is the program's main thread, unless `choice` says that it may be another.
    pub(crate) fn watch(core: &Rc<LoopCore>, main: AnyTask, choice: Option<bool>) -> Option<Self> {
        let wanted = choice.unwrap_or_else(|| std::thread::current().name() == Some("main"));
        if !wanted || core.signals.has(SIGINT) {
            return None;
        }
        let seen = Rc::new(Seen { main, pressed: Cell::new(false), cancelled: Cell::new(false) });
        let (pressed, watched) = (seen.clone(), Rc::downgrade(core));
        let run = Rc::new(move || {
            if !pressed.pressed.replace(true) {
                if let Some(core) = watched.upgrade().filter(|core| core.schedule.debug()) {
                    let listing = LoopHandle::of(core.clone()).listing();
                    let blame = core.who_is_to_blame(&core.schedule.tasks());
                    eprintln!("cede: Ctrl-C came before the end of {}{blame}", listing.trim_end());
                }
                pressed.cancelled.set(pressed.main.cancel());
            }
        });
        let number = core.signals.add(core, SIGINT, run, Whose::Run, Location::caller()).ok()?;
        let ctrl_c = CtrlC { core: core.clone(), number, seen };
        let before = core.signals.with(SIGINT, number, |handler| handler.registration.before())?;
        if before != Before::Default {
            return None; // dropped here, which gives it back
        }
        core.signals.with(SIGINT, number, |handler| handler.registration.only_once());
        Some(ctrl_c)
    }

    /// Gives SIGINT back: what became of it meanwhile.
    pub(crate) fn finish(self) -> Pressed {
        let late = self.core.signals.with(SIGINT, self.number, |handler| handler.registration.take_arrived());
        if self.seen.cancelled.get() {
            Pressed::Cancelled
        } else if self.seen.pressed.get() || late == Some(true) {
            Pressed::TooLate
        } else {
            Pressed::No
        }
    }
}

impl Drop for CtrlC {
    fn drop(&mut self) {
        // Unless the program put a handler of its own in our place.
        if self.core.signals.with(SIGINT, self.number, |_| ()).is_some() {
            drop(self.core.signals.remove(SIGINT));
        }
    }
}
