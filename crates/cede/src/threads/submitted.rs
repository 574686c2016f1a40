//! `run_coroutine_threadsafe`: a plain thread has a loop run a coroutine, and may wait for its result.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::job::wait_for_loop;
use super::shared::oneshot::{Look, Oneshot};
use crate::callback::TaskKey;
use crate::coroutine::{Body, Coroutine};
use crate::error::{Cancelled, Error, JoinError};
use crate::event_loop::{LoopHandle, LoopProxy, find_running};
use crate::report::{self, Report};
use crate::target::{self, Target};

/// A coroutine that was submitted to a loop on another thread; the result comes back here.
///
/// It may be sent and shared. Dropping it lets the coroutine run on, and nobody learn its result.
///
/// asyncio counterpart: the `concurrent.futures.Future` that `run_coroutine_threadsafe` gives.
#[must_use = "dropped, nobody learns the result"]
pub struct Submitted<T> {
    shared: Arc<Shared<T>>,
    proxy: LoopProxy,
}

struct Shared<T> {
    oneshot: Oneshot<Result<T, JoinError>>,
    /// The task, from its making on: a key is all that may leave the loop's thread.
    task: Mutex<Option<TaskKey>>,
}

impl LoopProxy {
    /// Has the loop make a task of this coroutine, and gives something that a plain thread can wait on.
    ///
    /// It does not wait. The coroutine and its result cross threads, so both must be `Send`; once its task
    /// has started, the coroutine may hold what it likes.
    ///
    /// asyncio counterpart: `asyncio.run_coroutine_threadsafe(coro, loop)`.
    ///
    /// ```
    /// use cede::Awaitable;
    /// use std::time::Duration;
    ///
    /// let three = cede::run(cede::coroutine(|| -> cede::Result<i32> {
    ///     let proxy = cede::running_loop()?.proxy();
    ///     let thread = cede::to_thread(move || -> cede::Result<i32> {
    ///         let submitted = proxy.run_coroutine_threadsafe(cede::coroutine(|| {
    ///             cede::sleep(Duration::from_millis(1)).await_()?;
    ///             Ok::<_, cede::Error>(1 + 2)
    ///         }))?;
    ///         submitted.wait()? // blocks this thread, not the loop
    ///     });
    ///     thread.await_()?
    /// }))??;
    /// assert_eq!(three, 3);
    /// # Ok::<(), cede::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the loop is closed; in the child of a fork.
    #[track_caller]
    pub fn run_coroutine_threadsafe<F>(&self, coroutine: Coroutine<F>) -> Result<Submitted<F::Returns>, Error>
    where
        F: Body + Send + 'static,
        F::Returns: Send + 'static,
    {
        let shared = Arc::new(Shared { oneshot: Oneshot::new(), task: Mutex::new(None) });
        let answer = Answer { shared: shared.clone() };
        let post = Box::new(move || {
            if let Some(event_loop) = find_running() {
                begin(&event_loop, coroutine, answer);
            }
        });
        match self.post(post) {
            Ok(()) => Ok(Submitted { shared, proxy: self.clone() }),
            Err(post) => {
                drop(shared.oneshot.abandon());
                drop(post);
                Err(self.refused("LoopProxy::run_coroutine_threadsafe"))
            }
        }
    }
}

/// On the loop's thread: the coroutine becomes a task that answers when it ends.
#[track_caller]
fn begin<F>(event_loop: &LoopHandle, coroutine: Coroutine<F>, answer: Answer<F::Returns>)
where
    F: Body + 'static,
    F::Returns: 'static,
{
    if event_loop.is_closed() {
        return; // closing; the answer says so as it goes
    }
    let task = Rc::new(event_loop.create_task(coroutine));
    *answer.shared.task.lock() = Some(task.handle().task.key());
    let reader = task.clone();
    task.add_done_callback(move |_| answer.send(reader.take()));
}

