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

mod ahead;
mod debug;
mod fork;
mod hands;
mod ready;
mod register;
mod told;
mod turn;
mod who;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::callback::{Callback, TaskKey};
use crate::foreign::{Home, Waits};
use crate::observe::{Event, Teller, Told};
use crate::report::{self, Report, Sink};
use crate::stack::Place;
use crate::stack::current::{self, Guard, Slot};
use crate::target::Target;
use crate::task::{Blocks, StackUsages, TaskFactory, TaskRef, Workers};
use crate::waiter::Resting;

use ready::Ready;
use register::Register;

pub(crate) use debug::{debug_by_default, debugging};
pub(crate) use turn::Turn;

pub(crate) struct Schedule {
    /// Tells loops apart, in checks and in texts.
    id: u64,
    ready: Ready,
    /// Every task that has not ended. The queue and the wakers know tasks by key only: a key whose task has
    /// ended finds nothing.
    tasks: RefCell<Register<TaskRef>>,
    /// The task whose step runs.
    current: Cell<Option<TaskRef>>,
    /// Who is on top of the worker that was suspended last: its suspender says it to its resumer.
    parked: Cell<TaskKey>,
    /// And where on that worker's stack.
    parked_at: Cell<Place>,
    /// How many workers that run have been given control by another one.
    pub(crate) depth: Cell<u32>,
    pub(crate) turn: Turn,
    pub(crate) workers: Workers,
    pub(crate) stack_usage: StackUsages,
    /// The memory of tasks that have ended.
    pub(crate) blocks: Blocks,
    pub(crate) resting: Resting,
    /// Waits for std's futures.
    pub(crate) waits: Waits,
    home: OnceCell<Arc<dyn Home>>,
    numbers: Cell<u64>,
    callback_ids: Cell<u64>,
    closed: Cell<bool>,
    debug: Cell<bool>,
    /// The switch of the fast path; debug mode, which times every callback, does without.
    fast: Cell<bool>,
    /// Whether tasks may give control on by themselves: the fast path is on, and debug mode off.
    hands_on: Cell<bool>,
    /// The same, and it is not special: what the quickest ways ask before they begin.
    quick: Cell<bool>,
    /// A task forked, and this is the child's copy: nobody is given control by it any more.
    stranded: Cell<bool>,
    /// How many tasks are being started eagerly: their stacks lie on each other, so nobody hands on.
    keeping: Cell<u32>,
    factory: RefCell<Option<TaskFactory>>,
    has_factory: Cell<bool>,
    teller: Teller,
    /// It is closed, or observed: what the queue's one test asks.
    special: Cell<bool>,
    /// Its loop's exception handler.
    reports: RefCell<Option<Sink>>,
}

/// A queue that has had room for more than this, 4 MiB of it, gives it back when the loop finds nothing ready: with a
/// million tasks that have been started and wait, it would be 16 bytes for each.
const BURST: usize = 1 << 18;

thread_local! {
    /// The schedule of the loop that runs on this thread.
    static RUNNING: Slot<Schedule> = const { Slot::new() };
}

/// The schedule of the loop that runs on this thread, if one does.
pub(crate) fn running() -> Option<Rc<Schedule>> {
    RUNNING.with(Slot::get)
}

/// Looks at the schedule of the loop that runs on this thread.
#[inline(always)]
pub(crate) fn with_running<R>(look: impl FnOnce(Option<&Schedule>) -> R) -> R {
    current::look(&RUNNING, look)
}

/// The task whose step runs on this thread.
pub(crate) fn current() -> Option<TaskRef> {
    with_running(|schedule| schedule?.current())
}

