//! Row 25: permits go to those who wait in their order, nobody barges in, a cancelled waiter's permit goes
//! on, and a bounded semaphore is not released too often.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::sync::{BoundedSemaphore, Semaphore};
use cede::{Awaitable, Cancelled, Task};

use crate::help::{Trace, cancel_soon, panic_text, run, run_reporting, soon, spawn, spawn_with, turn};

/// A task that takes a permit for good, and says so.
fn taker(semaphore: &Rc<Semaphore>, trace: &Trace, name: &'static str) -> Task<Result<(), Cancelled>> {
    let trace = trace.clone();
    spawn_with(semaphore, move |semaphore| {
        semaphore.acquire().await_()?.forget();
        trace.add(name);
        Ok(())
    })
}

/// test_locks: SemaphoreTests.test_initial_value_zero
#[test]
fn a_semaphore_without_permits_is_locked() {
    let semaphore = Semaphore::new(0);
    assert!(semaphore.locked());
    assert!(semaphore.try_acquire().is_none());
}

/// test_locks: SemaphoreTests.test_repr
#[test]
fn a_semaphore_shows_its_value_and_how_many_wait() {
    run(|| {
        let semaphore = Rc::new(Semaphore::default());
        assert_eq!(format!("{semaphore:?}"), "<Semaphore [unlocked, value:1]>");
        let _permit = semaphore.acquire().await_().unwrap();
        assert_eq!(format!("{semaphore:?}"), "<Semaphore [locked]>");
        for waiters in 1..=2 {
            taker(&semaphore, &Trace::new(), "");
            turn();
            assert_eq!(format!("{semaphore:?}"), format!("<Semaphore [locked, waiters:{waiters}]>"));
        }
    });
    assert_eq!(format!("{:?}", BoundedSemaphore::new(3)), "<BoundedSemaphore [unlocked, value:3]>");
}

/// test_locks: SemaphoreTests.test_semaphore
#[test]
fn a_permit_is_given_back_when_it_is_dropped() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire().await_().unwrap();
    assert_eq!((semaphore.available(), semaphore.locked()), (0, true));
    drop(permit);
    assert_eq!((semaphore.available(), semaphore.locked()), (1, false));
}

/// test_locks: SemaphoreTests.test_acquire
#[test]
fn as_many_go_on_as_there_are_permits() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(3)), Trace::new());
        semaphore.acquire().await_().unwrap().forget();
        semaphore.acquire().await_().unwrap().forget();
        assert!(!semaphore.locked());

        let tasks = ["1", "2", "3"].map(|name| taker(&semaphore, &trace, name));
        turn();
        assert_eq!(trace.take(), ["1"]);
        assert_eq!(format!("{semaphore:?}"), "<Semaphore [locked, waiters:2]>");

        let four = taker(&semaphore, &trace, "4");
        semaphore.release();
        semaphore.release();
        assert_eq!(semaphore.available(), 0, "they are promised to those who wait");
        turn();
        assert_eq!(semaphore.available(), 0);
        assert_eq!(trace.take(), ["2", "3"]);
        assert_eq!(format!("{semaphore:?}"), "<Semaphore [locked, waiters:1]>");
        assert!(tasks.iter().all(|task| task.done()) && !four.done());

        semaphore.release();
        four.await_().unwrap().unwrap();
    });
}

/// test_locks: SemaphoreTests.test_acquire_cancel
#[test]
fn a_cancelled_waiter_leaves_no_trace() {
    run(|| {
        let semaphore = Rc::new(Semaphore::new(1));
        let _permit = semaphore.acquire().await_().unwrap();
        let task = taker(&semaphore, &Trace::new(), "");
        cancel_soon(&task);
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
        assert_eq!(format!("{semaphore:?}"), "<Semaphore [locked]>");
    });
}

/// test_locks: SemaphoreTests.test_acquire_cancel_before_awoken
#[test]
fn a_permit_goes_past_waiters_that_are_cancelled() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(0)), Trace::new());
        let tasks = ["1", "2", "3", "4"].map(|name| taker(&semaphore, &trace, name));
        turn();
        tasks[0].cancel();
        tasks[1].cancel();
        semaphore.release();
        turn();
        turn();
        assert_eq!(trace.take(), ["3"]);
        assert!(tasks[2].done() && !tasks[3].done());
    });
}

/// test_locks: SemaphoreTests.test_acquire_hang
#[test]
fn a_permit_released_beside_a_cancellation_is_not_lost() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(0)), Trace::new());
        let one = taker(&semaphore, &trace, "1");
        let two = taker(&semaphore, &trace, "2");
        turn();
        one.cancel();
        semaphore.release();
        turn();
        turn();
        assert!(semaphore.locked());
        assert!(two.done());
        assert_eq!(trace.take(), ["2"]);
    });
}

