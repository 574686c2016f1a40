//! Generators that their loop knows of: asyncio's asynchronous generators.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use crate::coroutine::{Awaitable, Coroutine, coroutine};
use crate::error::Cancelled;
use crate::event_loop::{LoopCore, LoopHandle, find_running};
use crate::generator::{BoxError, Co, Generator, GeneratorState, GeneratorStatus, ResumeError};
use crate::report::{self, Report};
use crate::schedule;
use crate::stack;

/// A generator whose body awaits, and whose clean-up may.
///
/// Any [`Generator`] may await in its body when it is resumed from a task: the whole task parks, generator
/// and all, and others run. So there is no second kind of generator, and no `async for`. What asyncio adds
/// to its asynchronous generators, and this to a `Generator`, is that somebody closes them where closing
/// can await:
///
/// - the loop knows every one that has been started, and closes those that are left over when the program
///   ends ([`LoopHandle::shutdown_asyncgens`], which [`Runner`](crate::Runner) calls);
/// - one that is dropped in a task is closed there and then, and the task waits for its clean-up; one that
///   is dropped where nothing can await, in a callback or while a panic leaves the stack, is closed by a
///   task of its own. A plain `Generator`'s clean-up is refused its awaits there.
///
/// Every method that gives the body control cedes if the body awaits. Whoever is cancelled meanwhile, it is
/// the await in the body that gives the [`Cancelled`]. Resumed by a second task meanwhile, it says
/// [`ResumeError::AlreadyExecuting`].
///
/// asyncio counterpart: an `async def` function with a `yield`. As there, it returns nothing.
///
/// ```
/// use cede::{AsyncGenerator, Awaitable};
/// use std::time::Duration;
///
/// let sum: u64 = cede::run(cede::coroutine(|| {
///     let ticks = AsyncGenerator::new(|co| {
///         for tick in 1..=3 {
///             cede::sleep(Duration::from_millis(1)).await_().unwrap(); // others run meanwhile
///             co.yield_(tick);
///         }
///     });
///     ticks.sum()
/// }))?;
/// assert_eq!(sum, 6);
/// # Ok::<(), cede::Error>(())
/// ```
#[must_use = "a generator runs nothing until it is started or iterated"]
pub struct AsyncGenerator<Y: 'static, S: 'static = ()> {
    /// Some until it is dropped.
    generator: Option<Rc<Generator<Y, S>>>,
    /// The loop it was started on.
    event_loop: RefCell<Weak<LoopCore>>,
}

impl<Y: 'static, S: 'static> AsyncGenerator<Y, S> {
    /// A generator with this body. Nothing of it runs yet.
    #[track_caller]
    pub fn new(body: impl FnOnce(Co<Y, S>) + 'static) -> Self {
        Self::of(Generator::new(body))
    }

    fn of(generator: Generator<Y, S>) -> Self {
        AsyncGenerator { generator: Some(Rc::new(generator)), event_loop: RefCell::default() }
    }

    /// Gives it a name, for `Debug` and the overflow report.
    ///
    /// # Panics
    /// When it has been started.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self::of(self.into_generator("AsyncGenerator::named").named(name))
    }

    /// Asks for a stack of at least this many bytes; 0 is the smallest there is.
    ///
    /// # Panics
    /// When it has been started.
    pub fn stack_size(self, bytes: usize) -> Self {
        Self::of(self.into_generator("AsyncGenerator::stack_size").stack_size(bytes))
    }

    fn into_generator(mut self, call: &str) -> Generator<Y, S> {
        assert!(self.status() == GeneratorStatus::New, "{call}: the generator has been started");
        self.generator.take().and_then(Rc::into_inner).expect("nobody shares it before it is started")
    }

    fn generator(&self) -> &Generator<Y, S> {
        self.generator.as_ref().expect("it has its generator until it is dropped")
    }

    /// Where it is in its life.
    pub fn status(&self) -> GeneratorStatus {
        self.generator().status()
    }

    /// Runs a new generator up to its first yield; `None` when it ends before (Python: `asend(None)`).
    ///
    /// # Errors
    /// As [`Generator::start`].
    ///
    /// # Panics
    /// With the body's panic.
    pub fn start(&self) -> Result<Option<Y>, ResumeError> {
        if self.status() == GeneratorStatus::New {
            self.register();
        }
        value(self.generator().start())
    }

    /// Sends a value to the `yield_` it waits at, and runs it up to the next; `None` when it ends (Python:
    /// `asend`).
    ///
    /// # Errors
    /// As [`Generator::resume`].
    ///
    /// # Panics
    /// With the body's panic.
    pub fn asend(&self, sent: S) -> Result<Option<Y>, ResumeError> {
        value(self.generator().resume(sent))
    }

    /// Throws an error in at the `yield_` it waits at, and runs it up to the next; `None` when it ends
    /// (Python: `athrow`).
    ///
    /// # Errors
    /// As [`Generator::throw`].
    ///
    /// # Panics
    /// With the body's panic.
    pub fn athrow(&self, error: impl Into<BoxError>) -> Result<Option<Y>, ResumeError> {
        value(self.generator().throw(error))
    }

    /// Tells it to end, and waits until it has cleaned up (Python: `aclose`).
    ///
    /// # Errors
    /// As [`Generator::close`].
    pub fn aclose(&self) -> Result<(), ResumeError> {
        self.generator().close().map(drop)
    }

    /// Makes itself known to the running loop, if there is one.
    fn register(&self) {
        if let (Some(running), Some(generator)) = (find_running(), &self.generator) {
            let live: Rc<dyn Live> = generator.clone();
            running.core.generators.add(&live);
            self.event_loop.replace(Rc::downgrade(&running.core));
        }
    }

    /// The loop that can close it in a task, if it must not be closed here.
    fn closer(&self) -> Option<LoopHandle> {
        if schedule::current().is_some() && stack::suspendable().is_ok() {
            return None; // this task waits for it
        }
        let event_loop = LoopHandle::of(self.event_loop.borrow().upgrade()?);
        (!event_loop.is_closed()).then_some(event_loop)
    }
}

