use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;

use super::group_error::GroupError;
use crate::context::Context;
use crate::coroutine::{Body, Coroutine, Interrupt};
use crate::error::{Error, Failure};
use crate::facade;
use crate::outcome::Outcome;
use crate::report::{self, Report};
use crate::schedule::{self, Schedule};
use crate::stack::Teardown;
use crate::target::{self, Target};
use crate::task::{AnyTask, Task};
use crate::waiter::{Waiter, What};

/// Runs a closure that makes tasks, here and now, on this stack, and comes back when the closure and all its
/// tasks have ended.
///
/// When a task fails, the others are cancelled, in the order of their creation, and so is the closure, at
/// the await where it stands; when all have ended, their errors come out together, in a [`GroupError`]. An
/// error of the closure does the same to the tasks, and is one of the errors. A cancelled task is no
/// failure.
///
/// Ceding is the closure's, until it has returned; then this cedes until the last task has ended. Cancelled
/// meanwhile, from outside, the group cancels its tasks, waits for them, and gives the cancellation, or
/// their errors if there are some: then the cancellation is delivered again at the next await.
///
/// A *panic*, of a task or of the closure, is not collected: as a failure, it cancels the others; when they
/// have ended it goes on in whoever runs the group. Errors that came with it are reported. (asyncio does
/// this with `KeyboardInterrupt`, and counts everything else as an error; but a panic is a bug, and a list
/// of errors is no place for it.)
///
/// asyncio counterpart: `async with asyncio.TaskGroup() as tg`.
///
/// ```
/// use cede::Awaitable;
///
/// #[cede::coroutine]
/// fn dig(depth: u32) -> cede::Result<u32> {
///     if depth > 2 { Err(cede::Error::other("rock")) } else { Ok(depth * 2) }
/// }
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let (one, two) = cede::task_group(|tg| Ok((tg.create_task(dig(1))?, tg.create_task(dig(2))?)))?;
///     assert_eq!(one.flatten().await_()? + two.flatten().await_()?, 6); // they have ended
///
///     let failed = cede::task_group(|tg| {
///         tg.create_task(dig(3))?;
///         tg.create_task(dig(4))?;
///         cede::sleep(std::time::Duration::from_secs(3600)).await_()?; // is cancelled
///         Ok(())
///     });
///     let text = failed.unwrap_err().to_string();
///     assert_eq!(text, "unhandled errors in a TaskGroup (2 sub-exceptions): rock; rock");
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Errors
/// The errors of the tasks and the closure; a cancellation from outside; outside a task ("TaskGroup …
/// cannot determine the parent task").
///
/// # Panics
/// With the first panic of the closure or a task.
#[doc(alias = "nursery")]
#[track_caller]
pub fn task_group<T, E, B>(body: B) -> Result<T, GroupError<E>>
where
    B: FnOnce(&TaskGroup<E>) -> Result<T, E>,
    E: Failure + From<Error>,
{
    let group = TaskGroup::enter(Location::caller()).map_err(GroupError::misuse)?;
    let left = catch_unwind(AssertUnwindSafe(|| body(&group)));
    group.inner.exit(left)
}

/// A group of tasks that end together: what the closure of [`task_group`] is given. Clones are the same
/// group; a task of it may hold one, to make more.
///
/// asyncio counterpart: `asyncio.TaskGroup`. There is none outside the closure, so it cannot be used before
/// it is entered, nor entered twice.
pub struct TaskGroup<E: 'static> {
    inner: Rc<Inner<E>>,
}

/// asyncio's fields, by their names.
struct Inner<E> {
    schedule: Rc<Schedule>,
    parent: AnyTask,
    /// Those that have not ended, in the order of their creation.
    tasks: RefCell<BTreeMap<u64, Target>>,
    created: Cell<u64>,
    errors: RefCell<Vec<E>>,
    /// How many errors somebody else took, who awaited the task by value before we were told.
    elsewhere: Cell<usize>,
    /// The first panic (asyncio: `_base_error`).
    panic: RefCell<Option<Box<dyn Any + Send>>>,
    /// The closure has returned.
    exiting: Cell<bool>,
    /// The tasks have been cancelled; no new ones.
    aborting: Cell<bool>,
    /// The parent was cancelled by us, because a task failed while the closure ran.
    parent_cancel_requested: Cell<bool>,
    on_completed: RefCell<Option<Rc<Waiter>>>,
    site: &'static Location<'static>,
}

