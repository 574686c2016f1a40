//! Row 24: waiting needs the lock (by type), a cancelled wait locks again before it comes back, and a
//! notification that it can no longer use goes to the next (3.13).

use std::cell::Cell;
use std::rc::Rc;

use cede::sync::{Condition, Lock};
use cede::{Awaitable, Cancelled, Task};

use crate::help::{Trace, cancel_later, cancel_soon, run, soon, spawn_with, turn};

type Shared = (Lock<i32>, Condition);

fn shared() -> Rc<Shared> {
    Rc::default()
}

/// A task that waits once and says when it goes on, with the lock; it keeps that for a turn more if asked.
fn waiter(shared: &Rc<Shared>, trace: &Trace, name: &'static str, keep: bool) -> Task<Result<(), Cancelled>> {
    let trace = trace.clone();
    spawn_with(shared, move |shared| {
        let mut guard = shared.0.lock().await_()?;
        shared.1.wait(&mut guard).await_()?;
        trace.add(name);
        if keep {
            cede::yield_now().await_()?;
        }
        Ok(())
    })
}

/// test_locks: ConditionTests.test_wait
#[test]
fn the_notified_go_on_one_after_another_each_when_it_has_the_lock() {
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        let (lock, condition) = &*shared;
        let tasks = ["1", "2", "3"].map(|name| waiter(&shared, &trace, name, true));
        turn();
        assert!(trace.take().is_empty());
        assert!(!lock.locked());

        let guard = lock.lock().await_().unwrap();
        condition.notify(1);
        turn();
        assert!(trace.take().is_empty());
        assert!(lock.locked());

        drop(guard);
        turn();
        assert_eq!(trace.take(), ["1"]);
        assert!(lock.locked());

        condition.notify(2);
        turn(); // the first releases; the others wake, and the one that comes first locks
        turn();
        assert_eq!(trace.take(), ["2"]);
        turn();
        assert!(lock.locked());
        turn();
        assert_eq!(trace.take(), ["3"]);
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
    });
}

/// test_locks: ConditionTests.test_wait_cancel
#[test]
fn a_cancelled_wait_has_the_lock_again_when_it_comes_back() {
    run(|| {
        let shared = shared();
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            let error = condition.wait(&mut guard).await_().unwrap_err();
            assert!(lock.locked());
            *guard += 1; // it is ours
            Err::<(), Cancelled>(error)
        });
        cancel_soon(&task);
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
        let (lock, condition) = &*shared;
        assert_eq!(*lock.try_lock().unwrap(), 1);
        assert_eq!(format!("{condition:?}"), "<Condition []>");
    });
}

/// test_locks: ConditionTests.test_wait_cancel_contested
#[test]
fn a_wait_cancelled_while_the_lock_is_contended_still_gets_it_first() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            let waited = condition.wait(&mut guard).await_();
            assert!(lock.locked());
            waited
        });
        turn();
        assert!(!lock.locked());
        let guard = lock.lock().await_().unwrap();
        condition.notify(1);
        turn(); // woken, it waits for the lock
        task.cancel();
        turn();
        assert!(!task.done(), "it does not come back without the lock");
        drop(guard);
        assert!((&task).await_().unwrap().is_err());
        assert!(!lock.locked());
    });
}

/// test_locks: ConditionTests.test_wait_cancel_after_notify
#[test]
fn a_wait_cancelled_while_it_locks_again_is_cancelled_once_it_has_the_lock() {
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        let (lock, condition) = &*shared;
        let task = waiter(&shared, &trace, "never", false);
        turn();
        let guard = lock.lock().await_().unwrap();
        condition.notify(1);
        turn(); // it waits for the lock
        task.cancel();
        turn(); // the cancellation is kept
        drop(guard);
        turn();
        assert!(task.cancelled());
        assert!(trace.take().is_empty());
    });
}

