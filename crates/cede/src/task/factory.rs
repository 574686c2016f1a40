//! How a loop makes its tasks: queued, as ever, or started at once.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::cell::TaskRef;
use super::handle::AnyTask;
use super::step;
use crate::callback::Callback;
use crate::coroutine::undriven;
use crate::error::panic_text;
use crate::report::{self, Report};
use crate::schedule::Schedule;

type Hook = Rc<dyn Fn(&AnyTask)>;

/// How [`create_task`](crate::create_task) makes tasks on a loop; see
/// [`LoopHandle::set_task_factory`](crate::LoopHandle::set_task_factory).
///
/// asyncio's task factory is a function from any coroutine to a task-like object. A task's type tells what
/// it returns, so no closure could make tasks of every type; what such factories are used for is left:
/// *when* a task starts, and something to be done with each, such as naming or counting it.
///
/// Tasks of a [`scope`](crate::scope) are not made by it: they are queued, always.
///
/// asyncio counterpart: `loop.set_task_factory`, `asyncio.eager_task_factory`.
///
/// ```
/// use cede::{Runner, TaskFactory};
///
/// let mut runner = Runner::new();
/// runner.event_loop()?.set_task_factory(TaskFactory::eager());
/// runner.run(cede::coroutine(|| {
///     let task = cede::create_task(cede::coroutine(|| 6 * 7));
///     assert!(task.done()); // it has run already
/// }))?;
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct TaskFactory {
    pub(crate) eager: bool,
    hook: Option<Hook>,
}

impl TaskFactory {
    /// Tasks are queued: making one runs nothing. What a loop begins with.
    pub fn queued() -> Self {
        Self::default()
    }

    /// Tasks are started when they are made, as by [`create_eager_task`](crate::create_eager_task).
    pub fn eager() -> Self {
        TaskFactory { eager: true, hook: None }
    }

    /// Has this called with each task, after it was made and before anything of it runs.
    pub fn on_create(mut self, hook: impl Fn(&AnyTask) + 'static) -> Self {
        self.hook = Some(Rc::new(hook));
        self
    }

    /// Whether tasks are started when they are made.
    pub fn is_eager(&self) -> bool {
        self.eager
    }

    /// Calls the hook. One that panics is reported: the task is there all the same.
    fn tell(&self, task: &AnyTask) {
        let Some(hook) = &self.hook else { return };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook(task))) {
            report::report(&Report::CallbackPanicked {
                who: "a task factory".to_owned(),
                created: task.created(),
                error: panic_text(&*payload).to_owned(),
            });
        }
    }
}

impl fmt::Debug for TaskFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskFactory").field("eager", &self.eager).finish_non_exhaustive()
    }
}

/// Enters a task that was made, and lets it begin as its loop's factory says, or at once.
#[cold]
pub(super) fn launch(task: &TaskRef, eager: bool) {
    let schedule = &task.schedule;
    let factory = schedule.factory().unwrap_or_default();
    let key = schedule.enroll(task);
    factory.tell(&task.handle());
    if (eager || factory.eager) && schedule.is_running_here() {
        start_now(schedule, task);
    } else {
        schedule.push(Callback::Step(key));
    }
}

/// The first step, here and now, on a stack of its own (asyncio: `Task.__eager_start`). Back when the task
/// waits for something or has ended; whoever made it is the current task again.
fn start_now(schedule: &Rc<Schedule>, task: &TaskRef) {
    let _undriven = undriven();
    let before = schedule.current();
    // It gives control back to us when it parks, not on to whoever is next.
    let hands = schedule.keep_hands();
    step::give_control(task.clone());
    drop(hands);
    schedule.set_current(before);
}