impl<E: Failure + From<Error>> TaskGroup<E> {
    fn enter(site: &'static Location<'static>) -> Result<Self, Error> {
        let (Some(schedule), Some(parent)) = (schedule::running(), facade::current_task()) else {
            return Err(Error::misuse("TaskGroup cannot determine the parent task: run it inside a task"));
        };
        Ok(TaskGroup {
            inner: Rc::new(Inner {
                schedule,
                parent,
                tasks: RefCell::default(),
                created: Cell::new(0),
                errors: RefCell::default(),
                elsewhere: Cell::new(0),
                panic: RefCell::default(),
                exiting: Cell::new(false),
                aborting: Cell::new(false),
                parent_cancel_requested: Cell::new(false),
                on_completed: RefCell::default(),
                site,
            }),
        })
    }

    /// Makes a task of this group: queues its first step, and runs nothing.
    ///
    /// Its error is the group's: who else awaits the task gets a copy, if the error type has one
    /// ([`Failure::try_clone`]), else is told where it went.
    ///
    /// # Errors
    /// When the group has ended ("is finished"), or is ending because of a failure or a cancellation ("is
    /// shutting down"). Then nothing of the coroutine runs.
    #[track_caller]
    pub fn create_task<F, U>(&self, coroutine: Coroutine<F>) -> Result<Task<Result<U, E>>, Error>
    where
        F: Body<Returns = Result<U, E>> + 'static,
        U: 'static,
    {
        let coroutine = self.admit(coroutine)?;
        Ok(self.enter_task(Task::create(coroutine.into_parts(), self.inner.schedule.clone())))
    }

    /// As [`create_task`](Self::create_task), in this very context.
    ///
    /// # Errors
    /// As [`create_task`](Self::create_task).
    #[track_caller]
    pub fn create_task_in<F, U>(
        &self,
        context: &Context,
        coroutine: Coroutine<F>,
    ) -> Result<Task<Result<U, E>>, Error>
    where
        F: Body<Returns = Result<U, E>> + 'static,
        U: 'static,
    {
        let coroutine = self.admit(coroutine)?;
        let task = Task::launch(coroutine.into_parts(), self.inner.schedule.clone(), false, Some(context));
        Ok(self.enter_task(task))
    }

    /// The coroutine as one of the group, unless there can be no more tasks.
    fn admit<F, U>(&self, coroutine: Coroutine<F>) -> Result<Coroutine<F>, Error>
    where
        F: Body<Returns = Result<U, E>>,
    {
        let inner = &self.inner;
        let refusal = if inner.exiting.get() && inner.tasks.borrow().is_empty() {
            Some("is finished")
        } else if inner.aborting.get() {
            Some("is shutting down")
        } else {
            None
        };
        if let Some(refusal) = refusal {
            drop(coroutine.into_parts()); // closed: that it never ran is no mistake
            return Err(Error::misuse(format!("{self:?} {refusal}")));
        }
        Ok(coroutine.fallible())
    }

    fn enter_task<U: 'static>(&self, task: Task<Result<U, E>>) -> Task<Result<U, E>> {
        if task.done() {
            self.inner.task_done(&task); // it was started at once, and has ended
        } else {
            self.inner.add(&task);
        }
        task
    }
}

