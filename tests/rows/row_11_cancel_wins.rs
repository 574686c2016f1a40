//! Row 11: a task that is cancelled after what it awaits is done, and before it goes on, gets the
//! cancellation and not the result.

use cede::{Awaitable, Outcome};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// What the awaiter gets when the promise ends in this way and then the task is cancelled, in one turn.
fn awaited(end: impl FnOnce(&cede::Promise<i32>)) -> (String, Outcome) {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let awaits = promise.clone();
    let task = event_loop.create_task(cede::coroutine(move || match awaits.await_() {
        Ok(value) => format!("value {value}"),
        Err(error) => error.to_string(),
    }));
    run_briefly(&event_loop);
    end(&promise);
    let outcome = promise.outcome();
    assert!(task.cancel_with("you come second"));
    assert_eq!(promise.outcome(), outcome, "the cancellation does not touch what is done");
    let text = event_loop.run_until_complete(task).unwrap();
    let _ = promise.exception();
    (text, outcome)
}

/// The state behind test_tasks: test_uncancel_resets_must_cancel.
#[test]
fn the_cancellation_wins_over_the_result() {
    let (text, outcome) = awaited(|promise| promise.set_result(42).unwrap());
    assert_eq!((text.as_str(), outcome), ("cancelled: you come second", Outcome::Finished));
}

/// test_tasks: test_cancel_with_message_then_future_exception
#[test]
fn the_cancellation_wins_over_the_error() {
    let (text, outcome) = awaited(|promise| promise.set_exception("boom").unwrap());
    assert_eq!((text.as_str(), outcome), ("cancelled: you come second", Outcome::Failed));
}

/// As in CPython: a cancellation on its way is not replaced by another.
#[test]
fn a_cancellation_of_what_is_awaited_keeps_its_message() {
    let (text, outcome) = awaited(|promise| assert!(promise.cancel_with("me first")));
    assert_eq!((text.as_str(), outcome), ("cancelled: me first", Outcome::Cancelled));
}

#[test]
fn the_result_that_lost_is_still_in_the_promise() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let awaits = promise.clone();
    let task = event_loop.create_task(cede::coroutine(move || awaits.await_()).fallible());
    run_briefly(&event_loop);
    promise.set_result(42).unwrap();
    task.cancel();
    run_briefly(&event_loop);
    assert!(task.cancelled());
    assert_eq!(promise.result().unwrap(), 42);
}

#[test]
fn the_cancellation_wins_over_the_result_of_a_task() {
    let happened = run(|| {
        let trace = Trace::new();
        let told = trace.clone();
        let inner = cede::create_task(cede::coroutine(|| cede::yield_now().await_().is_ok()));
        let outer = cede::create_task(cede::coroutine(move || {
            told.add(match inner.await_() {
                Ok(value) => format!("value {value}"),
                Err(error) => error.to_string(),
            });
        }));
        cede::yield_now().await_().unwrap(); // inner yields, outer waits for it
        cede::yield_now().await_().unwrap(); // inner ends; outer is ready
        outer.cancel();
        outer.await_().unwrap();
        trace.take()
    });
    assert_eq!(happened, ["cancelled"]);
}

/// test_tasks: test_cancel_at_end, by somebody else in the same turn: the task is done, so it is refused.
#[test]
fn a_cancellation_after_the_end_is_refused() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| 12));
    let handle = task.handle();
    event_loop.call_soon(move || assert!(!handle.cancel()));
    run_briefly(&event_loop);
    assert_eq!((task.outcome(), task.cancelling()), (Outcome::Finished, 0));
}
