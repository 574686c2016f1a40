//! A span of `tracing` for each task, entered while the task has control.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tracing::Span;

use crate::observe::{LoopEvent, Observer, StepEnd};
use crate::task::AnyTask;

/// An observer that follows each task with a span of [`tracing`], across its awaits: what a task logs, and what
/// the plain functions it calls log, is inside the span `task` with the fields `name`, `coroutine` and
/// `created`. The span is made when the task begins, with the name it has then; it is entered when the task is given control, left when it cedes, and closed when it ends;
/// its parent is the span in which the task was made.
///
/// A guard that a task holds across an await (`let _entered = span.enter()`) is another matter: tasks
/// interleave on one thread, so it is left in the wrong order. Enter spans of your own around code that does
/// not await, or give them to the task by this.
///
/// Tasks that were made before the observer was set have no span.
///
/// ```
/// cede::Runner::new().observer(cede::trace::Spans::new()).run(cede::coroutine(|| {
///     tracing::info!("inside the span of Task-1");
/// }))?;
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Default)]
pub struct Spans {
    tasks: RefCell<HashMap<u64, Followed>>,
}

/// What is kept of a task.
enum Followed {
    /// It has not begun; it was made in this span.
    Made(Span),
    Begun(Span),
}

impl Spans {
    /// One that follows every task of its loop.
    pub fn new() -> Self {
        Self::default()
    }

    /// The task's span; made now, if it begins.
    fn of(&self, task: &AnyTask) -> Option<Span> {
        let parent = match self.tasks.borrow().get(&task.task.number())? {
            Followed::Begun(span) => return Some(span.clone()),
            Followed::Made(parent) => parent.clone(),
        };
        let span = tracing::info_span!(
            parent: &parent,
            "task",
            name = task.name(),
            coroutine = task.coroutine(),
            created = %task.created(),
        );
        self.keep(task, Followed::Begun(span.clone()));
        Some(span)
    }

    fn keep(&self, task: &AnyTask, followed: Followed) {
        let before = self.tasks.borrow_mut().insert(task.task.number(), followed);
        drop(before); // outside the borrow: a subscriber is code of others
    }
}

impl Observer for Spans {
    fn event(&self, _time: Duration, event: &LoopEvent) {
        match event {
            LoopEvent::TaskCreated { task, .. } => self.keep(task, Followed::Made(Span::current())),
            LoopEvent::StepBegins { task } => {
                if let Some(span) = self.of(task) {
                    span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
                }
            }
            LoopEvent::StepEnds { task, why, .. } => {
                if let Some(span) = self.of(task) {
                    span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
                }
                if let StepEnd::Ended(_) = why {
                    let ended = self.tasks.borrow_mut().remove(&task.task.number());
                    drop(ended); // as above
                }
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Spans of {} tasks>", self.tasks.borrow().len())
    }
}
