//! asyncio's functions that mean "of the running loop".

use crate::context::Context;
use crate::coroutine::{Body, Coroutine};
use crate::error::Error;
use crate::event_loop::{EventLoop, running_loop};
use crate::schedule;
use crate::task::{AnyTask, Task};

/// Makes a task of the running loop: queues its first step, and runs nothing (asyncio: `create_task`).
///
/// # Panics
/// When no event loop runs on this thread: "no running event loop".
#[inline]
#[track_caller]
pub fn create_task<F>(coroutine: Coroutine<F>) -> Task<F::Returns>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    let parts = coroutine.into_parts(); // here, where the optimiser can see that nothing of it need be in memory
    match schedule::running() {
        Some(schedule) if !schedule.closed() => Task::create(parts, schedule),
        Some(_) => panic!("{}", Error::closed("create_task")),
        None => panic!("{}", Error::no_running_loop("create_task")),
    }
}

/// Makes a task of the running loop and starts it here and now, on a stack of its own: back when it first
/// waits for something, or has ended. One that has ended was never in the queue.
///
/// Whatever the task does before its first wait happens inside this call: there it is the
/// [`current_task`], with a context of its own, and afterwards the caller is again. It saves a turn; but
/// the order in which tasks begin is no longer that of the queue.
///
/// asyncio counterpart: `Task(coro, eager_start=True)`. For all tasks of a loop, see
/// [`TaskFactory::eager`](crate::TaskFactory::eager).
///
/// ```
/// use cede::Awaitable;
/// cede::run(cede::coroutine(|| {
///     let quick = cede::create_eager_task(cede::coroutine(|| 5));
///     assert!(quick.done());
///     let slow = cede::create_eager_task(cede::coroutine(|| cede::yield_now().await_()));
///     assert!(!slow.done());
///     slow.await_().unwrap().unwrap();
/// }))?;
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// As [`create_task`].
#[track_caller]
pub fn create_eager_task<F>(coroutine: Coroutine<F>) -> Task<F::Returns>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    match schedule::running() {
        Some(schedule) if !schedule.closed() => Task::launch(coroutine.into_parts(), schedule, true, None),
        Some(_) => panic!("{}", Error::closed("create_eager_task")),
        None => panic!("{}", Error::no_running_loop("create_eager_task")),
    }
}

/// The task whose step runs on this thread; `None` in a plain callback (asyncio: `current_task`).
///
/// Differs from asyncio, which raises an error outside a loop: that is `None` too.
pub fn current_task() -> Option<AnyTask> {
    schedule::current().map(AnyTask::new)
}

/// All tasks of the running loop that have not ended, in the order of their creation
/// (asyncio: `all_tasks`). Outside a loop there are none.
pub fn all_tasks() -> Vec<AnyTask> {
    running_loop().map(|event_loop| event_loop.all_tasks()).unwrap_or_default()
}

impl Context {
    /// Makes a task of the running loop that uses this very context, and not a copy of the current one.
    ///
    /// asyncio counterpart: `create_task(…, context=…)`.
    ///
    /// # Panics
    /// As [`create_task`].
    #[track_caller]
    pub fn create_task<F>(&self, coroutine: Coroutine<F>) -> Task<F::Returns>
    where
        F: Body + 'static,
        F::Returns: 'static,
    {
        match schedule::running() {
            Some(schedule) if !schedule.closed() => {
                Task::launch(coroutine.into_parts(), schedule, false, Some(self))
            }
            Some(_) => panic!("{}", Error::closed("Context::create_task")),
            None => panic!("{}", Error::no_running_loop("Context::create_task")),
        }
    }
}

impl<T: 'static> Task<T> {
    /// Makes a task of this loop (asyncio: `Task(coro, loop=loop)`).
    ///
    /// # Panics
    /// When the loop is closed.
    #[track_caller]
    pub fn new<F>(coroutine: Coroutine<F>, event_loop: &EventLoop) -> Self
    where
        F: Body<Returns = T> + 'static,
    {
        event_loop.create_task(coroutine)
    }
}
