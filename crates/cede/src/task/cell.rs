//! A task's memory: one allocation with all it needs from creation to the last handle.
//!
//! ```text
//!   Rc<TaskCell<F>> ┌──────────────────────────────────────────────┐
//!                   │ core: TaskCore   what has no type:           │ ◄── Rc<dyn TaskObject>  register,
//!                   │   completion     outcome, callback list      │       current, AnyTask
//!                   │   waiting        what it is parked on        │ ◄── Rc<dyn Target>      awaiters
//!                   │   worker         its stack, while suspended  │
//!                   │   must_cancel …  asyncio's counters          │
//!                   │ body: F          until it starts             │ ◄── Rc<dyn Job>         worker
//!                   │ output: T        from its end to its reader  │ ◄── Rc<dyn TaskOf<T>>   Task<T>
//!                   └──────────────────────────────────────────────┘
//! ```

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use super::handle::AnyTask;
use super::handoff;
use crate::callback::TaskKey;
use crate::completion::Completion;
use crate::context::{self, Context};
use crate::coroutine::{Body, Parts};
use crate::error::{Cancelled, Error, JoinError, panic_text};
use crate::name::Name;
use crate::outcome::{Classify, Outcome};
use crate::report::{self, Report};
use crate::schedule::Schedule;
use crate::stack::{self, Job, Kind, Label, Teardown, Worker};
use crate::target::{CancelWay, Target};

/// The part of a task that has no type.
pub(crate) struct TaskCore {
    pub(super) schedule: Rc<Schedule>,
    pub(super) completion: Completion,
    /// Set when it is registered.
    key: Cell<TaskKey>,
    number: u64,
    name: RefCell<Option<Rc<str>>>,
    pub(super) coroutine: Name,
    pub(super) stack_size: Option<usize>,
    pub(super) site: &'static Location<'static>,

    /// Whether nothing of the body has run. Cleared by the first step.
    pub(super) fresh: Cell<bool>,
    /// Its stack, while it is suspended: `Some` excludes *fresh*, *running* and *done*.
    worker: Cell<Option<Box<Worker>>>,
    /// Whether `worker` is `Some`.
    suspended: Cell<bool>,
    /// What it is parked on; cleared by its next step. May be done already: then that step is queued.
    pub(super) waiting: RefCell<Option<Rc<dyn Target>>>,
    /// Where it awaits that.
    pub(super) waiting_at: Cell<Option<&'static Location<'static>>>,

    /// A cancellation that the next step delivers (asyncio: `_must_cancel`).
    pub(super) must_cancel: Cell<bool>,
    pub(super) message: RefCell<Option<Arc<str>>>,
    /// asyncio: `_num_cancels_requested`.
    pub(super) requests: Cell<usize>,
    /// The cancellation that the step has delivered; taken by the await that comes back.
    pub(super) delivered: Cell<Option<Cancelled>>,
    /// The last walk of a cancellation that came by.
    pub(super) walk: Cell<u64>,

    /// None until it is used.
    context: Cell<Option<Context>>,

    /// How the body ended, from its end to the finish of the step it ended in.
    pub(super) ended: Cell<Option<Outcome>>,
}

impl TaskCore {
    pub(crate) fn coroutine(&self) -> &str {
        self.coroutine.as_str()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn key(&self) -> TaskKey {
        self.key.get()
    }

    pub(crate) fn set_key(&self, key: TaskKey) {
        self.key.set(key);
    }

    pub(crate) fn site(&self) -> &'static Location<'static> {
        self.site
    }

    pub(crate) fn name(&self) -> String {
        match &*self.name.borrow() {
            Some(name) => name.to_string(),
            None => format!("Task-{}", self.number),
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        let before = self.name.replace(Some(name.into()));
        drop(before);
        if let Some(worker) = self.take_worker() {
            self.label(worker.label());
            self.put_worker(worker);
        } else if self.schedule.current_key() == self.key() {
            stack::below(|below| self.label(below.label)); // it runs: this is its own stack
        }
    }

    pub(crate) fn context(&self) -> &Cell<Option<Context>> {
        &self.context
    }

    /// How large its stack must be.
    pub(super) fn stack_bytes(&self) -> usize {
        self.stack_size.unwrap_or_else(stack::default_size)
    }

    /// Whether its stack carries another task, so that it cannot be resumed; see `handoff.rs`. (Or it runs,
    /// but then its step is in no queue.)
    pub(super) fn is_buried(&self) -> bool {
        !self.fresh.get() && !self.suspended.get()
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh.get()
    }

    pub(crate) fn times_cancelled(&self) -> usize {
        self.requests.get()
    }

    #[inline]
    pub(super) fn take_worker(&self) -> Option<Box<Worker>> {
        self.suspended.set(false);
        self.worker.take()
    }

    #[inline]
    pub(super) fn put_worker(&self, worker: Box<Worker>) {
        self.suspended.set(true);
        self.worker.set(Some(worker));
    }

    /// Writes on its stack who runs there.
    pub(super) fn label(&self, label: &Label) {
        match &*self.name.borrow() {
            None => label.set_number(self.number, self.site),
            Some(name) => label.set_name(Kind::Task, name, self.site),
        }
    }

    pub(crate) fn waiting(&self) -> Option<Rc<dyn Target>> {
        self.waiting.borrow().clone()
    }

    pub(crate) fn waiting_at(&self) -> Option<&'static Location<'static>> {
        self.waiting_at.get()
    }

    /// The cancellation with the message it was asked for with.
    pub(super) fn take_cancelled(&self) -> Cancelled {
        Cancelled::with_message(self.message.borrow_mut().take())
    }
}

/// A task, whatever it returns.
pub(crate) trait TaskObject: Target + Job {
    fn core(&self) -> &TaskCore;

    /// Runs the body on this stack, from beginning to end, and keeps what comes of it.
    fn run_body(&self);

    fn handle(self: Rc<Self>) -> AnyTask;

    /// Drops the body of a task that never ran.
    fn drop_body(&self);

    /// Forgets the result, if there is one, for this instead.
    fn set_error(&self, error: JoinError);

    /// The text of its error.
    fn error_text(&self) -> String;
}

/// A task that returns `T`.
pub(crate) trait TaskOf<T>: TaskObject {
    fn output(&self) -> &RefCell<Output<T>>;
}

/// A task's result.
pub(crate) enum Output<T> {
    None,
    Value(T),
    Error(JoinError),
    Taken,
}

pub(crate) struct TaskCell<F: Body> {
    core: TaskCore,
    body: Cell<Option<F>>,
    output: RefCell<Output<F::Returns>>,
    classify: Classify<F::Returns>,
}

impl<F> TaskCell<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    pub(crate) fn new(parts: Parts<F>, schedule: Rc<Schedule>, site: &'static Location<'static>) -> Rc<Self> {
        let Parts { body, name, classify, stack_size, .. } = parts;
        Rc::new(TaskCell {
            core: TaskCore {
                number: schedule.next_number(),
                schedule,
                completion: Completion::new(),
                key: Cell::default(),
                name: RefCell::default(),
                coroutine: name,
                stack_size,
                site,
                fresh: Cell::new(true),
                worker: Cell::default(),
                suspended: Cell::new(false),
                waiting: RefCell::default(),
                waiting_at: Cell::default(),
                must_cancel: Cell::new(false),
                message: RefCell::default(),
                requests: Cell::new(0),
                delivered: Cell::default(),
                walk: Cell::new(0),
                context: Cell::new(context::inherit()),
                ended: Cell::new(None),
            },
            body: Cell::new(Some(body)),
            output: RefCell::new(Output::None),
            classify,
        })
    }
}

impl<F> Job for TaskCell<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    /// Runs on a worker's stack, from the task's first step to its last.
    fn run(self: Rc<Self>) {
        handoff::run_jobs(self);
    }
}

