//! Running a whole program.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use super::clock::Clock;
use super::core::{self, ExceptionHandler};
use super::loop_handle::{EventLoop, LoopHandle};
use super::run::{IntoTask, result_of};
use super::shuffle::Shuffle;
use super::step::Before;
use crate::context::{self, Context};
use crate::error::Error;
use crate::observe::Observer;
use crate::reactor::Backend;
use crate::report::Report;
use crate::signals::{CtrlC, Pressed};
use crate::task::Task;

/// Makes a loop, runs a coroutine on it to its end, cleans up, and gives the coroutine's result
/// (asyncio: `asyncio.run`).
///
/// Cleaning up is what [`Runner::close`] does: tasks that are left over are cancelled, asynchronous
/// generators closed, the loop's threads waited for. On the main thread, Ctrl-C cancels the coroutine's
/// task; see [`Runner::handle_ctrl_c`].
///
/// A coroutine that returns a `Result` gives `Ok(Err(…))` where it fails: `cede::run(main())??`.
///
/// ```
/// use cede::Awaitable;
/// let answer = cede::run(cede::coroutine(|| {
///     let task = cede::create_task(cede::coroutine(|| 15));
///     task.await_().map(|tripled| tripled + 2)
/// }))??;
/// assert_eq!(answer, 17);
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Errors
/// When a loop runs on this thread already; when the system gives no descriptors; a deadlock, with its
/// report; when the coroutine's task was cancelled, or Ctrl-C ended it.
///
/// # Panics
/// With the coroutine's panic.
#[track_caller]
pub fn run<M: IntoTask>(main: M) -> Result<M::Output, Error> {
    let mut runner = Runner::new();
    let ended = runner.run_to_end(main);
    runner.close()?;
    result_of(ended?)
}

/// Runs programs with settings: a clock, debug mode, an exception handler, an observer
/// (asyncio: `asyncio.Runner`).
///
/// Several coroutines can be run one after another on the same loop, which is made by the first; what they
/// leave over goes on in the next. [`close`](Self::close), or dropping the runner, ends it all.
///
/// ```
/// use cede::{Runner, VirtualClock};
/// let mut runner = Runner::new().clock(VirtualClock::new()).debug(true);
/// assert_eq!(runner.run(cede::coroutine(|| 6 * 7))?, 42);
/// # Ok::<(), cede::Error>(())
/// ```
#[must_use = "a runner does nothing until it runs something"]
#[derive(Default)]
pub struct Runner {
    clock: Option<Clock>,
    debug: Option<bool>,
    slow_callback: Option<Duration>,
    exception_handler: Option<ExceptionHandler>,
    observer: Option<Rc<dyn Observer>>,
    before: Before,
    ctrl_c: Option<bool>,
    backend: Option<Backend>,
    event_loop: Option<EventLoop>,
    /// What the context variables were at the end of the last run.
    context: Option<Context>,
    closed: bool,
}

/// How long a runner waits for the threads of its loop's pool (asyncio: `constants.THREAD_JOIN_TIMEOUT`).
const WAIT_FOR_THREADS: Duration = Duration::from_secs(300);

