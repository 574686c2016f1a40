//! Row 19: wait_for. No time at all starts nothing; it waits until the cancelled child is done; a result that
//! races with the timeout is kept; a child that swallows the cancel gives its result.

use std::cell::Cell;
use std::rc::Rc;

use cede::{Awaitable, Error, JoinError, Outcome, Promise};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

use super::{elapsed, fails, nap, now, pass, secs, spawn, waits_for};

/// Works for ten seconds, whoever cancels it.
#[cede::coroutine]
fn slow(trace: Trace) -> cede::Result<u32> {
    let end = now() + secs(10);
    while now() < end {
        let _ = cede::sleep(end - now()).await;
    }
    trace.add("exited");
    Ok(3)
}

/// test_waitfor: test_wait_for_blocking
#[test]
fn without_a_limit_it_waits_for_ever() {
    assert_eq!(run(|| cede::wait_for(nap(100_000, "done"), None).await_().unwrap()), "done");
}

/// test_waitfor: test_asyncio_wait_for_cancelled
#[test]
fn cancelled_it_waits_until_a_child_that_ignores_it_is_done() {
    let trace = Trace::new();
    let child = trace.clone();
    run(move || {
        let waiting = spawn(move || cede::wait_for(slow(child), secs(20)).await_());
        pass(1).unwrap();
        waiting.cancel();
        cede::wait([&waiting]).await_().unwrap();
    });
    assert_eq!(trace.take(), ["exited"]);
}

/// test_waitfor: test_asyncio_wait_for_timeout
#[test]
fn when_the_time_is_over_it_waits_until_a_child_that_ignores_it_is_done() {
    let trace = Trace::new();
    let child = trace.clone();
    let (result, took) = run(move || {
        let begun = now();
        (cede::wait_for(slow(child), secs(5)).await_(), elapsed(begun))
    });
    assert_eq!((result.unwrap(), took), (3, 10));
    assert_eq!(trace.take(), ["exited"]);
}

/// test_waitfor: test_wait_for
#[test]
fn when_the_time_is_over_the_task_is_cancelled_and_that_is_timed_out() {
    run(|| {
        let begun = now();
        let task = cede::create_task(nap(100, "done"));
        let error: JoinError = cede::wait_for(&task, secs(1)).await_().unwrap_err();
        assert!(error.is_timeout() && !error.is_cancelled());
        assert_eq!((task.outcome(), elapsed(begun)), (Outcome::Cancelled, 1));
    });
}

#[test]
fn in_time_it_gives_the_result() {
    run(|| {
        let begun = now();
        assert_eq!(cede::wait_for(nap(1, "done"), secs(5)).await_().unwrap(), "done");
        assert_eq!(elapsed(begun), 1);
        assert_eq!(cede::wait_for(fails(1, "rock"), secs(5)).await_().unwrap_err().to_string(), "rock");
    });
}

/// A coroutine object is awaited in place: `wait_for` makes no task of it.
#[test]
fn a_coroutine_runs_in_the_task_that_waits() {
    run(|| {
        let mine = cede::current_task();
        let theirs = cede::coroutine(|| -> cede::Result<_> { Ok(cede::current_task()) });
        assert_eq!(cede::wait_for(theirs, secs(5)).await_().unwrap(), mine);
    });
}

/// test_waitfor: test_wait_for_timeout_less_then_0_or_0_future_done
#[test]
fn without_time_what_is_done_gives_its_result() {
    run(|| {
        let promise = Promise::new();
        promise.set_result("done").unwrap();
        let before = cede::running_loop().unwrap().turns();
        assert_eq!(cede::wait_for(&promise, secs(0)).await_().unwrap(), "done");
        assert_eq!(cede::running_loop().unwrap().turns(), before);
        let cancelled = Promise::<()>::new();
        cancelled.cancel();
        let error = cede::wait_for(&cancelled, secs(0)).await_().unwrap_err();
        assert!(error.is_cancelled() && !error.is_timeout(), "cancelled before, not by us");
    });
}

