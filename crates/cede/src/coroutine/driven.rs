//! Coroutines driven by hand: what the event loop does, in your own hands.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::coroutine::{Body, Parts};
use crate::error::{Error, Interrupt};
use crate::generator::{BoxError, Co, Generator, GeneratorState, GeneratorStatus, ResumeError};
use crate::target::{Awaited, Target};
use crate::task;

/// A coroutine on a stack of its own, driven by hand, without a loop.
///
/// [`send`](Self::send) gives it control; it comes back with what the coroutine yields
/// ([`yield_to_driver`]), what it waits for, or its result. The first value sent must be `()`. Dropping it
/// closes it.
///
/// asyncio counterpart: `coroutine.send(…)`, `throw`, `close`.
///
/// ```
/// use cede::{Awaitable, Step};
///
/// struct Rock;
/// impl Awaitable for Rock {
///     type Output = i32;
///     fn await_(self) -> i32 {
///         cede::yield_to_driver(7).expect("driven by hand")
///     }
/// }
///
/// let main = cede::coroutine(|| Rock.await_() + 1).start();
/// assert_eq!(main.send(())?.yielded::<i32>(), 7);
/// assert_eq!(main.send(42)?.complete(), 43);
/// # Ok::<(), cede::ResumeError>(())
/// ```
#[must_use = "it runs nothing until something is sent"]
pub struct Driven<T: 'static> {
    generator: Generator<Passed, Box<dyn Any>, T>,
    link: Rc<Link>,
    started: Cell<bool>,
}

/// What a driven coroutine passes to its driver.
enum Passed {
    Value(Yielded),
    Waiting(Awaited),
}

/// How code deep inside the coroutine finds its driver.
pub(crate) struct Link {
    co: RefCell<Option<Co<Passed, Box<dyn Any>>>>,
    name: String,
}

thread_local! {
    /// The innermost coroutine that is driven by hand on this thread: awaits go to its driver.
    static DRIVER: RefCell<Option<Rc<Link>>> = const { RefCell::new(None) };
    /// Whether `DRIVER` holds one: what the fast path asks.
    static IS_DRIVEN: Cell<bool> = const { Cell::new(false) };
}

/// The innermost hand-driven coroutine, if that is what runs.
#[inline]
pub(crate) fn driver() -> Option<Rc<Link>> {
    if IS_DRIVEN.get() { DRIVER.with(|driver| driver.borrow().clone()) } else { None }
}

/// Whether [`driver`] would give one.
#[inline]
pub(crate) fn is_driven() -> bool {
    IS_DRIVEN.get()
}

/// A loop steps a task: until the guard is dropped, awaits are the loop's, even where the loop itself runs
/// inside a hand-driven coroutine.
#[inline]
pub(crate) fn undriven() -> Option<DriverScope> {
    IS_DRIVEN.get().then(|| DriverScope::enter(None))
}

pub(crate) struct DriverScope {
    before: Option<Rc<Link>>,
}

impl DriverScope {
    fn enter(link: Option<Rc<Link>>) -> Self {
        IS_DRIVEN.set(link.is_some());
        DriverScope { before: DRIVER.replace(link) }
    }
}

impl Drop for DriverScope {
    fn drop(&mut self) {
        IS_DRIVEN.set(self.before.is_some());
        DRIVER.set(self.before.take());
    }
}

/// What a driven coroutine gives when it is sent something.
#[derive(Debug)]
pub enum Step<T> {
    /// It yielded a value, through any number of awaits.
    Yielded(Yielded),
    /// It awaits this task or promise; send `()` once that is done.
    Waiting(Awaited),
    /// It returned this.
    Complete(T),
}

impl<T> Step<T> {
    /// The yielded value.
    ///
    /// # Panics
    /// When it is something else, or of another type.
    #[track_caller]
    pub fn yielded<V: 'static>(self) -> V {
        match self {
            Step::Yielded(yielded) => yielded.downcast().unwrap_or_else(|other| {
                panic!("Step::yielded: {other:?} is no {}", std::any::type_name::<V>())
            }),
            Step::Waiting(on) => panic!("Step::yielded: the coroutine waits for {on:?}"),
            Step::Complete(_) => panic!("Step::yielded: the coroutine has returned"),
        }
    }

    /// The result.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn complete(self) -> T {
        match self {
            Step::Complete(result) => result,
            Step::Yielded(yielded) => panic!("Step::complete: the coroutine yielded {yielded:?}"),
            Step::Waiting(on) => panic!("Step::complete: the coroutine waits for {on:?}"),
        }
    }
}

/// A value of some type that a coroutine yielded to its driver.
pub struct Yielded {
    value: Box<dyn Any>,
    text: String,
}

impl Yielded {
    /// The value, if it is of this type.
    ///
    /// # Errors
    /// Itself, if it is not.
    pub fn downcast<V: 'static>(self) -> Result<V, Yielded> {
        let Yielded { value, text } = self;
        value.downcast().map(|value| *value).map_err(|value| Yielded { value, text })
    }
}

impl fmt::Debug for Yielded {
    /// As the value's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T: 'static> Driven<T> {
    #[track_caller]
    pub(crate) fn new<F>(parts: Parts<F>) -> Self
    where
        F: Body<Returns = T> + 'static,
    {
        let Parts { body, name, stack_size, .. } = parts;
        let link = Rc::new(Link { co: RefCell::new(None), name: name.to_string() });
        let mine = link.clone();
        let mut generator = Generator::new(move |co| {
            *mine.co.borrow_mut() = Some(co);
            body()
        })
        .named(name.as_str().to_owned())
        .for_coroutine();
        if let Some(bytes) = stack_size {
            generator = generator.stack_size(bytes);
        }
        Driven { generator, link, started: Cell::new(false) }
    }

