//! Row 1: a promise is done once. Setting or cancelling it again is an error and changes nothing.

use cede::{Error, EventLoop, Outcome, Promise};
use cede_tests::trace::{Trace, event_loop, run_briefly};

fn pending() -> (EventLoop, Promise<i32>) {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise();
    (event_loop, promise)
}

/// All ways to end it are refused, with the state it is in; that stays.
fn assert_stays(promise: &Promise<i32>, outcome: Outcome) {
    let refused = promise.set_result(7).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("Promise::set_result: invalid state: the promise is already {outcome}")
    );
    assert_eq!(refused.outcome(), outcome);
    assert_eq!(refused.into_value(), 7);
    let refused = promise.set_exception("another").unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("Promise::set_exception: invalid state: the promise is already {outcome}")
    );
    assert!(refused.is_invalid_state());
    assert!(!promise.cancel());
    assert!(!promise.cancel_with("too late"));
    assert_eq!(promise.outcome(), outcome);
}

/// test_futures: test_initial_state
#[test]
fn a_new_promise_is_pending() {
    let (_event_loop, promise) = pending();
    assert_eq!((promise.outcome(), promise.done(), promise.cancelled()), (Outcome::Pending, false, false));
    promise.cancel();
    assert!(promise.cancelled());
}

/// test_futures: test_cancel
#[test]
fn a_cancelled_promise_refuses_to_be_set_or_cancelled_again() {
    let (_event_loop, promise) = pending();
    assert!(promise.cancel());
    assert_eq!((promise.done(), promise.cancelled()), (true, true));
    assert_stays(&promise, Outcome::Cancelled);
    assert!(promise.result().unwrap_err().is_cancelled());
    assert!(promise.exception().unwrap_err().is_cancelled());
}

/// test_futures: test_result
#[test]
fn a_finished_promise_refuses_to_be_set_or_cancelled() {
    let (_event_loop, promise) = pending();
    promise.set_result(42).unwrap();
    assert_eq!((promise.done(), promise.cancelled()), (true, false));
    assert_stays(&promise, Outcome::Finished);
    assert_eq!(promise.result().unwrap(), 42);
    assert!(promise.exception().unwrap().is_none());
}

/// test_futures: test_exception
#[test]
fn a_failed_promise_refuses_to_be_set_or_cancelled() {
    let (_event_loop, promise) = pending();
    promise.set_exception("boom").unwrap();
    assert_eq!((promise.done(), promise.cancelled()), (true, false));
    assert_stays(&promise, Outcome::Failed);
    assert_eq!(promise.result().unwrap_err().to_string(), "boom");
    assert_eq!(promise.exception().unwrap().unwrap().to_string(), "boom");
}

#[test]
fn clones_are_the_same_promise() {
    let (_event_loop, promise) = pending();
    let other = promise.clone();
    promise.set_result(42).unwrap();
    assert_stays(&other, Outcome::Finished);
    assert_eq!(other.result().unwrap(), 42);
}

#[test]
fn a_refused_set_calls_no_callback_again() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise::<i32>();
    let told = trace.clone();
    promise.add_done_callback(move |promise| told.add(format!("{:?}", promise.result().ok())));
    promise.set_result(1).unwrap();
    promise.set_result(2).unwrap_err();
    promise.set_exception("boom").unwrap_err();
    promise.cancel();
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["Some(1)"]);
}

#[test]
fn the_refusal_is_an_invalid_state_among_the_errors_of_the_library() {
    let (_event_loop, promise) = pending();
    promise.set_result(1).unwrap();
    let error = Error::from(promise.set_result(2).unwrap_err());
    assert!(error.is_invalid_state());
    assert_eq!(error.to_string(), "Promise::set_result: invalid state: the promise is already finished");
}

/// test_tasks: test_task_set_methods; that a task cannot be set from outside is checked by the compiler:
/// `Task` has no such methods. A done task is as final as a promise.
#[test]
fn a_done_task_refuses_to_be_cancelled() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| 12));
    run_briefly(&event_loop);
    assert_eq!(task.outcome(), Outcome::Finished);
    assert!(!task.cancel());
    assert_eq!((task.outcome(), task.cancelling()), (Outcome::Finished, 0));
    assert_eq!(task.result().unwrap(), 12);
}
