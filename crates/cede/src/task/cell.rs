//! A task's memory: one block with all it needs from creation to the last handle.
//!
//! ```text
//!               ┌──────────────────────────────────────────────┐
//!   TaskRef ───►│ counts             of those who point here   │
//!               │ core: TaskCore     what has no type          │
//!               │   outcome, callbacks, what it waits for, …   │
//!               │ methods            what is done by its type  │
//!   Task<T> ───►│ output, classify   what knows `T`            │
//!               │ body: F            until it starts           │
//!               └──────────────────────────────────────────────┘
//! ```
//!
//! A [`TaskRef`] counts, as an `Rc` does; it is one of our own because it must be thin (the queue, the
//! register and whoever waits hold it by the million), and because the block goes back to its loop, to be the
//! next task's ([`Blocks`](super::blocks::Blocks)), instead of to the allocator.

#![allow(unsafe_code)] // the room for a task's memory; see docs/architecture.md

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use super::blocks::Size;
use super::core::TaskCore;
use super::handle::AnyTask;
use super::handoff;
use super::output::Output;
use crate::coroutine::Body;
use crate::error::{Cancelled, JoinError, panic_text};
use crate::name::Name;
use crate::outcome::{Classify, Outcome};
use crate::report::{self, Report};
use crate::schedule::Schedule;
use crate::stack::{Job, Teardown};

/// Who points to a block. Outlives the rest of it, and has nothing to drop.
#[repr(C)]
struct Counts {
    /// The [`TaskRef`]s. At 0 everything but the counts is dropped.
    strong: Cell<usize>,
    /// The [`TaskWeak`]s, and all `TaskRef`s together as one. At 0 the memory goes.
    weak: Cell<usize>,
}

/// What every block begins with. What a step looks at fills its first cache line: the counts, and the
/// beginning of the core.
#[repr(C)]
struct Head {
    counts: Counts,
    core: TaskCore,
    /// Outlives the rest, as the counts do.
    methods: &'static Methods,
}

/// What is done to a block according to its type; each is given the head of a block of that type. A table of our
/// own, for a `dyn` would take two words of every block, and could not be asked for the size once the contents
/// are gone.
struct Methods {
    size: Size,
    run_body: unsafe fn(NonNull<Head>) -> Outcome,
    drop_body: unsafe fn(NonNull<Head>),
    set_error: unsafe fn(NonNull<Head>, JoinError),
    error_text: unsafe fn(NonNull<Head>) -> String,
    /// Drops what has a type.
    drop_typed: unsafe fn(NonNull<Head>),
    /// Whether there is nothing to drop in it but an error.
    plain: bool,
}

/// As much of a block as knows what the task returns, and not by what body.
#[repr(C)]
struct Typed<T> {
    head: Head,
    output: RefCell<Output<T>>,
    classify: Classify<T>,
}

#[repr(C)]
struct TaskCell<F: Body> {
    typed: Typed<F::Returns>,
    body: Cell<Option<F>>,
}

/// A task, without its type. Clones are the same task.
pub(crate) struct TaskRef {
    head: NonNull<Head>,
}

impl TaskRef {
    /// A task that has not begun, and whom nobody knows yet.
    #[inline(always)]
    pub(super) fn make<F>(
        body: F,
        name: Name,
        classify: Classify<F::Returns>,
        stack_size: Option<usize>,
        schedule: Rc<Schedule>,
        site: &'static Location<'static>,
    ) -> TypedRef<F::Returns>
    where
        F: Body + 'static,
        F::Returns: 'static,
    {
        let block = schedule.blocks.take(TaskCell::<F>::METHODS.size).cast::<TaskCell<F>>();
        let counts = Counts { strong: Cell::new(1), weak: Cell::new(1) };
        let place = block.as_ptr();
        // Part by part: as one value it would be made on the stack and copied from there.
        #[allow(clippy::multiple_unsafe_ops_per_block)] // one write, in six parts
        // SAFETY: the block is fresh, ours alone, and laid out for a `TaskCell<F>`; these are all its fields.
        unsafe {
            (&raw mut (*place).typed.head.counts).write(counts);
            (&raw mut (*place).typed.head.methods).write(TaskCell::<F>::METHODS);
            (&raw mut (*place).typed.head.core).write(TaskCore::new(schedule, name, stack_size, site));
            (&raw mut (*place).typed.output).write(RefCell::new(Output::None));
            (&raw mut (*place).typed.classify).write(classify);
            (&raw mut (*place).body).write(Cell::new(Some(body)));
        }
        TypedRef { task: TaskRef { head: block.cast() }, output: PhantomData }
    }

    #[inline]
    fn head(&self) -> &Head {
        // SAFETY: a `TaskRef` counts in `strong`, so the block is there and whole; all of it is shared, for
        // nobody ever makes a `&mut` to it.
        unsafe { self.head.as_ref() }
    }

