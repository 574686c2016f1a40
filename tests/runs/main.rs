//! Running, interrupting and ending programs (rows 30 and 31), and what surrounds blocks of code (row 40, hazard 14,
//! asynchronous generators): each test named by its claim, with the CPython test it follows.
#![forbid(unsafe_code)]

mod async_generators;
mod generators_that_await;
mod hazard_14_finally;
mod row_30_ctrl_c;
mod row_30_run;
mod row_30_runner;
mod row_31_signals;
mod row_40_context_manager;
mod row_40_exit_stack;
#[cfg(not(feature = "sanitizer"))] // which maps more than any limit
mod starved;

use std::thread;
use std::time::Duration;

/// Sends this process a signal a little later, when its loop sleeps, on a thread that is not the loop's.
fn raise_later(signal: i32) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        signal_hook::low_level::raise(signal).unwrap();
    })
}
