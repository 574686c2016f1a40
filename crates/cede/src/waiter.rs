//! What the library itself parks tasks on (asyncio: a future made for the purpose, there called a waiter).

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::callback::Timer;
use crate::completion::Completion;
use crate::coroutine::Interrupt;
use crate::error::{Cancelled, Message};
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::{CancelWay, Target, TargetCell};
use crate::task;

/// A promise of nothing. Small, for everybody who waits for a lock, a message or a time has one.
///
/// In this order, so that what a sleeper is besides, its timer, has not the address of the whole: a log tells things
/// by that.
#[repr(C)]
pub(crate) struct Waiter<R = InLine> {
    completion: Completion,
    /// None while it rests.
    schedule: Option<Rc<Schedule>>,
    /// That of its cancellation.
    message: OnceCell<Message>,
    site: &'static Location<'static>,
    pub(crate) role: R,
}

/// One who sleeps, and is its own timer: one piece of memory for a sleep, of which there may be a million (asyncio: a
/// future, and the handle of the timer that will set it).
pub(crate) type Sleeper = Waiter<Timer>;

// With the counts of its `Rc` 72 bytes, and so one of the allocator's smaller sizes.
const _: () = assert!(size_of::<Sleeper>() <= 56);

/// What a waiter is besides.
pub(crate) trait Role {
    fn what(&self) -> &'static What;
}

/// One who may stand in line with others; see `sync/wait_list.rs`.
pub(crate) struct InLine {
    what: &'static What,
    pub(crate) before: Cell<Option<Rc<Waiter>>>,
    /// In line, or where it rests.
    pub(crate) after: Cell<Option<Rc<Waiter>>>,
}

impl Role for InLine {
    fn what(&self) -> &'static What {
        self.what
    }
}

impl Role for Timer {
    fn what(&self) -> &'static What {
        What::PROMISE
    }
}

/// What a waiter is called: in a log, and by `Debug` and the deadlock report.
pub(crate) struct What {
    kind: &'static str,
    shown: &'static str,
}

impl What {
    pub(crate) const PROMISE: &'static What = &What { kind: "promise", shown: "Promise" };

    /// One name for both.
    pub(crate) const fn of(name: &'static str) -> Self {
        What { kind: name, shown: name }
    }
}

impl Sleeper {
    pub(crate) fn sleeping(schedule: Rc<Schedule>, site: &'static Location<'static>) -> Rc<Self> {
        Self::with_role(schedule, site, Timer::default())
    }
}

impl Waiter {
    #[track_caller]
    pub(crate) fn new(schedule: Rc<Schedule>, what: &'static What) -> Rc<Self> {
        let role = InLine { what, before: Cell::default(), after: Cell::default() };
        Self::with_role(schedule, Location::caller(), role)
    }

    /// Puts it to rest where its loop finds it for the next wait, if nobody else has it.
    #[inline]
    pub(crate) fn rest(self: &mut Rc<Self>) {
        let Some(waiter) = Rc::get_mut(self) else { return };
        waiter.completion.begin_again();
        waiter.message = OnceCell::new();
        if let Some(schedule) = waiter.schedule.take() {
            schedule.resting.give(self.clone());
        }
    }

    /// One that has rested, for another wait; or a new one.
    #[inline]
    #[track_caller]
    pub(crate) fn renewed(schedule: Rc<Schedule>) -> Rc<Self> {
        let Some(mut waiter) = schedule.resting.take() else {
            return Waiter::new(schedule, What::PROMISE);
        };
        let rested = Rc::get_mut(&mut waiter).expect("nobody has one that rests but who keeps it");
        rested.schedule = Some(schedule);
        rested.site = Location::caller();
        waiter
    }
}

/// A loop's waiters that have waited, last in, first out: no allocation a wait. They do not know the loop, which has
/// them, and each carries the link to the next.
#[derive(Default)]
pub(crate) struct Resting {
    last: Cell<Option<Rc<Waiter>>>,
}

impl Resting {
    #[inline]
    fn take(&self) -> Option<Rc<Waiter>> {
        let waiter = self.last.take()?;
        self.last.set(waiter.role.after.take());
        Some(waiter)
    }

    #[inline]
    fn give(&self, waiter: Rc<Waiter>) {
        waiter.role.after.set(self.last.take());
        self.last.set(Some(waiter));
    }

