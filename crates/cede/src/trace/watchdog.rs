//! A thread that looks whether somebody keeps control for too long, and says who while he does.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::observe::{LoopEvent, Observer};

/// An observer with a thread of its own: it names whoever has kept control for longer than a limit, while
/// that lasts, once each time.
///
/// Debug mode names slow callbacks too, but only when they have given control back. One that never does is
/// named only from outside. It costs what an observer costs, and a look at the clock for every step.
///
/// ```
/// use cede::trace::Watchdog;
/// use std::time::Duration;
///
/// let watchdog = Watchdog::new(Duration::from_millis(100))?;
/// cede::Runner::new().observer(watchdog).run(cede::coroutine(|| ()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Watchdog {
    running: Arc<Mutex<Option<Running>>>,
    /// Dropped, it ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Who has control.
#[derive(Debug)]
struct Running {
    who: String,
    since: Instant,
    named: bool,
}

impl Watchdog {
    /// One that names them on standard error.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(limit: Duration) -> std::io::Result<Self> {
        Self::telling(limit, |text| drop(writeln!(std::io::stderr(), "cede: {text}")))
    }

    /// One that calls this function, on its own thread, with a line about each.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn telling(limit: Duration, tell: impl Fn(&str) + Send + 'static) -> std::io::Result<Self> {
        let running: Arc<Mutex<Option<Running>>> = Arc::default();
        let watched = running.clone();
        let (stop, stopped) = mpsc::channel();
        let watch = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(limit / 4) {
                let text = watched.lock().as_mut().and_then(|running| running.overdue(limit));
                text.inspect(|text| tell(text));
            }
        };
        let thread = std::thread::Builder::new().name("cede-watchdog".to_owned()).spawn(watch)?;
        Ok(Watchdog { running, stop: Some(stop), thread: Some(thread) })
    }
}

impl Running {
    fn overdue(&mut self, limit: Duration) -> Option<String> {
        let since = self.since.elapsed();
        if self.named || since < limit {
            return None;
        }
        self.named = true;
        Some(format!("{} has kept control for {:.3} s and still does", self.who, since.as_secs_f64()))
    }
}

impl Observer for Watchdog {
    fn event(&self, _time: Duration, event: &LoopEvent) {
        let who = match event {
            LoopEvent::StepBegins { task } => {
                let last = task.target().as_task().and_then(|task| task.waiting_at());
                let last = last.map_or(String::new(), |at| format!(", last awaited at {at}"));
                format!("task '{}' ({}, created at {}{last})", task.name(), task.coroutine(), task.created())
            }
            LoopEvent::CallBegins { callback } => format!("{callback:?}"),
            LoopEvent::StepEnds { .. } | LoopEvent::CallEnds { .. } => {
                *self.running.lock() = None;
                return;
            }
            _ => return,
        };
        *self.running.lock() = Some(Running { who, since: Instant::now(), named: false });
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
