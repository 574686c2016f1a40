//! Promises: results that do not exist yet (asyncio: `Future`).

use std::cell::RefCell;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use crate::completion::{CallbackId, Completion};
use crate::context;
use crate::coroutine::{Awaitable, Interrupt};
use crate::error::{Cancelled, Error, SetError};
use crate::outcome::Outcome;
use crate::report::Report;
use crate::schedule::{self, Schedule};
use crate::target::{self, CancelWay, Target, TargetCell};
use crate::task;

/// A result that does not exist yet. asyncio calls it `Future`; here that name is std's.
///
/// It is a handle: clones are the same promise. Whoever awaits it parks until somebody sets it. It belongs
/// to the loop it was made on and stays on its thread; to set it from another thread, post a callback
/// through a [`LoopProxy`](crate::LoopProxy).
///
/// Awaited by value it moves the result out, by reference it clones it.
///
/// ```
/// use cede::{Awaitable, Promise};
///
/// let sum = cede::run(cede::coroutine(|| -> cede::Result<i32> {
///     let promise = Promise::new();
///     let setter = promise.clone();
///     cede::running_loop()?.call_soon(move || drop(setter.set_result(40)));
///     Ok(promise.await_()? + 2) // cedes until the callback has run
/// }))??;
/// assert_eq!(sum, 42);
/// # Ok::<(), cede::Error>(())
/// ```
#[doc(alias = "Future")]
pub struct Promise<T: 'static> {
    cell: Rc<PromiseCell<T>>,
}

struct PromiseCell<T> {
    completion: Completion,
    schedule: Rc<Schedule>,
    slot: RefCell<Slot<T>>,
    site: &'static Location<'static>,
}

enum Slot<T> {
    Empty,
    Value(T),
    Error(Error),
    Taken,
}

impl<T: 'static> Promise<T> {
    /// A promise of the running loop.
    ///
    /// # Panics
    /// When no event loop runs on this thread.
    #[track_caller]
    #[allow(clippy::new_without_default)] // it needs a running loop
    pub fn new() -> Self {
        match schedule::running() {
            Some(schedule) => Promise::on(schedule),
            None => panic!("{}", Error::no_running_loop("Promise::new")),
        }
    }

    #[track_caller]
    pub(crate) fn on(schedule: Rc<Schedule>) -> Self {
        let completion = Completion::new();
        completion.add_reader();
        let slot = RefCell::new(Slot::Empty);
        Promise { cell: Rc::new(PromiseCell { completion, schedule, slot, site: Location::caller() }) }
    }

    pub(crate) fn target(&self) -> Target {
        self.cell.clone().into()
    }

    fn end(&self, outcome: Outcome, slot: Slot<T>) {
        self.cell.slot.replace(slot);
        self.cell.completion.complete(outcome, || self.target(), &self.cell.schedule);
    }

    /// Sets the result and queues the callbacks; they run in the loop's next turn, never inside this call.
    ///
    /// # Errors
    /// When it is done already; the value comes back and the promise stays as it is.
    pub fn set_result(&self, value: T) -> Result<(), SetError<T>> {
        if self.done() {
            return Err(SetError::new(value, "Promise::set_result", self.outcome()));
        }
        self.end(Outcome::Finished, Slot::Value(value));
        Ok(())
    }

    /// Sets an error as the result and queues the callbacks.
    ///
    /// An error that nobody ever looks at is reported when the last handle goes.
    ///
    /// # Errors
    /// When it is done already.
    ///
    /// A generator's end (Python's `StopIteration`) cannot be set, for it would end whatever generator
    /// awaits it; here it does not compile:
    ///
    /// ```compile_fail
    /// let promise = cede::Promise::<()>::new();
    /// promise.set_exception(cede::ResumeError::Finished); // E0277: it stays on its thread
    /// ```
    pub fn set_exception(&self, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Result<(), Error> {
        let error = error.into();
        if self.done() {
            let outcome = self.outcome();
            return Err(SetError::new((), "Promise::set_exception", outcome).into());
        }
        self.end(Outcome::Failed, Slot::Error(Error::other(error)));
        Ok(())
    }

    /// Sets an error of the library's as the result, if it has none.
    pub(crate) fn set_error(&self, error: Error) {
        if !self.done() {
            let outcome = if error.is_panic() { Outcome::Panicked } else { Outcome::Failed };
            self.end(outcome, Slot::Error(error));
        }
    }

    /// Whether it has a result, an error, or was cancelled.
    pub fn done(&self) -> bool {
        self.cell.completion.done()
    }

    /// How it stands.
    pub fn outcome(&self) -> Outcome {
        self.cell.completion.outcome()
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.outcome() == Outcome::Cancelled
    }

    /// Cancels it and queues the callbacks: whether it was still pending. Whoever awaits it gets
    /// [`Cancelled`].
    pub fn cancel(&self) -> bool {
        target::cancel(&self.target(), None)
    }

    /// As [`cancel`](Self::cancel), with a message.
    pub fn cancel_with(&self, message: &str) -> bool {
        target::cancel(&self.target(), Some(message.into()))
    }

    /// The error that was set, if one was.
    ///
    /// # Errors
    /// When it is not done ("Exception is not set."), or was cancelled.
    pub fn exception(&self) -> Result<Option<Error>, Error> {
        match &*self.cell.slot.borrow() {
            Slot::Empty => Err(Error::invalid_state("Exception is not set.")),
            Slot::Error(error) if self.cancelled() => Err(error.clone()),
            Slot::Error(error) => {
                self.cell.completion.mark_read();
                Ok(Some(error.clone()))
            }
            Slot::Value(_) | Slot::Taken => Ok(None),
        }
    }

    /// Its result.
    ///
    /// # Errors
    /// When it is not done ("Result is not set."), was cancelled, or has an error: that one.
    pub fn result(&self) -> Result<T, Error>
    where
        T: Clone,
    {
        if self.done() {
            self.cell.completion.mark_read();
        }
        match &*self.cell.slot.borrow() {
            Slot::Value(value) => Ok(value.clone()),
            slot => Err(why_none(slot)),
        }
    }

    /// Looks at the result, if there is one.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        match &*self.cell.slot.borrow() {
            Slot::Value(value) => Some(look(value)),
            _ => None,
        }
    }

    pub(crate) fn take(&self) -> Result<T, Error> {
        self.cell.completion.mark_read();
        let mut slot = self.cell.slot.borrow_mut();
        match &*slot {
            Slot::Value(_) => match std::mem::replace(&mut *slot, Slot::Taken) {
                Slot::Value(value) => Ok(value),
                _ => unreachable!("it was a value a line ago"),
            },
            other => Err(why_none(other)),
        }
    }

    /// Adds a callback. When the promise is done the loop calls it, with the promise, in its next turn;
    /// callbacks run in the order in which they were added. Added to a done promise, it is queued at once.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Promise<T>) + 'static) -> CallbackId {
        self.cell.completion.add_reader(); // until it has been called, it may look at the error
        let reader = Reader(Rc::downgrade(&self.cell));
        let run = move || {
            if let Some(cell) = reader.0.upgrade() {
                callback(&Promise::of(cell));
            }
            drop(reader);
        };
        self.cell.completion.add_call(&self.target(), context::bind(run))
    }

    /// Takes a callback off the list: how many were removed, 0 if it is on its way already.
    pub fn remove_done_callback(&self, id: CallbackId) -> usize {
        self.cell.completion.remove_call(id)
    }

    fn of(cell: Rc<PromiseCell<T>>) -> Self {
        cell.completion.add_reader();
        Promise { cell }
    }

    /// Parks until it is done.
    #[track_caller]
    #[inline(always)]
    fn wait(&self) -> Result<(), Error> {
        match task::park(self.target(), "await of a promise", Location::caller()) {
            Ok(()) => Ok(()),
            Err(Interrupt::Cancelled(cancelled)) => Err(cancelled.into()),
            Err(Interrupt::Error(error)) => Err(error),
        }
    }
}