/// The loop's end. Goes off once: dropped without a result, it says that the loop was closed.
struct Answer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Answer<T> {
    fn send(self, result: Result<T, JoinError>) {
        if let Err(Err(error)) = self.shared.oneshot.send(result) {
            unread(&error);
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let closed = Error::closed("a submitted coroutine did not end");
        let _ = self.shared.oneshot.send(Err(closed.into()));
    }
}

/// The error of a submitted coroutine that nobody waits for any more.
fn unread(error: &JoinError) {
    if error.is_panic() {
        report::report(&Report::UnreadFailure {
            who: "a submitted coroutine".to_owned(),
            created: std::panic::Location::caller(),
            error: error.to_string(),
        });
    }
}

impl<T> Submitted<T> {
    /// Blocks this thread until the coroutine has ended, and gives its result. It is moved out: asked
    /// again, there is none.
    ///
    /// asyncio counterpart: `future.result()`.
    ///
    /// # Errors
    /// When the coroutine's task was cancelled or panicked; when the loop was closed before it ended; when
    /// the loop's own thread asks, which would wait for itself; when the result was taken before.
    pub fn wait(&self) -> Result<T, JoinError> {
        self.look(None).unwrap_or_else(|| unreachable!("without a timeout it waits for the end"))
    }

    /// As [`wait`](Self::wait), for this long at most; `None` when it has not ended by then. It runs on.
    ///
    /// asyncio counterpart: `future.result(timeout)`, whose `TimeoutError` is the `None` here.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<T, JoinError>> {
        self.look(Some(timeout))
    }

    fn look(&self, timeout: Option<Duration>) -> Option<Result<T, JoinError>> {
        if !self.done() && self.on_the_loops_thread() {
            return Some(Err(Error::misuse(
                "Submitted::wait: the loop's own thread would wait for itself; make a task and await that",
            )
            .into()));
        }
        match wait_for_loop(|| self.shared.oneshot.wait(timeout)) {
            Look::Pending => None,
            Look::Cancelled => Some(Err(Cancelled::new().into())),
            Look::Done(result) => Some(result),
            Look::Taken => Some(Err(Error::invalid_state(
                "Submitted::wait: the result was moved out by an earlier wait",
            )
            .into())),
        }
    }

    fn on_the_loops_thread(&self) -> bool {
        find_running().is_some_and(|event_loop| Arc::ptr_eq(&event_loop.core.inbox, self.proxy.inbox()))
    }

    /// Whether it has ended, or was cancelled.
    pub fn done(&self) -> bool {
        self.shared.oneshot.done()
    }

    /// Whether [`cancel`](Self::cancel) ended it.
    pub fn cancelled(&self) -> bool {
        self.shared.oneshot.cancelled()
    }

    /// Gives up on the result and cancels the coroutine's task: whether it was still pending. Whoever waits
    /// gets the cancellation at once; the task gets its own in the loop's next turn, and may clean up.
    pub fn cancel(&self) -> bool
    where
        T: Send + 'static,
    {
        if !self.shared.oneshot.cancel() {
            return false;
        }
        let shared = self.shared.clone();
        // Posted after the coroutine, so the task exists by then; on a closed loop it is over.
        let _ = self.proxy.call_soon_threadsafe(move || {
            let key = shared.task.lock().take();
            let task = key.zip(find_running()).and_then(|(key, running)| running.core.schedule.task(key));
            if let Some(task) = task {
                let target = Target::from(task);
                target::cancel(&target, None);
            }
        });
        true
    }
}

impl<T> Drop for Submitted<T> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.shared.oneshot.abandon() {
            unread(&error);
        }
    }
}

impl<T> fmt::Debug for Submitted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.cancelled(), self.done()) {
            (true, _) => "cancelled",
            (false, true) => "finished",
            (false, false) => "pending",
        };
        write!(f, "<Submitted {state}>")
    }
}
