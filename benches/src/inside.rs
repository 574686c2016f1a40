//! Timing inside a task: what criterion's `iter_custom` needs to measure code that runs on a loop.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Runs `once` `times` times in the main task of a loop and says how long that took.
///
/// ```
/// use cede::Awaitable as _;
///
/// let took = cede_benches::inside::task(10, || cede::yield_now().await_());
/// assert!(took > std::time::Duration::ZERO);
/// ```
///
/// # Panics
/// The loop cannot be made, or `once` panics.
pub fn task<T>(times: u64, mut once: impl FnMut() -> T + 'static) -> Duration {
    let main = cede::coroutine(move || {
        let began = Instant::now();
        for _ in 0..times {
            black_box(once());
        }
        began.elapsed()
    });
    cede::run(main).expect("the loop runs to the main task's end")
}

/// Like [`task`], but `once` says itself how long it took: for work with a set-up.
///
/// # Panics
/// The loop cannot be made, or `once` panics.
pub fn task_timed(times: u64, mut once: impl FnMut() -> Duration + 'static) -> Duration {
    let main = cede::coroutine(move || (0..times).map(|_| once()).sum());
    cede::run(main).expect("the loop runs to the main task's end")
}
