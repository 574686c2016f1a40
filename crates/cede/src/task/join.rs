//! Awaiting tasks.

use std::panic::Location;

use super::handle::Task;
use super::park::park_on_task;
use crate::coroutine::{Awaitable, Interrupt};
use crate::error::{Failure, JoinError};

impl<T: 'static> Task<T> {
    /// Parks until it has ended.
    #[inline]
    #[track_caller]
    fn wait(&self) -> Result<(), JoinError> {
        match park_on_task(self.task(), "await of a task", Location::caller()) {
            Ok(()) => Ok(()),
            Err(Interrupt::Cancelled(cancelled)) => Err(cancelled.into()),
            Err(Interrupt::Error(error)) => Err(error.into()),
        }
    }
}

/// Moves the result out. Cedes until the task has ended; not at all if it has.
impl<T: 'static> Awaitable for Task<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn await_(self) -> Result<T, JoinError> {
        self.wait()?;
        self.take()
    }
}

/// Clones the result. Cedes until the task has ended; not at all if it has.
impl<T: Clone + 'static> Awaitable for &Task<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn await_(self) -> Result<T, JoinError> {
        self.wait()?;
        self.result()
    }
}

/// A task of a `Result`, awaited in one: see [`Task::flatten`].
#[must_use = "await it"]
#[derive(Debug)]
pub struct Flatten<U: 'static, E: 'static> {
    pub(crate) task: Task<Result<U, E>>,
}

impl<U, E> Task<Result<U, E>>
where
    E: Failure + From<JoinError>,
{
    /// Joins the two ways in which it can fail into one, so that `task.flatten().await?` takes one `?`: a
    /// cancellation becomes an `E`; a panic goes on in whoever awaits.
    ///
    /// ```
    /// #[cede::coroutine]
    /// fn dig() -> cede::Result<u32> {
    ///     Ok(3)
    /// }
    ///
    /// #[cede::coroutine]
    /// fn plant() -> cede::Result<u32> {
    ///     Ok(cede::create_task(dig()).flatten().await? + 1)
    /// }
    ///
    /// assert_eq!(cede::run(plant())??, 4);
    /// # Ok::<(), cede::Error>(())
    /// ```
    pub fn flatten(self) -> Flatten<U, E> {
        Flatten { task: self }
    }
}

/// # Panics
/// With the task's panic.
impl<U: 'static, E> Awaitable for Flatten<U, E>
where
    E: Failure + From<JoinError>,
{
    type Output = Result<U, E>;

    #[track_caller]
    fn await_(self) -> Result<U, E> {
        match self.task.await_() {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(match error.cancelled() {
                Some(cancelled) => cancelled.into(),
                None => error.into(),
            }),
        }
    }
}
