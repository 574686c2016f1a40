//! The loop's face.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::clock::{Clock, nanos};
use super::core::{LoopCore, State};
use super::handle::{Handle, TimerHandle};
use super::proxy::LoopProxy;
use crate::callback::{Call, Callback, HandleCell};
use crate::context;
use crate::coroutine::{Body, Coroutine};
use crate::error::Error;
use crate::observe::{Called, Event, Observer};
use crate::promise::Promise;
use crate::report::Report;
use crate::task::{AnyTask, Task, TaskFactory};
use crate::waiter::{Sleeper, Waiter};

/// An event loop, and the one who owns it: dropping it closes it.
///
/// All it can do is found on [`LoopHandle`], to which it derefs. Most programs need only
/// [`run`](crate::run).
///
/// asyncio counterpart: `asyncio.new_event_loop()`.
#[derive(Debug)]
pub struct EventLoop {
    handle: LoopHandle,
}

impl EventLoop {
    /// A loop on the system's clock.
    ///
    /// # Errors
    /// When the system gives no descriptors to sleep on.
    pub fn new() -> Result<Self, Error> {
        Self::with_clock(Clock::real())
    }

    /// A loop on this clock.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(clock: impl Into<Clock>) -> Result<Self, Error> {
        Ok(EventLoop { handle: LoopHandle::of(LoopCore::new(clock.into())?) })
    }
}

impl Deref for EventLoop {
    type Target = LoopHandle;

    fn deref(&self) -> &LoopHandle {
        &self.handle
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        let _ = self.handle.close();
    }
}

/// A handle on a loop: clones are the same loop. It stays on the loop's thread; other threads use a
/// [`LoopProxy`].
///
/// ```compile_fail
/// fn send<T: Send>(_: T) {}
/// send(cede::running_loop()); // a loop's methods cannot be called from another thread
/// ```
#[derive(Clone)]
pub struct LoopHandle {
    pub(crate) core: Rc<LoopCore>,
}

impl LoopHandle {
    pub(crate) fn of(core: Rc<LoopCore>) -> Self {
        LoopHandle { core }
    }

    /// Queues a function. The loop calls it in its next turn, after all that is queued already.
    ///
    /// # Panics
    /// When the loop is closed.
    #[track_caller]
    pub fn call_soon(&self, callback: impl FnOnce() + 'static) -> Handle {
        self.assert_open("call_soon");
        let cell = HandleCell::new(context::bind(callback), Location::caller());
        self.core.schedule.push(Callback::Function(cell.clone()));
        Handle::new(cell)
    }

