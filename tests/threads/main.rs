//! Row 33 and what else crosses threads: each test named by its claim, with the CPython test it follows.
//!
//! These are the tests that run under ThreadSanitizer (`.ci/run tsan`). It does not see what a `Mutex` of std does when
//! two want it at once, so they share through the library's own, `parking_lot`'s.
#![forbid(unsafe_code)]

mod clocks;
mod loops;
mod row_33_executor;
mod row_33_pool;
mod row_33_shutdown;
mod row_33_to_thread;
mod submitted;

use std::sync::mpsc::{Receiver, Sender, channel};

/// A job that says that it has begun, and ends when it is told to.
fn blocker() -> (impl FnOnce() + Send + 'static, Blocked) {
    let (begun, has_begun) = channel();
    let (end, ended) = channel::<()>();
    let job = move || {
        let _ = begun.send(());
        let _ = ended.recv();
    };
    (job, Blocked { has_begun, end })
}

struct Blocked {
    has_begun: Receiver<()>,
    /// Dropped, it ends the job.
    end: Sender<()>,
}

impl Blocked {
    fn wait_until_it_runs(&self) {
        self.has_begun.recv().expect("the job begins");
    }

    fn end(self) {
        drop(self.end);
    }
}
