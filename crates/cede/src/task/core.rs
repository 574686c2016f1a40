//! The part of a task that has no type: how it stands, what it waits for, whether it is to be cancelled.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::callback::TaskKey;
use crate::completion::Completion;
use crate::context::{self, Context};
use crate::error::{Cancelled, Message};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::stack::{self, Kind, Label, Place, Worker};
use crate::target::Target;

use super::cell::TaskRef;
use super::waiting::Waiting;

/// What somebody may give a task, and seldom does.
#[derive(Default)]
struct Given {
    name: Cell<Option<Rc<str>>>,
    stack_size: Option<usize>,
}

/// What a task has, whatever it returns.
///
/// What is not `Copy` lies in a `Cell` and is taken out to be looked at: no code of others runs between
/// taking it and putting it back.
///
/// In the order in which a step needs it: with a thousand tasks that take turns, each line less is one that
/// the cache holds for another.
#[repr(C)]
pub(crate) struct TaskCore {
    pub(super) schedule: Rc<Schedule>,
    /// Set when it is registered.
    key: Cell<TaskKey>,
    /// Its stack, while it is suspended: `Some` excludes *fresh*, *running* and *done*.
    worker: Cell<Option<Worker>>,
    /// Whether `worker` is `Some`.
    suspended: Cell<bool>,
    /// Whether nothing of the body has run. Cleared by the first step.
    pub(super) fresh: Cell<bool>,
    /// A cancellation that the next step delivers (asyncio: `_must_cancel`).
    pub(super) must_cancel: Cell<bool>,
    /// A cancellation that the step has delivered; taken by the await that comes back.
    delivered: Cell<bool>,
    /// asyncio: `_num_cancels_requested`.
    pub(super) requests: Cell<u32>,
    /// Where it awaits what it is parked on.
    pub(super) waiting_at: Cell<Option<&'static Location<'static>>>,
    /// What it is parked on; cleared by its next step. May be done already: then that step is queued.
    waiting: Waiting,
    /// Where on its stack it was suspended.
    parked_at: Cell<Place>,
    pub(super) completion: Completion,
    /// How many callbacks the loop had run when it began to wait: a time that costs no look at a clock.
    waiting_since: Cell<u64>,

    // Not beside each other: the label takes both, and two words that were just stored cannot be read as one.
    number: u64,
    coroutine: Name,
    site: &'static Location<'static>,
    given: OnceCell<Box<Given>>,
    /// Of the cancellation that is to be delivered, or was and is not taken: only an await comes between.
    message: Cell<Option<Message>>,
    /// The last walk of a cancellation that came by.
    pub(super) walk: Cell<u64>,

    /// None until it is used.
    context: Cell<Option<Context>>,
}

impl TaskCore {
    #[inline(always)]
    pub(super) fn new(
        schedule: Rc<Schedule>,
        coroutine: Name,
        stack_size: Option<usize>,
        site: &'static Location<'static>,
    ) -> Self {
        // What is asked of others is asked before: the rest is written straight to where it is to lie.
        let (number, context) = (schedule.next_number(), context::inherit());
        let given = OnceCell::new();
        if stack_size.is_some() {
            given.get_or_init(|| Box::new(Given { stack_size, name: Cell::default() }));
        }
        TaskCore {
            number,
            schedule,
            completion: Completion::new(),
            key: Cell::default(),
            coroutine,
            given,
            site,
            fresh: Cell::new(true),
            worker: Cell::default(),
            suspended: Cell::new(false),
            parked_at: Cell::default(),
            waiting: Waiting::default(),
            waiting_at: Cell::default(),
            waiting_since: Cell::new(0),
            must_cancel: Cell::new(false),
            message: Cell::default(),
            requests: Cell::new(0),
            delivered: Cell::new(false),
            walk: Cell::new(0),
            context: Cell::new(context),
        }
    }