impl<Y: 'static> AsyncGenerator<Y> {
    /// Runs it up to its next yield; `None` when it has ended (Python: `anext`). As an iterator, it does
    /// the same but panics where this has an error to give.
    ///
    /// # Errors
    /// As [`Generator::resume`], but a finished one gives `None`.
    ///
    /// # Panics
    /// With the body's panic.
    pub fn anext(&self) -> Result<Option<Y>, ResumeError> {
        match self.status() {
            GeneratorStatus::New => self.start(),
            GeneratorStatus::Finished => Ok(None),
            _ => self.asend(()),
        }
    }
}

fn value<Y>(state: Result<GeneratorState<Y, ()>, ResumeError>) -> Result<Option<Y>, ResumeError> {
    match state? {
        GeneratorState::Yielded(value) => Ok(Some(value)),
        GeneratorState::Complete(()) => Ok(None),
    }
}

impl<Y: 'static> Iterator for AsyncGenerator<Y> {
    type Item = Y;

    /// # Panics
    /// With the body's panic; when [`anext`](AsyncGenerator::anext) has an error to give.
    fn next(&mut self) -> Option<Y> {
        match self.anext() {
            Ok(value) => value,
            Err(error) => panic!("{self:?}: {error}"),
        }
    }
}

impl<Y: 'static, S: 'static> Drop for AsyncGenerator<Y, S> {
    fn drop(&mut self) {
        let Some(generator) = self.generator.take() else { return };
        if generator.status() == GeneratorStatus::Suspended
            && let Some(event_loop) = self.closer()
        {
            event_loop.create_task(coroutine(move || close(&*generator)).named("aclose"));
        }
        // Else it closes itself, as any generator does, here.
    }
}

impl<Y: 'static, S: 'static> fmt::Debug for AsyncGenerator<Y, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.generator().fmt(f)
    }
}

// ---- what a loop knows of them

/// A generator, whatever it yields.
pub(crate) trait Live: fmt::Debug {
    fn suspended(&self) -> bool;

    fn aclose(&self) -> Result<(), ResumeError>;
}

impl<Y: 'static, S: 'static> Live for Generator<Y, S> {
    fn suspended(&self) -> bool {
        self.status() == GeneratorStatus::Suspended
    }

    fn aclose(&self) -> Result<(), ResumeError> {
        self.close().map(drop)
    }
}

fn close(generator: &dyn Live) {
    if let Err(error) = generator.aclose() {
        report::report(&Report::ClosingGenerator {
            generator: format!("{generator:?}"),
            error: error.to_string(),
        });
    }
}

/// The generators that were started on a loop.
#[derive(Default)]
pub(crate) struct LiveGenerators {
    all: RefCell<Vec<Weak<dyn Live>>>,
    /// When the list is as long as this, those that are gone are taken off it.
    clear_at: Cell<usize>,
}

impl LiveGenerators {
    fn add(&self, generator: &Rc<dyn Live>) {
        let mut all = self.all.borrow_mut();
        if all.len() >= self.clear_at.get() {
            all.retain(|generator| generator.strong_count() > 0);
            self.clear_at.set(2 * all.len() + 16);
        }
        all.push(Rc::downgrade(generator));
    }

    /// Those that wait at a yield, oldest first; the list is empty afterwards.
    fn take(&self) -> Vec<Rc<dyn Live>> {
        let all = self.all.take();
        self.clear_at.set(0);
        all.iter().filter_map(Weak::upgrade).filter(|generator| generator.suspended()).collect()
    }

    pub(crate) fn any(&self) -> bool {
        self.all.borrow().iter().filter_map(Weak::upgrade).any(|generator| generator.suspended())
    }

    pub(crate) fn clear(&self) {
        self.all.take();
    }
}

impl LoopHandle {
    /// A coroutine that closes every [`AsyncGenerator`] that was started on this loop and waits at a yield,
    /// all at once, and waits for their clean-up; an error that one leaves with is reported.
    /// [`Runner`](crate::Runner) does this at its end.
    ///
    /// Awaiting it cedes if there are any. Cancelling it ends the wait; the generators go on cleaning up.
    ///
    /// asyncio counterpart: `loop.shutdown_asyncgens`.
    ///
    /// ```
    /// use cede::{AsyncGenerator, Awaitable};
    ///
    /// cede::run(cede::coroutine(|| -> cede::Result<()> {
    ///     let forever = AsyncGenerator::new(|co| while co.try_yield(1).is_ok() {});
    ///     forever.start().unwrap();
    ///     cede::running_loop()?.shutdown_asyncgens().await_()?;
    ///     assert_eq!(forever.anext().unwrap(), None); // it was closed
    ///     Ok(())
    /// }))??;
    /// # Ok::<(), cede::Error>(())
    /// ```
    pub fn shutdown_asyncgens(&self) -> Coroutine<impl FnOnce() -> Result<(), Cancelled> + use<>> {
        let handle = self.clone();
        coroutine(move || {
            let closing: Vec<_> = (handle.core.generators.take().into_iter())
                .map(|generator| handle.create_task(coroutine(move || close(&*generator)).named("aclose")))
                .collect();
            for task in closing {
                // Each has reported what went wrong in it; only our own cancellation comes here.
                if let Some(cancelled) = (&task).await_().err().and_then(|error| error.cancelled()) {
                    return Err(cancelled);
                }
            }
            Ok(())
        })
        .named("shutdown_asyncgens")
    }
}