    /// Runs the body on this stack, from beginning to end, and keeps what comes of it. How it ended.
    #[inline]
    pub(super) fn run_body(&self) -> Outcome {
        // SAFETY: a head has the methods of its block's type, and the block is there and whole while we count.
        unsafe { (self.head().methods.run_body)(self.head) }
    }

    /// Drops the body of a task that never ran.
    pub(super) fn drop_body(&self) {
        // SAFETY: as in `run_body`.
        unsafe { (self.head().methods.drop_body)(self.head) }
    }

    /// Forgets the result, if there is one, for this instead.
    pub(crate) fn set_error(&self, error: JoinError) {
        // SAFETY: as in `run_body`.
        unsafe { (self.head().methods.set_error)(self.head, error) }
    }

    /// The text of its error.
    pub(crate) fn error_text(&self) -> String {
        // SAFETY: as in `run_body`.
        unsafe { (self.head().methods.error_text)(self.head) }
    }

    pub(crate) fn handle(&self) -> AnyTask {
        AnyTask::new(self.clone())
    }

    /// Tells it from every other task that lives.
    #[inline]
    pub(crate) fn addr(&self) -> usize {
        self.head.addr().get()
    }

    pub(crate) fn downgrade(&self) -> TaskWeak {
        let weak = &self.head().counts.weak;
        weak.set(weak.get() + 1);
        TaskWeak { counts: self.head.cast() }
    }

    /// What the worker is given that is to run it, from its first step to its last.
    pub(super) fn into_job(self) -> Job {
        let task = std::mem::ManuallyDrop::new(self);
        // SAFETY: `run_job` gets back the count that `task` does not give up here.
        unsafe { Job::new(task.head.cast(), run_job) }
    }
}

/// # Safety
/// `head` comes from [`TaskRef::into_job`], and this is its one call.
unsafe fn run_job(head: NonNull<()>) {
    handoff::run_jobs(TaskRef { head: head.cast() });
}

impl Deref for TaskRef {
    type Target = TaskCore;

    #[inline]
    fn deref(&self) -> &TaskCore {
        &self.head().core
    }
}

impl Clone for TaskRef {
    #[inline]
    fn clone(&self) -> Self {
        let strong = &self.head().counts.strong;
        strong.set(strong.get() + 1); // memory ends before the count does
        TaskRef { head: self.head }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let strong = &self.head().counts.strong;
        strong.set(strong.get() - 1);
        if strong.get() == 0 {
            self.drop_contents();
        }
    }
}

impl TaskRef {
    #[inline(never)]
    fn drop_contents(&self) {
        let methods = self.head().methods;
        // The task's own count may be the loop's last, and the block is the loop's.
        let schedule;
        if methods.plain && self.completion.outcome() == Outcome::Finished && self.owns_only_its_loop() {
            // SAFETY: the last `TaskRef` is going, so nobody reaches the core any more, and nobody drops it: this is
            // all that it owns.
            schedule = unsafe { ptr::read(&raw const self.head().core.schedule) };
        } else {
            schedule = self.schedule.clone();
            self.drop_each();
        }
        let weak = TaskWeak { counts: self.head.cast() }; // the one that stands for all `TaskRef`s
        if let Some(size) = weak.last() {
            // SAFETY: nobody points here any more, and the loop handed the block out with this size.
            unsafe { schedule.blocks.give(self.head.cast(), size) };
        }
        std::mem::forget(weak); // its count is gone
    }

    /// Drops all that is in the block.
    #[inline(never)]
    fn drop_each(&self) {
        let methods = self.head().methods;
        let core = DropCore(self.head);
        if !(methods.plain && self.completion.outcome() == Outcome::Finished) {
            // SAFETY: the last `TaskRef` is going, so nobody reaches the contents any more: a `TaskWeak` looks at
            // the counts first.
            unsafe { (methods.drop_typed)(self.head) };
        }
        drop(core);
    }
}

/// Drops the core of a block that nobody reaches any more; also when a destructor of the rest panics.
struct DropCore(NonNull<Head>);

impl Drop for DropCore {
    #[inline(always)]
    fn drop(&mut self) {
        let head = self.0.as_ptr();
        // SAFETY: the block is there.
        let core = unsafe { &raw mut (*head).core };
        // SAFETY: it is whole, and dropped here and nowhere else.
        unsafe { core.drop_in_place() };
    }
}

/// Knows a task, but does not keep it.
pub(crate) struct TaskWeak {
    counts: NonNull<Counts>,
}

impl TaskWeak {
    fn counts(&self) -> &Counts {
        // SAFETY: we count in `weak`, so the block is there, and the counts outlive its contents.
        unsafe { self.counts.as_ref() }
    }

    /// The task, if somebody keeps it.
    pub(crate) fn upgrade(&self) -> Option<TaskRef> {
        let strong = &self.counts().strong;
        if strong.get() == 0 {
            return None;
        }
        strong.set(strong.get() + 1);
        Some(TaskRef { head: self.counts.cast() })
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.counts().strong.get() > 0
    }

