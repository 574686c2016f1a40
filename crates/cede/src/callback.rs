//! What the ready queue holds.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::panic::Location;
use std::rc::Rc;

use crate::stack;
use crate::target::{Target, TargetCell as _};
use crate::waiter::Sleeper;

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
    /// A [`Call`]: a function given to `call_soon`, `call_later` or `call_at`. Its two variants are two here, so that a
    /// step is told from the rest by one comparison.
    Function(Rc<HandleCell>),
    /// A [`Call`]: the end of a sleep.
    Sleep(Rc<Sleeper>),
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

impl From<Call> for Callback {
    #[inline]
    fn from(call: Call) -> Self {
        match call {
            Call::Function(cell) => Callback::Function(cell),
            Call::Sleep(sleeper) => Callback::Sleep(sleeper),
        }
    }
}

/// What is called, or on a timer to be called.
#[derive(Clone)]
pub(crate) enum Call {
    Function(Rc<HandleCell>),
    /// A sleep ends. Nothing of anybody's but ours is called then, so there need not be a function.
    Sleep(Rc<Sleeper>),
}

impl Call {
    #[inline]
    pub(crate) fn timer(&self) -> &Timer {
        match self {
            Call::Function(cell) => &cell.timer,
            Call::Sleep(sleeper) => &sleeper.role,
        }
    }

    /// Where it was given to the loop.
    pub(crate) fn site(&self) -> &'static Location<'static> {
        match self {
            Call::Function(cell) => cell.site,
            Call::Sleep(sleeper) => sleeper.site(),
        }
    }

    /// Tells it from everything else that lives: what sleeps is a target too, and as that has another address.
    pub(crate) fn addr(&self) -> usize {
        std::ptr::from_ref(self.timer()).addr()
    }

    /// Has it brought to the cache.
    #[inline]
    pub(crate) fn fetch(&self) {
        let address = match self {
            Call::Function(cell) => Rc::as_ptr(cell).addr(),
            Call::Sleep(sleeper) => Rc::as_ptr(sleeper).addr(),
        };
        stack::fetch_lines(address, 2);
    }
}

/// What may be on a timer, and is called once.
#[derive(Default)]
pub(crate) struct Timer {
    /// Where it is among its loop's timers, while it is one.
    pub(crate) place: Cell<Option<TimerPlace>>,
    cancelled: Cell<bool>,
    called: Cell<bool>,
}

impl Timer {
    /// It is not wanted any more. Whether it was.
    pub(crate) fn cancel(&self) -> bool {
        !self.cancelled.replace(true) && !self.called.get()
    }

    /// It is called. Whether it was still wanted.
    pub(crate) fn call(&self) -> bool {
        !self.cancelled.get() && !self.called.replace(true)
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Whether it is still to be called.
    fn wanted(&self) -> bool {
        !self.cancelled.get() && !self.called.get()
    }
}

/// A timer's name while it is pending. None is 0, so that there is room for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerPlace(NonZeroU32);

impl TimerPlace {
    /// That of an index, if there are as many.
    pub(crate) fn new(index: usize) -> Option<Self> {
        Some(TimerPlace(NonZeroU32::new(u32::try_from(index + 1).ok()?)?))
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A function in the queue or on a timer, and whether it is still wanted.
pub(crate) struct HandleCell {
    run: Cell<Option<Function>>,
    timer: Timer,
    pub(crate) site: &'static Location<'static>,
}

/// What a handle calls.
pub(crate) enum Function {
    Once(Box<dyn FnOnce()>),
    /// It is another's, who has it called more often.
    Shared(Rc<dyn Fn()>),
}

impl Function {
    pub(crate) fn call(self) {
        match self {
            Function::Once(run) => run(),
            Function::Shared(run) => run(),
        }
    }
}

impl HandleCell {
    pub(crate) fn new(run: Box<dyn FnOnce()>, site: &'static Location<'static>) -> Rc<Self> {
        Self::of(Function::Once(run), site)
    }

    fn of(run: Function, site: &'static Location<'static>) -> Rc<Self> {
        Rc::new(HandleCell { run: Cell::new(Some(run)), timer: Timer::default(), site })
    }

    /// One for this call of a function that is called more often; none while the one before is still to be called.
    /// It takes the place of that one, and its memory, if nobody remembers it any more.
    pub(crate) fn again(
        before: &mut Option<Rc<Self>>,
        run: &Rc<dyn Fn()>,
        site: &'static Location<'static>,
    ) -> Option<Rc<Self>> {
        if before.as_ref().is_some_and(|before| before.timer.wanted()) {
            return None;
        }
        let run = Function::Shared(run.clone());
        match before.as_mut().and_then(Rc::get_mut) {
            Some(cell) => *cell = HandleCell { run: Cell::new(Some(run)), timer: Timer::default(), site },
            None => *before = Some(Self::of(run, site)),
        }
        before.clone()
    }

    /// Whether this call cancelled it.
    pub(crate) fn cancel(&self) -> bool {
        let wanted = self.timer.cancel();
        if wanted {
            drop(self.run.take()); // what it captured goes now
        }
        wanted
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.timer.cancelled()
    }

    /// What is to be done, for whoever calls it ([`Timer::call`]).
    pub(crate) fn take(&self) -> Option<Function> {
        self.run.take()
    }
}