#[test]
fn a_woken_waiter_that_is_cancelled_gives_its_permit_to_the_next() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(0)), Trace::new());
        let one = taker(&semaphore, &trace, "1");
        let two = taker(&semaphore, &trace, "2");
        turn();
        semaphore.release(); // wakes the first
        one.cancel();
        turn();
        assert!(one.cancelled() && !two.done());
        turn();
        assert_eq!(trace.take(), ["2"]);
        assert_eq!(semaphore.available(), 0);
    });
}

/// test_locks: SemaphoreTests.test_acquire_no_hang
#[test]
fn a_waiter_cancelled_after_the_release_does_not_keep_the_permit() {
    run(|| {
        let semaphore = Rc::new(Semaphore::new(1));
        let second: Rc<RefCell<Option<Task<Result<(), Cancelled>>>>> = Rc::default();
        let first = spawn_with(&semaphore, {
            let second = Rc::clone(&second);
            move |semaphore| {
                let permit = semaphore.acquire().await_()?;
                cede::yield_now().await_()?;
                drop(permit);
                second.borrow().as_ref().unwrap().cancel();
                Ok::<(), Cancelled>(())
            }
        });
        second.replace(Some(spawn_with(&semaphore, |semaphore| {
            let _permit = semaphore.acquire().await_()?;
            unreachable!("it is cancelled when it wakes");
        })));
        first.await_().unwrap().unwrap();
        let second = second.take().unwrap();
        assert!(second.await_().unwrap().is_err());
        let third = taker(&semaphore, &Trace::new(), "");
        turn();
        assert!(third.done());
    });
}

/// test_locks: SemaphoreTests.test_release_not_acquired
#[test]
fn a_bounded_semaphore_is_not_released_above_its_value() {
    let semaphore = BoundedSemaphore::new(1);
    let error = semaphore.release().unwrap_err();
    assert_eq!(error.to_string(), "BoundedSemaphore released too many times");
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn a_bounded_semaphore_takes_back_what_was_taken() {
    run(|| {
        let semaphore = Rc::new(BoundedSemaphore::new(2));
        semaphore.acquire().await_().unwrap().forget();
        let permit = semaphore.try_acquire().unwrap();
        assert!(semaphore.locked() && semaphore.try_acquire().is_none());
        let waiter = spawn_with(&semaphore, |semaphore| semaphore.acquire().await_().map(drop));
        turn();
        assert!(!waiter.done());
        semaphore.release().unwrap();
        waiter.await_().unwrap().unwrap();
        drop(permit);
        assert_eq!(semaphore.available(), 2);
        assert!(semaphore.release().is_err());
    });
}

/// Python's `async with` raises the error of its release; a drop can only report it.
#[test]
fn a_permit_that_cannot_be_given_back_is_reported_when_it_is_dropped() {
    let ((), reports) = run_reporting(|| {
        let semaphore = BoundedSemaphore::new(1);
        let permit = semaphore.acquire().await_().unwrap();
        semaphore.release().unwrap(); // the permit's, which is given back a second time
        drop(permit);
    });
    assert_eq!(
        reports,
        ["a semaphore's permit left with an error while it was dropped: BoundedSemaphore released too many \
             times"]
    );
}

/// test_locks: SemaphoreTests.test_release_no_waiters
#[test]
fn releasing_with_nobody_waiting_unlocks() {
    let semaphore = Semaphore::new(1);
    semaphore.acquire().await_().unwrap().forget();
    assert!(semaphore.locked());
    semaphore.release();
    assert!(!semaphore.locked());
}

/// test_locks: SemaphoreTests.test_acquire_fifo_order
#[test]
fn acquire_fifo_order_1() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(1)), Trace::new());
        let tasks = ["c1", "c2", "c3"].map(|tag| {
            let trace = trace.clone();
            spawn_with(&semaphore, move |semaphore| {
                for round in 1..=2 {
                    semaphore.acquire().await_()?.forget();
                    trace.add(format!("{tag}_{round}"));
                    cede::sleep(Duration::from_millis(10)).await_()?;
                    semaphore.release();
                }
                Ok::<(), Cancelled>(())
            })
        });
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
        assert_eq!(trace.take(), ["c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"]);
    });
}

/// test_locks: SemaphoreTests.test_acquire_fifo_order_2
#[test]
fn acquire_fifo_order_2() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(1)), Trace::new());
        let one = taker(&semaphore, &trace, "1");
        let two = spawn_with(&semaphore, {
            let trace = trace.clone();
            move |semaphore| {
                semaphore.acquire().await_()?.forget();
                trace.add("2");
                semaphore.release();
                semaphore.acquire().await_()?.forget();
                trace.add("4");
                Ok::<(), Cancelled>(())
            }
        });
        let three = taker(&semaphore, &trace, "3");
        turn();
        semaphore.release();
        semaphore.release();
        for task in [one, two, three] {
            task.await_().unwrap().unwrap();
        }
        assert_eq!(trace.take(), ["1", "2", "3", "4"]);
    });
}

