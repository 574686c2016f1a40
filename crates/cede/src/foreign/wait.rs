//! What a task is parked on while a future is pending.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use super::bell::Bell;
use crate::completion::Completion;
use crate::coroutine::Interrupt;
use crate::error::Cancelled;
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::{CancelWay, TargetCell};
use crate::task;

/// A wait for a future: pending while the task is parked, and again for its next poll.
pub(crate) struct Wait {
    completion: Completion,
    schedule: Rc<Schedule>,
    cancelled: Cell<Option<Cancelled>>,
    bell: Arc<Bell>,
    /// Rings the bell.
    pub(crate) waker: Waker,
    site: Cell<&'static Location<'static>>,
}

/// The waits of a loop that nobody uses now, and how many tasks are parked on others.
#[derive(Default)]
pub(crate) struct Waits {
    idle: RefCell<Vec<Rc<Wait>>>,
    parked: Cell<usize>,
}

impl Waits {
    /// Whether somebody outside may still wake a task: of a future that is pending, nobody can say who will.
    pub(crate) fn any(&self) -> bool {
        self.parked.get() > 0
    }

    pub(crate) fn clear(&self) {
        let idle = self.idle.take();
        drop(idle); // outside the borrow
    }
}

/// A wait on loan, for one future.
pub(crate) struct Loan {
    wait: Option<Rc<Wait>>,
}

impl Loan {
    pub(crate) fn of(schedule: &Rc<Schedule>, at: &'static Location<'static>) -> Self {
        let idle = schedule.waits.idle.borrow_mut().pop();
        let wait = idle.unwrap_or_else(|| Wait::new(schedule, at));
        wait.site.set(at);
        if let Some(task) = schedule.current() {
            wait.bell.belong_to(task.key());
        }
        Loan { wait: Some(wait) }
    }
}

impl Deref for Loan {
    type Target = Rc<Wait>;

    fn deref(&self) -> &Rc<Wait> {
        self.wait.as_ref().expect("a loan has its wait until it is dropped")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some(wait) = self.wait.take() else { return };
        // Ours and the waker's: nobody has kept a waker, so nobody can ring for what is over.
        if Rc::strong_count(&wait) == 1 && Arc::strong_count(&wait.bell) == 2 && !wait.schedule.closed() {
            let schedule = wait.schedule.clone();
            schedule.waits.idle.borrow_mut().push(wait);
        }
    }
}

impl Wait {
    fn new(schedule: &Rc<Schedule>, at: &'static Location<'static>) -> Rc<Self> {
        let bell = Arc::new(Bell::new(schedule));
        Rc::new(Wait {
            completion: Completion::new(),
            schedule: schedule.clone(),
            cancelled: Cell::new(None),
            waker: bell.clone().into(),
            bell,
            site: Cell::new(at),
        })
    }

    /// Before a poll.
    pub(crate) fn hush(&self) {
        self.bell.hush();
    }

    /// After a poll: parks until somebody has asked for another.
    pub(crate) fn until_rung(
        self: &Rc<Self>,
        call: &'static str,
        at: &'static Location<'static>,
    ) -> Result<(), Interrupt> {
        if self.bell.rung() {
            // Asked for while it was polled: others go first, among them what is in the inbox, where the one
            // who rang may have posted before he did. With nothing there we need only queue ourselves.
            if !self.schedule.turn.has_posts() {
                return task::yield_now(call);
            }
            self.bell.ask_again();
        }
        self.completion.begin_again();
        let waits = &self.schedule.waits;
        waits.parked.set(waits.parked.get() + 1);
        let counted = Parked { waits };
        task::park_on(self, call, at)?;
        drop(counted);
        match self.cancelled.take() {
            None => Ok(()),
            Some(cancelled) => Err(Interrupt::Cancelled(cancelled)),
        }
    }
}

/// Counts a parked task, also where its stack is unwound.
struct Parked<'a> {
    waits: &'a Waits,
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.waits.parked.set(self.waits.parked.get() - 1);
    }
}

impl TargetCell for Wait {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        self.cancelled.set(Some(Cancelled::with_message(way.message.clone())));
        self.completion.complete(Outcome::Cancelled, || self.clone().into(), &self.schedule);
    }

    fn kind(&self) -> &'static str {
        "future"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Future {}>", self.completion.outcome())
    }

    fn site(&self) -> &'static Location<'static> {
        self.site.get()
    }

    fn rung(self: Rc<Self>) {
        if self.bell.rung() && !self.completion.done() {
            self.completion.complete(Outcome::Finished, || self.clone().into(), &self.schedule);
        }
    }
}
