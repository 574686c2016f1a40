//! `run_in_executor`: from the loop to a pool, and back.

use std::rc::Rc;
use std::sync::Arc;

use super::executor_job::{ExecutorJob, Shared};
use super::job::Ticket;
use super::pool::ThreadPool;
use super::shared::handover::Handover;
use crate::error::{Error, JoinError};
use crate::event_loop::LoopHandle;
use crate::promise::Promise;

impl LoopHandle {
    /// Has a thread of a pool call a function, and gives a promise of its result. `None` is the loop's own
    /// pool, which is made when it is needed first and shut down with the loop.
    ///
    /// It does not cede; awaiting the promise does. Cancelling the promise, or a task that awaits it, takes
    /// effect at once: a job that no thread has taken is withdrawn and never runs; one that runs is not
    /// interrupted, and its result is dropped. A panic of the function is an error with
    /// [`is_panic`](Error::is_panic). While a job waits or runs, the loop is not deadlocked, and a virtual
    /// clock stands still.
    ///
    /// asyncio counterpart: `loop.run_in_executor`.
    ///
    /// ```
    /// use cede::Awaitable;
    /// let sum = cede::run(cede::coroutine(|| -> cede::Result<i32> {
    ///     let event_loop = cede::running_loop()?;
    ///     let job = event_loop.run_in_executor(None, || (1..=8).sum())?; // may block as it likes
    ///     job.await_()
    /// }))??;
    /// assert_eq!(sum, 36);
    /// # Ok::<(), cede::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the loop is closed, or the pool is shut down; in the child of a fork. Where the system gives no thread, the promise
    /// gets the error.
    #[track_caller]
    pub fn run_in_executor<'a, F, T>(
        &self,
        pool: impl Into<Option<&'a ThreadPool>>,
        function: F,
    ) -> Result<Promise<T>, Error>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if self.is_closed() {
            return Err(Error::closed("run_in_executor"));
        }
        if self.core.forked() {
            return Err(Error::forked("run_in_executor")); // the pool's threads are the parent's
        }
        let pool = match pool.into() {
            Some(pool) => pool.clone(),
            None => self.core.executor.pool()?,
        };
        let promise = self.create_promise();
        let ticket = Arc::new(Ticket::working(self.core.inbox.clone()));
        let shared: Arc<Shared<F, T>> = Arc::new(Handover::new((function, ticket)));
        let landing = self.core.landings.add({
            let (promise, shared) = (promise.clone(), shared.clone());
            move || settle(&promise, shared.take_result())
        });
        let job = Box::new(ExecutorJob { shared: shared.clone(), landing });
        if let Err(error) = pool.submit(job) {
            drop(self.core.landings.take(landing));
            return Err(error);
        }
        let core = Rc::downgrade(&self.core);
        promise.add_done_callback(move |promise| {
            if promise.cancelled() {
                let landing = core.upgrade().and_then(|core| core.landings.take(landing));
                drop(shared.take_body()); // withdrawn, if nobody has taken it
                drop(landing);
            }
        });
        Ok(promise)
    }
}

fn settle<T>(promise: &Promise<T>, result: Option<Result<T, JoinError>>) {
    match result {
        Some(Ok(value)) => drop(promise.set_result(value)),
        Some(Err(error)) if error.is_cancelled() => drop(promise.cancel()),
        Some(Err(error)) => promise.set_error(error.into()),
        None => drop(promise.cancel()),
    }
}
