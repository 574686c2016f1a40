//! Calls that need a running loop, where none runs: "no running event loop", and the call that needs it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use cede::{Awaitable, Promise};
use cede_tests::trace::{Trace, event_loop};

const NONE: &str = "no running event loop; call it from inside cede::run or a loop's callback";

/// The text of the panic.
#[track_caller]
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it should panic"),
        Err(payload) => *payload.downcast::<String>().expect("a panic with a text"),
    }
}

#[test]
fn create_task_outside_a_loop_panics() {
    assert_eq!(panic_of(|| cede::create_task(cede::coroutine(|| ()))), format!("create_task: {NONE}"));
}

/// test_tasks: test_bare_create_task needs a loop, too.
#[test]
fn create_task_after_the_run_panics_again() {
    cede::run(cede::coroutine(|| drop(cede::create_task(cede::coroutine(|| ()))))).unwrap();
    assert_eq!(panic_of(|| cede::create_task(cede::coroutine(|| ()))), format!("create_task: {NONE}"));
}

/// test_futures: test_constructor_without_loop
#[test]
fn making_a_promise_outside_a_loop_panics() {
    assert_eq!(panic_of(Promise::<()>::new), format!("Promise::new: {NONE}"));
}

#[test]
fn sleeping_outside_a_loop_panics() {
    assert_eq!(panic_of(|| cede::sleep(Duration::ZERO).await_()), format!("sleep: {NONE}"));
    assert_eq!(panic_of(|| cede::sleep(Duration::from_secs(1)).await_()), format!("sleep: {NONE}"));
    assert_eq!(panic_of(|| cede::yield_now().await_()), format!("yield_now: {NONE}"));
}

#[test]
fn awaiting_outside_a_loop_is_an_error() {
    let event_loop = event_loop(&Trace::new());
    let error = event_loop.create_promise::<()>().await_().unwrap_err();
    assert!(error.is_no_running_loop());
    assert_eq!(error.to_string(), format!("await of a promise: {NONE}"));
    let error = event_loop.create_task(cede::coroutine(|| ())).await_().unwrap_err();
    assert!(!error.is_cancelled() && !error.is_panic());
    assert_eq!(error.to_string(), format!("await of a task: {NONE}"));
}

#[test]
fn running_loop_outside_a_loop_is_an_error() {
    let error = cede::running_loop().unwrap_err();
    assert!(error.is_no_running_loop());
    assert_eq!(error.to_string(), format!("running_loop: {NONE}"));
}

#[test]
fn a_value_for_the_driver_where_nobody_drives_is_an_error() {
    let error = cede::yield_to_driver::<_, ()>(7).unwrap_err();
    assert!(error.is_no_running_loop());
    assert_eq!(error.to_string(), format!("yield_to_driver: {NONE}"));
}

/// The thread of a loop is not every thread.
#[test]
fn another_thread_than_the_loops_has_no_running_loop() {
    let text = cede::run(cede::coroutine(|| {
        std::thread::spawn(|| panic_of(|| cede::create_task(cede::coroutine(|| ())))).join().unwrap()
    }))
    .unwrap();
    assert_eq!(text, format!("create_task: {NONE}"));
}

#[test]
fn all_tasks_and_current_task_outside_a_loop_are_none() {
    assert!(cede::all_tasks().is_empty());
    assert!(cede::current_task().is_none());
}
