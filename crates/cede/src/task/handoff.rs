//! The fast path: who runs next, decided without going back to the loop.
//!
//! Scheduling is three operations: pop the head of the queue, push to its tail, and cross the boundary
//! between two turns. Nobody can see on which stack they are performed. So a task that parks pops the next
//! callback itself, if that is one it can give control to from where it is:
//!
//! ```text
//!   the loop's stack    a worker's stack        another worker's stack
//!   ┌──────────────┐    ┌──────────────────┐    ┌──────────────────┐
//!   │ turn         │    │ job: task A      │    │ job: task C      │
//!   │  step A ─────┼───►│   awaits B       │    │   awaits …       │
//!   │              │    │   ┌──────────────┤    │                  │
//!   │              │    │   │ on top: B    │    │                  │
//!   │              │    │   │  awaits …    │    │                  │
//!   │              │    │   │  resume C ───┼───►│   goes on        │
//!   └──────────────┘    └───┴──────────────┘    └──────────────────┘
//! ```
//!
//! - **On top.** A awaits B; B has not started, and its first step is at the head of the queue. Then B is
//!   what the loop would run next, and A cannot go on before B has ended: so B's body is called on A's
//!   stack, if B is left the room that every task is promised ([`promised`]). Only the task that is awaited
//!   may be run there: any other would keep A from its stack while it waits.
//! - **On a worker, from here.** The next callback steps another task: it is started on an idle worker, or
//!   resumed on its own, from this stack. When it parks in turn, it gives control back here.
//! - **Itself.** The next callback steps the very task that has parked: it goes on.
//! - **One after another.** A task that has ended leaves its worker to the next fresh one in the queue.
//!
//! Everything else, and every boundary at which the loop may have to look at something, is the loop's: the
//! task suspends its worker, and so does everybody below it, until control is there.
//!
//! A task whose stack carries another one, on top or resumed from it, is *buried*: it holds no worker, so
//! nobody can resume it, and nobody needs to, for it is next only when what it carries has given control
//! back.

use super::cell::TaskRef;
use super::step::{self, begin, end, pause};
use crate::schedule::Schedule;
use crate::stack::{self, Refused};

/// The task has parked and says so to whoever runs next; back when it has control again, the cancellation
/// that its step delivers is in its `delivered`.
pub(super) fn cede(task: &TaskRef) -> Result<(), Refused> {
    pause(task);
    let schedule = &task.schedule;
    while let Some(key) = schedule.next_step_here() {
        if key == task.key() {
            schedule.take_next();
            task.delivered.set(begin(task));
            return Ok(());
        }
        let Some(next) = schedule.task(key) else {
            let stale = schedule.take_next(); // the wake came too late and does nothing
            stale.iter().for_each(|callback| schedule.skipped(callback));
            continue;
        };
        if next.is_buried() {
            break; // it is below us: control reaches it when we give ours back
        }
        if task.waits_for(key) && run_on_top(task, &next) {
            continue;
        }
        let depth = schedule.depth.get();
        if depth >= DEEPEST {
            break;
        }
        schedule.take_next();
        schedule.depth.set(depth + 1);
        step::give_control(next);
        schedule.depth.set(depth);
    }
    schedule.set_parked(task.key());
    stack::suspend().inspect_err(|_| _ = schedule.take_parked())
}

/// How many stacks may carry each other. One is what two tasks that wake each other need, a switch a wake
/// instead of two; a longer chain gains nothing, for it must be left again as it was entered.
const DEEPEST: u32 = 1;

/// Runs `next`, which `task` awaits, on `task`'s stack, until it has ended. Whether it could.
fn run_on_top(task: &TaskRef, next: &TaskRef) -> bool {
    if !next.fresh.get() || next.must_cancel.get() || next.stack_size.is_some() {
        return false;
    }
    let schedule = &next.schedule;
    let ran = stack::below(|below| {
        if below.left < promised(below.class) {
            return false;
        }
        schedule.take_next();
        begin(next);
        next.label(below.label);
        next.run_body();
        end(next);
        task.label(below.label);
        true
    });
    ran == Some(true)
}

/// How much of a stack every task can count on: half of what is mapped, so that running on top never
/// changes which programs overflow.
fn promised(class: u8) -> usize {
    stack::size_of_class(class) / 2
}

/// A task has ended on a worker of this class: the next fresh one, if it is next and fits there.
pub(super) fn take_fresh(schedule: &Schedule, class: u8) -> Option<TaskRef> {
    let next = schedule.task(schedule.next_step_here()?)?;
    if !next.fresh.get() || next.must_cancel.get() || stack::class_of(next.stack_bytes()) != Ok(class) {
        return None;
    }
    schedule.take_next();
    begin(&next);
    Some(next)
}

/// What a worker does with a task, and with those that it finds waiting when that one has ended.
pub(super) fn run_jobs(task: TaskRef) {
    let mut task = task;
    loop {
        let schedule = task.schedule.clone();
        match schedule.stack_usage.is_on() {
            false => task.run_body(),
            true => schedule.stack_usage.measured(task.coroutine(), || task.run_body()),
        }
        end(&task);
        drop(task);
        let next = stack::below(|below| {
            let next = take_fresh(&schedule, below.class)?;
            next.label(below.label);
            Some(next)
        });
        match next.flatten() {
            Some(fresh) => task = fresh,
            None => return,
        }
    }
}
