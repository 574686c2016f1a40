//! Row 10: `cancelling` counts the requests, `uncancel` takes one back; at 0, what is not yet delivered is
//! withdrawn (3.13).

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, Error, Outcome, Promise};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

#[cede::coroutine]
fn sleeps() -> cede::Result<()> {
    Ok(cede::sleep(Duration::from_secs(10)).await?)
}

/// test_tasks: test_cancelling
#[test]
fn each_cancel_is_counted_and_true_until_the_task_is_done() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(sleeps());
    assert_eq!(task.cancelling(), 0);
    assert_eq!(format!("{task:?}"), "<Task pending name='Task-1' coro=<sleeps()>>");
    assert!(task.cancel());
    assert_eq!(task.cancelling(), 1);
    assert!(task.cancel());
    assert_eq!((task.cancelling(), task.handle().cancelling()), (2, 2));
    assert!(event_loop.run_until_complete(task).unwrap_err().is_cancelled());
}

/// test_tasks: test_cancelling: the repr of a task that is asked to end says "cancelling".
#[test]
fn a_task_that_is_asked_to_end_shows_it() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(sleeps());
    task.cancel();
    assert_eq!(format!("{task:?}"), "<Task cancelling name='Task-1' coro=<sleeps()>>");
    task.uncancel();
    assert_eq!(format!("{task:?}"), "<Task pending name='Task-1' coro=<sleeps()>>");
    task.cancel();
    run_briefly(&event_loop);
    assert_eq!(format!("{task:?}"), "<Task cancelled name='Task-1' coro=<sleeps()>>");
}

/// test_tasks: test_uncancel_basic
#[test]
fn a_task_that_uncancels_itself_goes_on_and_can_be_cancelled_again() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(
        cede::coroutine(|| -> cede::Result<()> {
            if cede::sleep(Duration::from_secs(10)).await_().is_err() {
                cede::current_task().unwrap().uncancel();
                cede::sleep(Duration::from_secs(10)).await_()?;
            }
            Ok(())
        })
        .fallible(),
    );
    run_briefly(&event_loop);
    assert!(task.cancel());
    assert_eq!((task.cancelling(), task.outcome()), (1, Outcome::Pending));
    run_briefly(&event_loop);
    assert_eq!((task.cancelling(), task.outcome()), (0, Outcome::Pending));
    assert!(task.cancel());
    assert_eq!((task.cancelling(), task.outcome()), (1, Outcome::Pending));
    run_briefly(&event_loop);
    assert_eq!(task.outcome(), Outcome::Cancelled);
    assert_eq!(task.uncancel(), 0); // too late to change anything
    assert_eq!(task.outcome(), Outcome::Cancelled);
}

/// test_tasks: test_uncancel_resets_must_cancel
#[test]
fn uncancel_withdraws_a_cancellation_that_is_not_yet_delivered() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise();
    let awaited = promise.clone();
    let task = event_loop.create_task(
        cede::coroutine(move || -> cede::Result<i32> {
            awaited.await_()?;
            Ok(42)
        })
        .fallible(),
    );
    run_briefly(&event_loop);
    promise.set_result(()).unwrap(); // the task is ready
    task.cancel();
    assert_eq!(task.cancelling(), 1);
    assert_eq!(task.uncancel(), 0);
    assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 42);
}

#[test]
fn a_task_not_yet_started_runs_after_all_if_it_is_uncancelled() {
    let result = run(|| {
        let task = cede::create_task(cede::coroutine(|| 42));
        task.cancel();
        task.uncancel();
        task.await_().unwrap()
    });
    assert_eq!(result, 42);
}

#[test]
fn uncancel_that_leaves_a_request_withdraws_nothing() {
    let outcome = run(|| {
        let task = cede::create_task(sleeps());
        task.cancel();
        task.cancel();
        assert_eq!(task.uncancel(), 1);
        cede::yield_now().await_().unwrap();
        task.outcome()
    });
    assert_eq!(outcome, Outcome::Cancelled);
}

