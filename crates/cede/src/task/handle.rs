//! Handles on tasks: [`Task<T>`], which can read the result, and [`AnyTask`], which cannot.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::cell::{TaskRef, TypedRef, TypedWeak};
use super::output::Output;
use super::{factory, step};
use crate::completion::CallbackId;
use crate::context::{self, Context};
use crate::coroutine::{Body, Parts};
use crate::error::JoinError;
use crate::name::Name;
use crate::outcome::{Classify, Outcome};
use crate::schedule::Schedule;
use crate::target::{self, Awaited, Target};

/// A coroutine tied to an event loop, with a list of callbacks for its end.
///
/// Making one queues its first step and runs nothing. Dropping the handle detaches: the loop holds its
/// tasks, so one that nobody holds still runs (CPython's may vanish). A task's failure that nobody can read
/// any more is reported when the task ends.
///
/// Awaited by value it moves the result out; by reference it clones it, so several may await it. Awaiting
/// cedes until the task has ended, and does not if it has. Whoever is cancelled while waiting for a task
/// cancels that task: [`shield`](crate::shield) it if that is not wanted.
///
/// asyncio counterpart: `asyncio.Task`.
///
/// ```
/// use cede::Awaitable;
/// let answer = cede::run(cede::coroutine(|| {
///     let task = cede::create_task(cede::coroutine(|| 6 * 7)); // queued; nothing has run
///     task.await_() // cedes; the task runs; back with its result
/// }))?;
/// assert_eq!(answer.unwrap(), 42);
/// # Ok::<(), cede::Error>(())
/// ```
pub struct Task<T: 'static> {
    pub(super) cell: TypedRef<T>,
}

impl<T: 'static> Task<T> {
    #[inline(always)]
    #[track_caller]
    pub(crate) fn spawn<F>(parts: Parts<F>, schedule: Rc<Schedule>) -> Self
    where
        F: Body<Returns = T> + 'static,
    {
        // One by one, so that they go in registers: what was just stored by words would be copied by more than words.
        let Parts { body, name, classify, stack_size, .. } = parts;
        Self::queued(body, name, classify, stack_size, schedule, Location::caller())
    }

    /// Out of line, all of it at once: it is as long as a few calls, and is at every place that makes a task.
    #[inline(never)]
    fn queued<F>(
        body: F,
        name: Name,
        classify: Classify<T>,
        stack_size: Option<usize>,
        schedule: Rc<Schedule>,
        site: &'static Location<'static>,
    ) -> Self
    where
        F: Body<Returns = T> + 'static,
    {
        let task = Task::of(TaskRef::make(body, name, classify, stack_size, schedule, site));
        task.task().schedule.register(task.task());
        task
    }

    /// As the loop's task factory makes them.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn create<F>(parts: Parts<F>, schedule: Rc<Schedule>) -> Self
    where
        F: Body<Returns = T> + 'static,
    {
        if schedule.has_factory() {
            Task::launch(parts, schedule, false, None)
        } else {
            Task::spawn(parts, schedule)
        }
    }

    /// Started here and now, if the loop's factory or `eager` says so; in this context, or in a copy of the
    /// current one.
    #[track_caller]
    pub(crate) fn launch<F>(
        parts: Parts<F>,
        schedule: Rc<Schedule>,
        eager: bool,
        context: Option<&Context>,
    ) -> Self
    where
        F: Body<Returns = T> + 'static,
    {
        let Parts { body, name, classify, stack_size, .. } = parts;
        let task = Task::of(TaskRef::make(body, name, classify, stack_size, schedule, Location::caller()));
        if let Some(context) = context {
            task.task().context().set(Some(context.clone()));
        }
        factory::launch(task.task(), eager);
        task
    }

    #[inline]
    fn of(cell: TypedRef<T>) -> Self {
        cell.task().completion.add_reader();
        Task { cell }
    }

    #[inline]
    pub(crate) fn task(&self) -> &TaskRef {
        self.cell.task()
    }

    pub(crate) fn target(&self) -> Target {
        self.task().clone().into()
    }

    /// Another handle on it.
    pub(crate) fn share(&self) -> Task<T> {
        Task::of(self.cell.clone())
    }

    /// Gives it a name. Unnamed, it is `Task-1`, `Task-2` … of its loop.
    pub fn named(self, name: &str) -> Self {
        self.set_name(name);
        self
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.task().name()
    }

    /// Gives it another name.
    pub fn set_name(&self, name: &str) {
        self.task().set_name(name);
    }

    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.task().completion.done()
    }

    /// How it stands.
    pub fn outcome(&self) -> Outcome {
        self.task().completion.outcome()
    }

    /// Whether it ended cancelled.
    pub fn cancelled(&self) -> bool {
        self.outcome() == Outcome::Cancelled
    }

    /// Asks it to end: whether it was still pending.
    ///
    /// The await it is parked in gives [`Cancelled`](crate::Cancelled), once; so does its next one if it
    /// runs or is queued. It may clean up, and it may refuse by going on. One that has not started never
    /// runs. What it waits for is cancelled with it.
    pub fn cancel(&self) -> bool {
        target::cancel(&self.target(), None)
    }

    /// As [`cancel`](Self::cancel), with a message for [`Cancelled::message`](crate::Cancelled::message).
    pub fn cancel_with(&self, message: &str) -> bool {
        target::cancel(&self.target(), Some(message.into()))
    }

    /// How many requests to cancel it are open.
    pub fn cancelling(&self) -> usize {
        self.task().times_cancelled()
    }

    /// Takes back one request to cancel it, and gives how many are left. At 0, a cancellation that has not
    /// been delivered yet is withdrawn.
    pub fn uncancel(&self) -> usize {
        self.task().uncancel()
    }

    /// Its result, cloned.
    ///
    /// # Errors
    /// When it has not ended ("Result is not set."), was cancelled or panicked.
    pub fn result(&self) -> Result<T, JoinError>
    where
        T: Clone,
    {
        let output = self.cell.output().borrow();
        if self.done() {
            self.task().completion.mark_read();
        }
        match &*output {
            Output::Value(value) if self.done() => Ok(value.clone()),
            Output::Value(_) => Err(Output::<T>::None.why_none()),
            other => Err(other.why_none()),
        }
    }

    /// Looks at the result, if there is one.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        match &*self.cell.output().borrow() {
            Output::Value(value) if self.done() => Some(look(value)),
            _ => None,
        }
    }

    /// Moves the result out.
    pub(crate) fn take(&self) -> Result<T, JoinError> {
        self.task().completion.mark_read();
        let mut output = self.cell.output().borrow_mut();
        output.take_value().ok_or_else(|| output.why_none())
    }

    /// Adds a callback. When the task has ended the loop calls it, with the task, in its next turn;
    /// callbacks run in the order in which they were added. Added to a task that has ended, it is queued at
    /// once.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Task<T>) + 'static) -> CallbackId {
        self.task().completion.add_reader(); // until it has been called, it may look at the error
        let reader = Reader(self.cell.downgrade());
        let run = move || {
            if let Some(cell) = reader.0.upgrade() {
                callback(&Task::of(cell));
            }
            drop(reader);
        };
        self.task().completion.add_call(&self.target(), context::bind(run))
    }

    /// Takes a callback off the list: how many were removed, 0 if it is on its way already.
    pub fn remove_done_callback(&self, id: CallbackId) -> usize {
        self.task().completion.remove_call(id)
    }

    /// A handle without the type, which cannot read the result.
    pub fn handle(&self) -> AnyTask {
        self.task().handle()
    }
}