impl Schedule {
    pub(crate) fn new(debug: bool) -> Rc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        Self::strand_in_children();
        let fast = std::env::var("CEDE_FAST_PATH").as_deref() != Ok("0");
        Rc::new(Schedule {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            ready: Ready::default(),
            tasks: RefCell::default(),
            current: Cell::default(),
            parked: Cell::default(),
            parked_at: Cell::default(),
            depth: Cell::new(0),
            turn: Turn::default(),
            workers: Workers::default(),
            stack_usage: StackUsages::default(),
            blocks: Blocks::default(),
            resting: Resting::default(),
            waits: Waits::default(),
            home: OnceCell::new(),
            numbers: Cell::new(0),
            callback_ids: Cell::new(0),
            closed: Cell::new(false),
            debug: Cell::new(debug),
            fast: Cell::new(fast),
            hands_on: Cell::new(fast && !debug),
            quick: Cell::new(fast && !debug),
            stranded: Cell::new(false),
            keeping: Cell::new(0),
            factory: RefCell::default(),
            has_factory: Cell::new(false),
            teller: Teller::default(),
            special: Cell::new(false),
            reports: RefCell::default(),
        })
    }

    /// Makes this the schedule that `create_task` and friends find, until the guard is dropped.
    pub(crate) fn enter(self: &Rc<Self>) -> Guard<Schedule> {
        current::enter(&RUNNING, self.clone())
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// How its wakers reach it from other threads.
    pub(crate) fn home(&self) -> Arc<dyn Home> {
        self.home.get().expect("a loop says so when it is made").clone()
    }

    pub(crate) fn set_home(&self, home: Arc<dyn Home>) {
        let _ = self.home.set(home);
    }

    // ---- the ready queue

    /// Appends a callback. On a closed loop nothing runs any more, so it is dropped.
    #[inline]
    pub(crate) fn push(&self, callback: Callback) {
        if self.special.get() {
            return self.push_told(callback, None);
        }
        self.ready.push_back(callback);
    }

    /// As [`push`](Self::push), because this has ended.
    #[inline]
    pub(crate) fn push_for(&self, callback: Callback, ended: &Target) {
        if self.special.get() {
            return self.push_told(callback, Some(ended));
        }
        self.ready.push_back(callback);
    }

    /// The next callback of this turn.
    #[inline]
    pub(crate) fn next_of_turn(&self) -> Option<Callback> {
        if self.turn.todo.get() == 0 {
            return None;
        }
        self.take_next()
    }

    /// Begins a turn: what is ready now is what it runs. Whether there is anything to it; an observer may fork.
    #[inline]
    pub(crate) fn begin_turn(&self) -> bool {
        self.count_turn();
        if self.teller.observing() { self.tell_turn() } else { true }
    }

    #[inline(always)]
    fn count_turn(&self) {
        self.turn.todo.set(self.ready());
        self.turn.count_turn();
    }

    /// Takes the callback at the head of the queue, which is one of this turn.
    #[inline(always)]
    fn take_next(&self) -> Option<Callback> {
        let next = self.ready.pop_front()?;
        self.count_taken();
        Some(next)
    }

    #[inline(always)]
    fn count_taken(&self) {
        self.turn.todo.set(self.turn.todo.get() - 1);
        self.turn.count_callback();
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Nothing is ready, and nothing runs: the queue keeps no burst's memory.
    pub(crate) fn rests(&self) {
        debug_assert!(self.ready() == 0);
        if self.ready.room() > BURST {
            self.ready.shrink();
        }
    }

    /// Gives back what a burst has left behind.
    pub(crate) fn trim(&self) {
        self.workers.clear();
        self.blocks.trim();
        self.resting.trim();
        self.waits.clear();
        self.tasks.borrow_mut().trim();
        self.ready.shrink();
    }

    /// Keeps high-water marks from now on, or no longer. Meanwhile every task has a stack for itself.
    pub(crate) fn measure_stacks(&self, on: bool) {
        self.stack_usage.switch(on);
        self.update_hands();
    }

    pub(crate) fn close(&self) {
        self.closed.set(true);
        self.set_special(true);
        while self.ready.pop_front().is_some() {}
        self.workers.clear();
        self.waits.clear();
    }

    pub(crate) fn closed(&self) -> bool {
        self.closed.get()
    }

    // ---- the register

    /// Enters a task and queues its first step.
    #[inline(always)]
    pub(crate) fn register(&self, task: &TaskRef) {
        let key = self.enroll(task);
        self.push(Callback::Step(key));
    }

    /// Enters a task.
    #[inline(always)]
    pub(crate) fn enroll(&self, task: &TaskRef) -> TaskKey {
        let key = self.tasks.borrow_mut().insert(|key| {
            task.set_key(key);
            task.clone()
        });
        if self.observing() {
            self.tell_created(key);
        }
        key
    }

    #[inline(always)]
    pub(crate) fn unregister(&self, key: TaskKey) {
        let removed = self.tasks.borrow_mut().remove(key);
        drop(removed); // outside the borrow
    }

    #[inline]
    pub(crate) fn task(&self, key: TaskKey) -> Option<TaskRef> {
        self.tasks.borrow().get(key).cloned()
    }

    /// All tasks that have not ended, in the order of their creation.
    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        let mut all: Vec<_> = self.tasks.borrow().values().cloned().collect();
        all.sort_by_key(|task| task.number());
        all
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    pub(crate) fn next_callback_id(&self) -> u64 {
        self.callback_ids.replace(self.callback_ids.get() + 1)
    }

    // ---- reports, debug mode and observer

    pub(crate) fn set_reports(&self, sink: Sink) {
        self.reports.replace(Some(sink));
    }

    pub(crate) fn reports(&self) -> Option<Sink> {
        self.reports.borrow().clone()
    }

    /// Tells this loop's exception handler, whether the loop runs or not.
    pub(crate) fn report(&self, report: &Report) {
        report::deliver(self.reports().as_deref(), report);
    }

    pub(crate) fn debug(&self) -> bool {
        self.debug.get()
    }

    pub(crate) fn set_debug(&self, on: bool) {
        self.debug.set(on);
        self.update_hands();
    }

    // ---- how tasks are made

    #[inline]
    pub(crate) fn has_factory(&self) -> bool {
        self.has_factory.get()
    }

    pub(crate) fn factory(&self) -> Option<TaskFactory> {
        self.factory.borrow().clone()
    }

    pub(crate) fn set_factory(&self, factory: Option<TaskFactory>) {
        self.has_factory.set(factory.is_some());
        let before = self.factory.replace(factory);
        drop(before); // outside the borrow: what its hook captured is code of others
    }

    /// Whether its loop runs on this thread.
    pub(crate) fn is_running_here(&self) -> bool {
        with_running(|running| running.is_some_and(|running| running.id == self.id))
    }

    pub(crate) fn set_observer(&self, observer: Option<Told>) {
        self.set_special(observer.is_some() || self.closed.get());
        self.teller.listen(observer);
    }

    /// Tells the observer, if there is one; else costs a load and a branch.
    #[inline(always)]
    pub(crate) fn observe(&self, event: impl FnOnce() -> Event) {
        if self.teller.observing() {
            self.teller.tell(&event());
        }
    }

    #[inline]
    pub(crate) fn observing(&self) -> bool {
        self.teller.observing()
    }
}
