//! 100,000 waiters on one thing: first come, first served, and no cost that grows with their number.

use std::cell::RefCell;
use std::rc::Rc;

use cede::sync::{Event, Lock, Queue};
use cede::{AnyTask, Awaitable, Cancelled};

use crate::help::{run, settle, spawn_with, turn};

/// Fewer where there are not as many stacks: AddressSanitizer keeps books on each, and guards made by
/// `mprotect` end near 32,000.
fn many() -> usize {
    let few = cfg!(feature = "sanitizer")
        || std::env::var("CEDE_STACK_GUARD").as_deref() == Ok("mprotect")
        || !cede_tests::child::guard_modes().contains(&"madvise");
    if few { 10_000 } else { 100_000 }
}

/// Every task of these is cancelled before it is woken.
fn is_cancelled(number: usize) -> bool {
    number % 10 == 3
}

fn expected() -> Vec<usize> {
    (0..many()).filter(|number| !is_cancelled(*number)).collect()
}

/// Makes them wait and cancels some, from the last to the first.
fn wait<S: 'static>(
    shared: &Rc<S>,
    served: &Rc<RefCell<Vec<usize>>>,
    wait: fn(&S) -> Result<(), Cancelled>,
) -> Vec<AnyTask> {
    let tasks: Vec<_> = (0..many())
        .map(|number| {
            let served = Rc::clone(served);
            let body = move |shared: &S| {
                wait(shared)?;
                served.borrow_mut().push(number);
                Ok::<(), Cancelled>(())
            };
            spawn_with(shared, body).handle()
        })
        .collect();
    turn();
    for number in (0..many()).rev().filter(|number| is_cancelled(*number)) {
        assert!(tasks[number].cancel());
    }
    tasks
}

fn assert_ended(tasks: &[AnyTask]) {
    for (number, task) in tasks.iter().enumerate() {
        assert!(task.done() && task.cancelled() == is_cancelled(number), "{task:?}");
    }
}

#[test]
fn an_event_wakes_100_000_waiters_in_their_order() {
    run(|| {
        let (event, served) = (Rc::new(Event::new()), Rc::default());
        let tasks = wait(&event, &served, |event| event.wait().await_());
        assert_eq!(format!("{event:?}"), format!("<Event [unset, waiters:{}]>", many()));
        event.set();
        turn();
        assert_eq!(served.take(), expected());
        assert_ended(&tasks);
        assert_eq!(format!("{event:?}"), "<Event [set]>");
    });
}

#[test]
fn a_lock_goes_through_100_000_waiters_in_their_order() {
    run(|| {
        let (lock, served) = (Rc::new(Lock::new(())), Rc::default());
        let guard = lock.try_lock();
        let tasks = wait(&lock, &served, |lock| lock.lock().await_().map(drop));
        assert_eq!(format!("{lock:?}"), format!("<Lock [locked, waiters:{}]>", many()));
        drop(guard);
        settle();
        assert_eq!(served.take(), expected());
        assert_ended(&tasks);
        assert_eq!(format!("{lock:?}"), "<Lock [unlocked]>");
    });
}

#[test]
fn a_queue_serves_100_000_getters_in_their_order() {
    run(|| {
        let (queue, served) = (Rc::new(Queue::unbounded()), Rc::default());
        let tasks =
            wait(&queue, &served, |queue: &Queue<usize>| queue.get().await_().map(drop).map_err(cancelled));
        for item in 0..expected().len() {
            queue.put_nowait(item).unwrap();
        }
        turn();
        assert_eq!(served.take(), expected());
        assert_ended(&tasks);
        assert!(queue.is_empty());
    });
}

#[test]
fn a_queue_takes_from_100_000_putters_in_their_order() {
    run(|| {
        let (queue, served) = (Rc::new(Queue::new(1)), Rc::default());
        queue.put_nowait(()).unwrap();
        let tasks = wait(&queue, &served, |queue| queue.put(()).await_().map_err(|_| Cancelled::new()));
        for _ in 0..expected().len() {
            queue.get_nowait().unwrap();
            turn();
        }
        turn();
        assert_eq!(served.take(), expected());
        assert_ended(&tasks);
    });
}

fn cancelled(error: cede::sync::GetError) -> Cancelled {
    assert!(error.is_cancelled());
    Cancelled::new()
}
