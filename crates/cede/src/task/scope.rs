//! Children that borrow from their parent's frame.
//!
//! The argument for why this is sound is in `docs/design.md`, "Why may scoped tasks borrow?". In short: the
//! frame of [`scope`] is left only by its own last lines, and those are reached only when every child has
//! ended. What could leave the frame earlier is an unwinding, and that is caught here first.

#![allow(unsafe_code)] // one lifetime is forgotten, in `erase`; see docs/architecture.md

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;

use super::cell::TaskRef;
use super::handle::{AnyTask, Task};
use super::park::park;
use super::step::tear_down;
use crate::completion::Completion;
use crate::coroutine::{Awaitable, Body, Coroutine, Interrupt, Parts};
use crate::error::{Error, JoinError};
use crate::outcome::{Classify, Outcome};
use crate::schedule::{self, Schedule};
use crate::target::{self, CancelWay, Target, TargetCell};

/// Runs a function that may make tasks which borrow from the caller's frame, and comes back when all of
/// them have ended (shaped like `std::thread::scope`).
///
/// The children may be `!Send` and may borrow whatever outlives the call. It runs the function on this stack;
/// coming back cedes while a child is pending. Only inside a task.
///
/// - **Cancelled** while it waits, the parent's cancellation goes to all children; when they have ended it is
///   delivered again at the parent's next await.
/// - **A panic** of the function is kept until the children have ended, and goes on then.
/// - **A child's panic** that nobody reads through its [`ScopedTask`] is a panic here.
/// - **Torn down** with its loop, or inside a generator that is dropped, it ends its children first.
///
/// asyncio counterpart: a `TaskGroup`, whose tasks share the frame anyway; but a child's failure cancels
/// nobody.
///
/// ```
/// use cede::Awaitable;
///
/// # cede::run(cede::coroutine(|| {
/// let mut numbers = vec![1, 2, 3];
/// let sum = cede::scope(|s| {
///     let sum = s.spawn(cede::coroutine(|| numbers.iter().sum::<i32>())); // borrows
///     sum.await_().unwrap()
/// });
/// numbers.push(sum); // nobody borrows any more
/// assert_eq!(numbers, [1, 2, 3, 6]);
/// # })).unwrap();
/// ```
///
/// A child cannot outlive what it borrows:
///
/// ```compile_fail
/// cede::scope(|s| {
///     let local = 5;
///     s.spawn(cede::coroutine(|| local + 1)); // E0373: `local` goes before the children are awaited
/// });
/// ```
///
/// # Panics
/// Outside a task. When a child panicked and nobody read it.
#[track_caller]
pub fn scope<'env, F, T>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let Some(schedule) = schedule::running().filter(|schedule| schedule.current().is_some()) else {
        panic!("{}", Error::misuse("scope: only inside a task, for its end waits for its children"));
    };
    let scope = Scope { schedule, children: RefCell::default(), scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    let interrupted = scope.join(Location::caller());
    // Every child has ended: from here on the frame may be left in whatever way.
    match (result, interrupted) {
        (Err(payload), _) | (Ok(_), Some(payload)) => resume_unwind(payload),
        (Ok(value), None) => {
            if scope.children.borrow().iter().any(|child| child.panicked.get()) {
                panic!("a scoped task panicked");
            }
            value
        }
    }
}

/// Where [`scope`]'s children are made.
pub struct Scope<'scope, 'env: 'scope> {
    schedule: Rc<Schedule>,
    children: RefCell<Vec<Child>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// A child as the scope knows it.
struct Child {
    task: TaskRef,
    /// It panicked and nobody has read that.
    panicked: Rc<Cell<bool>>,
}

/// What a child leaves for its reader.
struct Packet<T> {
    result: RefCell<Option<Result<T, Box<dyn Any + Send>>>>,
    panicked: Rc<Cell<bool>>,
}

