//! Reports: what nobody asked about but somebody should know.
//!
//! asyncio spreads these over its exception handler, its logger and Python's warnings; here they all go
//! one way: to the running loop's exception handler, else to standard error.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

/// Something that went wrong, or may have, without anybody there to be told.
///
/// `Display` gives one line a person can act on.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields say what they are
pub enum Report {
    /// A coroutine object was dropped and nothing of it ever ran (debug mode only).
    NeverAwaited { coroutine: String, created: &'static Location<'static> },
    /// A callback or a task's step kept control for longer than
    /// [`slow_callback_duration`](crate::LoopHandle::set_slow_callback_duration) (debug mode only).
    SlowCallback { who: String, created: &'static Location<'static>, took: Duration },
    /// A task or promise ended with an error or a panic, and nobody can read it any more.
    UnreadFailure { who: String, created: &'static Location<'static>, error: String },
    /// A loop was closed while this task was still pending.
    DestroyedPending { task: String, created: &'static Location<'static>, waiting_for: Option<String> },
    /// A task that was cancelled because its program ended raised an error instead of ending quietly.
    UnhandledAtShutdown { task: String, created: &'static Location<'static>, error: String },
    /// A callback panicked; the loop goes on.
    CallbackPanicked { who: String, created: &'static Location<'static>, error: String },
    /// A generator or a task kept going although it was told to end; its stack is leaked, never reused.
    IgnoredExit { what: String, created: &'static Location<'static>, times: usize },
    /// Something that was dropped left with an error.
    ErrorInDrop { what: String, created: &'static Location<'static>, error: String },
    /// A loop's end closed an [`AsyncGenerator`](crate::AsyncGenerator), which left with an error.
    ClosingGenerator { generator: String, error: String },
    /// A pool's jobs were not done in the time given for its shutdown; they run on.
    ThreadsLeft { pool: String, waited: Duration },
    /// A clean-up failed, so that of two errors only one could go on: not this one.
    LostError { error: String, instead: String },
    /// A listener cannot accept, for the process has no descriptors or memory left; it goes on after a pause.
    AcceptPaused { call: &'static str, error: String, pause: Duration },
    /// An await that gives no value was reached while the stack was being unwound, and did nothing.
    AwaitWhileUnwinding { call: &'static str },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::NeverAwaited { coroutine, created } => {
                write!(f, "coroutine '{coroutine}' was never awaited (created at {created})")
            }
            Report::SlowCallback { who, created, took } => {
                write!(f, "{who} kept control for {:.3} s (created at {created})", took.as_secs_f64())
            }
            Report::UnreadFailure { who, created, error } => {
                write!(f, "the error of {who} was never read: {error} (created at {created})")
            }
            Report::DestroyedPending { task, created, waiting_for } => {
                write!(f, "task {task} was destroyed but it is pending")?;
                if let Some(target) = waiting_for {
                    write!(f, ", waiting for {target}")?;
                }
                write!(f, " (created at {created})")
            }
            Report::UnhandledAtShutdown { task, created, error } => {
                write!(f, "unhandled error of task {task} at shutdown: {error} (created at {created})")
            }
            Report::CallbackPanicked { who, created, error } => {
                write!(f, "{who} panicked: {error} (created at {created})")
            }
            Report::IgnoredExit { what, created, times } => write!(
                f,
                "{what} was told to end {times} times and ignored it; its stack is leaked \
                 (created at {created})"
            ),
            Report::ErrorInDrop { what, created, error } => {
                write!(f, "{what} left with an error while it was dropped: {error} (created at {created})")
            }
            Report::ClosingGenerator { generator, error } => {
                write!(f, "an error occurred during closing of asynchronous generator {generator}: {error}")
            }
            Report::ThreadsLeft { pool, waited } => write!(
                f,
                "the executor did not finish joining its threads within {} seconds: {pool}",
                waited.as_secs_f64()
            ),
            Report::LostError { error, instead } => {
                write!(f, "an error was lost, for {instead} goes on instead: {error}")
            }
            Report::AcceptPaused { call, error, pause } => write!(
                f,
                "{call}: nobody can be accepted: {error}; trying again every {} s, and saying so once",
                pause.as_secs_f64()
            ),
            Report::AwaitWhileUnwinding { call } => write!(
                f,
                "{call}: await while unwinding: it did nothing, for a stack that is being left cannot pause"
            ),
        }
    }
}

pub(crate) type Sink = Rc<dyn Fn(&Report)>;

thread_local! {
    /// Where reports of this thread go while a loop runs on it.
    static SINK: RefCell<Option<Sink>> = const { RefCell::new(None) };
}

/// Sends reports of this thread to `sink` until the guard is dropped.
pub(crate) fn redirect(sink: Option<Sink>) -> Redirected {
    Redirected { before: SINK.replace(sink) }
}

pub(crate) struct Redirected {
    before: Option<Sink>,
}

impl Drop for Redirected {
    fn drop(&mut self) {
        let before = self.before.take();
        let _ = SINK.try_with(|sink| sink.replace(before));
    }
}

/// Tells whoever listens. A listener that panics is reported in turn, and loses nothing.
#[cold]
pub(crate) fn report(report: &Report) {
    let sink = SINK.try_with(|sink| sink.borrow().clone()).ok().flatten();
    deliver(sink.as_deref(), report);
}

pub(crate) fn deliver(sink: Option<&dyn Fn(&Report)>, report: &Report) {
    let Some(sink) = sink else { return print(report) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| sink(report))) {
        eprintln!("cede: the exception handler panicked: {}", crate::error::panic_text(&*payload));
        print(report);
    }
}

/// What happens to a report that nobody handles.
pub(crate) fn print(report: &Report) {
    eprintln!("cede: {report}");
}
