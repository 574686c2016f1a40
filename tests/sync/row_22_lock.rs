//! Row 22: a lock goes to those who wait in their order; who is cancelled passes it on.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use cede::sync::Lock;
use cede::{Awaitable, Cancelled, Condition, Promise, Semaphore};

use crate::help::{Trace, cancel_soon, run, soon, spawn_with, turn};

/// A task that locks, says so, and keeps the lock until it is told to release it.
fn holder(
    lock: &Rc<Lock>,
    trace: &Trace,
    name: &'static str,
    until: Promise<()>,
) -> cede::Task<cede::Result<()>> {
    let trace = trace.clone();
    spawn_with(lock, move |lock| {
        let _guard = lock.lock().await_()?;
        trace.add(name);
        until.await_()
    })
}

/// test_locks: LockTests.test_repr
#[test]
fn a_lock_shows_whether_it_is_locked_and_how_many_wait() {
    run(|| {
        let lock = Rc::new(Lock::new(()));
        assert_eq!(format!("{lock:?}"), "<Lock [unlocked]>");
        let guard = lock.try_lock();
        assert_eq!(format!("{lock:?}"), "<Lock [locked]>");
        spawn_with(&lock, |lock| lock.lock().await_().map(drop));
        spawn_with(&lock, |lock| lock.lock().await_().map(drop));
        turn();
        assert_eq!(format!("{lock:?}"), "<Lock [locked, waiters:2]>");
        drop(guard);
        assert_eq!(format!("{lock:?}"), "<Lock [unlocked, waiters:2]>");
    });
}

/// test_locks: LockTests.test_acquire
#[test]
fn a_lock_goes_to_its_waiters_in_the_order_in_which_they_came() {
    run(|| {
        let (lock, trace) = (Rc::new(Lock::new(())), Trace::new());
        let guard = lock.lock().await_().unwrap();
        let release: Vec<Promise<()>> = (0..3).map(|_| Promise::new()).collect();
        let one = holder(&lock, &trace, "1", release[0].clone());
        let two = holder(&lock, &trace, "2", release[1].clone());
        turn();
        assert!(trace.take().is_empty());

        drop(guard);
        turn();
        assert_eq!(trace.take(), ["1"]);
        turn();
        assert!(trace.take().is_empty());

        let three = holder(&lock, &trace, "3", release[2].clone());
        for (release, next) in release.iter().zip(["2", "3", ""]) {
            release.set_result(()).unwrap();
            turn(); // the holder runs and releases
            turn();
            assert_eq!(trace.take().join(" "), next);
        }
        assert!(one.done() && two.done() && three.done());
    });
}

/// test_locks: LockTests.test_acquire_cancel
#[test]
fn a_cancelled_waiter_leaves_no_trace() {
    run(|| {
        let lock = Rc::new(Lock::new(()));
        let _guard = lock.lock().await_().unwrap();
        let task = spawn_with(&lock, |lock| lock.lock().await_().map(drop));
        cancel_soon(&task);
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
        assert_eq!(format!("{lock:?}"), "<Lock [locked]>");
    });
}

/// test_locks: LockTests.test_cancel_race
#[test]
fn a_waiter_that_is_cancelled_while_the_lock_is_released_passes_it_on() {
    run(|| {
        let (lock, trace) = (Rc::new(Lock::new(())), Trace::new());
        let (release, done) = (Promise::new(), Promise::new());
        done.set_result(()).unwrap();
        let a = holder(&lock, &trace, "A", release.clone());
        turn();
        let b = holder(&lock, &trace, "B", done.clone());
        turn();
        let c = holder(&lock, &trace, "C", done.clone());
        turn();
        release.set_result(()).unwrap();
        b.cancel();
        turn();
        assert!(!lock.locked());
        assert!(a.done());
        assert!(b.cancelled());
        c.await_().unwrap().unwrap();
        assert_eq!(trace.take(), ["A", "C"]);
    });
}

/// test_locks: LockTests.test_cancel_release_race
#[test]
fn of_a_cancelled_and_a_waiting_task_only_the_waiting_one_gets_a_lock_released_in_between() {
    run(|| {
        let (lock, locked) = (Rc::new(Lock::new(())), Rc::new(Cell::new(0)));
        let guard = lock.lock().await_().unwrap();
        let lockit = || {
            let locked = Rc::clone(&locked);
            spawn_with(&lock, move |lock| {
                std::mem::forget(lock.lock().await_()?);
                locked.set(locked.get() + 1);
                Ok::<(), Cancelled>(())
            })
        };
        let (one, two, three) = (lockit(), lockit(), lockit());
        turn();
        one.cancel(); // still the first in the queue, and done
        drop(guard); // wakes nobody yet
        assert!((&one).await_().unwrap().is_err());
        turn();
        assert_eq!(locked.get(), 1);
        assert!(one.cancelled() && two.done() && !three.done());
        three.cancel();
        turn();
        assert!(three.cancelled());
    });
}