fn why_none<T>(slot: &Slot<T>) -> Error {
    match slot {
        Slot::Empty => Error::not_done(),
        Slot::Error(error) => error.clone(),
        Slot::Taken => Error::invalid_state(
            "the promise's result was moved out by an earlier await; await a reference to clone it",
        ),
        Slot::Value(_) => unreachable!("asked why there is no result while there is one"),
    }
}

impl<T: 'static> Clone for Promise<T> {
    fn clone(&self) -> Self {
        Promise::of(self.cell.clone())
    }
}

/// Whether they are the same promise.
impl<T: 'static> PartialEq for Promise<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<T: 'static> Eq for Promise<T> {}

impl<T: 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        if self.cell.completion.drop_reader()
            && let Slot::Error(error) = &*self.cell.slot.borrow()
        {
            self.cell.schedule.report(&Report::UnreadFailure {
                who: "a promise".to_owned(),
                created: self.cell.site,
                error: error.to_string(),
            });
        }
    }
}

/// A callback that is still to be called counts as a reader.
struct Reader<T: 'static>(Weak<PromiseCell<T>>);

impl<T: 'static> Drop for Reader<T> {
    fn drop(&mut self) {
        drop(self.0.upgrade().map(|cell| Promise { cell })); // a handle's drop, for the count it has taken over
    }
}

/// Moves the result out. Cedes until the promise is done; not at all if it is.
///
/// Cancelled while it waits, a task cancels the promise too.
impl<T: 'static> Awaitable for Promise<T> {
    type Output = Result<T, Error>;

    #[track_caller]
    #[inline]
    fn await_(self) -> Result<T, Error> {
        self.wait()?;
        self.take()
    }
}

/// Clones the result. Cedes until the promise is done; not at all if it is.
impl<T: Clone + 'static> Awaitable for &Promise<T> {
    type Output = Result<T, Error>;

    #[track_caller]
    #[inline]
    fn await_(self) -> Result<T, Error> {
        self.wait()?;
        self.result()
    }
}

impl<T: 'static> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cell.describe(f)
    }
}

impl<T: 'static> TargetCell for PromiseCell<T> {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        let cancelled = Cancelled::with_message(way.message.clone());
        self.slot.replace(Slot::Error(cancelled.into()));
        self.completion.complete(Outcome::Cancelled, || self.clone().into(), &self.schedule);
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Promise {}>", self.completion.outcome())
    }

    fn handles(&self) -> Option<u32> {
        Some(self.completion.readers())
    }

    fn site(&self) -> &'static Location<'static> {
        self.site
    }
}
