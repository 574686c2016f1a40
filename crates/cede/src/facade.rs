//! asyncio's functions that mean "of the running loop".

use crate::coroutine::{Body, Coroutine};
use crate::error::Error;
use crate::event_loop::{EventLoop, running_loop};
use crate::schedule;
use crate::task::{AnyTask, Task};

/// Makes a task of the running loop: queues its first step, and runs nothing (asyncio: `create_task`).
///
/// # Panics
/// When no event loop runs on this thread: "no running event loop".
#[track_caller]
pub fn create_task<F>(coroutine: Coroutine<F>) -> Task<F::Returns>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    match schedule::running() {
        Some(schedule) if !schedule.closed() => Task::spawn(coroutine, &schedule),
        Some(_) => panic!("{}", Error::closed("create_task")),
        None => panic!("{}", Error::no_running_loop("create_task")),
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
