//! Row 7: awaiting a coroutine inline does not cede, nor does awaiting what is done; `sleep(0)` cedes
//! exactly once.

use std::time::Duration;

use cede::{Awaitable, Promise, Runner, VirtualClock};
use cede_tests::trace::{Trace, run};

/// Runs `main` with two other tasks ready that say when they get control; what happened.
fn among_others(main: impl FnOnce(&Trace) + 'static) -> Vec<String> {
    run(move || {
        let trace = Trace::new();
        drop(cede::create_task(cede::coroutine(trace.call("another"))));
        main(&trace);
        trace.add("main ends");
        trace.take()
    })
}

fn turns() -> u64 {
    cede::running_loop().unwrap().turns()
}

/// The article, part 2: five awaited coroutines print before the task that was made first.
#[test]
fn awaiting_a_coroutine_does_not_cede() {
    let happened = among_others(|trace| {
        for _ in 0..5 {
            cede::coroutine(trace.call("a")).await_();
        }
    });
    assert_eq!(happened, ["a", "a", "a", "a", "a", "main ends"]);
}

/// The article, part 2, the other listing: each in a task of its own.
#[test]
fn awaiting_a_task_cedes() {
    let happened = among_others(|trace| {
        for _ in 0..5 {
            cede::create_task(cede::coroutine(trace.call("a"))).await_().unwrap();
        }
    });
    assert_eq!(happened, ["another", "a", "a", "a", "a", "a", "main ends"]);
}

#[test]
fn awaiting_a_coroutine_takes_no_turn_no_switch_and_no_stack() {
    run(|| {
        let (turn, counts) = (turns(), cede::stack::counts());
        let callbacks = cede::running_loop().unwrap().callbacks_run();
        fn nested(depth: u32) -> u32 {
            if depth == 0 { 0 } else { cede::coroutine(move || nested(depth - 1)).await_() + 1 }
        }
        assert_eq!(nested(100), 100);
        assert_eq!(cede::stack::counts(), counts);
        assert_eq!(turns(), turn);
        assert_eq!(cede::running_loop().unwrap().callbacks_run(), callbacks);
    });
}

#[test]
fn a_coroutine_object_runs_nothing_until_it_is_awaited() {
    let trace = Trace::new();
    let coroutine = cede::coroutine(trace.call("body"));
    assert!(trace.take().is_empty());
    coroutine.await_();
    assert_eq!(trace.take(), ["body"]);
}

#[test]
fn awaiting_a_coroutine_needs_no_loop() {
    assert_eq!(cede::coroutine(|| cede::coroutine(|| 6 * 7).await_()).await_(), 42);
}

#[test]
fn awaiting_a_coroutine_that_awaits_a_task_cedes_there() {
    let happened = among_others(|trace| {
        let told = trace.clone();
        cede::coroutine(move || {
            told.add("inline");
            cede::create_task(cede::coroutine(told.call("task"))).await_().unwrap();
            told.add("inline again");
        })
        .await_();
    });
    assert_eq!(happened, ["inline", "another", "task", "inline again", "main ends"]);
}

#[test]
fn awaiting_a_done_task_does_not_cede() {
    let happened = run(|| {
        let trace = Trace::new();
        let task = cede::create_task(cede::coroutine(|| 7));
        cede::yield_now().await_().unwrap();
        assert!(task.done());
        drop(cede::create_task(cede::coroutine(trace.call("another"))));
        trace.add(format!("borrowed {}", (&task).await_().unwrap()));
        trace.add(format!("moved {}", task.await_().unwrap()));
        trace.take()
    });
    assert_eq!(happened, ["borrowed 7", "moved 7"]);
}

#[test]
fn awaiting_a_done_promise_does_not_cede() {
    let happened = among_others(|trace| {
        let promise = Promise::new();
        promise.set_result(7).unwrap();
        trace.add((&promise).await_().unwrap());
        let failed = Promise::<i32>::new();
        failed.set_exception("boom").unwrap();
        trace.add(failed.await_().unwrap_err());
        let cancelled = Promise::<i32>::new();
        cancelled.cancel();
        trace.add(cancelled.await_().unwrap_err());
    });
    assert_eq!(happened, ["7", "boom", "cancelled", "main ends"]);
}

#[test]
fn awaiting_a_pending_promise_cedes() {
    let happened = among_others(|trace| {
        let promise = Promise::new();
        let setter = promise.clone();
        cede::running_loop().unwrap().call_soon(move || setter.set_result(7).unwrap());
        trace.add(promise.await_().unwrap());
    });
    assert_eq!(happened, ["another", "7", "main ends"]);
}