    /// Takes this one's count back: the block's size if that was the last.
    #[inline]
    fn last(&self) -> Option<Size> {
        let weak = &self.counts().weak;
        weak.set(weak.get() - 1);
        if weak.get() > 0 {
            return None;
        }
        let head = self.counts.cast::<Head>().as_ptr();
        // SAFETY: the block is there.
        let methods = unsafe { &raw const (*head).methods };
        // SAFETY: it was written when the block was made, and has nothing that was dropped since.
        Some(unsafe { methods.read() }.size)
    }
}

impl Drop for TaskWeak {
    fn drop(&mut self) {
        if let Some(size) = self.last() {
            // SAFETY: nobody points here any more. The loop may be gone, so the block goes where every block
            // comes from.
            unsafe { super::blocks::free(self.counts.cast(), size) };
        }
    }
}

/// A task that returns `T`.
pub(crate) struct TypedRef<T> {
    task: TaskRef,
    output: PhantomData<Rc<T>>,
}

impl<T> TypedRef<T> {
    #[inline]
    pub(super) fn task(&self) -> &TaskRef {
        &self.task
    }

    #[inline]
    pub(super) fn output(&self) -> &RefCell<Output<T>> {
        // SAFETY: `TaskRef::make` alone makes a `TypedRef`, of a block that begins with a `Typed<T>`; it is
        // there while we count.
        unsafe { &self.task.head.cast::<Typed<T>>().as_ref().output }
    }

    pub(super) fn downgrade(&self) -> TypedWeak<T> {
        TypedWeak { task: self.task.downgrade(), output: PhantomData }
    }
}

impl<T> Clone for TypedRef<T> {
    #[inline]
    fn clone(&self) -> Self {
        TypedRef { task: self.task.clone(), output: PhantomData }
    }
}

/// Knows a task that returns `T`, but does not keep it.
pub(super) struct TypedWeak<T> {
    task: TaskWeak,
    output: PhantomData<Rc<T>>,
}

impl<T> TypedWeak<T> {
    pub(super) fn upgrade(&self) -> Option<TypedRef<T>> {
        Some(TypedRef { task: self.task.upgrade()?, output: PhantomData })
    }
}

impl<F> TaskCell<F>
where
    F: Body + 'static,
    F::Returns: 'static,
{
    const METHODS: &'static Methods = &Methods {
        size: Size::of(Layout::new::<Self>()),
        // SAFETY: whoever calls it gives the head of a `Self` that is there and whole.
        run_body: |head| unsafe { head.cast::<Self>().as_ref() }.run_body(),
        // SAFETY: as `run_body`.
        drop_body: |head| unsafe { head.cast::<Self>().as_ref() }.drop_body(),
        // SAFETY: as `run_body`.
        set_error: |head, error| unsafe { head.cast::<Self>().as_ref() }.set_error(error),
        // SAFETY: as `run_body`.
        error_text: |head| unsafe { head.cast::<Self>().as_ref() }.error_text(),
        drop_typed: Self::drop_typed,
        plain: !needs_drop::<(F::Returns, F)>(),
    };

    /// # Safety
    /// As `METHODS.run_body`, and nobody looks at the contents any more.
    unsafe fn drop_typed(head: NonNull<Head>) {
        let cell = head.cast::<Self>().as_ptr();
        // SAFETY: the block is there.
        let output = unsafe { &raw mut (*cell).typed.output };
        // SAFETY: the block is there.
        let body = unsafe { &raw mut (*cell).body };
        // SAFETY: handed on.
        unsafe { output.drop_in_place() };
        // SAFETY: handed on.
        unsafe { body.drop_in_place() };
    }

    fn run_body(&self) -> Outcome {
        let body = self.body.take().expect("a task's body runs once");
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => {
                let outcome = self.typed.classify.verdict(&value);
                *self.typed.output.borrow_mut() = Output::Value(value);
                outcome
            }
            Err(payload) if payload.is::<Teardown>() => {
                self.set_error(Cancelled::new().into());
                Outcome::Cancelled
            }
            Err(payload) => {
                self.set_error(JoinError::panicked(payload));
                Outcome::Panicked
            }
        }
    }

    fn drop_body(&self) {
        let body = self.body.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(body))) {
            let core = &self.typed.head.core;
            report::report(&Report::ErrorInDrop {
                what: format!("the coroutine of task '{}', which never ran,", core.name()),
                created: core.site(),
                error: panic_text(&*payload).to_owned(),
            });
        }
    }

    fn set_error(&self, error: JoinError) {
        let before = self.typed.output.replace(Output::Error(error));
        drop(before);
    }

    fn error_text(&self) -> String {
        match &*self.typed.output.borrow() {
            Output::Value(value) => self.typed.classify.describe(value),
            Output::Error(error) => error.to_string(),
            Output::None | Output::Taken => String::new(),
        }
    }
}
