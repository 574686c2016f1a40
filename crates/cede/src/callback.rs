//! What the ready queue holds.

use std::cell::Cell;
use std::panic::Location;
use std::rc::Rc;

use crate::target::Target;

/// A task as the queue knows it: a place and a generation. Stale, it finds nothing; so does the default, for
/// no generation is 0.
///
/// One word, so that what contains it and little else travels in registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskKey(u64);

impl TaskKey {
    #[inline]
    pub(crate) fn new(index: u32, generation: u32) -> Self {
        TaskKey(u64::from(generation) << 32 | u64::from(index))
    }

    #[inline]
    pub(crate) fn index(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// As a number, for an atomic or another thread.
    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        TaskKey(bits)
    }
}

/// One entry of the ready queue: something the loop will give control to.
pub(crate) enum Callback {
    /// Start or go on with a task.
    Step(TaskKey),
    /// A function given to `call_soon`, `call_later` or `call_at`.
    Call(Rc<HandleCell>),
    /// A done-callback. Boxed, so that the entries of the queue stay small.
    Done(Box<DoneCall>),
}

/// A callback for the end of a task or promise.
pub(crate) struct DoneCall {
    /// Kept alive until the callback has run, for it is its argument.
    pub(crate) target: Target,
    pub(crate) run: Box<dyn FnOnce()>,
}

impl Callback {
    pub(crate) fn done(target: &Target, run: Box<dyn FnOnce()>) -> Self {
        Callback::Done(Box::new(DoneCall { target: target.clone(), run }))
    }
}

const _: () = assert!(size_of::<Callback>() <= 16);

/// A function in the queue or on a timer, and whether it is still wanted.
pub(crate) struct HandleCell {
    run: Cell<Option<Run>>,
    cancelled: Cell<bool>,
    /// Where it is among its loop's timers, while it is one.
    pub(crate) timer: Cell<Option<TimerPlace>>,
    pub(crate) site: &'static Location<'static>,
}

/// What is to be done when it is called.
pub(crate) enum Run {
    Call(Box<dyn FnOnce()>),
    /// Nothing of anybody's but ours.
    Wake(Rc<dyn Wakes>),
}

/// What a timer can wake without a function made for it.
pub(crate) trait Wakes {
    fn wake(self: Rc<Self>);
}

/// A timer's name while it is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerPlace(pub(crate) u32);

impl TimerPlace {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl HandleCell {
    pub(crate) fn new(run: Box<dyn FnOnce()>, site: &'static Location<'static>) -> Rc<Self> {
        Self::of(Run::Call(run), site)
    }

    pub(crate) fn of(run: Run, site: &'static Location<'static>) -> Rc<Self> {
        let run = Cell::new(Some(run));
        Rc::new(HandleCell { run, cancelled: Cell::new(false), timer: Cell::new(None), site })
    }

    /// Whether this call cancelled it.
    pub(crate) fn cancel(&self) -> bool {
        if self.cancelled.replace(true) {
            return false;
        }
        self.run.take().is_some() // what it captured goes now
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// What is to be done, the first time, if it was not cancelled.
    pub(crate) fn take(&self) -> Option<Run> {
        self.run.take()
    }
}
