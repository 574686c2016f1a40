//! std's futures: awaiting one on a task's stack, and awaiting ours in `async` blocks and other runtimes.

mod await_future;
mod into_future;

pub use into_future::{PromiseFuture, TaskFuture};