/// test_locks: LockTests.test_finished_waiter_cancelled
#[test]
fn a_woken_waiter_that_is_cancelled_wakes_the_next() {
    run(|| {
        let lock = Rc::new(Lock::new(()));
        let guard = lock.lock().await_().unwrap();
        let b = spawn_with(&lock, |lock| lock.lock().await_().map(std::mem::forget));
        turn();
        let c = spawn_with(&lock, |lock| lock.lock().await_().map(std::mem::forget));
        turn();
        drop(guard); // wakes b
        b.cancel();
        turn();
        assert!(b.cancelled());
        assert!(!c.done());
        turn();
        assert!(lock.locked());
        assert!(c.done());
    });
}

/// test_locks: LockTests.test_release_no_waiters
#[test]
fn releasing_with_nobody_waiting_unlocks() {
    run(|| {
        let lock = Lock::new(());
        let guard = lock.lock().await_().unwrap();
        assert!(lock.locked());
        drop(guard);
        assert!(!lock.locked());
    });
}

/// test_locks: LockTests.test_context_manager
#[test]
fn a_guard_releases_at_the_end_of_its_scope_however_that_is_left() {
    run(|| {
        let lock = Lock::new(());
        {
            let _guard = lock.lock().await_().unwrap();
            assert!(lock.locked());
        }
        assert!(!lock.locked());

        let by_question_mark = || -> Result<(), &str> {
            let _guard = lock.lock().await_().map_err(|_| "cancelled")?;
            Err("left early")
        };
        assert_eq!(by_question_mark(), Err("left early"));
        assert!(!lock.locked());

        let by_panic = catch_unwind(AssertUnwindSafe(|| {
            let _guard = lock.lock().await_().unwrap();
            std::panic::resume_unwind(Box::new("left in panic"));
        }));
        assert!(by_panic.is_err());
        assert!(!lock.locked());
    });
}

/// test_locks: LockTests.test_lock_by_with_statement
#[test]
fn an_awaitable_that_is_never_awaited_locks_nothing() {
    run(|| {
        let (lock, semaphore) = (Lock::new(()), Semaphore::new(1));
        let (locking, acquiring) = (lock.lock(), semaphore.acquire());
        turn();
        assert!(!lock.locked() && !semaphore.locked());
        let _ = (locking, acquiring);
        assert!(!lock.locked() && !semaphore.locked());
    });
}

#[test]
fn who_releases_and_locks_again_waits_behind_those_who_wait() {
    run(|| {
        let (lock, trace) = (Rc::new(Lock::new(())), Trace::new());
        let worker = |name: &'static str| {
            let trace = trace.clone();
            spawn_with(&lock, move |lock| {
                for round in 1..=2 {
                    let _guard = lock.lock().await_()?;
                    trace.add(format!("{name}{round}"));
                }
                Ok::<(), Cancelled>(())
            })
        };
        let guard = lock.lock().await_().unwrap();
        let workers = ["a", "b", "c"].map(worker);
        turn();
        drop(guard);
        for worker in workers {
            worker.await_().unwrap().unwrap();
        }
        assert_eq!(trace.take(), ["a1", "b1", "c1", "a2", "b2", "c2"]);
    });
}

#[test]
fn nobody_gets_in_between_a_release_and_the_woken_waiter() {
    run(|| {
        let lock = Rc::new(Lock::new(()));
        let guard = lock.lock().await_().unwrap();
        let trace = Trace::new();
        let waits = |name: &'static str| {
            let trace = trace.clone();
            spawn_with(&lock, move |lock| {
                let _guard = lock.lock().await_()?;
                trace.add(name);
                cede::yield_now().await_()
            })
        };
        waits("waiter");
        turn();
        drop(guard);
        assert!(!lock.locked(), "the waiter has not run");
        assert!(lock.try_lock().is_none(), "but the lock is its");
        waits("late");
        turn();
        assert_eq!(trace.take(), ["waiter"]);
        turn();
        turn();
        assert_eq!(trace.take(), ["late"]);
    });
}