/// test_waitfor: test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started
#[test]
fn without_time_a_coroutine_is_not_started() {
    let trace = Trace::new();
    let told = trace.clone();
    let (turns, reports) = run_reporting(move || {
        let before = cede::running_loop().unwrap().turns();
        let coroutine = cede::coroutine(move || -> cede::Result<()> {
            told.add("started");
            Ok(())
        });
        let error: Error = cede::wait_for(coroutine, secs(0)).await_().unwrap_err();
        assert!(error.is_timeout());
        cede::running_loop().unwrap().turns() - before
    });
    assert_eq!(turns, 3, "CPython's: its task, the callback, we");
    assert!(trace.take().is_empty() && reports.is_empty(), "{reports:?}");
}

/// test_waitfor: test_wait_for_timeout_less_then_0_or_0
#[test]
fn without_time_a_task_is_cancelled_and_waited_for() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = spawn(move || {
            told.add("running");
            let slept = cede::sleep(secs(10)).await_();
            told.add("not running");
            slept?;
            Ok("done")
        });
        pass(1).unwrap();
        assert!(cede::wait_for(&task, secs(0)).await_().unwrap_err().is_timeout());
        assert_eq!(task.outcome(), Outcome::Cancelled);
    });
    assert_eq!(trace.take(), ["running", "not running"]);
}

/// test_waitfor: test_wait_for_race_condition
#[test]
fn a_promise_set_in_time_gives_its_value() {
    let value = run(|| {
        let promise = Promise::new();
        let setter = promise.clone();
        cede::running_loop().unwrap().call_soon(move || setter.set_result("ok").unwrap());
        cede::wait_for(promise, secs(2)).await_().unwrap()
    });
    assert_eq!(value, "ok");
}

/// test_waitfor: test_wait_for_cancellation_race_condition, test_wait_for_cancel_suppressed
#[test]
fn a_child_that_swallows_the_cancel_gives_its_result() {
    let value = run(|| {
        let inner = cede::coroutine(|| -> cede::Result<u32> {
            assert!(cede::sleep(secs(10)).await_().is_err());
            Ok(42)
        });
        cede::wait_for(inner, secs(1)).await_().unwrap()
    });
    assert_eq!(value, 42);
}

/// CPython 3.13: the alarm finds the promise set, and cancels whoever waits; the result is not lost.
#[test]
fn a_result_that_races_with_the_timeout_is_kept() {
    run(|| {
        let promise = Promise::new();
        let setter = promise.clone();
        cede::running_loop().unwrap().call_later(secs(5), move || setter.set_result(7).unwrap());
        assert!(cede::wait_for(&promise, secs(5)).await_().unwrap_err().is_timeout());
        assert_eq!(cede::wait_for(&promise, secs(0)).await_().unwrap(), 7);
    });
}

/// test_waitfor: test_wait_for_waits_for_task_cancellation
#[test]
fn it_waits_until_the_cancelled_task_has_cleaned_up() {
    let trace = Trace::new();
    let told = trace.clone();
    let took = run(move || {
        let begun = now();
        let inner = spawn(move || {
            let slept = cede::sleep(secs(100)).await_();
            if slept.is_err() {
                cede::sleep(secs(3)).await_()?;
            }
            told.add("cleaned up");
            slept?;
            Ok(())
        });
        assert!(cede::wait_for(inner, secs(1)).await_().unwrap_err().is_timeout());
        elapsed(begun)
    });
    assert_eq!((trace.take(), took), (vec!["cleaned up".to_owned()], 4));
}

/// test_waitfor: test_wait_for_waits_for_task_cancellation_w_timeout_0
#[test]
fn so_it_does_without_time() {
    let took = run(|| {
        let begun = now();
        let inner = spawn(|| {
            let slept = cede::sleep(secs(100)).await_();
            cede::sleep(secs(3)).await_()?;
            slept?;
            Ok(())
        });
        cede::sleep(secs(1)).await_().unwrap();
        assert!(cede::wait_for(inner, secs(0)).await_().unwrap_err().is_timeout());
        elapsed(begun)
    });
    assert_eq!(took, 4);
}

/// test_waitfor: test_wait_for_reraises_exception_during_cancellation
#[test]
fn an_error_while_it_is_cancelled_comes_out() {
    for limit in [0, 1] {
        let error = run(move || {
            let inner = spawn(|| -> cede::Result<()> {
                let _ = cede::sleep(secs(5)).await_();
                Err(Error::other("foo"))
            });
            pass(1).unwrap();
            cede::wait_for(inner.flatten(), secs(limit)).await_().unwrap_err()
        });
        assert_eq!(error.to_string(), "foo", "limit {limit}");
    }
}

