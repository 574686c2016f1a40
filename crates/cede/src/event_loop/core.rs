//! What a loop consists of.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use super::ages::Ages;
use super::clock::{Clock, Nanos};
use super::loop_handle::LoopHandle;
use super::proxy::Inbox;
use super::step::Before;
use super::timers::Timers;
use crate::async_generator::LiveGenerators;
use crate::error::Error;
use crate::foreign::Home;
use crate::observe::{Event, Observer};
use crate::reactor::Reactor;
use crate::report::{self, Redirected, Report};
use crate::schedule::{self, Schedule};
use crate::signals::Signals;
use crate::stack::current::Guard;
use crate::this_process;
use crate::threads::shared::inbox::Post;
use crate::threads::{Executor, Landings};

pub(crate) type ExceptionHandler = Rc<dyn Fn(&LoopHandle, &Report)>;

/// What a loop is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Stopped,
    Running,
    /// Its tasks are being ended; nothing new is taken.
    Closing,
    Closed,
}

pub(crate) struct LoopCore {
    pub(crate) schedule: Rc<Schedule>,
    pub(crate) timers: Timers,
    pub(crate) ages: Ages,
    pub(crate) clock: Clock,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) signals: Signals,
    pub(crate) landings: Landings,
    pub(crate) executor: Executor,
    pub(crate) generators: LiveGenerators,
    pub(crate) state: Cell<State>,
    /// The process that made it.
    pub(super) process: u32,
    /// `stop` was called: the loop ends with this turn.
    pub(crate) stopping: Cell<bool>,
    /// When the loop last looked at its timers, and how many boundaries it let tasks cross then.
    pub(crate) looked_at: Cell<Nanos>,
    pub(crate) crossings: Cell<u32>,
    pub(crate) slow_callback: Cell<Duration>,
    pub(crate) exception_handler: RefCell<Option<ExceptionHandler>>,
    pub(crate) before: RefCell<Before>,
}

thread_local! {
    /// The loop that runs on this thread. Weak: a thread-local that owned a loop would drop it after other
    /// thread-locals that its tasks use.
    static RUNNING: RefCell<Weak<LoopCore>> = const { RefCell::new(Weak::new()) };
}

/// The loop that runs on this thread (asyncio: `get_running_loop`).
///
/// # Errors
/// When none does.
pub fn running_loop() -> Result<LoopHandle, Error> {
    find_running().ok_or_else(|| Error::no_running_loop("running_loop"))
}

pub(crate) fn find_running() -> Option<LoopHandle> {
    RUNNING.try_with(|running| running.borrow().upgrade()).ok().flatten().map(LoopHandle::of)
}

/// Whether a loop runs on this thread, so that no other can. In the child of a fork the parent's does not.
pub(super) fn is_running() -> bool {
    find_running().is_some_and(|event_loop| !event_loop.core.forked())
}

impl LoopCore {
    pub(crate) fn new(clock: Clock) -> Result<Rc<Self>, Error> {
        let schedule = Schedule::new(schedule::debug_by_default());
        let reactor = Reactor::new(schedule.clone())?;
        let core = Rc::new(LoopCore {
            schedule: schedule.clone(),
            timers: Timers::default(),
            ages: Ages::default(),
            clock,
            inbox: Inbox::new(reactor.waker(), schedule.turn.posted()),
            reactor,
            signals: Signals::default(),
            landings: Landings::default(),
            executor: Executor::default(),
            generators: LiveGenerators::default(),
            state: Cell::new(State::Stopped),
            process: this_process::id(),
            stopping: Cell::new(false),
            looked_at: Cell::new(0),
            crossings: Cell::new(0),
            slow_callback: Cell::new(Duration::from_millis(100)),
            exception_handler: RefCell::default(),
            before: RefCell::default(),
        });
        schedule.set_home(Arc::new(WayHome { inbox: Arc::downgrade(&core.inbox) }));
        let weak = Rc::downgrade(&core);
        core.schedule.set_reports(Rc::new(move |report: &Report| match weak.upgrade() {
            Some(core) => core.handle_report(report),
            None => report::print(report),
        }));
        Ok(core)
    }

    /// Makes this the loop that runs on this thread, until the guard is dropped.
    pub(crate) fn enter(self: &Rc<Self>) -> Inside {
        Inside {
            before: Some(RUNNING.replace(Rc::downgrade(self))),
            _schedule: self.schedule.enter(),
            _reports: report::redirect(self.schedule.reports()),
        }
    }

    /// The loop ends with this turn.
    pub(crate) fn request_stop(&self) {
        self.stopping.set(true);
        self.schedule.turn.call_loop();
    }

    /// Tells an observer of all that happens from now on, each with the time.
    pub(crate) fn set_observer(&self, observer: Rc<dyn Observer>) {
        let clock = self.clock.clone();
        let told = move |event: &Event| observer.event(Duration::from_nanos(clock.now()), event);
        self.schedule.set_observer(Some(Rc::new(told)));
    }

    /// Whether this is a copy that a fork made: the kernel's side of it is the parent's.
    pub(crate) fn forked(&self) -> bool {
        self.process != this_process::id()
    }

    /// Gives a report to the exception handler, else prints it.
    pub(crate) fn handle_report(self: &Rc<Self>, report: &Report) {
        let handler = self.exception_handler.borrow().clone();
        match handler {
            Some(handler) => {
                let handle = LoopHandle::of(self.clone());
                report::deliver(Some(&|report: &Report| handler(&handle, report)), report);
            }
            None => report::print(report),
        }
    }
}

/// How a waker reaches its loop from another thread. It does not keep what it leads to.
struct WayHome {
    inbox: std::sync::Weak<Inbox>,
}

impl Home for WayHome {
    fn ring(&self, task: u64) {
        if let Some(inbox) = self.inbox.upgrade() {
            let _ = inbox.post(Post::Wake(task)); // on a closed loop nobody waits any more
        }
    }
}

/// A loop is the running one while this lives.
pub(crate) struct Inside {
    before: Option<Weak<LoopCore>>,
    _schedule: Guard<Schedule>,
    _reports: Redirected,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let before = self.before.take().unwrap_or_default();
        let _ = RUNNING.try_with(|running| running.replace(before));
    }
}