    /// Whether there is nothing in it to drop but what it knows of its loop, as with most tasks that have ended.
    #[inline(always)]
    pub(super) fn owns_only_its_loop(&self) -> bool {
        // All by name, so that whoever adds a field is asked whether it owns something.
        #[rustfmt::skip]
        let TaskCore {
            worker, waiting, completion, coroutine, given, message, context,
            schedule: _, key: _, suspended: _, fresh: _, must_cancel: _, delivered: _, requests: _, waiting_at: _,
            parked_at: _, waiting_since: _, number: _, site: _, walk: _,
        } = self;
        is_none(worker)
            && !waiting.is_any()
            && completion.calls_nobody()
            && coroutine.is_static()
            && given.get().is_none()
            && is_none(message)
            && is_none(context)
    }

    #[inline]
    pub(crate) fn completion(&self) -> &Completion {
        &self.completion
    }

    #[inline]
    pub(crate) fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    pub(crate) fn coroutine(&self) -> &str {
        self.coroutine.as_str()
    }

    /// The same, not worked out yet.
    pub(crate) fn coroutine_name(&self) -> Name {
        self.coroutine.clone()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    #[inline]
    pub(crate) fn key(&self) -> TaskKey {
        self.key.get()
    }

    pub(crate) fn set_key(&self, key: TaskKey) {
        self.key.set(key);
    }

    pub(crate) fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// The name that somebody gave it, instead of its number.
    pub(crate) fn given_name(&self) -> Option<Rc<str>> {
        peek(&self.given.get()?.name)
    }

    pub(crate) fn name(&self) -> String {
        match self.given_name() {
            Some(name) => name.to_string(),
            None => format!("Task-{}", self.number),
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.given.get_or_init(Box::default).name.set(Some(name.into()));
        if let Some(worker) = self.take_worker() {
            self.label(worker.label());
            self.put_worker(worker);
        } else if self.schedule.is_current(self) {
            stack::below(|below| self.label(below.label)); // it runs: this is its own stack
        }
    }

    pub(crate) fn context(&self) -> &Cell<Option<Context>> {
        &self.context
    }

    /// How large its stack must be.
    pub(crate) fn stack_bytes(&self) -> usize {
        self.given.get().and_then(|given| given.stack_size).unwrap_or_else(stack::default_size)
    }

    /// Whether it may run on any stack that tasks have.
    #[inline]
    pub(super) fn fits_anywhere(&self) -> bool {
        self.given.get().is_none_or(|given| given.stack_size.is_none())
    }

    /// Whether its stack carries another task, so that it cannot be resumed; see `handoff.rs`. (Or it runs,
    /// but then its step is in no queue.)
    #[inline]
    pub(super) fn is_buried(&self) -> bool {
        !self.fresh.get() && !self.suspended.get()
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh.get()
    }

    pub(crate) fn times_cancelled(&self) -> usize {
        self.requests.get() as usize
    }

    #[inline]
    pub(super) fn take_worker(&self) -> Option<Worker> {
        self.suspended.set(false);
        self.worker.take()
    }

    #[inline]
    pub(super) fn put_worker(&self, worker: Worker) {
        self.suspended.set(true);
        self.worker.set(Some(worker));
    }

    /// The same, of a worker on whose stack it has just parked, there.
    #[inline(always)]
    pub(super) fn put_worker_at(&self, worker: Worker, at: Place) {
        self.put_worker(worker);
        self.parked_at.set(at);
    }

    /// Has its stack brought to the cache, as much of it as its step will need first.
    #[inline]
    pub(crate) fn fetch_stack(&self) {
        let worker = self.worker.take();
        if let Some(worker) = &worker {
            worker.fetch(self.parked_at.get(), self.waiting.is_any());
        }
        self.worker.set(worker);
    }

    /// Writes on its stack who runs there.
    #[inline]
    pub(super) fn label(&self, label: &Label) {
        label.set_number(self.number, self.site);
        if self.given.get().is_some() {
            self.label_by_name(label);
        }
    }

    #[cold]
    fn label_by_name(&self, label: &Label) {
        if let Some(name) = self.given_name() {
            label.set_name(Kind::Task, &name, self.site);
        }
    }

    // ---- what it waits for

    #[inline]
    pub(super) fn wait_for(&self, target: Target, at: &'static Location<'static>) {
        self.waiting.set(target);
        self.waits_at(at);
    }

    /// The same of a task, by one that runs.
    #[inline(always)]
    pub(super) fn wait_for_task(&self, task: TaskRef, at: &'static Location<'static>) {
        self.waiting.put_task(task);
        self.waits_at(at);
    }

    #[inline(always)]
    fn waits_at(&self, at: &'static Location<'static>) {
        self.waiting_at.set(Some(at));
        self.waiting_since.set(self.schedule.turn.callbacks.get());
    }

    /// How many callbacks the loop had run when it began to wait.
    pub(crate) fn waiting_since(&self) -> u64 {
        self.waiting_since.get()
    }

    /// It lets others go first, here.
    #[inline]
    pub(super) fn yields_at(&self, at: &'static Location<'static>) {
        self.waiting_at.set(Some(at));
    }

    /// What it waited for: its step is about to go on.
    #[inline]
    pub(super) fn stop_waiting(&self) -> Option<Target> {
        self.waiting.take()
    }

    /// The same, if that was a task.
    #[inline]
    pub(super) fn stop_waiting_for_task(&self) -> Option<TaskRef> {
        self.waiting.take_task()
    }

    pub(crate) fn waiting(&self) -> Option<Target> {
        self.waiting.get()
    }

    /// The task with this key, if it waits for that.
    #[inline]
    pub(super) fn waits_for(&self, task: TaskKey) -> Option<TaskRef> {
        self.waiting.task_of(task)
    }

    #[inline]
    pub(super) fn waits_for_task(&self) -> bool {
        self.waiting.is_task()
    }

    pub(crate) fn waiting_at(&self) -> Option<&'static Location<'static>> {
        self.waiting_at.get()
    }

    // ---- its cancellation

    pub(super) fn message(&self) -> Option<Message> {
        peek(&self.message)
    }

    pub(super) fn set_message(&self, message: Option<Message>) {
        self.message.set(message);
    }

    /// The cancellation with the message it was asked for with.
    pub(super) fn take_cancelled(&self) -> Cancelled {
        Cancelled::with_message(self.message.take())
    }

    /// The await that comes back next gives the cancellation.
    pub(super) fn deliver(&self) {
        self.delivered.set(true);
    }

    /// The cancellation that this step has delivered.
    #[inline(always)]
    pub(super) fn take_delivered(&self) -> Option<Cancelled> {
        if self.delivered.get() { Some(self.take_it()) } else { None }
    }

    #[cold]
    fn take_it(&self) -> Cancelled {
        self.delivered.set(false);
        self.take_cancelled()
    }

    pub(crate) fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.completion.outcome() {
            Outcome::Pending if self.requests.get() > 0 => "cancelling".to_owned(),
            outcome => outcome.to_string(),
        };
        write!(f, "<Task {state} name='{}' coro=<{}()>", self.name(), self.coroutine)?;
        match self.waiting() {
            // Only one step along the chain: it may be long, or a cycle.
            Some(Target::Task(task)) => write!(f, " wait_for=<Task name='{}'>", task.name())?,
            Some(target) => {
                f.write_str(" wait_for=")?;
                target.describe(f)?;
            }
            None => {}
        }
        f.write_str(">")
    }
}

/// Whether nothing lies in a cell.
#[inline(always)]
fn is_none<T>(cell: &Cell<Option<T>>) -> bool {
    let value = cell.take();
    let none = value.is_none();
    cell.set(value);
    none
}

/// A clone of what lies in a cell.
fn peek<T: Clone>(cell: &Cell<Option<T>>) -> Option<T> {
    let value = cell.take();
    cell.set(value.clone());
    value
}
