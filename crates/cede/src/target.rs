//! What can be awaited by parking: a task or a promise, without its type.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use crate::callback::TaskKey;
use crate::completion::Completion;
use crate::error::Message;
use crate::schedule::Schedule;
use crate::task::{AnyTask, TaskRef, TaskWeak};

/// Something that ends once and wakes whoever waits for the end.
#[derive(Clone)]
pub(crate) enum Target {
    Task(TaskRef),
    Cell(Rc<dyn TargetCell>),
}

/// A [`Target`] that is no task.
pub(crate) trait TargetCell {
    fn completion(&self) -> &Completion;

    fn schedule(&self) -> &Rc<Schedule>;

    /// One link of a cancellation's way down; see [`cancel`]. Called only while pending.
    fn cancel_here(self: Rc<Self>, way: &mut CancelWay);

    /// `<Promise pending>`.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    fn site(&self) -> &'static Location<'static>;

    /// What a log calls it, before its number.
    fn kind(&self) -> &'static str {
        "promise"
    }

    /// A waker was used, of the task that waits for this.
    fn rung(self: Rc<Self>) {}

    /// The task that waits for this is given up: its stack is leaked and never runs again.
    fn abandoned(&self) {}

    /// What a cancellation is handed on to instead of being taken here, if it is several at once (`gather`).
    fn children(&self) -> Option<&[Target]> {
        None
    }

    /// How many handles there are that could end it, if handles do.
    fn handles(&self) -> Option<u32> {
        None
    }
}

impl Target {
    #[inline]
    pub(crate) fn completion(&self) -> &Completion {
        match self {
            Target::Task(task) => task.completion(),
            Target::Cell(cell) => cell.completion(),
        }
    }

    #[inline]
    pub(crate) fn schedule(&self) -> &Rc<Schedule> {
        match self {
            Target::Task(task) => task.schedule(),
            Target::Cell(cell) => cell.schedule(),
        }
    }

    /// `<Task pending name='Task-1' …>`, `<Promise pending>`.
    pub(crate) fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Task(task) => task.describe(f),
            Target::Cell(cell) => cell.describe(f),
        }
    }

    pub(crate) fn site(&self) -> &'static Location<'static> {
        match self {
            Target::Task(task) => task.site(),
            Target::Cell(cell) => cell.site(),
        }
    }

    #[inline]
    pub(crate) fn as_task(&self) -> Option<&TaskRef> {
        match self {
            Target::Task(task) => Some(task),
            Target::Cell(_) => None,
        }
    }

    /// Its key, if it is a task.
    #[inline]
    pub(crate) fn task_key(&self) -> Option<TaskKey> {
        self.as_task().map(|task| task.key())
    }

    /// Tells it from every other one that lives.
    pub(crate) fn addr(&self) -> usize {
        match self {
            Target::Task(task) => task.addr(),
            Target::Cell(cell) => Rc::as_ptr(cell).addr(),
        }
    }

    pub(crate) fn rung(self) {
        if let Target::Cell(cell) = self {
            cell.rung();
        }
    }

    pub(crate) fn downgrade(&self) -> WeakTarget {
        match self {
            Target::Task(task) => WeakTarget::Task(task.downgrade()),
            Target::Cell(cell) => WeakTarget::Cell(Rc::downgrade(cell)),
        }
    }

    /// What a log calls it, before its number.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Target::Task(_) => "task",
            Target::Cell(cell) => cell.kind(),
        }
    }

    pub(crate) fn handles(&self) -> Option<u32> {
        match self {
            Target::Task(_) => None,
            Target::Cell(cell) => cell.handles(),
        }
    }

    fn children(&self) -> Option<&[Target]> {
        match self {
            Target::Task(_) => None,
            Target::Cell(cell) => cell.children(),
        }
    }

    fn cancel_here(self, way: &mut CancelWay) {
        match self {
            Target::Task(task) => task.cancel(way),
            Target::Cell(cell) => cell.cancel_here(way),
        }
    }

    /// Whether this cancellation is on its way from here.
    pub(crate) fn visited(&self, way: &CancelWay) -> bool {
        self.as_task().is_some_and(|task| task.visited(way))
    }

    /// The cancellation has left this branch: it may come by again on another one.
    fn forget_visit(&self) {
        if let Some(task) = self.as_task() {
            task.forget_visit();
        }
    }
}

/// Knows a [`Target`], but does not keep it.
pub(crate) enum WeakTarget {
    Task(TaskWeak),
    Cell(Weak<dyn TargetCell>),
}