    /// Gives their memory back: how many there were.
    pub(crate) fn trim(&self) -> usize {
        std::iter::from_fn(|| self.take()).count()
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        self.trim(); // one by one: a chain that is dropped whole recurses
    }
}

impl<R: Role + 'static> Waiter<R> {
    #[inline]
    fn with_role(schedule: Rc<Schedule>, site: &'static Location<'static>, role: R) -> Rc<Self> {
        Rc::new(Waiter {
            completion: Completion::new(),
            schedule: Some(schedule),
            message: OnceCell::new(),
            site,
            role,
        })
    }

    pub(crate) fn done(&self) -> bool {
        self.completion.done()
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.completion.outcome()
    }

    pub(crate) fn target(self: &Rc<Self>) -> Target {
        self.clone().into()
    }

    /// Ends it, and so wakes whoever waits; not if it has ended. Whether it did.
    pub(crate) fn set(self: &Rc<Self>, outcome: Outcome) -> bool {
        let pending = !self.done();
        if pending {
            self.end(outcome);
        }
        pending
    }

    pub(crate) fn wake(self: &Rc<Self>) {
        self.set(Outcome::Finished);
    }

    /// Ends it, which has not ended yet.
    #[inline(always)]
    pub(crate) fn end(self: &Rc<Self>, outcome: Outcome) {
        self.completion.complete(outcome, || self.target(), self.schedule());
    }

    /// Parks until it has ended. Its own cancellation is one of whoever waits.
    #[inline(always)]
    pub(crate) fn wait(
        self: &Rc<Self>,
        call: &'static str,
        at: &'static Location<'static>,
    ) -> Result<(), Interrupt> {
        task::park_on(self, call, at)?;
        self.cancelled().map_or(Ok(()), |cancelled| Err(Interrupt::Cancelled(cancelled)))
    }

    /// The cancellation, if somebody cancelled it.
    pub(crate) fn cancelled(&self) -> Option<Cancelled> {
        let cancelled = self.outcome() == Outcome::Cancelled;
        cancelled.then(|| Cancelled::with_message(self.message.get().cloned()))
    }
}

impl<R: Role + 'static> TargetCell for Waiter<R> {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        self.schedule.as_ref().expect("nobody waits for one that rests")
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        if let Some(message) = &way.message {
            let _ = self.message.set(message.clone()); // there is none: this is called once
        }
        self.set(Outcome::Cancelled);
    }

    fn kind(&self) -> &'static str {
        self.role.what().kind
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {}>", self.role.what().shown, self.outcome())
    }

    fn site(&self) -> &'static Location<'static> {
        self.site
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_rests_is_the_next_to_wait() {
        let schedule = Schedule::new(false);
        let mut waiters = [(); 2].map(|()| Waiter::renewed(schedule.clone()));
        let addresses = waiters.each_ref().map(Rc::as_ptr);
        waiters.iter_mut().for_each(|waiter| {
            waiter.set(Outcome::Cancelled);
            waiter.rest();
        });
        drop(waiters);
        assert_eq!(Rc::strong_count(&schedule), 1, "what rests does not keep its loop");
        let again = [(); 2].map(|()| Waiter::renewed(schedule.clone()));
        assert_eq!(again.each_ref().map(Rc::as_ptr), [addresses[1], addresses[0]]);
        assert!(again.iter().all(|waiter| !waiter.done() && waiter.role.after.take().is_none()));
    }

    #[test]
    fn one_that_somebody_still_has_does_not_rest() {
        let schedule = Schedule::new(false);
        let mut waiter = Waiter::renewed(schedule.clone());
        let had = waiter.clone();
        waiter.set(Outcome::Cancelled);
        waiter.rest();
        assert_eq!((had.outcome(), schedule.resting.trim()), (Outcome::Cancelled, 0));
    }

    /// A chain that is dropped whole would overflow the stack.
    #[test]
    fn as_many_as_there_were_are_given_back_one_by_one() {
        const MANY: usize = 200_000;
        let schedule = Schedule::new(false);
        let rest = || {
            let mut waiters = Vec::from_iter((0..MANY).map(|_| Waiter::renewed(schedule.clone())));
            waiters.iter_mut().for_each(Waiter::rest);
        };
        rest();
        assert_eq!(schedule.resting.trim(), MANY);
        rest();
        drop(schedule);
    }
}
