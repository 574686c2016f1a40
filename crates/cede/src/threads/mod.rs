//! Threads beside the loop: a pool for work that blocks, and a way in for threads that want something of
//! the loop.
//!
//! | from | to | by |
//! |---|---|---|
//! | a task | a thread of a pool | [`to_thread`], [`run_in_executor`](crate::LoopHandle::run_in_executor) |
//! | any thread | the loop | [`LoopProxy`](crate::LoopProxy): a callback, or a coroutine whose result comes back as a [`Submitted`] |
//!
//! A task stays on its loop's thread for life, and so do promises and handles; what crosses is a function,
//! and later its result, and both must be `Send`. To use several cores, run one loop a thread.

mod default_executor;
mod executor_job;
mod job;
mod landings;
mod pool;
mod run_in_executor;
pub(crate) mod shared;
mod submitted;
mod to_thread;

pub use pool::ThreadPool;
pub use submitted::Submitted;
pub use to_thread::{ToThread, to_thread};

pub(crate) use default_executor::Executor;
pub(crate) use landings::Landings;