impl<E: Failure + From<Error>> Inner<E> {
    fn add<U: 'static>(self: &Rc<Self>, task: &Task<Result<U, E>>) {
        let number = self.created.get();
        self.created.set(number + 1);
        let target = task.target();
        self.tasks.borrow_mut().insert(number, target.clone());
        // A handle of our own: the failure of a task that nobody else holds is read here.
        let (group, task) = (self.clone(), task.share());
        let done = move || {
            let ended = group.tasks.borrow_mut().remove(&number);
            group.task_done(&task);
            drop(ended);
        };
        target.completion().add_call(&target, Box::new(done));
    }

    /// asyncio: `_on_task_done`.
    fn task_done<U: 'static>(&self, task: &Task<Result<U, E>>) {
        if self.tasks.borrow().is_empty()
            && let Some(completed) = &*self.on_completed.borrow()
        {
            completed.set(Outcome::Finished);
        }
        match task.outcome() {
            Outcome::Failed => match take_error(task) {
                Some(error) => self.errors.borrow_mut().push(error),
                None => self.elsewhere.set(self.elsewhere.get() + 1),
            },
            Outcome::Panicked => {
                if let Err(error) = task.take() {
                    self.panicked(error.into_panic());
                }
            }
            _ => return,
        }
        if self.parent.done() {
            return self.report_errors(); // the group could not wait for us
        }
        if !self.aborting.get() && !self.parent_cancel_requested.get() {
            self.abort();
            self.parent_cancel_requested.set(true);
            self.parent.cancel();
        }
    }

    fn panicked(&self, payload: Box<dyn Any + Send>) {
        self.panic.borrow_mut().get_or_insert(payload);
    }

    /// Cancels the tasks, in the order of their creation.
    fn abort(&self) {
        self.aborting.set(true);
        let tasks: Vec<_> = self.tasks.borrow().values().cloned().collect();
        for task in tasks {
            target::cancel(&task, None);
        }
    }

    /// The closure has returned, or panicked (asyncio: `__aexit__`).
    fn exit<T>(&self, left: Result<Result<T, E>, Box<dyn Any + Send>>) -> Result<T, GroupError<E>> {
        self.exiting.set(true);
        let (mut value, mut error, mut cancelled) = (None, None, None);
        match left {
            Ok(Ok(returned)) => value = Some(returned),
            Ok(Err(failure)) if failure.is_cancelled() => cancelled = Some(failure),
            Ok(Err(failure)) => error = Some(failure),
            Err(payload) if payload.is::<Teardown>() => resume_unwind(payload), // the loop ends us all
            Err(payload) => self.panicked(payload),
        }
        if value.is_none() && !self.aborting.get() {
            self.abort();
        }
        let joined = self.join(&mut cancelled);

        let ours = self.parent_cancel_requested.get() && self.parent.uncancel() == 0;
        let panic = self.panic.take();
        if let Some(payload) = panic {
            self.report_errors();
            resume_unwind(payload);
        }
        joined?;
        let (mut errors, elsewhere) = (self.errors.take(), self.elsewhere.get());
        if let Some(cancelled) = cancelled
            && !ours
            && errors.is_empty()
            && elsewhere == 0
        {
            return Err(GroupError::cancelled(cancelled));
        }
        errors.extend(error);
        match value {
            Some(value) if errors.is_empty() && elsewhere == 0 => Ok(value),
            _ => {
                if self.parent.cancelling() > 0 {
                    // Cancelled from outside as well: to be delivered again, and counted as often as it was.
                    self.parent.uncancel();
                    self.parent.cancel();
                }
                Err(GroupError::errors(errors, elsewhere))
            }
        }
    }

    /// Waits for the tasks. A cancellation cancels them, and is kept.
    fn join(&self, cancelled: &mut Option<E>) -> Result<(), GroupError<E>> {
        while !self.tasks.borrow().is_empty() {
            let completed = Waiter::new(self.schedule.clone(), const { &What::of("TaskGroup") });
            self.on_completed.replace(Some(completed.clone()));
            match completed.wait("task_group", self.site) {
                Ok(()) => {}
                Err(Interrupt::Cancelled(interrupt)) if !self.aborting.get() => {
                    *cancelled = Some(interrupt.into());
                    self.abort();
                }
                Err(Interrupt::Cancelled(_)) => {}
                Err(Interrupt::Error(error)) => return Err(GroupError::misuse(error)),
            }
            self.on_completed.replace(None);
        }
        Ok(())
    }

    /// Errors that do not come out, because a panic does.
    fn report_errors(&self) {
        let errors = self.errors.take();
        for error in errors {
            report::report(&Report::UnreadFailure {
                who: "a task of a TaskGroup".to_owned(),
                created: self.site,
                error: format!("{error:?}"),
            });
        }
    }
}

/// The error of a failed task, or a copy; none if somebody else has taken it.
fn take_error<U, E>(task: &Task<Result<U, E>>) -> Option<E>
where
    U: 'static,
    E: Failure + From<Error>,
{
    if let Some(copy) = task.peek(|result| result.as_ref().err().and_then(E::try_clone)).flatten() {
        task.target().completion().mark_read();
        return Some(copy);
    }
    match task.take() {
        Ok(result) => {
            let gone = Error::invalid_state("the task's error went to its TaskGroup, and there is only one");
            task.handle().task.set_error(gone.into());
            result.err()
        }
        Err(error) if error.is_invalid_state() => None,
        Err(error) => Some(Error::from(error).into()), // it could not even start
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        TaskGroup { inner: self.inner.clone() }
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    /// As CPython: `<TaskGroup tasks=2 errors=1 cancelling>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.inner;
        let (tasks, errors) = (inner.tasks.borrow().len(), inner.errors.borrow().len());
        f.write_str("<TaskGroup")?;
        if tasks > 0 {
            write!(f, " tasks={tasks}")?;
        }
        if errors > 0 {
            write!(f, " errors={errors}")?;
        }
        f.write_str(if inner.aborting.get() { " cancelling>" } else { " entered>" })
    }
}
