//! The generator itself.

use std::borrow::Cow;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr;
use std::rc::Rc;

use corosensei::{Coroutine, CoroutineResult};

use super::co::{Co, Given, Leave, Shared, Why};
use super::error::{BoxError, GeneratorExit, ResumeError};
use super::lent::Lent;
use crate::name::Name;
use crate::report::{self, Report};
use crate::stack::{self, Kind, PooledStack, StackError};

/// What a generator that was resumed gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratorState<Y, R> {
    /// The body yielded this value and waits.
    Yielded(Y),
    /// The body returned this value; the generator is finished.
    Complete(R),
}

/// Where a generator is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratorStatus {
    /// Nothing of the body has run; it has no stack.
    New,
    /// It waits at a `yield_`.
    Suspended,
    /// Its body runs, or waits for something that its body called.
    Running,
    /// It has returned, left with an error, panicked or been closed; it stays so.
    Finished,
}

/// How a body came to its end.
enum Ended<R> {
    Returned(R),
    Exited,
    Raised(BoxError),
    Panicked(Box<dyn std::any::Any + Send>),
}

type Body<Y, S, R> = Box<dyn FnOnce(Co<Y, S>) -> R>;
type Fiber<Y, R> = Coroutine<(), Lent<Y>, Ended<R>, PooledStack>;

/// How often a generator that is dropped is told to close before it is given up.
const PATIENCE: usize = 1_000;

/// A function that pauses at each [`Co::yield_`] and goes on when resumed.
///
/// `Y` is what it yields, `S` what it is sent, `R` what it returns. It runs nothing, and takes no stack,
/// until [`start`](Self::start). Dropping it while it is suspended closes it first, so that its destructors
/// run. It stays on its thread (`!Send`), for its frames may hold anything.
///
/// asyncio counterpart: Python's generator object. It differs in that the first resume, which can carry no
/// value, has a name of its own.
///
/// ```
/// use cede::Generator;
/// let countdown = Generator::new(|co| (1..=3).rev().for_each(|n| co.yield_(n)));
/// assert_eq!(countdown.collect::<Vec<i32>>(), [3, 2, 1]);
/// ```
///
/// Borrowed data is refused, for a generator may be forgotten, and its frames with it:
///
/// ```compile_fail
/// let local = String::from("short-lived");
/// let generator = cede::Generator::<usize>::new(|co| co.yield_(local.len())); // E0373: may outlive
/// ```
///
/// ```compile_fail
/// fn send<T: Send>(_: T) {}
/// send(cede::Generator::<i32>::new(|co| co.yield_(1))); // stays on its thread
/// ```
#[must_use = "a generator runs nothing until it is started or iterated"]
pub struct Generator<Y: 'static, S: 'static = (), R: 'static = ()> {
    status: Cell<GeneratorStatus>,
    body: Cell<Option<Body<Y, S, R>>>,
    /// Some from the first resume to the end. Borrowed mutably only by `switch`, which runs only while the
    /// status is `Running`, which nobody else enters.
    fiber: UnsafeCell<Option<Fiber<Y, R>>>,
    shared: Rc<Shared<Y, S>>,
    name: Name,
    kind: Kind,
    stack_size: Option<usize>,
    site: &'static Location<'static>,
}

