//! The pool that belongs to a loop.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use super::job::Ticket;
use super::landings::land;
use super::pool::ThreadPool;
use crate::coroutine::{Awaitable, Coroutine, coroutine};
use crate::error::{Cancelled, Error};
use crate::event_loop::LoopHandle;
use crate::promise::Promise;
use crate::report::{self, Report};

/// A loop's own pool, and whether it was shut down.
#[derive(Default)]
pub(crate) struct Executor {
    pool: RefCell<Option<ThreadPool>>,
    shut: Cell<bool>,
}

impl Executor {
    pub(super) fn pool(&self) -> Result<ThreadPool, Error> {
        if self.shut.get() {
            return Err(Error::misuse("run_in_executor: Executor shutdown has been called"));
        }
        Ok(self.pool.borrow_mut().get_or_insert_with(ThreadPool::default).clone())
    }

    /// Takes no more jobs and withdraws those that wait, without waiting for those that run.
    pub(crate) fn close(&self) {
        self.shut.set(true);
        if let Some(pool) = self.pool.take() {
            pool.close(true);
        }
    }

    /// Whether there are threads to wait for.
    pub(crate) fn used(&self) -> bool {
        self.pool.borrow().is_some()
    }
}

impl LoopHandle {
    /// Gives the loop another pool for [`to_thread`](crate::to_thread) and for
    /// [`run_in_executor`](Self::run_in_executor) of `None`. The one it had keeps the jobs it has.
    ///
    /// asyncio counterpart: `loop.set_default_executor`.
    pub fn set_default_executor(&self, pool: ThreadPool) {
        let before = self.core.executor.pool.replace(Some(pool));
        drop(before); // outside the borrow
    }

    /// A coroutine that shuts the loop's own pool down: the pool takes no more jobs; those it has are done
    /// and its threads ended when the coroutine returns, or the time is over, which is reported and lets
    /// the jobs run on. [`Runner`](crate::Runner) does this at its end.
    ///
    /// Awaiting it cedes, so that jobs which wait for the loop are served. Cancelling it ends the wait, not
    /// the shutdown.
    ///
    /// asyncio counterpart: `loop.shutdown_default_executor`.
    ///
    /// ```
    /// use cede::Awaitable;
    /// cede::run(cede::coroutine(|| -> cede::Result<()> {
    ///     let event_loop = cede::running_loop()?;
    ///     let job = event_loop.run_in_executor(None, || 7)?;
    ///     event_loop.shutdown_default_executor(None).await_()?; // the job is done
    ///     assert!(event_loop.run_in_executor(None, || 8).is_err());
    ///     assert_eq!(job.await_()?, 7);
    ///     Ok(())
    /// }))??;
    /// # Ok::<(), cede::Error>(())
    /// ```
    pub fn shutdown_default_executor(
        &self,
        timeout: Option<Duration>,
    ) -> Coroutine<impl FnOnce() -> Result<(), Cancelled> + use<>> {
        let handle = self.clone();
        coroutine(move || {
            handle.core.executor.shut.set(true);
            let pool = handle.core.executor.pool.borrow().clone();
            match pool {
                Some(pool) => handle.shutdown_executor(&pool, timeout).await_(),
                None => Ok(()),
            }
        })
        .named("shutdown_default_executor")
    }

    /// As [`shutdown_default_executor`](Self::shutdown_default_executor), for a pool of yours.
    pub fn shutdown_executor(
        &self,
        pool: &ThreadPool,
        timeout: Option<Duration>,
    ) -> Coroutine<impl FnOnce() -> Result<(), Cancelled> + use<>> {
        let (handle, pool) = (self.clone(), pool.clone());
        coroutine(move || handle.wait_for_pool(&pool, timeout)).named("shutdown_executor")
    }

    fn wait_for_pool(&self, pool: &ThreadPool, timeout: Option<Duration>) -> Result<(), Cancelled> {
        let gone: Promise<bool> = self.create_promise();
        let landing = self.core.landings.add({
            let gone = gone.clone();
            move || drop(gone.set_result(true))
        });
        let ticket = Arc::new(Ticket::working(self.core.inbox.clone()));
        pool.close(false);
        pool.when_gone(Box::new(move || drop(ticket.post(Box::new(move || land(landing))))));
        let timer = timeout.map(|timeout| {
            let gone = gone.clone();
            self.call_later(timeout, move || drop(gone.set_result(false)))
        });
        let waited = gone.await_();
        drop(self.core.landings.take(landing));
        if let Some(timer) = timer {
            timer.cancel();
        }
        match waited {
            // The last thread has left its queue; what is left of it takes microseconds.
            Ok(true) => drop(pool.join(None)),
            Ok(false) => report::report(&Report::ThreadsLeft {
                pool: format!("{pool:?}"),
                waited: timeout.unwrap_or_default(),
            }),
            Err(error) => return Err(error.downcast_ref::<Cancelled>().cloned().unwrap_or_default()),
        }
        Ok(())
    }
}