/// test_locks: ConditionTests.test_wait_for
#[test]
fn waiting_for_something_asks_after_every_notification() {
    run(|| {
        let (shared, asked) = (shared(), Rc::new(Cell::new(0)));
        let (lock, condition) = &*shared;
        let task = spawn_with(&shared, {
            let asked = Rc::clone(&asked);
            move |(lock, condition)| {
                let mut guard = lock.lock().await_()?;
                let ready = |value: &mut i32| {
                    asked.set(asked.get() + 1);
                    *value > 0
                };
                condition.wait_for(&mut guard, ready).await_()?;
                Ok::<i32, Cancelled>(*guard)
            }
        });
        turn();
        assert_eq!((asked.get(), task.done()), (1, false));

        condition.notify(1);
        turn();
        assert_eq!((asked.get(), task.done()), (2, false));

        *lock.lock().await_().unwrap() = 5;
        condition.notify(1);
        turn();
        assert_eq!((asked.get(), task.done()), (3, true));
        assert_eq!(task.await_().unwrap(), Ok(5));
    });
}

/// test_locks: ConditionTests.test_wait_for_unacquired
#[test]
fn waiting_for_what_is_true_already_does_not_cede() {
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        let (lock, condition) = &*shared;
        let mut guard = lock.lock().await_().unwrap();
        soon(trace.call("a callback"));
        condition.wait_for(&mut guard, |_| true).await_().unwrap();
        condition.wait_while(&mut guard, |_| false).await_().unwrap();
        assert!(trace.take().is_empty() && lock.locked());
    });
}

#[test]
fn waiting_while_something_is_waiting_for_its_opposite() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            condition.wait_while(&mut guard, |value| *value < 2).await_()?;
            Ok::<i32, Cancelled>(*guard)
        });
        turn();
        for _ in 0..2 {
            assert!(!task.done());
            *lock.lock().await_().unwrap() += 1;
            condition.notify_all();
            turn();
        }
        assert_eq!(task.result().unwrap(), Ok(2));
    });
}

/// test_locks: ConditionTests.test_notify
#[test]
fn a_notification_wakes_as_many_as_it_says_in_their_order() {
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        let (_, condition) = &*shared;
        let tasks = ["1", "2", "3"].map(|name| waiter(&shared, &trace, name, false));
        turn();
        condition.notify(1);
        turn();
        assert_eq!(trace.take(), ["1"]);

        condition.notify(1);
        condition.notify(2048);
        turn();
        turn();
        assert_eq!(trace.take(), ["2", "3"]);
        assert!(tasks.iter().all(|task| task.done()));
    });
}

/// test_locks: ConditionTests.test_notify_all
#[test]
fn notifying_all_wakes_all_that_wait_now() {
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        let (_, condition) = &*shared;
        let tasks = ["1", "2"].map(|name| waiter(&shared, &trace, name, false));
        turn();
        condition.notify_all();
        let late = waiter(&shared, &trace, "3", false);
        turn();
        turn();
        assert_eq!(trace.take(), ["1", "2"]);
        assert!(tasks.iter().all(|task| task.done()) && !late.done());
    });
}

/// test_locks: ConditionTests.test_notify_unacquired, test_notify_all_unacquired. cede differs: notifying
/// needs no lock, for nobody runs between a change and a notification.
#[test]
fn notifying_needs_no_lock() {
    let condition = Condition::new();
    condition.notify(1);
    condition.notify_all();
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        waiter(&shared, &trace, "woken", false);
        turn();
        let other = Rc::clone(&shared);
        soon(move || other.1.notify(1));
        turn();
        turn();
        assert_eq!(trace.take(), ["woken"]);
    });
}

/// test_locks: ConditionTests.test_repr
#[test]
fn a_condition_shows_how_many_wait() {
    run(|| {
        let shared = shared();
        assert_eq!(format!("{:?}", shared.1), "<Condition []>");
        waiter(&shared, &Trace::new(), "", false);
        waiter(&shared, &Trace::new(), "", false);
        turn();
        assert_eq!(format!("{:?}", shared.1), "<Condition [waiters:2]>");
    });
}

