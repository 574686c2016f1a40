use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::completion::Completion;
use crate::coroutine::Interrupt;
use crate::error::Cancelled;
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::{CancelWay, Target, TargetCell};
use crate::task;

/// A promise of nothing: what a combinator parks on (asyncio: a future made for the purpose).
pub(crate) struct Signal {
    completion: Completion,
    schedule: Rc<Schedule>,
    cancelled: RefCell<Option<Cancelled>>,
    /// What `Debug` and the deadlock report call it.
    what: &'static str,
    site: &'static Location<'static>,
}

impl Signal {
    #[track_caller]
    pub(crate) fn new(schedule: &Rc<Schedule>, what: &'static str) -> Rc<Self> {
        Rc::new(Signal {
            completion: Completion::new(),
            schedule: schedule.clone(),
            cancelled: RefCell::new(None),
            what,
            site: Location::caller(),
        })
    }

    pub(crate) fn done(&self) -> bool {
        self.completion.done()
    }

    fn target(self: &Rc<Self>) -> Target {
        self.clone().into()
    }

    /// Ends it, unless it has ended, and so wakes whoever waits.
    pub(crate) fn set(self: &Rc<Self>, outcome: Outcome) {
        if !self.completion.done() {
            self.completion.complete(outcome, || self.target(), &self.schedule);
        }
    }

    /// Parks until it has ended. Its own cancellation is one of whoever waits.
    pub(crate) fn wait(
        self: &Rc<Self>,
        call: &'static str,
        at: &'static Location<'static>,
    ) -> Result<(), Interrupt> {
        task::park(self.target(), call, at)?;
        self.cancelled().map_or(Ok(()), |cancelled| Err(Interrupt::Cancelled(cancelled)))
    }

    /// The cancellation, if somebody cancelled it.
    pub(crate) fn cancelled(&self) -> Option<Cancelled> {
        self.cancelled.borrow().clone()
    }
}

impl TargetCell for Signal {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        *self.cancelled.borrow_mut() = Some(Cancelled::with_message(way.message.clone()));
        self.set(Outcome::Cancelled);
    }

    fn kind(&self) -> &'static str {
        self.what
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {}>", self.what, self.completion.outcome())
    }

    fn site(&self) -> &'static Location<'static> {
        self.site
    }
}
