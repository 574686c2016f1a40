//! Row 9: cancelling. Before the start, the body never runs; while waiting, what is waited for is cancelled;
//! a done task refuses; who catches it goes on; of oneself, it lands at the next await; the message is kept.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, Cancelled, Error, EventLoop, Outcome, Promise, Runner, Task, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// A task that sleeps for ten seconds and returns 12.
#[cede::coroutine]
fn sleeps() -> cede::Result<i32> {
    cede::sleep(Duration::from_secs(10)).await?;
    Ok(12)
}

/// A task that waits for a promise and returns 12.
#[cede::coroutine]
fn waits_for(promise: Promise<i32>) -> cede::Result<i32> {
    promise.await?;
    Ok(12)
}

/// Runs the task to its end.
#[track_caller]
fn finish<T: 'static>(event_loop: &EventLoop, task: Task<T>) -> Result<T, Error> {
    event_loop.run_until_complete(task)
}

/// test_tasks: test_cancel_with_message_before_starting_task
#[test]
fn a_task_cancelled_before_it_starts_never_runs() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let held = trace.on_drop("what the body held is dropped");
    let told = trace.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        told.add("body");
        drop(held);
    }));
    assert!(task.cancel_with("my message"));
    assert_eq!(task.outcome(), Outcome::Pending, "it ends in the loop, not in cancel");
    assert!(trace.take().is_empty());
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["what the body held is dropped"]);
    assert_eq!(task.outcome(), Outcome::Cancelled);
    let error = task.result().unwrap_err();
    assert_eq!(error.to_string(), "cancelled: my message");
    assert_eq!(error.cancelled().unwrap().message(), Some("my message"));
}

/// A task of any `T`, not only of results, is cancelled before its start.
#[test]
fn whoever_awaits_a_task_cancelled_before_its_start_gets_the_cancellation() {
    let error = run(|| {
        let task = cede::create_task(cede::coroutine(|| 7));
        task.cancel();
        task.await_().unwrap_err()
    });
    assert!(error.is_cancelled());
}

/// test_tasks: test_cancel, test_task_cancel_sleeping_task
#[test]
fn a_cancelled_sleep_ends_at_once() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let task = event_loop.create_task(sleeps());
    let handle = task.handle();
    event_loop.call_soon(move || assert!(handle.cancel()));
    let any = task.handle();
    assert!(finish(&event_loop, task).unwrap().unwrap_err().is_cancelled());
    assert_eq!((any.done(), any.cancelled(), any.cancel()), (true, true, false));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

/// test_tasks: test_cancel_yield
#[test]
fn a_task_that_only_yields_is_cancelled_at_its_yield() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(
        cede::coroutine(|| -> cede::Result<i32> {
            cede::yield_now().await_()?;
            cede::yield_now().await_()?;
            Ok(12)
        })
        .fallible(),
    );
    run_briefly(&event_loop);
    assert!(task.cancel());
    run_briefly(&event_loop);
    assert!(task.cancelled());
    assert!(!task.cancel());
}

/// test_tasks: test_cancel_inner_future
#[test]
fn cancelling_the_promise_cancels_who_awaits_it() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise();
    let task = event_loop.create_task(waits_for(promise.clone()));
    run_briefly(&event_loop);
    promise.cancel();
    let handle = task.handle();
    assert!(finish(&event_loop, task).unwrap().unwrap_err().is_cancelled());
    assert!(promise.cancelled());
    assert!(handle.cancelled());
}

/// test_tasks: test_cancel_both_task_and_inner_future
#[test]
fn cancelling_both_the_promise_and_its_awaiter_cancels_once() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise();
    let task = event_loop.create_task(waits_for(promise.clone()));
    run_briefly(&event_loop);
    assert!(promise.cancel());
    assert!(task.cancel());
    let handle = task.handle();
    finish(&event_loop, task).unwrap().unwrap_err();
    assert!(handle.cancelled() && promise.cancelled());
    assert!(handle.done());
}

/// test_tasks: test_task_cancel_waiter_future
#[test]
fn cancelling_a_task_cancels_the_promise_it_waits_for() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise();
    let task = event_loop.create_task(waits_for(promise.clone()));
    run_briefly(&event_loop);
    let (waited, _) = task.handle().waiting_for().unwrap();
    assert_eq!(format!("{waited:?}"), "<Promise pending>");
    task.cancel();
    assert!(promise.cancelled(), "inside cancel, before any turn");
    assert!(!task.done());
    run_briefly(&event_loop);
    assert!(task.cancelled());
    assert!(task.handle().waiting_for().is_none());
}

