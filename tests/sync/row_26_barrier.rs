//! Row 26: a barrier fills, drains, is reset and aborted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cede::sync::{Barrier, BarrierError};
use cede::{Awaitable, Task};

use crate::help::{Trace, panic_text, run, spawn_with, turn};

const N: usize = 5;

type Waiting = Task<Result<usize, BarrierError>>;

fn waiters(barrier: &Rc<Barrier>, n: usize) -> Vec<Waiting> {
    (0..n).map(|_| spawn_with(barrier, |barrier| barrier.wait().await_())).collect()
}

/// Starts n tasks and waits for all; none may fail.
fn gather<T: 'static>(
    barrier: &Rc<Barrier>,
    n: usize,
    body: impl Fn(&Barrier) -> Result<T, BarrierError> + Clone + 'static,
) -> Vec<T> {
    let tasks: Vec<_> = (0..n).map(|_| spawn_with(barrier, body.clone())).collect();
    tasks.into_iter().map(|task| task.await_().expect("no panic").expect("no error")).collect()
}

fn counter() -> Rc<Cell<usize>> {
    Rc::default()
}

fn add(counter: &Cell<usize>) -> usize {
    counter.set(counter.get() + 1);
    counter.get()
}

/// It stands as a new one does.
fn assert_idle(barrier: &Barrier) {
    assert_eq!((barrier.waiting(), barrier.broken()), (0, false));
    assert_eq!(format!("{barrier:?}"), format!("<Barrier [filling, waiters:0/{}]>", barrier.parties()));
}

/// test_locks: BarrierTests.test_barrier
#[test]
fn a_new_barrier_is_filling_and_empty() {
    assert_idle(&Barrier::new(N));
}

/// test_locks: BarrierTests.test_repr
#[test]
fn a_barrier_shows_its_state_and_how_many_wait() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let mut tasks = waiters(&barrier, 2);
        turn();
        assert_eq!(format!("{barrier:?}"), "<Barrier [filling, waiters:2/5]>");

        tasks.extend(waiters(&barrier, barrier.parties() - barrier.waiting()));
        turn();
        assert_eq!(format!("{barrier:?}"), "<Barrier [draining, waiters:0/5]>");

        tasks.extend(waiters(&barrier, 2));
        turn();
        barrier.reset().await_().unwrap();
        assert_eq!(format!("{barrier:?}"), "<Barrier [resetting, waiters:0/5]>");

        tasks.extend(waiters(&barrier, 2));
        turn();
        barrier.abort().await_().unwrap();
        assert_eq!(format!("{barrier:?}"), "<Barrier [broken]>");
        assert!(barrier.broken());
        for task in tasks {
            let _ = task.await_().unwrap();
        }
    });
}

/// test_locks: BarrierTests.test_barrier_parties
#[test]
fn a_barrier_for_nobody_is_refused() {
    assert_eq!(panic_text(|| drop(Barrier::new(0))), "Barrier::new: parties must be > 0");
    assert_eq!(Barrier::new(N).parties(), N);
}