#[test]
fn uncancel_stops_at_zero() {
    run(|| {
        let me = cede::current_task().unwrap();
        assert_eq!((me.uncancel(), me.uncancel(), me.cancelling()), (0, 0, 0));
        me.cancel();
        assert_eq!(me.cancelling(), 1);
        assert_eq!(me.uncancel(), 0);
        cede::yield_now().await_().unwrap(); // withdrawn
    });
}

#[test]
fn uncancel_does_not_revive_what_was_cancelled_on_the_way() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<()>();
    let awaited = promise.clone();
    let task = event_loop.create_task(cede::coroutine(move || awaited.await_()).fallible());
    run_briefly(&event_loop);
    task.cancel(); // handed on to the promise, which is cancelled now
    task.uncancel();
    assert!(promise.cancelled());
    run_briefly(&event_loop);
    assert_eq!((task.outcome(), task.cancelling()), (Outcome::Cancelled, 0));
}

/// A request by somebody else must not be mistaken for the time-out's, nor the other way round: the counter
/// tells. What test_uncancel_structured_blocks builds.
fn with_timeout<T>(
    limit: Duration,
    block: impl FnOnce() -> cede::Result<T>,
) -> Result<cede::Result<T>, TimedOut> {
    let me = cede::current_task().unwrap();
    let timed_out = Rc::new(Cell::new(false));
    let (rings, whom) = (timed_out.clone(), me.clone());
    let timer = cede::running_loop().unwrap().call_later(limit, move || {
        rings.set(true);
        whom.cancel();
    });
    let result = block();
    timer.cancel();
    let only_the_timer = timed_out.get() && me.uncancel() == 0;
    match result {
        Err(error) if only_the_timer && error.is_cancelled() => Err(TimedOut),
        result => Ok(result),
    }
}

#[derive(Debug, PartialEq)]
struct TimedOut;

/// test_tasks: test_uncancel_structured_blocks
#[test]
fn a_block_with_a_time_limit_can_be_built_from_the_counter() {
    let trace = Trace::new();
    let told = trace.clone();
    let task = run(move || {
        let block =
            |sleep| move || -> cede::Result<()> { Ok(cede::sleep(Duration::from_secs(sleep)).await_()?) };
        let limit = Duration::from_secs(5);
        told.add(format!("{:?}", with_timeout(limit, block(10))));
        told.add(format!("{:?}", with_timeout(limit, block(0))));
        cede::yield_now().await_().unwrap(); // what follows is not affected
        cede::current_task().unwrap().cancelling()
    });
    assert_eq!(task, 0);
    assert_eq!(trace.take(), ["Err(TimedOut)", "Ok(Ok(()))"]);
}

#[test]
fn a_cancellation_from_outside_is_not_taken_for_the_time_limit() {
    let (text, cancelling) = run(|| {
        let task = cede::create_task(cede::coroutine(|| {
            let slept =
                with_timeout(Duration::from_secs(5), || Ok(cede::sleep(Duration::from_secs(9)).await_()?));
            (format!("{slept:?}"), cede::current_task().unwrap().cancelling())
        }));
        let whom = task.handle();
        cede::running_loop().unwrap().call_later(Duration::from_secs(5), move || {
            whom.cancel();
        });
        cede::sleep(Duration::from_secs(1)).await_().unwrap();
        task.await_().unwrap()
    });
    // Both came in the same turn: one request is left, so it is not a time-out.
    assert_eq!((text.as_str(), cancelling), ("Ok(Err(cancelled))", 1));
}

#[test]
fn the_counter_is_that_of_one_task_alone() {
    let counts = run(|| {
        let inner = cede::create_task(sleeps());
        let inner_handle = inner.handle();
        let outer = cede::create_task(cede::coroutine(move || {
            inner.flatten().await_().map_err(|e: Error| e.to_string())
        }));
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
        outer.cancel();
        let counts = (outer.cancelling(), inner_handle.cancelling());
        assert_eq!(outer.await_().unwrap().unwrap_err(), "cancelled");
        counts
    });
    assert_eq!(counts, (1, 1), "the one that is handed on is a request, too");
}

#[test]
fn a_promise_counts_nothing_and_is_cancelled_at_once() {
    run(|| {
        let promise = Promise::<i32>::new();
        assert!(promise.cancel());
        assert!(!promise.cancel());
        assert!(promise.cancelled());
    });
}