/// test_tasks: test_cancel_task_catching
#[test]
fn a_task_that_keeps_the_cancellation_is_not_cancelled() {
    let event_loop = event_loop(&Trace::new());
    let (first, second) = (event_loop.create_promise::<()>(), event_loop.create_promise::<()>());
    let (one, two) = (first.clone(), second.clone());
    let task = event_loop.create_task(
        cede::coroutine(move || -> cede::Result<i32> {
            one.await_()?;
            match two.await_() {
                Err(error) if error.is_cancelled() => Ok(42),
                other => panic!("{other:?}"),
            }
        })
        .fallible(),
    );
    run_briefly(&event_loop);
    first.set_result(()).unwrap();
    run_briefly(&event_loop);
    task.cancel();
    assert!(second.cancelled());
    let handle = task.handle();
    assert_eq!(finish(&event_loop, task).unwrap().unwrap(), 42);
    assert!(!handle.cancelled());
    assert_eq!(handle.cancelling(), 1);
}

/// test_tasks: test_cancel_task_ignoring
#[test]
fn a_task_that_ignores_the_cancellation_goes_on_awaiting() {
    let event_loop = event_loop(&Trace::new());
    let promises: Vec<Promise<i32>> = (0..3).map(|_| event_loop.create_promise()).collect();
    let [one, two, three] = [promises[0].clone(), promises[1].clone(), promises[2].clone()];
    let task = event_loop.create_task(
        cede::coroutine(move || -> cede::Result<i32> {
            one.await_()?;
            assert!(two.await_().unwrap_err().is_cancelled());
            three.await_() // the cancellation was delivered once
        })
        .fallible(),
    );
    run_briefly(&event_loop);
    promises[0].set_result(1).unwrap();
    run_briefly(&event_loop);
    task.cancel();
    assert!(promises[1].cancelled());
    run_briefly(&event_loop);
    promises[2].set_result(42).unwrap();
    let handle = task.handle();
    assert_eq!(finish(&event_loop, task).unwrap().unwrap(), 42);
    assert!(!promises[2].cancelled() && !handle.cancelled());
}

/// test_tasks: test_cancel_current_task
#[test]
fn a_task_that_cancels_itself_is_cancelled_at_its_next_await() {
    let clock = VirtualClock::new();
    let trace = Trace::new();
    let told = trace.clone();
    let error = Runner::new()
        .clock(clock.clone())
        .run(cede::coroutine(move || -> cede::Result<i32> {
            cede::current_task().unwrap().cancel();
            told.add("still running");
            cede::sleep(Duration::from_secs(100)).await_()?;
            unreachable!("the sleep is cancelled")
        }))
        .unwrap()
        .unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(trace.take(), ["still running"]);
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn a_coroutine_awaited_inline_delivers_nothing_by_itself() {
    let happened = run(|| {
        let trace = Trace::new();
        cede::current_task().unwrap().cancel();
        cede::coroutine(trace.call("inline")).await_();
        let done = Promise::new();
        done.set_result(7).unwrap();
        trace.add(done.await_().unwrap()); // does not cede, so nothing is delivered
        trace.add(cede::yield_now().await_().unwrap_err());
        trace.add(cede::yield_now().await_().is_ok());
        trace.take()
    });
    assert_eq!(happened, ["inline", "7", "cancelled", "true"]);
}

/// test_tasks: test_cancel_at_end
#[test]
fn a_task_cancelled_after_its_last_await_ends_cancelled() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| {
        cede::current_task().unwrap().cancel_with("at the end");
        12
    }));
    let handle = task.handle();
    let error = finish(&event_loop, task).unwrap_err();
    assert_eq!(error.to_string(), "cancelled: at the end");
    assert_eq!((handle.outcome(), handle.cancel()), (Outcome::Cancelled, false));
}

/// test_tasks: test_cancel_awaited_task (bpo-34872)
#[test]
fn what_a_cancelled_task_awaits_next_is_cancelled_with_it() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let inner = Rc::new(RefCell::new(None));
    let (awaited, nested) = (promise.clone(), inner.clone());
    let task = event_loop.create_task(
        cede::coroutine(move || -> cede::Result<i32> {
            let task = cede::create_task(waits_for(awaited));
            *nested.borrow_mut() = Some(task.handle());
            cede::yield_now().await_()?;
            cede::current_task().unwrap().cancel();
            task.flatten().await_()
        })
        .fallible(),
    );
    let outer = task.handle();
    finish(&event_loop, task).unwrap().unwrap_err();
    assert!(outer.cancelled());
    assert!(inner.borrow().as_ref().unwrap().cancelled());
    assert!(promise.cancelled());
}

