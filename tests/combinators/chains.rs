//! Long chains of awaits, and cycles: a cancel walks along them in a loop, not by recursion.

use std::cell::RefCell;
use std::rc::Rc;

use cede::{Awaitable, Promise, Runner, Task};
use cede_tests::child::guard_modes;
use cede_tests::trace::run;

use super::{nap, pass, spawn};

/// How long a chain: a million in release; fewer where a task takes more memory, or a guard two mappings.
fn longest() -> usize {
    match (cfg!(feature = "sanitizer"), cfg!(debug_assertions), guard_modes().contains(&"madvise")) {
        (true, _, _) => 2_000,
        (false, false, true) => 1_000_000,
        _ => 20_000,
    }
}

/// Each awaits the one before; the last is what is cancelled.
fn chain(length: usize) -> Task<cede::Result<()>> {
    let mut last = spawn(|| Ok(Promise::<()>::new().await_()?));
    for _ in 1..length {
        last = spawn(move || last.await_()?);
    }
    last
}

/// CPython dies of it at 20,000 (RecursionError); RELIABILITY §1, row 30.
#[test]
fn a_cancel_along_a_million_awaits_needs_no_recursion() {
    Runner::new()
        .run(cede::coroutine(|| {
            let last = chain(longest());
            while cede::all_tasks()
                .iter()
                .any(|task| task.waiting_for().is_none() && *task != cede::current_task().unwrap())
            {
                cede::yield_now().await_().unwrap();
            }
            assert!(last.cancel());
            assert!(last.flatten().await_().unwrap_err().is_cancelled());
            assert_eq!(cede::all_tasks().len(), 1);
        }))
        .unwrap();
}

#[test]
fn nor_does_one_through_nested_gathers() {
    run(|| {
        let deepest = cede::create_task(nap(1000, ()));
        let mut outer =
            cede::create_task(cede::coroutine(move || cede::gather([deepest]).await_().map(drop)));
        for _ in 0..2_000 {
            outer = cede::create_task(cede::coroutine(move || cede::gather([outer]).await_().map(drop)));
        }
        pass(2_010).unwrap();
        assert!(outer.cancel());
        assert!(outer.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!(cede::all_tasks().len(), 1);
    });
}

#[test]
fn a_gather_of_gathers_cancels_what_is_inside() {
    run(|| {
        let promise = Promise::<cede::Result<()>>::new();
        let gather = cede::gather([cede::gather([cede::gather([promise.clone()])])]);
        pass(1).unwrap();
        assert!(gather.cancel());
        assert!(gather.await_().unwrap_err().is_cancelled());
        assert!(promise.cancelled());
    });
}

/// A ring of tasks, each awaiting the next.
fn ring(names: &[&'static str]) -> Vec<cede::AnyTask> {
    let slots: Vec<Rc<RefCell<Option<Task<cede::Result<()>>>>>> =
        names.iter().map(|_| Rc::default()).collect();
    let tasks: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let next = slots[(n + 1) % slots.len()].clone();
            spawn(move || {
                cede::yield_now().await_()?;
                let task = next.borrow_mut().take().expect("it was put there");
                task.await_()?
            })
            .named(name)
        })
        .collect();
    let handles = tasks.iter().map(Task::handle).collect();
    for (slot, task) in slots.iter().zip(tasks) {
        *slot.borrow_mut() = Some(task);
    }
    handles
}

#[test]
fn a_cycle_is_named_by_the_deadlock_report() {
    let error = cede::run(cede::coroutine(|| {
        ring(&["hole", "tree", "water"]);
        Promise::<()>::new().await_().unwrap();
    }))
    .unwrap_err();
    assert!(error.is_deadlock());
    let text = error.to_string();
    assert!(text.contains("\n  cycle: 'hole' → 'tree' → 'water' → 'hole'"), "{text}");
}

#[test]
fn a_cancel_along_a_cycle_counts_once_on_each_and_the_cycle_is_still_named() {
    let error = cede::run(cede::coroutine(|| {
        let tasks = ring(&["hole", "tree", "water"]);
        pass(3).unwrap();
        assert!(tasks[1].cancel());
        assert_eq!(tasks.iter().map(|task| task.cancelling()).collect::<Vec<_>>(), [1, 1, 1]);
        Promise::<()>::new().await_().unwrap();
    }))
    .unwrap_err();
    assert!(error.to_string().contains("cycle: 'hole' → 'tree' → 'water' → 'hole'"), "{error}");
}
