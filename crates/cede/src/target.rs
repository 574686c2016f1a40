//! What can be awaited by parking: a task or a promise, without its type.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use crate::completion::Completion;
use crate::schedule::Schedule;
use crate::task::{AnyTask, TaskObject};

/// A thing that ends once and wakes whoever waits for the end.
pub(crate) trait Target {
    fn completion(&self) -> &Completion;

    fn schedule(&self) -> &Rc<Schedule>;

    /// One link of a cancellation's way down; see [`cancel`]. Called only while pending.
    fn cancel_here(self: Rc<Self>, way: &mut CancelWay);

    /// `<Task pending name='Task-1' …>`, `<Promise pending>`.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    fn site(&self) -> &'static Location<'static>;

    fn as_task(self: Rc<Self>) -> Option<Rc<dyn TaskObject>> {
        None
    }

    /// Whether this cancellation has come by here before.
    fn visited(&self, _way: &CancelWay) -> bool {
        false
    }
}

/// A cancellation on its way along a chain of awaits.
pub(crate) struct CancelWay {
    pub(crate) message: Option<Arc<str>>,
    /// Tells this walk from others, so that a task in a cycle knows that it was visited.
    pub(crate) walk: u64,
    next: Vec<Rc<dyn Target>>,
}

impl CancelWay {
    /// Goes on to `target` after what was pushed before it.
    pub(crate) fn push(&mut self, target: Rc<dyn Target>) {
        self.next.push(target);
    }
}

thread_local! {
    static WALKS: Cell<u64> = const { Cell::new(0) };
}

/// Cancels a task or promise: whether it was still pending (asyncio: `Future.cancel`, `Task.cancel`).
///
/// A task that waits hands the cancellation on to what it waits for. CPython recurses here; this is a loop,
/// so a chain of a million awaits costs no stack, and a cycle is walked once: the task that would close it
/// takes the cancellation itself.
pub(crate) fn cancel(target: &Rc<dyn Target>, message: Option<Arc<str>>) -> bool {
    if target.completion().done() {
        return false;
    }
    WALKS.set(WALKS.get() + 1);
    let mut way = CancelWay { message, walk: WALKS.get(), next: vec![target.clone()] };
    while let Some(target) = way.next.pop() {
        if !target.completion().done() {
            target.cancel_here(&mut way);
        }
    }
    true
}

/// Something that is awaited: what an observer or a driver by hand is told.
#[derive(Clone)]
pub struct Awaited {
    pub(crate) target: Rc<dyn Target>,
}

impl Awaited {
    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.target.completion().done()
    }

    /// The task, if it is one.
    pub fn task(&self) -> Option<AnyTask> {
        self.target.clone().as_task().map(|task| task.handle())
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
