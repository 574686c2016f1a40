//! Where tasks wait their turn: the one structure under everything in [`sync`](crate::sync) and
//! [`channel`](crate::channel).

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

use super::wait_list::WaitList;
use crate::blame::{self, Holder};
use crate::coroutine::Interrupt;
use crate::error::{Cancelled, Error};
use crate::outcome::Outcome;
use crate::report::{self, Report};
use crate::schedule;
use crate::waiter::Waiter;

/// Tasks that wait, in the order in which they came: a waiter each, as in asyncio, but in a line to which one
/// is added, woken and removed in O(1).
///
/// Nothing in here runs code of others: to wake is to set a waiter, and that only appends to the ready
/// queue.
#[derive(Default)]
pub(crate) struct WaitQueue {
    list: RefCell<WaitList>,
    /// The loop of the first who waited; asyncio's primitives belong to it from then on.
    bound_to: Cell<Option<u64>>,
}

/// How a waiter left its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Woken, and goes on.
    Woken,
    /// Woken, but cancelled before it ran: somebody else must have what it was woken for.
    PassOn,
    /// Cancelled before anybody woke it.
    Cancelled,
}

impl WaitQueue {
    pub(crate) const fn new() -> Self {
        WaitQueue { list: RefCell::new(WaitList::new()), bound_to: Cell::new(None) }
    }

    /// Parks the running task behind those who wait already, until somebody wakes it. Cedes.
    ///
    /// However the wait ends (woken, cancelled, or its stack unwound), `leave` is told once, after the waiter
    /// has been taken out of the list and before anybody else runs.
    ///
    /// # Panics
    /// Where nobody could cede, naming `call`.
    #[track_caller]
    pub(crate) fn park(&self, call: &'static str, leave: impl FnOnce(Left)) -> Result<(), Cancelled> {
        self.park_for(call, None, leave)
    }

    /// The same for what `holder` has, so that it can be blamed.
    #[track_caller]
    pub(crate) fn park_for(
        &self,
        call: &'static str,
        holder: Option<Rc<Holder>>,
        leave: impl FnOnce(Left),
    ) -> Result<(), Cancelled> {
        let waiter = self.stand(call);
        let waited = {
            let _noted = holder.map(|holder| blame::note(&waiter.target(), holder));
            let mut place = Place { queue: self, waiter, woken: false, leave: Some(leave) };
            let waited = place.waiter.wait(call, Location::caller());
            place.woken = waited.is_ok();
            waited
        };
        match waited {
            Ok(()) => Ok(()),
            Err(Interrupt::Cancelled(cancelled)) => Err(cancelled),
            Err(Interrupt::Error(error)) if error.is_unwinding() => Err(refused(call)),
            Err(Interrupt::Error(error)) => panic!("{error}"),
        }
    }

    /// A waiter at the end of the line.
    #[inline(never)]
    #[track_caller]
    fn stand(&self, call: &'static str) -> Rc<Waiter> {
        let Some(schedule) = schedule::running() else { panic!("{}", Error::no_running_loop(call)) };
        match self.bound_to.get() {
            None => self.bound_to.set(Some(schedule.id())),
            Some(id) => assert!(
                id == schedule.id(),
                "{call}: it is bound to a different event loop; make one for each loop"
            ),
        }
        let waiter = Waiter::renewed(schedule);
        self.list.borrow_mut().push(waiter.clone());
        waiter
    }

    /// Wakes the first that still waits: whether there was one.
    #[inline(always)]
    pub(crate) fn wake_next(&self) -> bool {
        // Mostly nobody waits, which needs no call.
        !self.list.borrow().is_empty() && self.wake_waiting()
    }

    #[inline(never)]
    fn wake_waiting(&self) -> bool {
        self.wake(WaitList::take_next)
    }

    /// Wakes the first of all, unless it was woken or cancelled already: then its own leaving goes on from
    /// there.
    pub(crate) fn wake_first(&self) {
        self.wake(WaitList::take_head);
    }

    /// Wakes all that wait.
    pub(crate) fn wake_all(&self) {
        while self.wake_next() {}
    }

    fn wake(&self, take: impl FnOnce(&mut WaitList) -> Option<Rc<Waiter>>) -> bool {
        let taken = take(&mut self.list.borrow_mut());
        // Outside the borrow. Only who still waits is taken.
        taken.map(|waiter| waiter.end(Outcome::Finished)).is_some()
    }

    /// Whether anybody waits, or was woken and has not run yet. The cancelled do not count.
    pub(crate) fn occupied(&self) -> bool {
        self.list.borrow_mut().occupied()
    }

    /// How many have not run since they began to wait.
    pub(crate) fn len(&self) -> usize {
        self.list.borrow().len()
    }

    /// How many nobody has tried to wake yet.
    pub(crate) fn waiting(&self) -> usize {
        self.list.borrow().waiting()
    }
}

/// A wait is refused because its stack is being unwound, which is reported.
pub(crate) fn refused(call: &'static str) -> Cancelled {
    report::report(&Report::AwaitWhileUnwinding { call });
    Cancelled::with_message(Some(Error::unwinding(call).to_string().into()))
}

/// A waiter's place, for as long as its frame waits.
struct Place<'a, F: FnOnce(Left)> {
    queue: &'a WaitQueue,
    waiter: Rc<Waiter>,
    woken: bool,
    leave: Option<F>,
}

impl<F: FnOnce(Left)> Drop for Place<'_, F> {
    fn drop(&mut self) {
        self.queue.list.borrow_mut().leave(&self.waiter);
        let left = match self.waiter.outcome() {
            Outcome::Finished if self.woken => Left::Woken,
            Outcome::Finished => Left::PassOn,
            _ => Left::Cancelled,
        };
        if let Some(leave) = self.leave.take() {
            leave(left);
        }
        // Last: an observer that is told of what `leave` wakes may come here.
        self.waiter.rest();
    }
}

#[cfg(test)]
mod tests {
    use std::rc::{Rc, Weak};

    use super::WaitQueue;
    use crate::coroutine::{Awaitable as _, coroutine};
    use crate::schedule::{self, Schedule};

    /// Its schedule has the blocks of all tasks that have ended.
    #[test]
    fn what_has_been_waited_at_does_not_keep_its_loop() {
        let queue = Rc::new(WaitQueue::new());
        let waited = Rc::clone(&queue);
        let schedule: Weak<Schedule> = crate::run(coroutine(move || {
            let waiting = Rc::clone(&waited);
            let task = crate::create_task(coroutine(move || waiting.park("test", |_| ())));
            crate::yield_now().await_().expect("nobody cancels");
            assert!(waited.wake_next());
            task.await_().expect("it ends").expect("nobody cancels");
            schedule::running().as_ref().map(Rc::downgrade).expect("a loop runs")
        }))
        .expect("the main task ends");
        assert!(schedule.upgrade().is_none());
    }
}