impl<F> TaskObject for TaskCell<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    #[inline]
    fn core(&self) -> &TaskCore {
        &self.core
    }

    fn run_body(&self) {
        let body = self.body.take().expect("a task's body runs once");
        let (outcome, output) = match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => ((self.classify.verdict)(&value), Output::Value(value)),
            Err(payload) if payload.is::<Teardown>() => {
                (Outcome::Cancelled, Output::Error(Cancelled::new().into()))
            }
            Err(payload) => (Outcome::Panicked, Output::Error(JoinError::panicked(payload))),
        };
        self.output.replace(output);
        self.core.ended.set(Some(outcome));
    }

    fn handle(self: Rc<Self>) -> AnyTask {
        AnyTask::new(self)
    }

    fn drop_body(&self) {
        let body = self.body.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(body))) {
            report::report(&Report::ErrorInDrop {
                what: format!("the coroutine of task '{}', which never ran,", self.core.name()),
                created: self.core.site,
                error: panic_text(&*payload).to_owned(),
            });
        }
    }

    fn set_error(&self, error: JoinError) {
        let before = self.output.replace(Output::Error(error));
        drop(before);
    }

    fn error_text(&self) -> String {
        match &*self.output.borrow() {
            Output::Value(value) => (self.classify.describe)(value),
            Output::Error(error) => error.to_string(),
            Output::None | Output::Taken => String::new(),
        }
    }
}

impl<F> TaskOf<F::Returns> for TaskCell<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    fn output(&self) -> &RefCell<Output<F::Returns>> {
        &self.output
    }
}

impl<F> Target for TaskCell<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    #[inline]
    fn completion(&self) -> &Completion {
        &self.core.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.core.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        self.core.cancel(way);
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = &self.core;
        let state = match core.completion.outcome() {
            Outcome::Pending if core.requests.get() > 0 => "cancelling".to_owned(),
            outcome => outcome.to_string(),
        };
        write!(f, "<Task {state} name='{}' coro=<{}()>", core.name(), core.coroutine)?;
        if let Some(target) = core.waiting() {
            // Only one step along the chain: it may be long, or a cycle.
            match target.clone().as_task() {
                Some(task) => write!(f, " wait_for=<Task name='{}'>", task.core().name())?,
                None => {
                    f.write_str(" wait_for=")?;
                    target.describe(f)?;
                }
            }
        }
        f.write_str(">")
    }

    fn site(&self) -> &'static Location<'static> {
        self.core.site
    }

    fn as_task(self: Rc<Self>) -> Option<Rc<dyn TaskObject>> {
        Some(self)
    }

    fn task_key(&self) -> Option<TaskKey> {
        Some(self.core.key())
    }

    fn visited(&self, way: &CancelWay) -> bool {
        self.core.walk.get() == way.walk
    }

    fn forget_visit(&self) {
        self.core.walk.set(0);
    }
}

impl<T> Output<T> {
    /// Why there is no value, as an error.
    pub(super) fn why_none(&self) -> JoinError {
        match self {
            Output::None => Error::not_done().into(),
            Output::Error(error) => error.clone(),
            Output::Taken => {
                Error::invalid_state("the task's result was moved out by an earlier await").into()
            }
            Output::Value(_) => unreachable!("asked why there is no result while there is one"),
        }
    }
}