impl<Y: 'static, S: 'static, R: 'static> Generator<Y, S, R> {
    /// A generator with this body. Nothing of it runs yet.
    #[track_caller]
    pub fn new<F>(body: F) -> Self
    where
        F: FnOnce(Co<Y, S>) -> R + 'static,
    {
        Generator {
            status: Cell::new(GeneratorStatus::New),
            body: Cell::new(Some(Box::new(body))),
            fiber: UnsafeCell::new(None),
            shared: Shared::new(),
            name: Name::of::<F>(),
            kind: Kind::Generator,
            stack_size: None,
            site: Location::caller(),
        }
    }

    /// Gives it a name, for `Debug` and the overflow report. Unnamed, it bears that of the function its
    /// body stands in.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Name::from(name.into());
        self
    }

    /// Asks for a stack of at least this many bytes; 0 is the smallest there is.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// It carries a coroutine that is driven by hand: says so in the overflow report.
    pub(crate) fn for_coroutine(mut self) -> Self {
        self.kind = Kind::Coroutine;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Where it is in its life.
    pub fn status(&self) -> GeneratorStatus {
        self.status.get()
    }

    /// Runs a new generator up to its first yield (Python: the first `next`).
    ///
    /// # Errors
    /// [`ResumeError::NoStack`], and then it may be tried again; [`ResumeError::AlreadyStarted`];
    /// [`ResumeError::AlreadyExecuting`]; [`ResumeError::Finished`].
    ///
    /// # Panics
    /// With the body's panic. The generator is finished then.
    pub fn start(&self) -> Result<GeneratorState<Y, R>, ResumeError> {
        match self.status.get() {
            GeneratorStatus::New => {
                self.prepare().map_err(ResumeError::NoStack)?;
                self.settle(self.switch())
            }
            status => Err(refusal(status)),
        }
    }

    /// Sends a value to the `yield_` it waits at, and runs it up to the next (Python: `send`).
    ///
    /// # Errors
    /// [`ResumeError::JustStarted`] when it is new: no `yield_` waits; it stays new.
    /// [`ResumeError::Finished`], every time; [`ResumeError::AlreadyExecuting`];
    /// [`ResumeError::Raised`] when the body left with an error.
    ///
    /// # Panics
    /// With the body's panic. The generator is finished then.
    #[inline(always)]
    pub fn resume(&self, value: S) -> Result<GeneratorState<Y, R>, ResumeError> {
        match self.status.get() {
            GeneratorStatus::Suspended => {
                let mut value = ManuallyDrop::new(value); // stays here until it was taken
                self.shared.sent.set(Lent::new(&mut value));
                self.settle(self.switch())
            }
            status => Err(refusal(status)),
        }
    }

    /// Throws an error into the `yield_` it waits at, and runs it up to the next (Python: `throw`).
    ///
    /// A body that asks with [`Co::try_yield`] may catch it and go on.
    ///
    /// # Errors
    /// [`ResumeError::Raised`] with the error when the body does not catch it, and when the generator is
    /// new (it is then finished, and nothing of it has run) or finished.
    ///
    /// # Panics
    /// With the body's panic.
    pub fn throw(&self, error: impl Into<BoxError>) -> Result<GeneratorState<Y, R>, ResumeError> {
        let error = error.into(); // code of others, so before anything is asked
        match self.status.get() {
            GeneratorStatus::Suspended => {
                // Thrown by hand, the exit is what `close` throws; only, it comes out again.
                let exits = error.is::<GeneratorExit>();
                self.settle(self.switch_throwing((!exits).then_some(error)))
            }
            GeneratorStatus::Running => Err(ResumeError::AlreadyExecuting),
            GeneratorStatus::New | GeneratorStatus::Finished => {
                self.finish_unstarted();
                Err(ResumeError::Raised(error))
            }
        }
    }

    /// Tells it to end: the `yield_` it waits at leaves by unwinding, or gives [`Thrown::Exit`] to
    /// [`Co::try_yield`]. A new one is finished without running anything.
    ///
    /// Gives the body's result where it returned one (Python 3.13), else `None`. Closing a finished
    /// generator does nothing.
    ///
    /// [`Thrown::Exit`]: crate::Thrown::Exit
    ///
    /// # Errors
    /// [`ResumeError::IgnoredExit`] when the body yields again: it is still suspended.
    /// [`ResumeError::Raised`] when it leaves with another error, [`ResumeError::Panicked`] when it panics.
    pub fn close(&self) -> Result<Option<R>, ResumeError> {
        match self.status.get() {
            GeneratorStatus::Running => Err(ResumeError::AlreadyExecuting),
            GeneratorStatus::New | GeneratorStatus::Finished => {
                self.finish_unstarted();
                Ok(None)
            }
            GeneratorStatus::Suspended => match self.switch_throwing(None) {
                CoroutineResult::Yield(_) => Err(ResumeError::IgnoredExit),
                CoroutineResult::Return(Ended::Returned(result)) => Ok(Some(result)),
                CoroutineResult::Return(Ended::Exited) => Ok(None),
                // The exit passed on as an error is still the exit.
                CoroutineResult::Return(Ended::Raised(error)) if error.is::<GeneratorExit>() => Ok(None),
                CoroutineResult::Return(Ended::Raised(error)) => Err(ResumeError::raised(error)),
                CoroutineResult::Return(Ended::Panicked(payload)) => {
                    if payload.is::<Leave>() || payload.is::<stack::Teardown>() {
                        resume_unwind(payload); // not the body's: something around us is being left
                    }
                    Err(ResumeError::Panicked(payload))
                }
            },
        }
    }

    /// Finishes a generator of which nothing has run, and drops its body.
    fn finish_unstarted(&self) {
        self.status.set(GeneratorStatus::Finished);
        drop(self.body.take());
    }

    /// Takes a stack and puts the body on it.
    #[cold]
    fn prepare(&self) -> Result<(), StackError> {
        let size = self.stack_size.unwrap_or_else(stack::default_size);
        let stack = stack::take(stack::class_of(size)?)?;
        self.shared.size.set(stack.size());
        stack.label().set_name(self.kind, self.name.as_str(), self.site);
        let body = self.body.take().expect("a new generator has its body");
        let shared = self.shared.clone();
        let fiber = Coroutine::with_stack(stack, move |yielder, ()| {
            shared.yielder.set(yielder);
            let result = catch_unwind(AssertUnwindSafe(|| body(Co { shared: shared.clone() })));
            shared.yielder.set(ptr::null());
            match result {
                Ok(result) => Ended::Returned(result),
                Err(payload) => why_left(&shared, payload),
            }
        });
        // SAFETY: the status is `New`: nobody has a reference to the fiber.
        unsafe { *self.fiber.get() = Some(fiber) };
        Ok(())
    }

    /// Gives the body an error, or the exit, and control until it yields or ends.
    #[inline(never)]
    fn switch_throwing(&self, error: Option<BoxError>) -> CoroutineResult<Y, Ended<R>> {
        self.shared.given.set(if error.is_some() { Given::Error } else { Given::Exit });
        let none = self.shared.thrown.replace(error);
        // Nothing is dropped here: between the question of the status and the switch no code of others may run.
        debug_assert!(none.is_none(), "the body takes what is thrown in as soon as it runs");
        mem::forget(none);
        self.switch()
    }

    /// Gives the body control until it yields or ends.
    #[inline(always)]
    fn switch(&self) -> CoroutineResult<Y, Ended<R>> {
        match std::thread::panicking() {
            false => self.switch_now(),
            true => self.switch_in_a_panic(),
        }
    }

    /// The same where whoever resumes is panicking, which the body may not take for a panic of its own.
    #[cold]
    fn switch_in_a_panic(&self) -> CoroutineResult<Y, Ended<R>> {
        self.shared.host_panicking.set(true);
        let outcome = self.switch_now();
        self.shared.host_panicking.set(false);
        outcome
    }

    #[inline(always)]
    fn switch_now(&self) -> CoroutineResult<Y, Ended<R>> {
        self.status.set(GeneratorStatus::Running);
        stack::count_switch();
        // SAFETY: the status was `New` or `Suspended` and is now `Running`, so no other call gets here until
        // we are back: this is the only reference to the fiber.
        let fiber = unsafe { &mut *self.fiber.get() };
        let running = fiber.as_mut().expect("a generator that has started has its fiber");
        let outcome = running.resume(());
        match outcome {
            CoroutineResult::Yield(value) => {
                self.status.set(GeneratorStatus::Suspended);
                // SAFETY: the body has just lent it, and is suspended.
                CoroutineResult::Yield(unsafe { value.take() })
            }
            CoroutineResult::Return(ended) => {
                self.finish(fiber);
                CoroutineResult::Return(ended)
            }
        }
    }

    /// The body has ended.
    #[cold]
    fn finish(&self, fiber: &mut Option<Fiber<Y, R>>) {
        self.status.set(GeneratorStatus::Finished);
        *fiber = None; // the stack goes back to the pool
    }

    #[inline(always)]
    fn settle(&self, outcome: CoroutineResult<Y, Ended<R>>) -> Result<GeneratorState<Y, R>, ResumeError> {
        match outcome {
            CoroutineResult::Yield(value) => Ok(GeneratorState::Yielded(value)),
            // Taken apart: as one value, in memory, it would bring that of a yield there too.
            CoroutineResult::Return(ended) => match self.settle_end(ended) {
                Ok(state) => Ok(state),
                Err(error) => Err(error),
            },
        }
    }

    #[cold]
    fn settle_end(&self, ended: Ended<R>) -> Result<GeneratorState<Y, R>, ResumeError> {
        match ended {
            Ended::Returned(result) => Ok(GeneratorState::Complete(result)),
            // Nobody told it to close, yet it left as if: it re-raised an exit it had kept.
            Ended::Exited => Err(ResumeError::Raised(Box::new(GeneratorExit))),
            Ended::Raised(error) => Err(ResumeError::raised(error)),
            Ended::Panicked(payload) => resume_unwind(payload),
        }
    }
}

