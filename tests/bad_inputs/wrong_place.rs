//! Awaits where nothing can pause: a plain callback of the loop.

use std::panic::catch_unwind;
use std::time::Duration;

use cede::{Awaitable, Generator, Promise};
use cede_tests::trace::{Trace, event_loop, run_briefly};

const WHERE: &str =
    "only a task can cede to the loop, and none runs here; move it from the callback into a task";

/// What is said when this is done in a callback.
fn in_a_callback(call: impl FnOnce() -> String + 'static) -> String {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.call_soon(move || told.add(call()));
    run_briefly(&event_loop);
    trace.take().join("\n")
}

#[test]
fn sleeping_in_a_callback_is_a_panic_of_that_callback() {
    let text = in_a_callback(|| format!("{:?}", cede::sleep(Duration::from_secs(1)).await_()));
    assert_eq!(text, format!("a callback panicked: sleep: {WHERE}"));
    let text = in_a_callback(|| format!("{:?}", cede::yield_now().await_()));
    assert_eq!(text, format!("a callback panicked: yield_now: {WHERE}"));
}

#[test]
fn awaiting_a_promise_or_a_task_in_a_callback_is_an_error() {
    let text = in_a_callback(|| Promise::<()>::new().await_().unwrap_err().to_string());
    assert_eq!(text, format!("await of a promise: {WHERE}"));
    let text = in_a_callback(|| cede::create_task(cede::coroutine(|| ())).await_().unwrap_err().to_string());
    assert_eq!(text, format!("await of a task: {WHERE}"));
}

#[test]
fn awaiting_in_a_done_callback_is_an_error() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (told, promise) = (trace.clone(), event_loop.create_promise::<()>());
    promise.add_done_callback(move |_| told.add(Promise::<()>::new().await_().unwrap_err()));
    promise.set_result(()).unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), [format!("await of a promise: {WHERE}")]);
}

/// A generator that a callback drives has a stack, but no task.
#[test]
fn awaiting_in_a_generator_that_a_callback_drives_is_an_error() {
    let text = in_a_callback(|| {
        let texts =
            Generator::<String>::new(|co| co.yield_(Promise::<()>::new().await_().unwrap_err().to_string()));
        texts.collect()
    });
    assert_eq!(text, format!("await of a promise: {WHERE}"));
}

#[test]
fn what_is_done_can_be_awaited_in_a_callback() {
    let text = in_a_callback(|| {
        let promise = Promise::new();
        promise.set_result(7).unwrap();
        format!("{} {}", promise.await_().unwrap(), cede::coroutine(|| 8).await_())
    });
    assert_eq!(text, "7 8");
}

/// A value for the driver, under a task: asyncio's "Task got bad yield", at the next step.
#[test]
fn a_value_for_the_driver_under_a_task_is_a_bad_yield() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    drop(event_loop.create_task(cede::coroutine(move || {
        told.add("yields");
        told.add(cede::yield_to_driver::<_, i32>("spam").unwrap_err());
        told.add(cede::yield_to_driver::<_, i32>(7).unwrap_err());
    })));
    event_loop.call_soon(trace.call("another"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["yields", "another"]);
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["Task got bad yield: \"spam\"", "Task got bad yield: 7"]);
}

#[test]
fn a_bad_yield_of_a_cancelled_task_is_the_cancellation() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    drop(event_loop.create_task(cede::coroutine(move || {
        cede::current_task().unwrap().cancel();
        told.add(cede::yield_to_driver::<_, i32>(7).unwrap_err());
    })));
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["cancelled"]);
}

/// The panic of a misused await in a task is that task's, and the loop lives.
#[test]
fn catching_the_panic_of_a_misused_await_is_fine() {
    let text = in_a_callback(|| {
        let caught = catch_unwind(|| cede::yield_now().await_());
        *caught.unwrap_err().downcast::<String>().unwrap()
    });
    assert_eq!(text, format!("yield_now: {WHERE}"));
}