/// test_locks: ConditionTests.test_context_manager
#[test]
fn the_lock_is_held_before_and_after_a_wait_and_free_during_it() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            assert!(lock.locked());
            condition.wait(&mut guard).await_()?;
            assert!(lock.locked());
            Ok::<(), Cancelled>(())
        });
        turn();
        assert!(!lock.locked());
        condition.notify(1);
        task.await_().unwrap().unwrap();
        assert!(!lock.locked());
    });
}

/// test_locks: ConditionTests.test_explicit_lock
#[test]
fn several_conditions_may_use_one_lock() {
    run(|| {
        let shared = Rc::new((Lock::new(Vec::new()), Condition::new(), Condition::new()));
        let consumer = spawn_with(&shared, |(items, filled, emptied)| {
            let mut items = items.lock().await_()?;
            for expected in 1..=3 {
                filled.wait_for(&mut items, |items| !items.is_empty()).await_()?;
                assert_eq!(items.pop(), Some(expected));
                emptied.notify(1);
            }
            Ok::<(), Cancelled>(())
        });
        let (items, filled, emptied) = &*shared;
        let mut items = items.lock().await_().unwrap();
        for item in 1..=3 {
            emptied.wait_for(&mut items, |items| items.is_empty()).await_().unwrap();
            items.push(item);
            filled.notify(1);
        }
        drop(items);
        consumer.await_().unwrap().unwrap();
    });
}

/// cede differs: one condition may be waited for with several locks.
#[test]
fn waiters_with_different_locks_each_get_their_own_back() {
    run(|| {
        let shared = Rc::new((Lock::new('l'), Lock::new('r'), Condition::new()));
        let left = spawn_with(&shared, |(lock, _, condition)| {
            let mut guard = lock.lock().await_()?;
            condition.wait(&mut guard).await_()?;
            Ok::<char, Cancelled>(*guard)
        });
        let right = spawn_with(&shared, |(_, lock, condition)| {
            let mut guard = lock.lock().await_()?;
            condition.wait(&mut guard).await_()?;
            Ok::<char, Cancelled>(*guard)
        });
        turn();
        shared.2.notify_all();
        turn();
        assert_eq!((left.result().unwrap(), right.result().unwrap()), (Ok('l'), Ok('r')));
    });
}

/// test_locks: ConditionTests.test_timeout_in_block
#[test]
fn a_wait_that_takes_too_long_can_be_given_up() {
    run(|| {
        let shared = shared();
        let task = waiter(&shared, &Trace::new(), "", false);
        cancel_later(&task, 500, "too long");
        assert_eq!(task.await_().unwrap().unwrap_err().message(), Some("too long"));
        assert!(!shared.0.locked());
    });
}

/// test_locks: ConditionTests.test_cancelled_error_wakeup
#[test]
fn a_cancellation_of_the_wait_comes_out_as_it_was_given() {
    run(|| {
        let task = spawn_with(&shared(), |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            condition.wait_for(&mut guard, |_| false).await_()
        });
        turn();
        task.cancel_with("foo");
        assert_eq!((&task).await_().unwrap().unwrap_err().message(), Some("foo"));
        assert!(task.cancelled());
    });
}

/// test_locks: ConditionTests.test_cancelled_error_re_aquire
#[test]
fn a_cancellation_of_the_locking_again_comes_out_as_it_was_given() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            condition.wait_for(&mut guard, |value| *value > 0).await_()
        });
        turn();
        let mut guard = lock.lock().await_().unwrap();
        *guard = 1;
        condition.notify(1);
        turn(); // it waits for the lock
        task.cancel_with("foo");
        drop(guard);
        assert_eq!((&task).await_().unwrap().unwrap_err().message(), Some("foo"));
    });
}