    /// Sends a value to where it waits and gives it control until it waits again.
    ///
    /// # Errors
    /// [`ResumeError::AlreadyAwaited`] when it has ended; [`ResumeError::AlreadyExecuting`];
    /// [`ResumeError::NoStack`]. [`ResumeError::JustStarted`] when the first value is not `()`; it stays new.
    ///
    /// # Panics
    /// With the coroutine's panic.
    pub fn send<V: 'static>(&self, value: V) -> Result<Step<T>, ResumeError> {
        self.check()?;
        let value: Box<dyn Any> = Box::new(value);
        if self.started.get() {
            let _scope = DriverScope::enter(Some(self.link.clone()));
            return self.generator.resume(value).map(Step::from);
        }
        if !value.is::<()>() {
            return Err(ResumeError::JustStarted);
        }
        let _scope = DriverScope::enter(Some(self.link.clone()));
        let state = self.generator.start()?;
        self.started.set(true);
        Ok(state.into())
    }

    /// Throws an error in where it waits. A [`Cancelled`](crate::Cancelled) comes out of a parked await as a value; anything
    /// else leaves the coroutine by unwinding.
    ///
    /// # Errors
    /// As [`Generator::throw`]; [`ResumeError::AlreadyAwaited`] when it has ended.
    pub fn throw(&self, error: impl Into<BoxError>) -> Result<Step<T>, ResumeError> {
        self.check()?;
        let _scope = DriverScope::enter(Some(self.link.clone()));
        self.generator.throw(error).map(Step::from)
    }

    fn check(&self) -> Result<(), ResumeError> {
        match self.generator.status() {
            GeneratorStatus::Finished => Err(ResumeError::AlreadyAwaited),
            _ => Ok(()),
        }
    }

    /// Ends it: leaves its frames by unwinding.
    ///
    /// # Errors
    /// As [`Generator::close`].
    pub fn close(&self) -> Result<Option<T>, ResumeError> {
        let _scope = DriverScope::enter(Some(self.link.clone()));
        self.generator.close()
    }
}

impl<T> From<GeneratorState<Passed, T>> for Step<T> {
    fn from(state: GeneratorState<Passed, T>) -> Self {
        match state {
            GeneratorState::Yielded(Passed::Value(value)) => Step::Yielded(value),
            GeneratorState::Yielded(Passed::Waiting(on)) => Step::Waiting(on),
            GeneratorState::Complete(result) => Step::Complete(result),
        }
    }
}

impl<T: 'static> Drop for Driven<T> {
    fn drop(&mut self) {
        // The generator closes itself; what its frames await meanwhile is still ours.
        let _scope = DriverScope::enter(Some(self.link.clone()));
        let _ = self.generator.close();
    }
}

impl<T: 'static> fmt::Debug for Driven<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<coroutine object {} at {:p}>", self.link.name, Rc::as_ptr(&self.link))
    }
}

impl Link {
    /// Passes a value to the driver; comes back with what it sends.
    fn pass(&self, passed: Passed) -> Result<Box<dyn Any>, Interrupt> {
        let co = self.co.borrow().clone();
        let Some(co) = co else {
            return Err(Interrupt::Error(Error::misuse("await: the coroutine has not started")));
        };
        co.yield_through(passed)
    }

    /// `await target`, for a coroutine that is driven by hand.
    pub(crate) fn wait(&self, target: &Target) -> Result<(), Interrupt> {
        self.pass(Passed::Waiting(Awaited { target: target.clone() }))?;
        if target.completion().done() {
            return Ok(());
        }
        Err(Interrupt::Error(Error::misuse(
            "await wasn't used with a task or promise that is done: the driver sent a value too early",
        )))
    }

    /// `yield_now`, for a coroutine that is driven by hand: the driver gets `()`.
    pub(crate) fn yield_now(&self) -> Result<(), Interrupt> {
        self.pass(Passed::Value(Yielded { value: Box::new(()), text: "()".to_owned() })).map(drop)
    }
}

/// Yields a value to whoever drives this coroutine by hand, through any number of awaits, and comes back
/// with what they send. What an awaitable of your own is made of (Python: a bare `yield` in `__await__`).
///
/// # Errors
/// Under a task there is nobody to take the value: "Task got bad yield", after one turn of the loop. When
/// what is sent is not an `S`. Outside of both.
///
/// # Panics
/// Leaves the coroutine by unwinding when it is closed or an error is thrown in.
pub fn yield_to_driver<V, S>(value: V) -> Result<S, Error>
where
    V: fmt::Debug + 'static,
    S: 'static,
{
    let text = format!("{value:?}");
    let Some(link) = driver() else { return Err(task::bad_yield(&text)) };
    match link.pass(Passed::Value(Yielded { value: Box::new(value), text })) {
        Ok(sent) => sent.downcast().map(|sent| *sent).map_err(|_| {
            Error::misuse(format!(
                "yield_to_driver: coroutine '{}' was sent something that is no {}",
                link.name,
                std::any::type_name::<S>()
            ))
        }),
        Err(Interrupt::Cancelled(cancelled)) => Err(cancelled.into()),
        Err(Interrupt::Error(error)) => Err(error),
    }
}