/// test_tasks: SleepTests.test_sleep_zero
#[test]
fn a_sleep_of_zero_cedes_exactly_once() {
    run(|| {
        let before = turns();
        cede::sleep(Duration::ZERO).await_().unwrap();
        assert_eq!(turns() - before, 1);
        cede::yield_now().await_().unwrap();
        assert_eq!(turns() - before, 2);
    });
    let happened = among_others(|trace| {
        cede::sleep(Duration::ZERO).await_().unwrap();
        trace.add("back");
    });
    assert_eq!(happened, ["another", "back", "main ends"]);
}

#[test]
fn two_that_yield_take_turns() {
    let happened = run(|| {
        let trace = Trace::new();
        let tasks: Vec<_> = ["a", "b"]
            .into_iter()
            .map(|name| {
                let told = trace.clone();
                cede::create_task(cede::coroutine(move || {
                    for n in 0..3 {
                        told.add(format!("{name}{n}"));
                        cede::yield_now().await_().unwrap();
                    }
                }))
            })
            .collect();
        for task in tasks {
            task.await_().unwrap();
        }
        trace.take()
    });
    assert_eq!(happened, ["a0", "b0", "a1", "b1", "a2", "b2"]);
}

/// test_tasks: test_sleep
#[test]
fn a_sleep_ends_when_its_time_is_over_and_not_before() {
    let clock = VirtualClock::new();
    let seen = clock.clone();
    Runner::new()
        .clock(clock.clone())
        .run(cede::coroutine(move || {
            for expected in [50, 100] {
                cede::sleep(Duration::from_millis(50)).await_().unwrap();
                assert_eq!(seen.elapsed(), Duration::from_millis(expected));
            }
        }))
        .unwrap();
    assert_eq!(clock.elapsed(), Duration::from_millis(100));
}

/// test_tasks: test_sleep_cancel
#[test]
fn a_cancelled_sleep_takes_its_timer_with_it() {
    let clock = VirtualClock::new();
    Runner::new()
        .clock(clock.clone())
        .run(cede::coroutine(|| {
            let sleeper =
                cede::create_task(cede::coroutine(|| cede::sleep(Duration::from_secs(10)).await_()));
            cede::yield_now().await_().unwrap();
            sleeper.cancel();
            assert!(sleeper.await_().unwrap().is_err());
            // Were the timer still there, this would wait behind it on the way to the next deadline.
            cede::sleep(Duration::from_secs(20)).await_().unwrap();
        }))
        .unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(20));
}

#[test]
fn a_sleep_too_long_to_represent_is_as_long_as_can_be() {
    let clock = VirtualClock::new();
    let seen = clock.clone();
    let woken = Runner::new()
        .clock(clock)
        .run(cede::coroutine(move || {
            let sleeper = cede::create_task(cede::coroutine(|| cede::sleep(Duration::MAX).await_()));
            cede::sleep(Duration::from_secs(1_000_000_000)).await_().unwrap();
            let asleep = !sleeper.done();
            sleeper.cancel();
            (asleep, seen.elapsed().as_secs())
        }))
        .unwrap();
    assert_eq!(woken, (true, 1_000_000_000));
}

#[test]
fn a_yield_from_the_depth_of_plain_calls_suspends_all_of_them() {
    fn deep(depth: u32, trace: &Trace) {
        if depth == 0 {
            trace.add("down");
            cede::yield_now().await_().unwrap();
            trace.add("up");
        } else {
            deep(depth - 1, trace);
        }
    }
    let happened = among_others(|trace| deep(50, trace));
    assert_eq!(happened, ["down", "another", "up", "main ends"]);
}

/// Sleeping for a time cedes until then; others run meanwhile, in the order of their deadlines.
#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let happened = run(|| {
        let trace = Trace::new();
        let tasks: Vec<_> = [3, 1, 2, 1]
            .into_iter()
            .enumerate()
            .map(|(index, seconds)| {
                let told = trace.clone();
                cede::create_task(cede::coroutine(move || {
                    cede::sleep(Duration::from_secs(seconds)).await_().unwrap();
                    told.add(format!("{seconds} s, task {index}"));
                }))
            })
            .collect();
        for task in tasks {
            task.await_().unwrap();
        }
        trace.take()
    });
    assert_eq!(happened, ["1 s, task 1", "1 s, task 3", "2 s, task 2", "3 s, task 0"]);
}
