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
//!   stack, if B is left the room that every task is promised ([`has_room`]). Only the task that is awaited
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

use std::panic::Location;

use super::cell::TaskRef;
use super::step::{self, begin, begin_first_unwatched, end, go_on_unwatched, pause};
use crate::callback::Callback;
use crate::coroutine::is_driven;
use crate::error::Cancelled;
use crate::outcome::Outcome;
use crate::schedule::{self, Schedule};
use crate::stack::{self, Below, Label, Refused};

/// The task has parked and says so to whoever runs next; back when it has control again, the cancellation
/// that its step delivers waits in it to be taken.
#[inline(always)]
pub(super) fn cede(task: &TaskRef) -> Result<(), Refused> {
    pause(task);
    // Given control by another task's stack, and with nobody to run on top of this one: that other stack goes
    // on choosing who is next.
    if task.schedule.depth.get() < DEEPEST || task.waits_for_task() {
        wait_here(task)
    } else {
        give_back(task)
    }
}

/// The running task lets everybody go first who is ready, if it has nothing else to do for that than to give
/// its stack back: nobody watches, and the stack below it goes on choosing. Whether it did.
///
/// This is what a turn of many tasks consists of, and its time is that of the memory it touches. So all of it
/// is inlined, for each call would touch a line or two more of every task's stack; and nothing is kept over the
/// switch that can be had again after it.
#[inline(always)]
pub(super) fn yield_back(at: &'static Location<'static>) -> bool {
    let Ok(stack) = stack::suspendable() else { return false };
    let queued = schedule::with_running(|running| {
        running.is_some_and(|schedule| {
            schedule.depth.get() >= DEEPEST
                && !schedule.is_special()
                && !is_driven()
                && schedule.queue_current(stack.place(), |task| task.yields_at(at))
        })
    });
    if queued {
        stack.suspend();
    }
    queued
}

/// Suspends the worker we are on, to whoever gave it control.
#[inline(always)]
fn give_back(task: &TaskRef) -> Result<(), Refused> {
    let stack = stack::suspendable()?;
    task.schedule.set_parked(task.key(), stack.place());
    stack.suspend();
    Ok(())
}

/// The running task awaits `next`, and nothing comes between: nobody watches, `next` has not begun, and it is
/// what the loop would run next. So it is run on top at once. `None` where that cannot be.
///
/// This is [`cede`] for the one case that a program of nested tasks consists of, without asking what is known.
#[inline]
pub(super) fn await_on_top(
    next: &TaskRef,
    at: &'static Location<'static>,
) -> Option<Result<Option<Cancelled>, Refused>> {
    let schedule = &*next.schedule;
    if !may_run_on_top(next) || !schedule.is_quick() || is_driven() {
        return None;
    }
    stack::below(|below| {
        let task = schedule.take_current()?;
        if task.must_cancel.get() || !has_room(&below) || schedule.next_step_quickly() != Some(next.key()) {
            schedule.put_current(task);
            return None;
        }
        next.completion.add_waker(task.key());
        task.wait_for_task(next.clone(), at);
        schedule.take_step();
        begin_first_unwatched(next);
        let outcome = run_on(below.label, &task, next);
        if end_for(&task, next, outcome) {
            return Some(Ok(go_on_unwatched(schedule, task)));
        }
        end(next, outcome);
        if let Err(refused) = wait_here(&task) {
            return Some(Err(refused));
        }
        Some(Ok(task.take_delivered()))
    })?
}

/// `next` has ended so, on top of `task`, which awaits it. If that is all there is, its wake would be pushed to
/// an empty queue and popped from it in the turn after this: then that is done without the queue. Whether it was.
#[inline]
fn end_for(task: &TaskRef, next: &TaskRef, outcome: Outcome) -> bool {
    let schedule = &*next.schedule;
    let so = outcome == Outcome::Finished
        && !next.must_cancel.get()
        && next.completion.waker_is(task.key())
        && schedule.cross_empty();
    if so {
        next.completion.finish();
        schedule.unregister(next.key());
    }
    so
}

/// Gives control on from this stack until it is the task's again.
fn wait_here(task: &TaskRef) -> Result<(), Refused> {
    let schedule = &task.schedule;
    while let Some(key) = schedule.next_step_here() {
        if key == task.key() {
            schedule.take_step();
            begin(task);
            return Ok(());
        }
        if let Some(awaited) = task.waits_for(key)
            && run_on_top(task, &awaited)
        {
            continue;
        }
        let depth = schedule.depth.get();
        if depth >= DEEPEST {
            break;
        }
        let Some(next) = schedule.task(key) else {
            schedule.take_step(); // the wake came too late and does nothing
            schedule.skipped(&Callback::Step(key));
            continue;
        };
        if next.is_buried() {
            break; // it is below us: control reaches it when we give ours back
        }
        schedule.take_step();
        schedule.fetch_ahead();
        schedule.depth.set(depth + 1);
        step::give_control(next);
        schedule.depth.set(depth);
    }
    give_back(task)
}

/// How many stacks may carry each other. One is what two tasks that wake each other need, a switch a wake
/// instead of two; a longer chain gains nothing, for it must be left again as it was entered.
const DEEPEST: u32 = 1;

/// Runs `next`, which `task` awaits and whose step is next, on `task`'s stack, until it has ended. Whether it
/// could.
fn run_on_top(task: &TaskRef, next: &TaskRef) -> bool {
    if !may_run_on_top(next) {
        return false;
    }
    let ran = stack::below(|below| {
        if !has_room(&below) {
            return false;
        }
        next.schedule.take_step();
        begin(next);
        let outcome = run_on(below.label, task, next);
        end(next, outcome);
        true
    });
    ran == Some(true)
}

/// Whether nothing about this task speaks against running it on a stack that is not its own.
#[inline]
fn may_run_on_top(next: &TaskRef) -> bool {
    next.fresh.get() && !next.must_cancel.get() && next.fits_anywhere()
}

/// Runs the body of `next`, which has control, on the stack with this label, which is `task`'s.
#[inline]
fn run_on(label: &Label, task: &TaskRef, next: &TaskRef) -> Outcome {
    next.label(label);
    let outcome = next.run_body();
    task.label(label);
    outcome
}

/// Whether this stack has as much left as every task can count on: half of what is mapped, so that running on
/// top never changes which programs overflow.
#[inline]
fn has_room(below: &Below<'_>) -> bool {
    below.left >= stack::size_of_class(below.class) / 2
}

/// A task has ended on a worker of this class: the next fresh one, if it is next and fits there.
pub(super) fn take_fresh(schedule: &Schedule, class: u8) -> Option<TaskRef> {
    let next = schedule.task(schedule.next_step_here()?)?;
    if !next.fresh.get() || next.must_cancel.get() || stack::class_of(next.stack_bytes()) != Ok(class) {
        return None;
    }
    schedule.take_step();
    begin(&next);
    Some(next)
}

/// What a worker does with a task, and with those that it finds waiting when that one has ended.
pub(super) fn run_jobs(task: TaskRef) {
    let mut task = task;
    loop {
        let schedule = task.schedule.clone();
        let outcome = match schedule.stack_usage.is_on() {
            false => task.run_body(),
            true => schedule.stack_usage.measured(task.coroutine(), || task.run_body()),
        };
        end(&task, outcome);
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