impl<T: 'static> Drop for Task<T> {
    fn drop(&mut self) {
        if self.task().completion.drop_reader() {
            step::report_unread(self.task());
        }
    }
}

/// A callback that is still to be called counts as a reader.
struct Reader<T: 'static>(TypedWeak<T>);

impl<T: 'static> Drop for Reader<T> {
    fn drop(&mut self) {
        drop(self.0.upgrade().map(|cell| Task { cell })); // a handle's drop, for the count it has taken over
    }
}

impl<T: 'static> fmt::Debug for Task<T> {
    /// As CPython: `<Task pending name='Task-1' coro=<main()> wait_for=<Promise pending>>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task().describe(f)
    }
}

/// A task, whatever its result: a handle that can name, ask and cancel it. Clones are the same task.
///
/// It does not count as somebody who could read the task's failure.
#[derive(Clone)]
pub struct AnyTask {
    pub(crate) task: TaskRef,
}

impl AnyTask {
    pub(crate) fn new(task: TaskRef) -> Self {
        AnyTask { task }
    }

    pub(crate) fn target(&self) -> Target {
        self.task.clone().into()
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.task.name()
    }

    /// Gives it another name.
    pub fn set_name(&self, name: &str) {
        self.task.set_name(name);
    }

    /// The name of the coroutine it runs.
    pub fn coroutine(&self) -> &str {
        self.task.coroutine()
    }

    /// Where it was made.
    pub fn created(&self) -> &'static Location<'static> {
        self.task.site()
    }

    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.task.completion.done()
    }

    /// How it stands.
    pub fn outcome(&self) -> Outcome {
        self.task.completion.outcome()
    }

    /// Whether it ended cancelled.
    pub fn cancelled(&self) -> bool {
        self.outcome() == Outcome::Cancelled
    }

    /// As [`Task::cancel`].
    pub fn cancel(&self) -> bool {
        target::cancel(&self.target(), None)
    }

    /// As [`Task::cancel_with`].
    pub fn cancel_with(&self, message: &str) -> bool {
        target::cancel(&self.target(), Some(message.into()))
    }

    /// As [`Task::cancelling`].
    pub fn cancelling(&self) -> usize {
        self.task.times_cancelled()
    }

    /// As [`Task::uncancel`].
    pub fn uncancel(&self) -> usize {
        self.task.uncancel()
    }

    /// What it waits for, and where it awaits that.
    pub fn waiting_for(&self) -> Option<(Awaited, &'static Location<'static>)> {
        Some((Awaited { target: self.task.waiting()? }, self.task.waiting_at()?))
    }
}

impl PartialEq for AnyTask {
    fn eq(&self, other: &Self) -> bool {
        self.task.addr() == other.task.addr()
    }
}

impl Eq for AnyTask {}

/// Whether they are the same task.
impl<T: 'static> PartialEq for Task<T> {
    fn eq(&self, other: &Self) -> bool {
        self.task().addr() == other.task().addr()
    }
}

impl<T: 'static> Eq for Task<T> {}

impl<T: 'static> PartialEq<Task<T>> for AnyTask {
    fn eq(&self, other: &Task<T>) -> bool {
        *self == other.handle()
    }
}

impl fmt::Debug for AnyTask {
    /// As [`Task`]'s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.describe(f)
    }
}