impl WeakTarget {
    pub(crate) fn upgrade(&self) -> Option<Target> {
        match self {
            WeakTarget::Task(task) => task.upgrade().map(Target::Task),
            WeakTarget::Cell(cell) => cell.upgrade().map(Target::Cell),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        match self {
            WeakTarget::Task(task) => task.is_alive(),
            WeakTarget::Cell(cell) => cell.strong_count() > 0,
        }
    }
}

impl From<TaskRef> for Target {
    fn from(task: TaskRef) -> Self {
        Target::Task(task)
    }
}

impl<C: TargetCell + 'static> From<Rc<C>> for Target {
    fn from(cell: Rc<C>) -> Self {
        Target::Cell(cell)
    }
}

/// A cancellation on its way along a chain of awaits.
///
/// The chain forks where somebody awaits several at once. Then the way is walked like a tree, first child
/// first, each with all that it waits for before the next; and a task that was met on one branch may be met
/// again on another, as in asyncio, which counts both. Only a task that is met again on the same branch
/// closes a cycle.
pub(crate) struct CancelWay {
    pub(crate) message: Option<Message>,
    /// Tells this walk from others, so that a task in a cycle knows that it was visited.
    pub(crate) walk: u64,
    next: Option<Target>,
    /// There is none on the way from a task to the one thing that it waits for.
    forks: Option<Box<Forks>>,
}

/// What a way with forks has to remember.
#[derive(Default)]
struct Forks {
    /// Where it goes on after this branch, last first.
    later: Vec<Branch>,
    /// The tasks between the first fork and here.
    trail: Vec<Target>,
}

/// Where the way goes on, and how long the trail was there.
struct Branch {
    target: Target,
    trail: usize,
}

impl CancelWay {
    fn new(target: Target, message: Option<Message>) -> Self {
        let walk = WALKS.get() + 1;
        WALKS.set(walk);
        CancelWay { message, walk, next: Some(target), forks: None }
    }

    /// Goes on to `target`, and nowhere else from here.
    #[inline]
    pub(crate) fn push(&mut self, target: Target) {
        debug_assert!(self.next.is_none(), "whoever is visited goes on once");
        self.next = Some(target);
    }

    /// Goes on to each of these, the first one first.
    pub(crate) fn fork(&mut self, targets: &[Target]) {
        let forks = self.forks.get_or_insert_default();
        let trail = forks.trail.len();
        forks.later.extend(targets.iter().rev().map(|target| Branch { target: target.clone(), trail }));
    }

    fn walk(&mut self) {
        while let Some(target) = self.next.take().or_else(|| self.next_branch()) {
            if target.completion().done() || target.visited(self) {
                continue;
            }
            if let Some(forks) = &mut self.forks {
                forks.trail.push(target.clone());
            }
            target.cancel_here(self);
        }
    }

    /// The branch is at its end: goes back to where the last one begins.
    fn next_branch(&mut self) -> Option<Target> {
        let forks = self.forks.as_mut()?;
        let Branch { target, trail } = forks.later.pop()?;
        for left in forks.trail.drain(trail..) {
            left.forget_visit();
        }
        Some(target)
    }
}

thread_local! {
    static WALKS: Cell<u64> = const { Cell::new(0) };
}

/// Cancels a task or promise: whether it could still be cancelled (asyncio: `Future.cancel`, `Task.cancel`).
///
/// A task that waits hands the cancellation on to what it waits for. CPython recurses here; this is a loop,
/// so a chain of a million awaits costs no stack, and a cycle is walked once: the task that would close it
/// takes the cancellation itself.
pub(crate) fn cancel(target: &Target, message: Option<Message>) -> bool {
    if target.completion().done() {
        target.completion().mark_read(); // whoever cancels does not want to hear of its failure
    }
    let cancellable = cancellable(target);
    if cancellable {
        CancelWay::new(target.clone(), message).walk();
    }
    cancellable
}

/// Whether cancelling this would reach anybody. What stands for several is past it once they have all ended,
/// although it may end itself only a turn later.
#[inline]
pub(crate) fn cancellable(target: &Target) -> bool {
    !target.completion().done() && target.children().is_none_or(any_cancellable)
}

fn any_cancellable(targets: &[Target]) -> bool {
    let mut open: Vec<&Target> = targets.iter().collect();
    while let Some(target) = open.pop() {
        if !target.completion().done() {
            match target.children() {
                None => return true,
                Some(children) => open.extend(children),
            }
        }
    }
    false
}

/// Something that is awaited: what an observer or a driver by hand is told.
#[derive(Clone)]
pub struct Awaited {
    pub(crate) target: Target,
}

impl Awaited {
    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.target.completion().done()
    }

    /// The task, if it is one.
    pub fn task(&self) -> Option<AnyTask> {
        self.target.as_task().map(TaskRef::handle)
    }

    /// Where it was made.
    pub fn created(&self) -> &'static Location<'static> {
        self.target.site()
    }
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.describe(f)
    }
}