/// test_waitfor: test_cancel_wait_for, test_cancel_blocking_wait_for
#[test]
fn cancelling_the_wait_cancels_the_task() {
    for limit in [None, Some(secs(60))] {
        run(move || {
            let task = Rc::new(cede::create_task(waits_for(Promise::<()>::new())));
            let waited_for = task.clone();
            let wait = cede::create_task(cede::coroutine(move || {
                cede::wait_for(&*waited_for, limit).await_().and_then(|inner| Ok(inner?)).unwrap_err()
            }));
            pass(1).unwrap();
            assert!(wait.cancel());
            let error = wait.await_().unwrap();
            assert!(error.is_cancelled() && !error.is_timeout());
            assert!(task.cancelled());
        });
    }
}

/// test_waitfor: test_wait_for_issue86296
#[test]
fn a_wait_cancelled_when_its_child_is_done_already_is_cancelled() {
    run(|| {
        let inner = Rc::new(spawn(|| Ok("done")));
        let (waited_for, reached_end) = (inner.clone(), Rc::new(Cell::new(false)));
        let reached = reached_end.clone();
        let task = spawn(move || {
            cede::wait_for(&*waited_for, secs(100)).await_()??;
            cede::sleep(secs(1)).await_()?;
            reached.set(true);
            Ok(())
        });
        pass(1).unwrap();
        task.cancel();
        assert!(task.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!((&*inner).await_().unwrap().unwrap(), "done");
        assert!(!reached_end.get());
    });
}

/// test_waitfor: WaitForShieldTests.test_zero_timeout
#[test]
fn a_shielded_task_without_time_goes_on_and_its_shield_is_cancelled() {
    run(|| {
        let task = cede::create_task(nap(1, "done"));
        assert!(cede::wait_for(cede::shield(&task), secs(0)).await_().unwrap_err().is_timeout());
        assert_eq!(task.outcome(), Outcome::Pending);
        assert_eq!(task.await_().unwrap().unwrap(), "done");
    });
}

/// test_waitfor: WaitForShieldTests.test_none_timeout
#[test]
fn a_shielded_task_without_a_limit_runs_to_its_end() {
    run(|| {
        let task = cede::create_task(nap(10, "done"));
        assert_eq!(cede::wait_for(cede::shield(&task), None).await_().unwrap().unwrap(), "done");
    });
}

/// test_waitfor: WaitForShieldTests.test_shielded_timeout
#[test]
fn a_shield_keeps_the_task_from_being_cancelled() {
    run(|| {
        let task = cede::create_task(nap(10, "done"));
        assert!(cede::wait_for(cede::shield(&task), secs(1)).await_().unwrap_err().is_timeout());
        assert_eq!((task.outcome(), task.cancelling()), (Outcome::Pending, 0));
        assert_eq!(task.await_().unwrap().unwrap(), "done");
    });
}

#[test]
fn gathers_have_limits_too() {
    run(|| {
        let begun = now();
        let naps = cede::gather([nap(100, ()), nap(1, ())]);
        assert!(cede::wait_for(naps, secs(2)).await_().unwrap_err().is_timeout());
        assert_eq!(elapsed(begun), 2);
    });
}

#[test]
fn outside_a_task_it_is_an_error() {
    for limit in [None, Some(secs(0)), Some(secs(1))] {
        let error = cede::wait_for(nap(1, ()), limit).await_().unwrap_err();
        assert!(error.is_no_running_loop());
        assert_eq!(
            error.to_string(),
            "wait_for: no running event loop; call it from inside cede::run or a loop's callback"
        );
    }
    let event_loop = event_loop(&Trace::new());
    event_loop.call_soon(|| {
        let error = cede::wait_for(nap(1, ()), secs(1)).await_().unwrap_err();
        assert_eq!(error.to_string(), "Timeout should be used inside a task");
    });
    run_briefly(&event_loop);
}

#[test]
fn the_site_of_the_wait_is_that_of_whoever_awaits_it() {
    run(|| {
        let waiting = spawn(|| cede::wait_for(Promise::<()>::new(), secs(9)).await_());
        pass(1).unwrap();
        let (_, at) = waiting.handle().waiting_for().unwrap();
        assert_eq!(at.file(), file!());
        waiting.cancel();
    });
}