impl Runner {
    /// A runner with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The loop's clock; the system's unless set.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = Some(clock.into());
        self
    }

    /// Debug mode; see [`LoopHandle::set_debug`].
    pub fn debug(mut self, on: bool) -> Self {
        self.debug = Some(on);
        self
    }

    /// How long a callback may keep control before debug mode reports it.
    pub fn slow_callback_duration(mut self, duration: Duration) -> Self {
        self.slow_callback = Some(duration);
        self
    }

    /// Where reports go; see [`LoopHandle::set_exception_handler`].
    pub fn exception_handler(mut self, handler: impl Fn(&LoopHandle, &Report) + 'static) -> Self {
        self.exception_handler = Some(Rc::new(handler));
        self
    }

    /// Who is told what the loop does.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Rc::new(observer));
        self
    }

    /// Asks a function before each callback whether to go on; it may look at a
    /// [`snapshot`](LoopHandle::snapshot) of the loop. Told to stop, [`run`](Self::run) gives an error, and
    /// nobody is asked while what is left over is cleaned up.
    ///
    /// Every callback then goes by the loop: the fast path is off.
    pub fn ask_before_each(mut self, ask: impl Fn(&LoopHandle) -> ControlFlow<()> + 'static) -> Self {
        self.before.gate = Some(Rc::new(ask));
        self
    }

    /// Lets the callbacks of each turn run in another order, chosen by this number: the same number gives the
    /// same order every time, and 0 the usual one. What a program does must not depend on it, unless it is
    /// meant to; see [`explore`](crate::explore).
    ///
    /// Every callback then goes by the loop: the fast path is off.
    pub fn schedule(mut self, seed: u64) -> Self {
        self.before.shuffle = Some(Rc::new(Shuffle::new(seed)));
        self
    }

    /// How the kernel reads and writes for the loop; see [`Backend`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Whether Ctrl-C, while something runs, cancels its task. Unset, it does on the program's main thread.
    ///
    /// The first press cancels the task, which may clean up; if it ends cancelled, [`run`](Self::run) gives
    /// an error with [`is_interrupted`](Error::is_interrupted) (asyncio: `KeyboardInterrupt`). The second
    /// press has the signal's default action: it ends the process by SIGINT, at once, even if the program
    /// never gave control back after the first. So does one that comes while nothing runs, or while the
    /// runner is closed. When `run` returns, the signal does again what it did before.
    ///
    /// In debug mode the first press also prints, on standard error, the [list](crate::trace::Snapshot::ps) and
    /// the [tree](crate::trace::Snapshot::tree) of all tasks, and whose fault it is that they wait.
    ///
    /// Nothing is done where SIGINT is ignored, or where somebody else handles it already. A handler of the
    /// loop's own ([`LoopHandle::add_signal_handler`]) takes this one's place.
    ///
    /// `true` handles it on whatever thread this is; one run in a process can have it at a time.
    pub fn handle_ctrl_c(mut self, on: bool) -> Self {
        self.ctrl_c = Some(on);
        self
    }

    /// Runs a coroutine to its end. Tasks that are left over stay, and go on in the next run; so do the values
    /// of the coroutine's context variables.
    ///
    /// # Errors
    /// As [`run`]; when the runner is closed.
    ///
    /// # Panics
    /// With the coroutine's panic.
    #[track_caller]
    pub fn run<M: IntoTask>(&mut self, main: M) -> Result<M::Output, Error> {
        result_of(self.run_to_end(main)?)
    }

    /// Runs a coroutine to its end; its result stays in its task.
    #[track_caller]
    fn run_to_end<M: IntoTask>(&mut self, main: M) -> Result<Task<M::Output>, Error> {
        if core::is_running() {
            return Err(Error::misuse("run: cannot be called while another loop is running on this thread"));
        }
        let choice = self.ctrl_c;
        let event_loop = self.event_loop()?;
        let event_loop = LoopHandle::clone(event_loop);
        let entered = self.context.take().map(|context| context.enter());
        let task = main.into_task(&event_loop);
        drop(entered);
        let ctrl_c = CtrlC::watch(&event_loop.core, task.handle(), choice);
        let ran = event_loop.run_task(&task);
        self.context = context::of(&task.handle());
        let interrupted = match ctrl_c.map_or(Pressed::No, CtrlC::finish) {
            Pressed::No => false,
            // Unless somebody else wanted it cancelled too, or it would not be.
            Pressed::Cancelled => task.cancelled() && task.uncancel() == 0,
            Pressed::TooLate => true,
        };
        if interrupted {
            return Err(Error::interrupted());
        }
        ran.map(|()| task)
    }

    /// Ends it all: cancels the tasks that are left over and waits for them, closes asynchronous
    /// generators, shuts the loop's pool down (waiting for its jobs, for 5 minutes at most), closes the
    /// loop. What goes wrong in it is reported.
    ///
    /// Afterwards the runner cannot be used. Closing it again does nothing; dropping it closes it.
    ///
    /// asyncio counterpart: `Runner.close`, and leaving its `with` block.
    ///
    /// # Errors
    /// When a loop runs on this thread: nothing is done then.
    pub fn close(&mut self) -> Result<(), Error> {
        let Some(event_loop) = &self.event_loop else {
            self.closed = true;
            return Ok(());
        };
        if !event_loop.is_closed() && !event_loop.core.forked() {
            event_loop.check("Runner::close")?;
            event_loop.cancel_all();
            event_loop.finish(event_loop.core.generators.any(), || event_loop.shutdown_asyncgens());
            event_loop.finish(event_loop.core.executor.used(), || {
                event_loop.shutdown_default_executor(Some(WAIT_FOR_THREADS))
            });
        }
        self.closed = true;
        self.event_loop.take().map_or(Ok(()), |event_loop| event_loop.close())
    }

    /// The loop, which is made if need be (asyncio: `Runner.get_loop`).
    ///
    /// # Errors
    /// When the runner is closed. When the system gives no descriptors to sleep on.
    pub fn event_loop(&mut self) -> Result<&EventLoop, Error> {
        if self.closed {
            return Err(Error::misuse("Runner is closed"));
        }
        if self.event_loop.is_none() {
            let event_loop = EventLoop::with_clock(self.clock.take().unwrap_or_else(Clock::real))?;
            if let Some(debug) = self.debug {
                event_loop.set_debug(debug);
            }
            if let Some(duration) = self.slow_callback {
                event_loop.set_slow_callback_duration(duration);
            }
            if let Some(handler) = self.exception_handler.clone() {
                event_loop.set_exception_handler(move |event_loop, report| handler(event_loop, report));
            }
            if let Some(observer) = self.observer.clone() {
                event_loop.core.set_observer(observer);
            }
            if let Some(backend) = self.backend {
                event_loop.set_backend(backend)?;
            }
            event_loop.core.before.replace(self.before.clone());
            self.event_loop = Some(event_loop);
        }
        Ok(self.event_loop.as_ref().expect("made above"))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.close(); // refused inside a running loop; then the loop closes itself
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("event_loop", &self.event_loop).finish_non_exhaustive()
    }
}
