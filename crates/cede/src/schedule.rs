//! What a task or a promise knows of its loop: the ready queue, the register of tasks, and who runs.
//!
//! The loop (above us) owns this and takes callbacks from the head; everything below the loop only appends.
//! That is all there is to scheduling:
//!
//! ```text
//!   create_task ─┐
//!   yield_now   ─┤                    ┌────────── ready ──────────┐
//!   a promise   ─┼── push ──►  tail   │ step T3 │ call f │ step T1│   head  ──► the loop's turn
//!   is set      ─┤                    └───────────────────────────┘
//!   call_soon   ─┘
//! ```

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use slotmap::SlotMap;

use crate::callback::{Callback, TaskKey};
use crate::observe::{Event, Observer};
use crate::task::{TaskObject, Workers};

pub(crate) struct Schedule {
    /// Tells loops apart, in checks and in texts.
    id: u64,
    ready: RefCell<VecDeque<Callback>>,
    /// Every task that has not ended. The queue and the wakers know tasks by key only: a key whose task has
    /// ended finds nothing.
    tasks: RefCell<SlotMap<TaskKey, Rc<dyn TaskObject>>>,
    current: RefCell<Option<Rc<dyn TaskObject>>>,
    pub(crate) workers: Workers,
    numbers: Cell<u64>,
    closed: Cell<bool>,
    debug: Cell<bool>,
    observing: Cell<bool>,
    observer: RefCell<Option<Rc<dyn Observer>>>,
}

thread_local! {
    /// The schedule of the loop that runs on this thread.
    static RUNNING: RefCell<Option<Rc<Schedule>>> = const { RefCell::new(None) };
}

/// The schedule of the loop that runs on this thread, if one does.
pub(crate) fn running() -> Option<Rc<Schedule>> {
    RUNNING.try_with(|running| running.borrow().clone()).ok().flatten()
}

/// The task whose step runs on this thread.
pub(crate) fn current() -> Option<Rc<dyn TaskObject>> {
    running().and_then(|schedule| schedule.current())
}

impl Schedule {
    pub(crate) fn new(debug: bool) -> Rc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        Rc::new(Schedule {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            ready: RefCell::default(),
            tasks: RefCell::default(),
            current: RefCell::default(),
            workers: Workers::default(),
            numbers: Cell::new(0),
            closed: Cell::new(false),
            debug: Cell::new(debug),
            observing: Cell::new(false),
            observer: RefCell::default(),
        })
    }

    /// Makes this the schedule that `create_task` and friends find, until the guard is dropped.
    pub(crate) fn enter(self: &Rc<Self>) -> Entered {
        Entered { before: RUNNING.replace(Some(self.clone())) }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    // ---- the ready queue

    /// Appends a callback. On a closed loop nothing runs any more, so it is dropped.
    #[inline]
    pub(crate) fn push(&self, callback: Callback) {
        if self.closed.get() {
            return drop(callback);
        }
        self.ready.borrow_mut().push_back(callback);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<Callback> {
        self.ready.borrow_mut().pop_front()
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready.borrow().len()
    }

    pub(crate) fn close(&self) {
        self.closed.set(true);
        let rest = std::mem::take(&mut *self.ready.borrow_mut());
        drop(rest); // outside the borrow: destructors of callbacks are user code
        self.workers.clear();
    }

    pub(crate) fn closed(&self) -> bool {
        self.closed.get()
    }

    // ---- the register

    /// Enters a task and queues its first step.
    pub(crate) fn register(&self, task: Rc<dyn TaskObject>) {
        let key = self.tasks.borrow_mut().insert(task.clone());
        task.core().set_key(key);
        self.push(Callback::Step(key));
        self.observe(|| Event::TaskCreated { task: task.handle() });
    }

    pub(crate) fn unregister(&self, key: TaskKey) {
        let removed = self.tasks.borrow_mut().remove(key);
        drop(removed); // outside the borrow
    }

    #[inline]
    pub(crate) fn task(&self, key: TaskKey) -> Option<Rc<dyn TaskObject>> {
        self.tasks.borrow().get(key).cloned()
    }

    /// All tasks that have not ended, in the order of their creation.
    pub(crate) fn tasks(&self) -> Vec<Rc<dyn TaskObject>> {
        let mut all: Vec<_> = self.tasks.borrow().values().cloned().collect();
        all.sort_by_key(|task| task.core().number());
        all
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    // ---- who runs

    pub(crate) fn current(&self) -> Option<Rc<dyn TaskObject>> {
        self.current.borrow().clone()
    }

    pub(crate) fn set_current(&self, task: Option<Rc<dyn TaskObject>>) -> Option<Rc<dyn TaskObject>> {
        self.current.replace(task)
    }

    // ---- debug mode and observer

    pub(crate) fn debug(&self) -> bool {
        self.debug.get()
    }

    pub(crate) fn set_debug(&self, on: bool) {
        self.debug.set(on);
    }

    pub(crate) fn set_observer(&self, observer: Option<Rc<dyn Observer>>) {
        self.observing.set(observer.is_some());
        *self.observer.borrow_mut() = observer;
    }

    /// Tells the observer, if there is one; else costs a load and a branch.
    #[inline]
    pub(crate) fn observe(&self, event: impl FnOnce() -> Event) {
        if self.observing.get() {
            self.tell(&event());
        }
    }

    #[cold]
    fn tell(&self, event: &Event) {
        let observer = self.observer.borrow().clone();
        if let Some(observer) = observer {
            observer.event(event);
        }
    }
}

pub(crate) struct Entered {
    before: Option<Rc<Schedule>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        let _ = RUNNING.try_with(|running| running.replace(before));
    }
}

/// Whether debug mode is on for what happens outside any loop, and for loops that do not say otherwise:
/// `CEDE_DEBUG` decides, else whether the build has debug assertions.
pub(crate) fn debug_by_default() -> bool {
    use std::sync::OnceLock;
    static DEFAULT: OnceLock<bool> = OnceLock::new();
    *DEFAULT.get_or_init(|| match std::env::var("CEDE_DEBUG").as_deref() {
        Ok("" | "0") => false,
        Ok(_) => true,
        Err(_) => cfg!(debug_assertions),
    })
}

/// Whether debug mode is on here and now.
pub(crate) fn debugging() -> bool {
    running().map_or_else(debug_by_default, |schedule| schedule.debug())
}