    /// Calls a function after this time. Zero is the next turn, not this one; a time too long to represent
    /// is as long as can be. The time is a lower bound: whoever keeps control keeps timers waiting, and where a
    /// thousand are pending, they are served in batches, every 200 µs.
    ///
    /// # Panics
    /// When the loop is closed.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, callback: impl FnOnce() + 'static) -> TimerHandle {
        self.call_at_nanos(self.nanos_after(delay), context::bind(callback), "call_later")
    }

    /// The same for one that waits: nothing of anybody's but ours is called.
    #[track_caller]
    pub(crate) fn wake_later(&self, delay: Duration, waiter: Rc<Waiter>, call: &'static str) -> TimerHandle {
        self.call_at_nanos(self.nanos_after(delay), Box::new(move || waiter.wake()), call)
    }

    /// A sleep of this length. Whoever awaits it [ends](Self::end_sleep) it, however it is left.
    pub(crate) fn begin_sleep(&self, duration: Duration, at: &'static Location<'static>) -> Rc<Sleeper> {
        let sleeper = Sleeper::sleeping(self.core.schedule.clone(), at);
        self.set_timer(self.nanos_after(duration), Call::Sleep(sleeper.clone()), "sleep");
        sleeper
    }

    pub(crate) fn end_sleep(&self, sleeper: &Rc<Sleeper>) {
        if sleeper.role.cancel() {
            self.core.withdraw(&Call::Sleep(sleeper.clone()));
        }
    }

    fn nanos_after(&self, delay: Duration) -> u64 {
        self.core.clock.now().saturating_add(nanos(delay))
    }

    /// Calls a function at this time of the loop's clock ([`time`](Self::time)). A time in the past is now.
    ///
    /// # Panics
    /// When the loop is closed.
    #[track_caller]
    pub fn call_at(&self, when: Instant, callback: impl FnOnce() + 'static) -> TimerHandle {
        self.call_at_nanos(self.core.clock.nanos_at(when), context::bind(callback), "call_at")
    }

    #[track_caller]
    fn call_at_nanos(&self, when: u64, run: Box<dyn FnOnce()>, name: &'static str) -> TimerHandle {
        let cell = HandleCell::new(run, Location::caller());
        self.set_timer(when, Call::Function(cell.clone()), name);
        TimerHandle::new(cell, self.core.clock.instant(when), self.core.clone())
    }

    #[track_caller]
    fn set_timer(&self, when: u64, call: Call, name: &'static str) {
        self.assert_open(name);
        self.core.timers.add(when, call.clone());
        let schedule = &self.core.schedule;
        schedule.observe(|| Event::TimerSet {
            timer: Called::of(&call),
            when: Duration::from_nanos(when),
            by: schedule.running_task(),
        });
        schedule.turn.call_loop();
    }

    /// What time it is on the loop's clock.
    pub fn time(&self) -> Instant {
        self.core.clock.instant(self.core.clock.now())
    }

    /// The time that far from now, or as far as can be.
    pub(crate) fn time_after(&self, delay: Duration) -> Instant {
        self.core.clock.instant(self.nanos_after(delay))
    }

    /// A way into this loop from other threads.
    pub fn proxy(&self) -> LoopProxy {
        LoopProxy::new(self.core.inbox.clone(), self.core.process)
    }

    /// Makes a task of this loop: queues its first step.
    ///
    /// # Panics
    /// When the loop is closed.
    #[track_caller]
    pub fn create_task<F>(&self, coroutine: Coroutine<F>) -> Task<F::Returns>
    where
        F: Body + 'static,
        F::Returns: 'static,
    {
        self.assert_open("create_task");
        Task::create(coroutine.into_parts(), self.core.schedule.clone())
    }

    /// Sets how tasks are made on this loop from now on (asyncio: `set_task_factory`).
    pub fn set_task_factory(&self, factory: TaskFactory) {
        self.core.schedule.set_factory(Some(factory));
    }

    /// How tasks are made on this loop.
    pub fn task_factory(&self) -> TaskFactory {
        self.core.schedule.factory().unwrap_or_default()
    }

    /// A promise of this loop (asyncio: `create_future`).
    #[doc(alias = "create_future")]
    #[track_caller]
    pub fn create_promise<T: 'static>(&self) -> Promise<T> {
        Promise::on(self.core.schedule.clone())
    }

    /// All tasks of this loop that have not ended, in the order of their creation.
    pub fn all_tasks(&self) -> Vec<AnyTask> {
        self.core.schedule.tasks().into_iter().map(AnyTask::new).collect()
    }

    /// The task whose step runs, if one does.
    pub fn current_task(&self) -> Option<AnyTask> {
        self.core.schedule.current().map(AnyTask::new)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.core.state.get() == State::Running
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.core.state.get(), State::Closed | State::Closing)
    }

    /// How many turns it has made.
    pub fn turns(&self) -> u64 {
        self.core.schedule.turn.turns.get()
    }

    /// How many callbacks it has given control to; steps of tasks are callbacks.
    pub fn callbacks_run(&self) -> u64 {
        self.core.schedule.turn.callbacks.get()
    }

    /// Whether debug mode is on: slow callbacks and coroutine objects that were never awaited are reported.
    pub fn debug(&self) -> bool {
        self.core.schedule.debug()
    }

    /// Switches debug mode. Unset, `CEDE_DEBUG=1` switches it on and `CEDE_DEBUG=0` off; else it is on in a
    /// build with debug assertions.
    pub fn set_debug(&self, on: bool) {
        self.core.schedule.set_debug(on);
    }

    /// How long a callback may keep control before debug mode reports it; 100 ms unless set.
    pub fn set_slow_callback_duration(&self, duration: Duration) {
        self.core.slow_callback.set(duration);
    }

    /// Sends all [`Report`]s of this loop to a function instead of standard error. One that panics is
    /// reported on standard error, with what it was told.
    pub fn set_exception_handler(&self, handler: impl Fn(&LoopHandle, &Report) + 'static) {
        let before = self.core.exception_handler.replace(Some(Rc::new(handler)));
        drop(before);
    }

    /// Gives a report to the exception handler.
    pub fn call_exception_handler(&self, report: &Report) {
        self.core.handle_report(report);
    }

    /// Tells an observer of all that happens on this loop from now on.
    pub fn set_observer(&self, observer: impl Observer + 'static) {
        self.core.set_observer(Rc::new(observer));
    }

    /// Ends [`run_forever`](Self::run_forever) or
    /// [`run_until_complete`](Self::run_until_complete) after this turn. Called while the loop does not
    /// run, it lets it run for one turn.
    pub fn stop(&self) {
        self.core.request_stop();
    }

    #[track_caller]
    fn assert_open(&self, call: &'static str) {
        assert!(self.core.state.get() != State::Closed, "{}", Error::closed(call));
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<EventLoop {} running={} closed={} debug={}>",
            self.core.schedule.id(),
            self.is_running(),
            self.is_closed(),
            self.debug()
        )
    }
}