/// test_locks: SemaphoreTests.test_acquire_fifo_order_3
#[test]
fn acquire_fifo_order_3() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(0)), Trace::new());
        let tasks = ["1", "2", "3"].map(|name| taker(&semaphore, &trace, name));
        turn();
        tasks[0].cancel();
        turn();
        semaphore.release();
        semaphore.release();
        for task in tasks {
            let _ = task.await_();
        }
        assert_eq!(trace.take(), ["2", "3"]);
    });
}

/// test_locks: SemaphoreTests.test_acquire_fifo_order_4
#[test]
fn acquire_fifo_order_4() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(0)), Trace::new());
        let one = spawn_with(&semaphore, {
            let trace = trace.clone();
            move |semaphore| {
                semaphore.acquire().await_()?.forget();
                assert_eq!(semaphore.available(), 0, "we have woken all who may go on");
                let fourth = trace.call("4");
                soon(fourth); // after the third, not after the second
                trace.add("1");
                Ok::<(), Cancelled>(())
            }
        });
        let two = spawn_with(&semaphore, {
            let trace = trace.clone();
            move |semaphore| {
                (0..3).for_each(|_| semaphore.release());
                assert_eq!(semaphore.available(), 2);
                assert!(semaphore.locked(), "the first has not run yet");
                semaphore.acquire().await_()?.forget();
                trace.add("2");
                Ok::<(), Cancelled>(())
            }
        });
        let three = spawn_with(&semaphore, {
            let trace = trace.clone();
            move |semaphore| {
                semaphore.acquire().await_()?.forget();
                assert!(semaphore.locked());
                trace.add("3");
                Ok::<(), Cancelled>(())
            }
        });
        turn();
        assert_eq!(format!("{semaphore:?}"), "<Semaphore [locked, waiters:3]>");
        assert_eq!(semaphore.available(), 2);
        for task in [one, two, three] {
            task.await_().unwrap().unwrap();
        }
        turn();
        assert_eq!(trace.take(), ["1", "2", "3", "4"]);
    });
}

#[test]
fn nobody_barges_in_between_a_release_and_the_woken_waiter() {
    run(|| {
        let (semaphore, trace) = (Rc::new(Semaphore::new(0)), Trace::new());
        taker(&semaphore, &trace, "waiter");
        turn();
        semaphore.release();
        semaphore.release();
        assert_eq!(semaphore.available(), 1);
        assert!(semaphore.try_acquire().is_none(), "the waiter goes first, though there are two");
        turn();
        assert_eq!(trace.take(), ["waiter"]);
        assert!(semaphore.try_acquire().is_some());
    });
}

#[test]
fn an_owned_permit_goes_with_the_task_that_has_it() {
    run(|| {
        let semaphore = Rc::new(Semaphore::new(1));
        let permit = semaphore.acquire_owned().await_().unwrap();
        let task = spawn(move || {
            cede::yield_now().await_()?;
            drop(permit);
            Ok::<(), Cancelled>(())
        });
        let next = semaphore.acquire_owned().await_().unwrap(); // cedes until the task drops its own
        assert!(task.done());
        next.forget();
        assert_eq!(semaphore.available(), 0);
        assert_eq!(Rc::strong_count(&semaphore), 1, "a forgotten permit does not keep its semaphore");
    });
}

#[test]
fn a_forgotten_permit_is_gone_until_somebody_releases() {
    let semaphore = Semaphore::new(2);
    semaphore.try_acquire().unwrap().forget();
    assert_eq!(semaphore.available(), 1);
    semaphore.release();
    semaphore.release();
    assert_eq!(semaphore.available(), 3, "asyncio's semaphore may be released above its first value");
}

#[test]
fn as_many_permits_as_can_be_counted_are_no_more_by_a_release() {
    let semaphore = Semaphore::new(usize::MAX);
    semaphore.release();
    assert_eq!(semaphore.available(), usize::MAX);
    let semaphore = BoundedSemaphore::new(usize::MAX);
    assert!(semaphore.release().is_err());
}

#[test]
fn a_permit_says_where_it_was_acquired() {
    let semaphore = Semaphore::new(2);
    let (here, permit) = (line!(), semaphore.acquire().await_().unwrap());
    assert_eq!(format!("{permit:?}"), format!("<SemaphorePermit acquired at {}:{here}:56>", file!()));
    assert!(panic_text(|| drop(Semaphore::new(0).acquire().await_())).contains("Semaphore::acquire"));
}
