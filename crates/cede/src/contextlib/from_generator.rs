//! Context managers written as generators.

use std::fmt;

use super::manager::{ContextManager, Ends};
use crate::error::Error;
use crate::generator::{BoxError, Co, Generator, GeneratorState, ResumeError};

/// Makes a context manager from a generator that yields once: what comes before the yield sets up, what it
/// yields is the block's, and what comes after cleans up. Runs nothing yet.
///
/// An error of the block is thrown in at the yield: [`Co::yield_`] lets it leave the generator, cleaning up
/// by destructors only; [`Co::try_yield`] gives it as a value. The generator may raise it again, or another
/// one, or return, which suppresses it. It returns nothing, or a `Result`; `?` on what `try_yield` gives
/// raises what was thrown in.
///
/// Before, after and in the middle, it may await; then the task parks.
///
/// asyncio counterpart: `contextlib.contextmanager`, and `asynccontextmanager`.
///
/// ```
/// use cede::{context_manager, with};
///
/// let forgiving = context_manager(|co| {
///     if let Err(thrown) = co.try_yield(()) {
///         println!("never mind: {thrown}"); // and returns, so the error is suppressed
///     }
/// });
/// let result = with(forgiving, |()| Err::<(), _>("it broke".into()));
/// assert_eq!(result.unwrap(), None);
/// ```
#[track_caller]
pub fn context_manager<V, R, F>(body: F) -> GeneratorContext<V>
where
    V: 'static,
    R: Ends,
    F: FnOnce(Co<V>) -> R + 'static,
{
    GeneratorContext { generator: Generator::new(move |co| body(co).into_result()) }
}

/// What [`context_manager`] makes. It can be entered once.
#[must_use = "it does nothing until it is entered"]
pub struct GeneratorContext<V: 'static> {
    generator: Generator<V, (), Result<(), BoxError>>,
}

impl<V: 'static> GeneratorContext<V> {
    /// The body yielded where it should have ended: closes it.
    fn did_not_stop(&self, text: &str) -> BoxError {
        match self.generator.close() {
            Ok(_) => Box::new(Error::misuse(text)),
            Err(error) => raised(error),
        }
    }
}

/// # Errors
/// `enter`: "generator didn't yield". `exit`: "generator didn't stop", and then the generator is closed.
/// Both: what the generator raises.
impl<V: 'static> ContextManager for GeneratorContext<V> {
    type Value = V;

    fn enter(&mut self) -> Result<V, BoxError> {
        match self.generator.start() {
            Ok(GeneratorState::Yielded(value)) => Ok(value),
            Ok(GeneratorState::Complete(Err(error))) => Err(error),
            Ok(GeneratorState::Complete(Ok(()))) | Err(ResumeError::Finished) => {
                Err(Box::new(Error::misuse("generator didn't yield")))
            }
            Err(error) => Err(raised(error)),
        }
    }

    fn exit(&mut self, error: Option<BoxError>) -> Result<(), BoxError> {
        let Some(error) = error else {
            return match self.generator.resume(()) {
                Ok(GeneratorState::Complete(result)) => result,
                Ok(GeneratorState::Yielded(_)) => Err(self.did_not_stop("generator didn't stop")),
                Err(ResumeError::Finished) => Ok(()),
                Err(error) => Err(raised(error)),
            };
        };
        let is_stop = is_stop(&error);
        match self.generator.throw(error) {
            Ok(GeneratorState::Complete(result)) => result,
            Ok(GeneratorState::Yielded(_)) => Err(self.did_not_stop("generator didn't stop after throw()")),
            Err(error) => match raised(error) {
                // A generator's own end that goes through another generator is wrapped (PEP 479); the
                // block's error comes out as it went in.
                error if is_stop && error.to_string() == "generator raised StopIteration" => {
                    Err(Box::new(ResumeError::Finished))
                }
                error => Err(error),
            },
        }
    }
}

fn is_stop(error: &BoxError) -> bool {
    matches!(error.downcast_ref(), Some(ResumeError::Finished))
}

fn raised(error: ResumeError) -> BoxError {
    match error {
        ResumeError::Raised(error) => error,
        error => Box::new(error),
    }
}

impl<V: 'static> fmt::Debug for GeneratorContext<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratorContext").field("generator", &self.generator).finish()
    }
}