/// test_tasks: test_yield_future_passes_cancel
#[test]
fn a_cancellation_passes_through_coroutines_awaited_inline() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise::<()>();
    let (waiter, told) = (promise.clone(), trace.clone());
    let task = event_loop.create_task(
        cede::coroutine(move || -> cede::Result<&'static str> {
            let inner_told = told.clone();
            let inner = cede::coroutine(move || -> cede::Result<()> {
                waiter.await_().inspect_err(|error| inner_told.add(format!("inner: {error}")))
            });
            match inner.await_() {
                Err(error) if error.is_cancelled() => told.add("outer caught it"),
                other => panic!("{other:?}"),
            }
            Ok("went on")
        })
        .fallible(),
    );
    run_briefly(&event_loop);
    task.cancel_with("enough");
    assert_eq!(finish(&event_loop, task).unwrap().unwrap(), "went on");
    assert_eq!(trace.take(), ["inner: cancelled: enough", "outer caught it"]);
    assert!(promise.cancelled());
}

#[test]
fn cancelling_a_task_cancels_the_tasks_along_the_chain_it_waits_for() {
    let happened = run(|| {
        let trace = Trace::new();
        let mut task = cede::create_task(sleeps());
        task.set_name("0");
        for number in 1..4 {
            let (inner, told) = (task, trace.clone());
            task = cede::create_task(
                cede::coroutine(move || {
                    inner.flatten().await_().inspect_err(|error| told.add(format!("{number}: {error}")))
                })
                .fallible(),
            );
        }
        cede::yield_now().await_().unwrap();
        task.cancel_with("all of you");
        trace.add(task.flatten().await_().unwrap_err());
        trace.take()
    });
    let message = "cancelled: all of you";
    let expected =
        [format!("1: {message}"), format!("2: {message}"), format!("3: {message}"), message.into()];
    assert_eq!(happened, expected);
}

#[test]
fn the_awaiter_of_a_task_that_swallows_the_cancellation_gets_its_result() {
    let result = run(|| {
        let swallows = cede::create_task(cede::coroutine(|| {
            cede::sleep(Duration::from_secs(10)).await_().unwrap_err();
            "swallowed"
        }));
        let outer =
            cede::create_task(cede::coroutine(|| swallows.await_().map_err(|error| error.to_string())));
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
        outer.cancel();
        let handle = outer.handle();
        (outer.await_().unwrap(), handle.cancelled(), handle.cancelling())
    });
    assert_eq!(result, (Ok("swallowed"), false, 1));
}

/// test_tasks: test_cancellation_exception_context
#[test]
fn a_cancellation_turned_into_another_error_fails_the_task() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(
        cede::coroutine(|| -> cede::Result<()> {
            let inner = cede::create_task(sleeps());
            cede::yield_now().await_()?;
            let handle = inner.handle();
            cede::running_loop()?.call_soon(move || {
                handle.cancel_with("msg");
            });
            let cause = inner.flatten().await_().unwrap_err();
            Err(Error::other(format!("because of: {cause}")))
        })
        .fallible(),
    );
    let handle = task.handle();
    assert_eq!(finish(&event_loop, task).unwrap().unwrap_err().to_string(), "because of: cancelled: msg");
    assert_eq!(handle.outcome(), Outcome::Failed);
}

/// CPython 3.13 prints `CancelledError('first')`, `slept`: what is awaited was cancelled by the first.
#[test]
fn two_cancels_before_the_delivery_are_delivered_once_with_the_first_message() {
    let happened = run(|| {
        let trace = Trace::new();
        let told = trace.clone();
        let task = cede::create_task(cede::coroutine(move || {
            for _ in 0..2 {
                match cede::sleep(Duration::from_secs(1)).await_() {
                    Err(cancelled) => told.add(cancelled),
                    Ok(()) => told.add("slept"),
                }
            }
        }));
        cede::yield_now().await_().unwrap();
        assert!(task.cancel_with("first"));
        assert!(task.cancel_with("second"));
        assert_eq!(task.cancelling(), 2);
        task.await_().unwrap();
        trace.take()
    });
    assert_eq!(happened, ["cancelled: first", "slept"]);
}