/// test_locks: BarrierTests.test_context_manager
#[test]
fn each_that_waits_gets_an_index_of_its_own() {
    run(|| {
        let barrier = Rc::new(Barrier::new(3));
        assert_eq!(gather(&barrier, 3, |barrier| barrier.wait().await_()), [0, 1, 2]);
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_filling_one_task
#[test]
fn a_barrier_for_one_keeps_nobody() {
    run(|| {
        let (barrier, trace) = (Barrier::new(1), Trace::new());
        cede::running_loop().unwrap().call_soon(trace.call("a callback"));
        assert_eq!(barrier.wait().await_(), Ok(0));
        assert!(trace.take().is_empty(), "it did not cede");
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_filling_one_task_twice
#[test]
fn a_barrier_for_one_opens_again_and_again() {
    run(|| {
        let barrier = Rc::new(Barrier::new(1));
        for _ in 0..2 {
            let task = waiters(&barrier, 1).remove(0);
            turn();
            assert_eq!(barrier.waiting(), 0);
            assert_eq!(task.result().unwrap(), Ok(0));
        }
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_filling_task_by_task
#[test]
fn a_barrier_counts_those_who_wait_until_it_is_full() {
    run(|| {
        let barrier = Rc::new(Barrier::new(3));
        let mut tasks = Vec::new();
        for waiting in [1, 2] {
            tasks.extend(waiters(&barrier, 1));
            turn();
            assert_eq!(barrier.waiting(), waiting);
        }
        tasks.extend(waiters(&barrier, 1));
        turn();
        assert_eq!(barrier.waiting(), 0);
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_filling_tasks_wait_twice
#[test]
fn all_pass_the_first_time_before_any_passes_the_second() {
    run(|| {
        let (barrier, trace) = (Rc::new(Barrier::new(N)), Trace::new());
        let told = trace.clone();
        gather(&barrier, N, move |barrier| {
            barrier.wait().await_()?;
            told.add("first");
            barrier.wait().await_()?;
            told.add("second");
            Ok(())
        });
        assert_eq!(trace.take(), [["first"; N], ["second"; N]].concat());
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_filling_tasks_check_return_value
#[test]
fn the_indices_are_different_every_time_it_opens() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let mut second = gather(&barrier, N, |barrier| {
            barrier.wait().await_()?;
            barrier.wait().await_()
        });
        second.sort_unstable();
        assert_eq!(second, [0, 1, 2, 3, 4]);
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_draining_state
#[test]
fn it_drains_until_the_last_has_left() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let draining = gather(&barrier, N, |barrier| {
            barrier.wait().await_()?;
            Ok(format!("{barrier:?}").contains("draining"))
        });
        // The task that makes it full is the first to leave, and the last of the list.
        assert_eq!(draining, [true, true, true, false, true]);
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_blocking_tasks_while_draining
#[test]
fn who_comes_again_while_it_drains_waits_for_the_next_time() {
    run(|| {
        let rewait = 2;
        let barrier = Rc::new(Barrier::new(N));
        let others = Rc::new(Barrier::new(N - rewait));
        let again = counter();
        gather(&barrier, N, move |barrier| {
            barrier.wait().await_()?;
            if add(&again) > rewait {
                others.wait().await_()?;
            }
            barrier.wait().await_()
        });
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_filling_tasks_cancel_one
#[test]
fn a_cancelled_task_gives_up_its_place() {
    run(|| {
        let barrier = Rc::new(Barrier::new(3));
        let mut tasks = waiters(&barrier, 1);
        turn();
        tasks.extend(waiters(&barrier, 1));
        turn();
        assert_eq!(barrier.waiting(), 2);
        let first = tasks.remove(0);
        first.cancel();
        turn();
        assert_eq!(barrier.waiting(), 1);
        assert!((&first).await_().unwrap().unwrap_err().is_cancelled());
        assert!(first.cancelled());

        tasks.extend(waiters(&barrier, 1));
        turn();
        assert_eq!(barrier.waiting(), 2);
        tasks.extend(waiters(&barrier, 1));
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_reset_barrier
#[test]
fn a_barrier_where_nobody_waits_can_be_reset() {
    run(|| {
        let barrier = Barrier::new(1);
        barrier.reset().await_().unwrap();
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_reset_barrier_while_tasks_waiting
#[test]
fn a_reset_sends_those_who_wait_away() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let tasks = waiters(&barrier, N - 1);
        turn();
        spawn_with(&barrier, |barrier| barrier.reset().await_());
        for task in tasks {
            let error = task.await_().unwrap().unwrap_err();
            assert!(error.is_broken());
            assert_eq!(error.to_string(), "Abort or reset of barrier");
        }
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_reset_barrier_when_tasks_half_draining
#[test]
fn a_reset_while_it_drains_sends_the_rest_away() {
    run(|| {
        let (barrier, broken, left) = (Rc::new(Barrier::new(N)), counter(), counter());
        let (sent_away, drained) = (Rc::clone(&broken), Rc::clone(&left));
        gather(&barrier, N, move |barrier| {
            match barrier.wait().await_() {
                Err(error) if error.is_broken() => _ = add(&sent_away),
                Err(error) => return Err(error),
                Ok(_) if add(&drained) == N - N / 2 => barrier.reset().await_()?,
                Ok(_) => {}
            }
            Ok(())
        });
        assert_eq!((broken.get(), left.get()), (N / 2, N - N / 2));
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking
#[test]
fn a_reset_while_it_drains_leaves_those_outside_waiting() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let blocking = N / 2;
        let (drained, blocked, count) = (counter(), counter(), counter());
        let (sent_away, sent_away_outside) = (Rc::clone(&drained), Rc::clone(&blocked));
        gather(&barrier, N, move |barrier| {
            match barrier.wait().await_() {
                Err(error) if error.is_broken() => {
                    add(&sent_away);
                    barrier.wait().await_()?;
                }
                Err(error) => return Err(error),
                Ok(_) if add(&count) > blocking => {
                    barrier.reset().await_()?;
                    barrier.wait().await_()?;
                }
                Ok(_) => match barrier.wait().await_() {
                    Err(error) if error.is_broken() => _ = add(&sent_away_outside),
                    result => drop(result?),
                },
            }
            Ok(())
        });
        assert_eq!((drained.get(), blocked.get()), (blocking, 0));
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again
#[test]
fn those_sent_away_may_wait_again() {
    run(|| {
        let (barrier, broken, passed) = (Rc::new(Barrier::new(N)), counter(), counter());
        let tasks: Vec<_> = (0..N - 1)
            .map(|_| {
                let (broken, passed) = (Rc::clone(&broken), Rc::clone(&passed));
                spawn_with(&barrier, move |barrier| {
                    if barrier.wait().await_().is_err_and(|error| error.is_broken()) {
                        add(&broken);
                    }
                    barrier.wait().await_()?;
                    add(&passed);
                    Ok::<(), BarrierError>(())
                })
            })
            .collect();
        spawn_with(&barrier, |barrier| barrier.reset().await_());
        turn();
        let last = Rc::clone(&passed);
        spawn_with(&barrier, move |barrier| {
            barrier.wait().await_()?;
            add(&last);
            Ok::<(), BarrierError>(())
        });
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
        turn();
        assert_eq!((broken.get(), passed.get()), (N - 1, N));
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_reset_barrier_while_tasks_draining
#[test]
fn a_reset_by_the_last_to_leave_does_not_disturb_the_next_time() {
    run(|| {
        let (barrier, count) = (Rc::new(Barrier::new(N)), counter());
        let (first, second) = (counter(), counter());
        let (told_first, told_second) = (Rc::clone(&first), Rc::clone(&second));
        gather(&barrier, N, move |barrier| {
            barrier.wait().await_()?;
            if add(&count) == N {
                barrier.reset().await_()?;
                barrier.wait().await_()?;
            } else {
                barrier.wait().await_()?;
                add(&told_first);
            }
            barrier.wait().await_()?;
            add(&told_second);
            Ok(())
        });
        assert_eq!((first.get(), second.get()), (N - 1, N));
        assert_idle(&barrier);
    });
}

/// test_locks: BarrierTests.test_abort_barrier
#[test]
fn an_aborted_barrier_is_broken() {
    run(|| {
        let barrier = Rc::new(Barrier::new(1));
        spawn_with(&barrier, |barrier| barrier.abort().await_());
        turn();
        assert_eq!((barrier.waiting(), barrier.broken()), (0, true));
        let error = barrier.wait().await_().unwrap_err();
        assert!(error.is_broken() && !error.is_cancelled());
        assert_eq!(error.to_string(), "Barrier aborted");
    });
}

/// test_locks: BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking
#[test]
fn an_abort_while_it_drains_reaches_those_inside_and_outside() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let blocking = N / 2;
        let (inside, outside, count) = (counter(), counter(), counter());
        let (sent_away, refused) = (Rc::clone(&inside), Rc::clone(&outside));
        gather(&barrier, N, move |barrier| {
            match barrier.wait().await_() {
                Err(error) if error.is_broken() => _ = add(&sent_away),
                Err(error) => return Err(error),
                Ok(_) if add(&count) > blocking => barrier.abort().await_()?,
                Ok(_) => match barrier.wait().await_() {
                    Err(error) if error.is_broken() => _ = add(&refused),
                    result => drop(result?),
                },
            }
            Ok(())
        });
        assert!(barrier.broken());
        assert_eq!((inside.get(), outside.get()), (blocking, N - blocking - 1));
        assert_eq!(barrier.waiting(), 0);
    });
}

/// test_locks: BarrierTests.test_abort_barrier_when_exception
#[test]
fn a_task_that_fails_may_abort_it_for_the_others() {
    run(|| {
        let (barrier, passed, broken) = (Rc::new(Barrier::new(N)), counter(), counter());
        let (told_passed, told_broken) = (Rc::clone(&passed), Rc::clone(&broken));
        gather(&barrier, N, move |barrier| {
            let second = match barrier.wait().await_() {
                Ok(index) if index == N / 2 => return Ok(barrier.abort().await_()?), // it fails here
                Ok(_) => barrier.wait().await_(),
                broken => broken,
            };
            add(if second.is_ok() { &told_passed } else { &told_broken });
            Ok(())
        });
        assert!(barrier.broken());
        assert_eq!((passed.get(), broken.get()), (0, N - 1));
        assert_eq!(barrier.waiting(), 0);
    });
}

/// test_locks: BarrierTests.test_abort_barrier_when_exception_then_resetting
#[test]
fn a_broken_barrier_is_mended_by_a_reset() {
    run(|| {
        let barrier = Rc::new(Barrier::new(N));
        let other = Rc::new(Barrier::new(N));
        let (broken, passed) = (counter(), counter());
        let (told_broken, told_passed) = (Rc::clone(&broken), Rc::clone(&passed));
        gather(&barrier, N, move |barrier| {
            match barrier.wait().await_() {
                Ok(index) if index == N / 2 => barrier.abort().await_()?, // it fails here
                Ok(_) => drop(barrier.wait().await_().map_err(|_| add(&told_broken))),
                Err(_) => _ = add(&told_broken),
            }
            if other.wait().await_()? == N / 2 {
                barrier.reset().await_()?;
            }
            other.wait().await_()?;
            barrier.wait().await_()?;
            add(&told_passed);
            Ok(())
        });
        assert_eq!((broken.get(), passed.get()), (N - 1, N));
        assert_idle(&barrier);
    });
}

#[test]
fn who_is_cancelled_outside_a_draining_barrier_never_was_inside() {
    run(|| {
        let barrier = Rc::new(Barrier::new(2));
        let inside = waiters(&barrier, 2);
        turn(); // full: the second has left, the first is woken
        let outside = waiters(&barrier, 1).remove(0);
        turn();
        outside.cancel();
        assert!(outside.await_().unwrap().unwrap_err().is_cancelled());
        for task in inside {
            task.await_().unwrap().unwrap();
        }
        assert_idle(&barrier);
    });
}

#[test]
fn the_order_of_leaving_is_that_of_coming_after_the_one_who_made_it_full() {
    run(|| {
        let (barrier, order) = (Rc::new(Barrier::new(4)), Rc::new(RefCell::new(Vec::new())));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let order = Rc::clone(&order);
                spawn_with(&barrier, move |barrier| {
                    let index = barrier.wait().await_()?;
                    order.borrow_mut().push(index);
                    Ok::<(), BarrierError>(())
                })
            })
            .collect();
        for task in tasks {
            task.await_().unwrap().unwrap();
        }
        assert_eq!(order.take(), [3, 0, 1, 2]);
    });
}

#[test]
fn a_reset_or_an_abort_that_is_never_awaited_does_nothing() {
    let barrier = Barrier::new(2);
    let (reset, abort) = (barrier.reset(), barrier.abort());
    let _ = (reset, abort);
    assert_idle(&barrier);
}
