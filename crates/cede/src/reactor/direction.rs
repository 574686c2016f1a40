//! One direction of a descriptor: what is known of it, and the task that waits for it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;

use super::kept::Kept;
use super::uring::{OperationKey, Ring};
use crate::completion::Completion;
use crate::coroutine::Interrupt;
use crate::error::{Cancelled, Error, Message};
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::target::{CancelWay, Target, TargetCell};
use crate::task;

/// What a task parks on until it can read, or write. It is used again for every wait.
///
/// The invariant: while nobody waits it has no callback. So a wait begins by making it pending, and nothing
/// is left of the wait before.
///
/// What an event and a wait look at comes first, in one line of the cache: with a thousand connections each line is
/// one that the kernel has driven out.
#[repr(C)]
pub(super) struct Direction {
    completion: Completion,
    schedule: Rc<Schedule>,
    /// The next attempt may succeed. Set by the kernel's word, cleared by an attempt that found nothing.
    ready: Cell<bool>,
    /// It has ended, or is broken: attempts will not block, whatever was taken. So it counts, too, while an urgent mark
    /// may stop a read. Cleared only by an attempt that would have blocked all the same.
    ended: Cell<bool>,
    /// A task waits.
    parked: Cell<bool>,
    /// `read from`, `write to`.
    what: &'static str,
    /// What the wait was cancelled with.
    message: RefCell<Option<Message>>,
    /// What the kernel does by the ring for the task that waits, if it waits for that.
    pub(super) flight: Cell<Option<OperationKey>>,
    ring: Option<Rc<Ring>>,
    /// What was read for a task that did not want it any more.
    pub(super) kept: Kept,
    site: &'static Location<'static>,
}

impl Direction {
    pub(super) fn new(
        schedule: Rc<Schedule>,
        ring: Option<Rc<Ring>>,
        what: &'static str,
        ready: bool,
        site: &'static Location<'static>,
    ) -> Rc<Self> {
        Rc::new(Direction {
            completion: Completion::new(),
            schedule,
            what,
            ready: Cell::new(ready),
            ended: Cell::new(false),
            parked: Cell::new(false),
            message: RefCell::default(),
            flight: Cell::new(None),
            ring,
            kept: Kept::default(),
            site,
        })
    }

    /// Whether an attempt is worth its price.
    #[inline]
    pub(super) fn ready(&self) -> bool {
        self.ready.get() || self.ended.get()
    }

    /// Whether a task waits.
    #[inline]
    pub(super) fn parked(&self) -> bool {
        self.parked.get()
    }

    /// All there was has been taken: the next attempt waits, unless the end has come.
    #[inline]
    pub(super) fn emptied(&self) {
        self.ready.set(false);
    }

    /// An attempt would have blocked.
    pub(super) fn would_block(&self) {
        self.ready.set(false);
        self.ended.set(false);
    }

    /// The kernel's word.
    #[inline]
    pub(super) fn set_ready(self: &Rc<Self>, ended: bool) {
        self.note_ready(ended);
        self.wake(Outcome::Finished);
    }

    /// The kernel's word, for the task that asked for it.
    #[inline]
    pub(super) fn note_ready(&self, ended: bool) {
        self.ready.set(true);
        if ended {
            self.ended.set(true);
        }
    }

    /// Wakes whoever waits.
    pub(super) fn wake(self: &Rc<Self>, outcome: Outcome) {
        if self.parked.get() && !self.completion.done() {
            self.completion.complete(outcome, || self.target(), &self.schedule);
        }
    }

    /// Parks the running task until it is ready, or woken.
    #[track_caller]
    pub(super) fn wait(self: &Rc<Self>, call: &'static str) -> Result<(), Interrupt> {
        self.completion.begin_again();
        self.parked.set(true);
        let parked = Parked(self);
        let waited = task::park_on(self, call, Location::caller());
        drop(parked);
        match waited {
            Ok(()) if self.completion.outcome() == Outcome::Cancelled => {
                Err(Interrupt::Cancelled(Cancelled::with_message(self.message.take())))
            }
            waited => waited,
        }
    }

    fn target(self: &Rc<Self>) -> Target {
        Target::Cell(self.clone())
    }

    /// Why a second one cannot wait.
    #[cold]
    pub(super) fn busy(&self, call: &'static str) -> io::Error {
        Error::misuse(format!(
            "{call}: another task is already waiting to {} this descriptor; let one task do it, or take turns",
            self.what
        ))
        .into()
    }
}

/// A task waits while this lives.
struct Parked<'a>(&'a Direction);

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.parked.set(false);
    }
}

impl TargetCell for Direction {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        *self.message.borrow_mut() = way.message.clone();
        self.wake(Outcome::Cancelled);
    }

    fn kind(&self) -> &'static str {
        "descriptor"
    }

    /// The stack of the task that waits is leaked: nobody will take the operation back as its frame is left, and
    /// what it reads into may belong to a frame below, which goes on.
    fn abandoned(&self) {
        if let (Some(ring), Some(key)) = (&self.ring, self.flight.take()) {
            ring.abandon(key);
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Descriptor, to {} it>", self.what)
    }

    fn site(&self) -> &'static Location<'static> {
        self.site
    }
}