/// Of several cancellations the last comes out: CPython keeps "most recent exception instance".
#[test]
fn of_several_cancellations_the_last_comes_out() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            condition.wait(&mut guard).await_()
        });
        turn();
        let guard = lock.lock().await_().unwrap();
        condition.notify(1);
        for message in ["first", "second", "third"] {
            turn();
            task.cancel_with(message);
        }
        turn();
        assert!(!task.done());
        drop(guard);
        assert_eq!((&task).await_().unwrap().unwrap_err().message(), Some("third"));
    });
}

/// The consumer of test_cancelled_wakeup: takes one of what is there, until that is less than nothing.
fn consumer(shared: &Rc<Shared>) -> Task<Result<(), Cancelled>> {
    spawn_with(shared, |(lock, condition)| {
        let mut state = lock.lock().await_()?;
        loop {
            condition.wait_for(&mut state, |state| *state != 0).await_()?;
            if *state < 0 {
                return Ok(());
            }
            *state -= 1;
        }
    })
}

/// Waits until everything has been consumed, but not for ever.
fn assert_consumed(shared: &Rc<Shared>) {
    let watcher = spawn_with(shared, |(lock, condition)| {
        let mut state = lock.lock().await_()?;
        condition.wait_for(&mut state, |state| *state == 0).await_()
    });
    cancel_later(&watcher, 10, "too long");
    let _ = watcher.await_().unwrap();
    assert_eq!(*shared.0.try_lock().unwrap(), 0, "the notification was lost");
}

/// test_locks: ConditionTests.test_cancelled_wakeup
#[test]
fn a_notification_of_a_task_that_is_cancelled_before_it_runs_goes_to_the_next() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let consumers = [consumer(&shared), consumer(&shared)];
        turn();
        *lock.lock().await_().unwrap() += 1;
        condition.notify(1);
        consumers[0].cancel();
        assert_consumed(&shared);
        *lock.lock().await_().unwrap() = -1;
        condition.notify_all();
        let [one, two] = consumers;
        assert!(one.await_().unwrap().is_err());
        two.await_().unwrap().unwrap();
    });
}

/// test_locks: ConditionTests.test_cancelled_wakeup_relock
#[test]
fn a_notification_of_a_task_that_is_cancelled_while_it_locks_again_goes_to_the_next() {
    run(|| {
        let shared = shared();
        let (lock, condition) = &*shared;
        let consumers = [consumer(&shared), consumer(&shared)];
        turn();
        {
            let mut state = lock.lock().await_().unwrap();
            *state += 1;
            condition.notify(1);
            turn(); // the first is woken and waits for the lock
            consumers[0].cancel();
        }
        assert_consumed(&shared);
        *lock.lock().await_().unwrap() = -1;
        condition.notify_all();
        let [one, two] = consumers;
        assert!(one.await_().unwrap().is_err());
        two.await_().unwrap().unwrap();
    });
}

/// Any cancelled wait wakes another, notified or not: CPython 3.13 says that such a wake may be spurious.
#[test]
fn a_cancelled_wait_may_wake_another_for_nothing() {
    run(|| {
        let (shared, trace) = (shared(), Trace::new());
        let one = waiter(&shared, &trace, "1", false);
        let two = waiter(&shared, &trace, "2", false);
        turn();
        one.cancel();
        assert!(one.await_().unwrap().is_err());
        two.await_().unwrap().unwrap();
        assert_eq!(trace.take(), ["2"]);
    });
}

/// test_locks: ConditionTests.test_wait_unacquired, as far as types go: the guard that is given back is the
/// one that was lent.
#[test]
fn a_guard_is_as_good_after_a_wait_as_before() {
    run(|| {
        let shared = shared();
        let task = spawn_with(&shared, |(lock, condition)| {
            let mut guard = lock.lock().await_()?;
            for _ in 0..3 {
                *guard += 1;
                condition.wait(&mut guard).await_()?;
            }
            drop(guard);
            Ok::<bool, Cancelled>(lock.locked())
        });
        for round in 1..=3 {
            turn();
            assert_eq!(*shared.0.lock().await_().unwrap(), round);
            shared.1.notify(1);
        }
        assert_eq!(task.await_().unwrap(), Ok(false));
    });
}
