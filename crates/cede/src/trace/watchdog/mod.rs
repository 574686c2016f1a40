//! A thread that looks whether somebody keeps control for too long, and says who, and where, while he does.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod.rs` | who has control, since when, and a thread that looks |
//! | `stack.rs` | the stack of whoever has it |

mod stack;

use std::fmt;
use std::io::{self, Write};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::name::Name;
use crate::observe::{LoopEvent, Observer};
use crate::task::TaskRef;
use crate::this_process;
use stack::Thread;

/// An observer with a thread of its own: it names whoever has kept control for longer than a limit and shows
/// his stack, while that lasts, once each time. Needs the feature `watchdog`.
///
/// Debug mode names slow callbacks too, but only when they have given control back. One that never does is
/// named only from outside.
///
/// ```
/// use cede::trace::Watchdog;
/// use std::time::Duration;
///
/// let watchdog = Watchdog::new(Duration::from_millis(100))?;
/// cede::Runner::new().observer(watchdog).run(cede::coroutine(|| ()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It says, of a task that searches for primes and forgets to cede:
///
/// ```text
/// cede: task 'Task-1' (main, created at src/main.rs:9:10) has kept control for 0.105 s and still does
///   primes::is_prime
///     src/main.rs:21:12
///   primes::main::{closure#0}
///     src/main.rs:14:9
/// ```
///
/// # How the stack is read
/// By a signal to the loop's thread: SIGURG, unless [`signal`](Self::signal) chooses another. Its handler copies
/// the registers and the end of the stack, 64 KiB at most; the watchdog's thread works out the frames from the
/// copy and names them. The handler calls nothing and follows no pointer, so it may interrupt anything.
///
/// Names and lines are as good as the build's debug information. Frames are shown from the innermost one to the
/// beginning of the task or callback; deeper than the copy they end. No stack is shown, and the text says why, on
/// other systems than Linux on x86-64 and arm64, where a thread blocks the signal, and where control was given
/// back before the stack was read.
///
/// # What it costs
/// What an observer costs, and a look at the clock for every step. Each stack interrupts the loop's thread for
/// some microseconds; a system call of its that can be interrupted is, and begins again or gives `EINTR`. On the
/// other thread it takes some milliseconds, the first one more, for reading the debug information.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    /// Dropped, it ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads know.
#[derive(Debug)]
struct Shared {
    /// The process whose loop it watches.
    process: u32,
    running: Mutex<Option<Running>>,
    /// The loop's.
    thread: Thread,
    signal: AtomicI32,
}

/// Who has control.
#[derive(Debug)]
struct Running {
    who: Who,
    since: Instant,
    named: bool,
}

/// Whom a text would name: noted at every step, and put into words for those who are late.
#[derive(Debug)]
enum Who {
    Task {
        number: u64,
        given: Option<String>,
        coroutine: Name,
        created: &'static Location<'static>,
        last_await: Option<&'static Location<'static>>,
    },
    Callback(String),
}

impl Who {
    fn of(task: &TaskRef) -> Self {
        Who::Task {
            number: task.number(),
            given: task.given_name().map(|name| name.to_string()),
            coroutine: task.coroutine_name(),
            created: task.site(),
            last_await: task.waiting_at(),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Task { number, given, coroutine, created, last_await } => {
                match given {
                    Some(name) => write!(f, "task '{name}'")?,
                    None => write!(f, "task 'Task-{number}'")?,
                }
                write!(f, " ({coroutine}, created at {created}")?;
                match last_await {
                    Some(at) => write!(f, ", last awaited at {at})"),
                    None => f.write_str(")"),
                }
            }
            Who::Callback(text) => f.write_str(text),
        }
    }
}

impl Watchdog {
    /// One that names them on standard error.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(limit: Duration) -> io::Result<Self> {
        Self::telling(limit, |text| drop(writeln!(io::stderr(), "cede: {text}")))
    }

    /// One that calls this function, on its own thread, with a text about each: a line that names him, then
    /// the frames of his stack, two lines each.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn telling(limit: Duration, tell: impl Fn(&str) + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            process: this_process::id(),
            running: Mutex::default(),
            thread: Thread::default(),
            signal: AtomicI32::new(libc::SIGURG),
        });
        let watched = shared.clone();
        let (stop, stopped) = mpsc::channel();
        let watch = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(limit / 4) {
                watched.overdue(limit).inspect(|text| tell(text));
            }
        };
        let thread = std::thread::Builder::new().name("cede-watchdog".to_owned()).spawn(watch)?;
        Ok(Watchdog { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Reads stacks by another signal than SIGURG, which it takes for the rest of the process.
    ///
    /// SIGURG is what a stray one does no harm with: it is ignored by default, debuggers let it pass, and
    /// programs expect it to come without a reason. A program that handles it itself, for urgent data or
    /// because Go's runtime is part of it, chooses another, one of the real-time ones, say.
    ///
    /// ```
    /// use cede::trace::Watchdog;
    /// use std::time::Duration;
    ///
    /// let watchdog = Watchdog::new(Duration::from_millis(100))?.signal(libc::SIGRTMIN() + 3)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// When somebody else handles this signal, or when it cannot be caught.
    pub fn signal(self, signal: i32) -> io::Result<Self> {
        stack::check(signal)?;
        self.shared.signal.store(signal, Ordering::Relaxed);
        Ok(self)
    }
}

impl Shared {
    /// What there is to tell, if anything.
    fn overdue(&self, limit: Duration) -> Option<String> {
        let (line, since) = self.running.lock().as_mut()?.overdue(limit)?;
        let stack = self.thread.stack(self.signal.load(Ordering::Relaxed));
        // Somebody else's, if control was given back meanwhile.
        let same = self.running.lock().as_ref().is_some_and(|running| running.since == since);
        let stack =
            if same { stack } else { "  its stack was not read in time: it has given control back\n".into() };
        Some(format!("{line}\n{}", stack.trim_end_matches('\n')))
    }
}

impl Running {
    /// A line about him, the first time that he is late; and since when he has control.
    fn overdue(&mut self, limit: Duration) -> Option<(String, Instant)> {
        let kept = self.since.elapsed();
        if self.named || kept < limit {
            return None;
        }
        self.named = true;
        let line = format!("{} has kept control for {:.3} s and still does", self.who, kept.as_secs_f64());
        Some((line, self.since))
    }
}

impl Observer for Watchdog {
    fn event(&self, _time: Duration, event: &LoopEvent) {
        if self.shared.process != this_process::id() {
            return; // nobody watches in the child of a fork
        }
        let who = match event {
            LoopEvent::StepBegins { task } => Who::of(&task.task),
            LoopEvent::CallBegins { callback } => Who::Callback(format!("{callback:?}")),
            LoopEvent::StepEnds { .. } | LoopEvent::CallEnds { .. } => {
                *self.shared.running.lock() = None;
                return;
            }
            _ => return,
        };
        self.shared.thread.is_this();
        *self.shared.running.lock() = Some(Running { who, since: Instant::now(), named: false });
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if self.shared.process != this_process::id() {
            // The child of a fork: the thread is not there, nor will it let go of what it has locked.
            std::mem::forget((self.stop.take(), self.thread.take()));
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