/// Tells the ways in which a body is left by unwinding apart.
fn why_left<Y, S, R>(shared: &Shared<Y, S>, payload: Box<dyn std::any::Any + Send>) -> Ended<R> {
    match payload.downcast_ref::<Leave>() {
        Some(leave) if leave.generator == shared.id().addr() => match leave.why {
            Why::Exit => Ended::Exited,
            Why::Raised => match shared.raised.take() {
                Some(error) => Ended::Raised(error),
                None => Ended::Exited,
            },
        },
        _ => Ended::Panicked(payload),
    }
}

#[cold]
fn refusal(status: GeneratorStatus) -> ResumeError {
    match status {
        GeneratorStatus::New => ResumeError::JustStarted,
        GeneratorStatus::Running => ResumeError::AlreadyExecuting,
        GeneratorStatus::Suspended => ResumeError::AlreadyStarted,
        GeneratorStatus::Finished => ResumeError::Finished,
    }
}

impl<Y: 'static> Iterator for Generator<Y> {
    type Item = Y;

    /// # Panics
    /// With the body's panic; when there is no stack; when the body raises an error, for an iterator has no
    /// way to give it.
    fn next(&mut self) -> Option<Y> {
        let outcome = if self.status.get() == GeneratorStatus::New { self.start() } else { self.resume(()) };
        match outcome {
            Ok(GeneratorState::Yielded(value)) => Some(value),
            Ok(GeneratorState::Complete(())) | Err(ResumeError::Finished) => None,
            Err(error) => panic!("generator '{}': {error}", self.name),
        }
    }
}

impl<Y: 'static, S: 'static, R: 'static> fmt::Debug for Generator<Y, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<generator object {} at {:p}>", self.name, Rc::as_ptr(&self.shared))
    }
}

impl<Y: 'static, S: 'static, R: 'static> Drop for Generator<Y, S, R> {
    fn drop(&mut self) {
        if self.status.get() != GeneratorStatus::Suspended {
            return;
        }
        for _ in 0..PATIENCE {
            match self.close() {
                Ok(_) => return,
                Err(ResumeError::IgnoredExit) => {}
                Err(error) => {
                    report::report(&Report::ErrorInDrop {
                        what: format!("{self:?}"),
                        created: self.site,
                        error: error.to_string(),
                    });
                    return;
                }
            }
        }
        // It keeps yielding. Its frames may be neither run nor forgotten safely: leak them with their stack.
        mem::forget(self.fiber.get_mut().take());
        report::report(&Report::IgnoredExit {
            what: format!("{self:?}"),
            created: self.site,
            times: PATIENCE,
        });
    }
}
