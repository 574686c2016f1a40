//! Running a whole program.

use std::rc::Rc;
use std::time::Duration;

use super::clock::Clock;
use super::core::{self, ExceptionHandler};
use super::loop_handle::{EventLoop, LoopHandle};
use super::run::{IntoTask, result_of};
use crate::error::Error;
use crate::observe::Observer;
use crate::report::Report;

/// Makes a loop, runs a coroutine on it to its end, cancels what is left over, closes the loop, and gives
/// the coroutine's result (asyncio: `asyncio.run`).
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
/// report; when the coroutine's task was cancelled.
///
/// # Panics
/// With the coroutine's panic.
#[track_caller]
pub fn run<M: IntoTask>(main: M) -> Result<M::Output, Error> {
    Runner::new().run(main)
}

/// Runs programs with settings: a clock, debug mode, an exception handler, an observer
/// (asyncio: `asyncio.Runner`).
///
/// Several coroutines can be run one after another on the same loop, which is made by the first and closed
/// when the runner is dropped.
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
    event_loop: Option<EventLoop>,
}

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

    /// Runs a coroutine to its end and cancels what is left over.
    ///
    /// # Errors
    /// As [`run`].
    ///
    /// # Panics
    /// With the coroutine's panic.
    #[track_caller]
    pub fn run<M: IntoTask>(&mut self, main: M) -> Result<M::Output, Error> {
        if core::find_running().is_some() {
            return Err(Error::misuse("run: cannot be called while another loop is running on this thread"));
        }
        let event_loop = self.event_loop()?;
        let task = main.into_task(event_loop);
        let ran = event_loop.run_task(&task);
        event_loop.cancel_all();
        ran?;
        result_of(task)
    }

    /// The loop, which is made if need be.
    ///
    /// # Errors
    /// When the system gives no descriptors to sleep on.
    pub fn event_loop(&mut self) -> Result<&EventLoop, Error> {
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
                event_loop.core.schedule.set_observer(Some(observer));
            }
            self.event_loop = Some(event_loop);
        }
        Ok(self.event_loop.as_ref().expect("made above"))
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("event_loop", &self.event_loop).finish_non_exhaustive()
    }
}
