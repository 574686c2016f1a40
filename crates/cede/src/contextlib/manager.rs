//! The protocol: enter, and leave.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::finally::the_panic;
use crate::error::panic_text;
use crate::generator::{BoxError, Thrown};
use crate::report::{self, Report};

/// Something to be entered before a block of code and left after it, however the block ends.
///
/// Both methods may await. [`with`] calls them in the right order; [`context_manager`] makes one from a
/// generator.
///
/// asyncio counterpart: an object with `__enter__` and `__exit__`, or `__aenter__` and `__aexit__`.
///
/// [`context_manager`]: super::context_manager
pub trait ContextManager {
    /// What the block gets to work with.
    type Value;

    /// Sets up.
    ///
    /// # Errors
    /// Then the block does not run, and nothing is left.
    fn enter(&mut self) -> Result<Self::Value, BoxError>;

    /// Cleans up. `error` is the one that the block ended with.
    ///
    /// # Errors
    /// What goes on afterwards: the same error, or another. `Ok` suppresses the error.
    fn exit(&mut self, error: Option<BoxError>) -> Result<(), BoxError>;
}

/// Runs a block inside a context manager: enters it, gives the block what that gives, leaves it, and gives
/// the block's result; `None` if the block failed and the manager suppressed its error.
///
/// Cedes as the manager and the block do. A cancellation of the block is an error like others. A panic of
/// the block reaches the manager as a [`BlockPanicked`] and goes on after it, whatever it answers.
///
/// asyncio counterpart: `with manager as value: block`, and `async with`.
///
/// ```
/// use cede::{Awaitable, context_manager, with};
/// use std::time::Duration;
///
/// let garden = context_manager(|co| {
///     println!("open the gate");
///     let block = co.try_yield("spade"); // the block runs here
///     let _ = cede::sleep(Duration::from_millis(1)).await_(); // clean-up may await
///     println!("close the gate");
///     block.map_err(|thrown| thrown.into_error())
/// });
/// let dug = cede::run(cede::coroutine(|| {
///     with(garden, |tool| Ok(format!("dug with a {tool}"))).unwrap()
/// }))?;
/// assert_eq!(dug.as_deref(), Some("dug with a spade"));
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Errors
/// What entering, the block or leaving fails with.
///
/// # Panics
/// With the block's panic, or the manager's.
pub fn with<M, T>(
    mut manager: M,
    block: impl FnOnce(M::Value) -> Result<T, BoxError>,
) -> Result<Option<T>, BoxError>
where
    M: ContextManager,
{
    let value = manager.enter()?;
    match catch_unwind(AssertUnwindSafe(|| block(value))) {
        Ok(Ok(result)) => manager.exit(None).map(|()| Some(result)),
        Ok(Err(error)) => manager.exit(Some(error)).map(|()| None),
        Err(payload) => {
            report_lost(manager.exit(Some(BlockPanicked::of(&*payload))).err(), &*payload);
            resume_unwind(payload)
        }
    }
}

/// An error that cannot go on, for a panic does.
pub(super) fn report_lost(error: Option<BoxError>, payload: &(dyn Any + Send)) {
    if let Some(error) = error.filter(|error| !error.is::<BlockPanicked>()) {
        report::report(&Report::LostError { error: error.to_string(), instead: the_panic(payload) });
    }
}

/// The error that a manager sees when its block panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockPanicked {
    text: String,
}

impl BlockPanicked {
    pub(super) fn of(payload: &(dyn Any + Send)) -> BoxError {
        Box::new(BlockPanicked { text: panic_text(payload).to_owned() })
    }

    /// The panic's text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BlockPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the block panicked: {}", self.text)
    }
}

impl Error for BlockPanicked {}

/// What a clean-up may return: nothing, or a `Result` with an error of any kind.
pub trait Ends {
    /// As one kind of `Result`.
    ///
    /// # Errors
    /// Its own. A [`Thrown`] that was carried on with `?` is what was thrown.
    fn into_result(self) -> Result<(), BoxError>;
}

impl Ends for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Ends for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(|error| match error.into().downcast::<Thrown>() {
            Ok(thrown) => thrown.into_error(),
            Err(error) => error,
        })
    }
}