#[test]
fn a_second_cancel_reaches_the_next_await() {
    let happened = run(|| {
        let trace = Trace::new();
        let told = trace.clone();
        let task = cede::create_task(cede::coroutine(move || {
            for _ in 0..3 {
                match cede::sleep(Duration::from_secs(1)).await_() {
                    Err(cancelled) => told.add(cancelled),
                    Ok(()) => told.add("slept"),
                }
            }
        }));
        for message in ["first", "second"] {
            cede::yield_now().await_().unwrap();
            assert!(task.cancel_with(message));
        }
        task.await_().unwrap();
        trace.take()
    });
    assert_eq!(happened, ["cancelled: first", "cancelled: second", "slept"]);
}

#[test]
fn a_body_that_returns_a_cancelled_error_ends_cancelled_whoever_caused_it() {
    let outcomes = run(|| {
        let of_error = cede::create_task(
            cede::coroutine(|| -> cede::Result<()> { Err(Cancelled::new().into()) }).fallible(),
        );
        let of_io = cede::create_task(
            cede::coroutine(|| -> std::io::Result<()> { Err(Cancelled::new().into()) }).fallible(),
        );
        let of_box = cede::create_task(
            cede::coroutine(|| -> Result<(), Box<dyn std::error::Error>> { Err(Cancelled::new().into()) })
                .fallible(),
        );
        let of_cancelled = cede::create_task(cede::coroutine(|| Err::<(), _>(Cancelled::new())).fallible());
        let of_value = cede::create_task(cede::coroutine(|| Err::<(), _>(Cancelled::new())));
        cede::yield_now().await_().unwrap();
        [of_error.outcome(), of_io.outcome(), of_box.outcome(), of_cancelled.outcome(), of_value.outcome()]
    });
    use Outcome::{Cancelled as C, Finished};
    assert_eq!(outcomes, [C, C, C, C, Finished]);
}

#[test]
fn an_awaiter_is_not_cancelled_by_a_task_that_was_cancelled_by_others() {
    let (error, still_here) = run(|| {
        let task = cede::create_task(sleeps());
        cede::yield_now().await_().unwrap();
        task.cancel_with("not you");
        let error: Error = task.flatten().await_().unwrap_err();
        (error.to_string(), cede::current_task().unwrap().cancelling())
    });
    assert_eq!((error.as_str(), still_here), ("cancelled: not you", 0));
}

#[test]
fn a_panicked_body_is_not_cancelled_by_a_request_that_came_with_it() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| {
        cede::current_task().unwrap().cancel();
        std::panic::resume_unwind(Box::new("boom"));
    }));
    run_briefly(&event_loop);
    assert_eq!(task.outcome(), Outcome::Panicked);
    assert!(task.result().unwrap_err().is_panic());
}

/// CPython recurses and fails here. Each is asked once; nobody of the cycle can go on, so it stays, and the
/// deadlock report names it (row 8).
#[test]
fn cancelling_along_a_cycle_of_awaits_visits_each_task_once() {
    type Slot = Rc<RefCell<Option<Task<cede::Result<()>>>>>;
    let event_loop = event_loop(&Trace::new());
    event_loop.set_exception_handler(|_, _| {});
    let slot = Slot::default();
    let other = slot.clone();
    let a = event_loop.create_task(
        cede::coroutine(move || -> cede::Result<()> { other.take().unwrap().flatten().await_() }).fallible(),
    );
    let a_handle = a.handle();
    let b = event_loop
        .create_task(cede::coroutine(move || -> cede::Result<()> { a.flatten().await_() }).fallible());
    let b_handle = b.handle();
    *slot.borrow_mut() = Some(b);
    run_briefly(&event_loop);
    assert!(a_handle.waiting_for().is_some() && b_handle.waiting_for().is_some());
    assert!(a_handle.cancel());
    assert_eq!((a_handle.cancelling(), b_handle.cancelling()), (1, 1));
    assert!(b_handle.cancel());
    assert_eq!((a_handle.cancelling(), b_handle.cancelling()), (2, 2));
    run_briefly(&event_loop);
    assert_eq!((a_handle.outcome(), b_handle.outcome()), (Outcome::Pending, Outcome::Pending));
    event_loop.close().unwrap();
    assert_eq!((a_handle.outcome(), b_handle.outcome()), (Outcome::Cancelled, Outcome::Cancelled));
}
