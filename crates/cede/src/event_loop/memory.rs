//! What a loop's tasks use, and giving back what they no longer do.

use super::loop_handle::LoopHandle;
use crate::stack;
use crate::task::StackUsage;

impl LoopHandle {
    /// Gives memory back to the system that a burst of tasks and timers has left behind: the stacks of idle
    /// workers and all others in this thread's pool ([`stack::trim`](crate::stack::trim)), the blocks of tasks
    /// that have ended and of waits that are over, the empty parts of queues and tables. Gives the number of stacks.
    ///
    /// A loop keeps all that to be fast, and does not do this by itself; only a ready queue with room for more
    /// than 262,144 callbacks gives that back as soon as it is empty. It costs a fraction of a microsecond a
    /// stack, and some microseconds for each that is used again. Callable at any time, inside a task too; it
    /// does not cede.
    ///
    /// asyncio counterpart: none.
    pub fn trim(&self) -> usize {
        self.core.schedule.trim();
        self.core.timers.trim();
        let stacks = stack::trim();
        stack::trim_allocator();
        stacks
    }

    /// Keeps high-water marks of the stacks from now on, beginning anew; or no longer.
    ///
    /// Meanwhile each task has a stack for itself whose memory is given back before it begins, so tasks are
    /// slower to start by some microseconds. Tasks that have begun already are not measured.
    pub fn measure_stacks(&self, on: bool) {
        self.core.schedule.measure_stacks(on);
    }

    /// How much stack the tasks of each coroutine have used at most, by name: what to choose
    /// [`Coroutine::stack_size`](crate::Coroutine::stack_size) by. Empty unless
    /// [`measure_stacks`](Self::measure_stacks) is on.
    ///
    /// ```
    /// use cede::{Awaitable, coroutine, create_task, running_loop};
    ///
    /// # cede::run(coroutine(|| {
    /// let event_loop = running_loop().unwrap();
    /// event_loop.measure_stacks(true);
    /// create_task(coroutine(|| std::hint::black_box([0u8; 20_000]).len()).named("deep")).await_().unwrap();
    /// let deep = &event_loop.stack_usage()[0];
    /// assert_eq!((deep.coroutine.as_str(), deep.tasks), ("deep", 1));
    /// assert!(deep.deepest >= 20_000 && deep.deepest < deep.size);
    /// # })).unwrap();
    /// ```
    pub fn stack_usage(&self) -> Vec<StackUsage> {
        self.core.schedule.stack_usage.marks()
    }
}