/// A body that may borrow for `'scope` as one that says it borrows nothing.
///
/// # Safety
/// Before anything that the body borrows goes, the body must have been called to its end, been dropped, or
/// be on a stack that is never run again.
unsafe fn erase<'scope>(body: Box<dyn FnOnce() + 'scope>) -> Box<dyn FnOnce()> {
    // SAFETY: the types differ only in the lifetime; the caller keeps what that lifetime promised.
    unsafe { mem::transmute::<Box<dyn FnOnce() + 'scope>, Box<dyn FnOnce()>>(body) }
}

impl<'scope> Scope<'scope, '_> {
    /// Makes a task that may borrow for the length of the scope. Queues its first step and runs nothing.
    #[track_caller]
    pub fn spawn<F>(&'scope self, coroutine: Coroutine<F>) -> ScopedTask<'scope, F::Returns>
    where
        F: Body + 'scope,
        F::Returns: 'scope,
    {
        let Parts { body, name, stack_size, site, .. } = coroutine.into_parts();
        let panicked = Rc::new(Cell::new(false));
        let packet = Rc::new(Packet { result: RefCell::new(None), panicked: panicked.clone() });
        let mine = packet.clone();
        let job: Box<dyn FnOnce() + 'scope> = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(body));
            match result {
                Err(payload) if payload.is::<crate::stack::Teardown>() => resume_unwind(payload),
                result => {
                    mine.panicked.set(result.is_err());
                    *mine.result.borrow_mut() = Some(result);
                }
            }
        });
        // SAFETY: the task is entered in `children` below, and `scope` does not leave its frame, and with it
        // `'scope` and what it borrows, before every child in there has ended: then its body has been called
        // to its end or dropped, or its stack has been leaked and is never run again.
        let job = unsafe { erase(job) };
        let child = Parts { body: job, name, classify: Classify::any(), stack_size, site };
        let task = Task::spawn(child, self.schedule.clone());
        self.children.borrow_mut().push(Child { task: task.handle().task, panicked });
        ScopedTask { task, packet, scope: PhantomData }
    }

    /// Waits until every child has ended, come what may. Gives the payload of an unwinding that reached us
    /// meanwhile, to be continued.
    fn join(&self, at: &'static Location<'static>) -> Option<Box<dyn Any + Send>> {
        let parent = schedule::current();
        let requests = || parent.as_ref().map_or(0, |task| task.times_cancelled());
        let before = requests();
        let (mut cancelled, mut unwinding) = (None, None);
        loop {
            let pending = self.pending();
            if pending.is_empty() {
                break;
            }
            let everybody = Everybody::of(pending, &self.schedule, at);
            match catch_unwind(AssertUnwindSafe(|| park(everybody.clone(), "scope", at))) {
                Ok(Ok(())) => {}
                // It was asked before it parked.
                Ok(Err(Interrupt::Cancelled(asked))) => {
                    target::cancel(&everybody, asked.message().map(Into::into));
                    cancelled = Some(asked);
                }
                // This stack cannot pause: it is being left, or it is a generator's that is dropped where no
                // task runs.
                Ok(Err(Interrupt::Error(_))) => self.tear_down(),
                Err(payload) => {
                    unwinding = Some(payload);
                    self.tear_down();
                }
            }
        }
        if requests() > before {
            cancelled.get_or_insert_default();
        }
        if let (Some(cancelled), Some(parent)) = (cancelled, parent) {
            parent.deliver_again(&cancelled);
        }
        unwinding
    }

    fn pending(&self) -> Vec<Target> {
        let children = self.children.borrow();
        let pending = children.iter().filter(|child| !child.task.completion.done());
        pending.map(|child| Target::from(child.task.clone())).collect()
    }

    /// Ends every child by force, the newest first.
    fn tear_down(&self) {
        let children: Vec<_> = self.children.borrow().iter().map(|child| child.task.clone()).collect();
        for child in children.iter().rev() {
            if !child.completion().done() && child.is_buried() {
                // The frame that is being left is kept by the very child that runs: neither can go first.
                eprintln!(
                    "cede: a scope is left from inside its own task '{}', which borrows from it; aborting",
                    child.name()
                );
                std::process::abort();
            }
            tear_down(child);
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Scope of {} tasks>", self.children.borrow().len())
    }
}

/// What the end of a scope waits for: that these have all ended. Cancelled, it cancels them, and goes on
/// waiting.
struct Everybody {
    completion: Completion,
    schedule: Rc<Schedule>,
    children: Vec<Target>,
    site: &'static Location<'static>,
}

impl Everybody {
    fn of(children: Vec<Target>, schedule: &Rc<Schedule>, site: &'static Location<'static>) -> Target {
        let completion = Completion::new();
        let everybody = Rc::new(Everybody { completion, schedule: schedule.clone(), children, site });
        for child in &everybody.children {
            let weak = Rc::downgrade(&everybody);
            let ended = move || {
                if let Some(everybody) = weak.upgrade() {
                    everybody.one_has_ended();
                }
            };
            child.completion().add_call(child, Box::new(ended));
        }
        everybody.into()
    }

    fn one_has_ended(self: Rc<Self>) {
        if !self.completion.done() && self.children.iter().all(|child| child.completion().done()) {
            self.completion.complete(Outcome::Finished, || self.clone().into(), &self.schedule);
        }
    }
}

impl TargetCell for Everybody {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        way.fork(&self.children);
    }

    fn kind(&self) -> &'static str {
        "scope"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pending = self.children.iter().filter(|child| !child.completion().done()).count();
        write!(f, "<scope with {pending} pending tasks>")
    }

    fn site(&self) -> &'static Location<'static> {
        self.site
    }
}

/// A handle on a scope's child. Awaiting it gives its result; dropping it leaves the child to its scope.
pub struct ScopedTask<'scope, T> {
    task: Task<()>,
    packet: Rc<Packet<T>>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedTask<'_, T> {
    /// A handle without the type, to name, ask and cancel it.
    pub fn handle(&self) -> AnyTask {
        self.task.handle()
    }

    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.task.done()
    }

    /// As [`Task::cancel`].
    pub fn cancel(&self) -> bool {
        self.task.cancel()
    }
}

/// Moves the result out. Cedes until the child has ended; not at all if it has.
impl<T> Awaitable for ScopedTask<'_, T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn await_(self) -> Result<T, JoinError> {
        let ended = (&self.task).await_();
        match self.packet.result.borrow_mut().take() {
            Some(Ok(value)) => Ok(value),
            Some(Err(payload)) => {
                self.packet.panicked.set(false);
                Err(JoinError::panicked(payload))
            }
            None => Err(ended.err().unwrap_or_else(|| Error::not_done().into())),
        }
    }
}

impl<T> fmt::Debug for ScopedTask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}
