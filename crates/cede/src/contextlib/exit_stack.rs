//! Any number of clean-ups.

use std::error::Error;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};

use super::chained::Chained;
use super::manager::{BlockPanicked, ContextManager, Ends, report_lost};
use crate::error::panic_text;
use crate::generator::BoxError;
use crate::report::{self, Report};

/// Gets the error so far, gives the error from here on.
type Exit = Box<dyn FnOnce(Option<BoxError>) -> Result<(), BoxError>>;

/// A stack of clean-ups that run last in, first out, each learning of the error so far, if there is one,
/// and able to suppress or replace it: nested `with` blocks whose number is known only at run time.
///
/// Leaving it cedes as its clean-ups do, and every one of them runs: one that fails does not keep the
/// others from it, nor one that panics, whose panic goes on when the last has run. Dropped with clean-ups in
/// it, it runs them there and then, and reports the error that is left.
///
/// asyncio counterpart: `contextlib.ExitStack`, and `AsyncExitStack`.
///
/// ```
/// use cede::ExitStack;
///
/// let sum = ExitStack::with(|stack| {
///     for number in 1..=3 {
///         stack.callback(move || println!("release {number}")); // 3, 2, 1
///     }
///     Ok(1 + 2 + 3)
/// });
/// assert_eq!(sum.unwrap(), Some(6));
/// ```
#[must_use = "dropped, it runs its clean-ups at once"]
pub struct ExitStack {
    exits: Vec<Exit>,
    site: &'static Location<'static>,
}

impl ExitStack {
    /// An empty one.
    #[track_caller]
    #[allow(clippy::new_without_default)] // its place is where it was made
    pub fn new() -> Self {
        ExitStack { exits: Vec::new(), site: Location::caller() }
    }

    /// Runs a block with a stack and leaves the stack afterwards: the block's result; `None` if it failed
    /// and a clean-up suppressed its error (Python: `with ExitStack() as stack:`).
    ///
    /// # Errors
    /// What the block fails with, or a clean-up instead.
    ///
    /// # Panics
    /// With the block's panic, or a clean-up's; no clean-up can suppress those.
    #[track_caller]
    pub fn with<T>(block: impl FnOnce(&mut ExitStack) -> Result<T, BoxError>) -> Result<Option<T>, BoxError> {
        let mut stack = ExitStack::new();
        match catch_unwind(AssertUnwindSafe(|| block(&mut stack))) {
            Ok(Ok(result)) => stack.leave(None).map(|()| Some(result)),
            Ok(Err(error)) => stack.leave(Some(error)).map(|()| None),
            Err(payload) => {
                report_lost(stack.leave(Some(BlockPanicked::of(&*payload))).err(), &*payload);
                resume_unwind(payload)
            }
        }
    }

    /// Enters a context manager, and leaves it when the stack is left: what it has for the block.
    ///
    /// # Errors
    /// When it cannot be entered; then it will not be left.
    pub fn enter_context<M: ContextManager + 'static>(
        &mut self,
        mut manager: M,
    ) -> Result<M::Value, BoxError> {
        let value = manager.enter()?;
        self.push_manager(manager);
        Ok(value)
    }

    /// Leaves a context manager, which was entered already, when the stack is left.
    pub fn push_manager<M: ContextManager + 'static>(&mut self, mut manager: M) {
        self.exits.push(Box::new(move |error| manager.exit(error)));
    }

    /// Calls this when the stack is left, with the error so far. `Ok(true)` suppresses it; an error goes on
    /// instead, with the one so far as its [context](Chained::context).
    pub fn push(
        &mut self,
        exit: impl FnOnce(Option<&(dyn Error + 'static)>) -> Result<bool, BoxError> + 'static,
    ) {
        self.exits.push(Box::new(move |error| match exit(error.as_deref()) {
            Ok(true) => Ok(()),
            Ok(false) => error.map_or(Ok(()), Err),
            Err(own) => Err(Chained::if_both(own, error)),
        }));
    }

    /// Calls this when the stack is left. It cannot suppress an error; one that it returns goes on instead,
    /// with the one so far as its [context](Chained::context).
    pub fn callback<R: Ends>(&mut self, call: impl FnOnce() -> R + 'static) {
        self.push(move |_| call().into_result().map(|()| false));
    }

    /// Hands its clean-ups over to a new stack, so that leaving this one does nothing.
    pub fn pop_all(&mut self) -> ExitStack {
        ExitStack { exits: mem::take(&mut self.exits), site: self.site }
    }

    /// How many clean-ups it has.
    pub fn len(&self) -> usize {
        self.exits.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.exits.is_empty()
    }

    /// Runs the clean-ups now.
    ///
    /// # Errors
    /// The error that is left.
    ///
    /// # Panics
    /// With a clean-up's panic, when all have run.
    pub fn close(&mut self) -> Result<(), BoxError> {
        self.leave(None)
    }

    fn leave(&mut self, error: Option<BoxError>) -> Result<(), BoxError> {
        let mut pending = error;
        let mut panic = None;
        while let Some(exit) = self.exits.pop() {
            let given = pending.take();
            pending = match catch_unwind(AssertUnwindSafe(|| exit(given))) {
                Ok(result) => result.err(),
                Err(payload) => {
                    let error = BlockPanicked::of(&*payload);
                    panic = Some(payload);
                    Some(error)
                }
            };
        }
        match (panic, pending) {
            (Some(payload), error) => {
                report_lost(error, &*payload);
                resume_unwind(payload)
            }
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        }
    }
}

impl Drop for ExitStack {
    fn drop(&mut self) {
        if self.exits.is_empty() {
            return;
        }
        let error = match catch_unwind(AssertUnwindSafe(|| self.leave(None))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(payload) if std::thread::panicking() => panic_text(&*payload).to_owned(),
            Err(payload) => resume_unwind(payload),
        };
        report::report(&Report::ErrorInDrop { what: "an ExitStack".to_owned(), created: self.site, error });
    }
}

impl fmt::Debug for ExitStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ExitStack of {} made at {}>", self.len(), self.site)
    }
}