#[test]
fn a_lock_whose_waiters_are_all_cancelled_is_free_at_once() {
    run(|| {
        let lock = Rc::new(Lock::new(()));
        let guard = lock.lock().await_().unwrap();
        let tasks: Vec<_> =
            (0..3).map(|_| spawn_with(&lock, |lock| lock.lock().await_().map(drop))).collect();
        turn();
        for task in &tasks {
            task.cancel();
        }
        drop(guard);
        assert!(lock.try_lock().is_some(), "jumping a queue of the cancelled is fair");
        turn();
        assert!(tasks.iter().all(|task| task.cancelled()));
        assert_eq!(format!("{lock:?}"), "<Lock [unlocked]>");
    });
}

#[test]
fn a_free_lock_is_locked_without_ceding_and_without_a_loop() {
    let lock = Lock::new(5);
    *lock.lock().await_().unwrap() += 1;
    assert_eq!(*lock.try_lock().unwrap(), 6);
    run(|| {
        let (lock, trace) = (Lock::new(()), Trace::new());
        soon(trace.call("a callback"));
        drop(lock.lock().await_());
        assert!(trace.take().is_empty(), "nothing else ran");
    });
}

#[test]
fn a_cancellation_lands_where_the_lock_has_to_be_waited_for() {
    run(|| {
        let lock = Rc::new(Lock::new(()));
        let task = spawn_with(&lock, |lock| {
            cede::current_task().unwrap().cancel();
            let guard = lock.lock().await_().expect("a free lock is no place to be cancelled");
            let error = lock.lock().await_().map(drop);
            drop(guard);
            error
        });
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
        assert!(!lock.locked());
    });
}

#[test]
fn a_lock_protects_its_value_across_awaits() {
    run(|| {
        let lock = Rc::new(Lock::new(Vec::new()));
        let tasks: Vec<_> = (0..4)
            .map(|number| {
                spawn_with(&lock, move |lock| {
                    let mut values = lock.lock().await_()?;
                    for _ in 0..3 {
                        values.push(number);
                        cede::yield_now().await_()?;
                    }
                    Ok::<(), Cancelled>(())
                })
            })
            .collect();
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
        let lock = Rc::into_inner(lock).unwrap();
        assert_eq!(lock.into_inner(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    });
}

#[test]
fn a_task_that_panics_with_the_lock_leaves_it_free_and_the_value_as_it_is() {
    run(|| {
        let lock = Rc::new(Lock::new(1));
        let task = spawn_with(&lock, |lock| -> Result<(), Cancelled> {
            let mut value = lock.lock().await_()?;
            *value = 2;
            cede::yield_now().await_()?;
            std::panic::resume_unwind(Box::new("half way"));
        });
        let next = spawn_with(&lock, |lock| Ok::<_, Cancelled>(*lock.lock().await_()?));
        assert!(task.await_().unwrap_err().is_panic());
        assert_eq!(next.await_().unwrap(), Ok(2));
    });
}

#[test]
fn the_value_may_be_unsized_and_reached_without_locking_by_its_owner() {
    let mut lock: Box<Lock<[i32]>> = Box::new(Lock::new([1, 2, 3]));
    lock.get_mut()[0] = 7;
    let guard = lock.try_lock().unwrap();
    assert_eq!(*guard, [7, 2, 3]);
    assert_eq!(format!("{guard:?}"), "[7, 2, 3]");
    assert!(cede::sync::LockGuard::lock(&guard).locked());
}

/// Guards of different locks are independent of each other, and of the order in which they go.
#[test]
fn several_locks_may_be_held_and_released_in_any_order() {
    run(|| {
        let (left, right) = (Lock::new('l'), Lock::new('r'));
        let one = left.lock().await_().unwrap();
        let two = right.lock().await_().unwrap();
        drop(one);
        assert!(!left.locked() && right.locked());
        drop(two);
        assert!(!right.locked());
        let both = RefCell::new(Vec::new());
        both.borrow_mut().push(*left.lock().await_().unwrap());
        assert_eq!(both.take(), ['l']);
    });
}

/// test_locks: ConditionTests.test_explicit_lock
#[test]
fn a_lock_is_the_same_through_a_condition() {
    run(|| {
        let (lock, condition) = (Rc::new(Lock::new(false)), Rc::new(Condition::new()));
        let waiter = spawn_with(&lock, {
            let condition = Rc::clone(&condition);
            move |lock| {
                let mut ready = lock.lock().await_()?;
                condition.wait_for(&mut ready, |ready| *ready).await_()?;
                assert!(lock.locked());
                Ok::<(), Cancelled>(())
            }
        });
        turn();
        assert!(!lock.locked());
        *lock.lock().await_().unwrap() = true;
        condition.notify_all();
        waiter.await_().unwrap().unwrap();
        assert!(!lock.locked());
    });
}
