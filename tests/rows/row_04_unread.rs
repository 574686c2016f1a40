//! Row 4: an error that nobody ever looked at is reported, once, when nobody can any more; not after a
//! cancel.

use std::panic::resume_unwind;
use std::rc::Rc;

use cede::{Awaitable, Error, Promise};
use cede_tests::trace::{Trace, event_loop, run_briefly, run_reporting};

/// What is reported of a promise after this was done with it.
#[track_caller]
fn reported(with: impl FnOnce(Promise<i32>) + 'static) -> Vec<String> {
    run_reporting(move || with(Promise::new())).1
}

/// test_futures: test_tb_logger_abandoned
#[test]
fn a_promise_dropped_pending_is_not_reported() {
    assert_eq!(reported(drop), Vec::<String>::new());
}

/// test_futures: test_tb_logger_exception_unretrieved
#[test]
fn an_error_that_was_never_read_is_reported_when_the_promise_is_dropped() {
    let reports = reported(|promise| promise.set_exception("boom").unwrap());
    assert_eq!(reports, ["the error of a promise was never read: boom"]);
}

#[test]
fn it_is_reported_once_and_with_the_last_handle() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop
        .run_until_complete(cede::coroutine(move || {
            let promise = Promise::<i32>::new();
            let clones = [promise.clone(), promise.clone()];
            promise.set_exception("boom").unwrap();
            drop(promise);
            told.add("a handle is gone");
            drop(clones);
            told.add("all are gone");
        }))
        .unwrap();
    assert_eq!(
        trace.take(),
        ["a handle is gone", "the error of a promise was never read: boom", "all are gone"]
    );
}

/// test_futures: test_future_exception_never_retrieved_debug: the report names the place.
#[test]
fn the_report_says_where_the_promise_was_made() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.set_exception_handler(move |_, report| told.add(report));
    let line = line!() + 2;
    event_loop
        .run_until_complete(cede::coroutine(|| Promise::<i32>::new().set_exception("boom").unwrap()))
        .unwrap();
    let reports = trace.take();
    let place = format!(" (created at {}:{line}:", file!());
    assert_eq!(reports.len(), 1);
    assert!(
        reports[0].starts_with(&format!("the error of a promise was never read: boom{place}")),
        "{reports:?}"
    );
}

/// test_futures: test_tb_logger_result_unretrieved, test_tb_logger_result_retrieved
#[test]
fn a_result_that_was_never_read_is_not_reported() {
    assert!(reported(|promise| promise.set_result(42).unwrap()).is_empty());
    assert!(
        reported(|promise| {
            promise.set_result(42).unwrap();
            promise.result().unwrap();
        })
        .is_empty()
    );
}

/// test_futures: test_tb_logger_exception_retrieved
#[test]
fn an_error_that_was_looked_at_is_not_reported() {
    let reports = reported(|promise| {
        promise.set_exception("boom").unwrap();
        assert!(promise.exception().unwrap().is_some());
    });
    assert!(reports.is_empty(), "{reports:?}");
}

/// test_futures: test_tb_logger_exception_result_retrieved
#[test]
fn an_error_that_came_out_of_result_is_not_reported() {
    let reports = reported(|promise| {
        promise.set_exception("boom").unwrap();
        promise.result().unwrap_err();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn an_error_that_came_out_of_an_await_is_not_reported() {
    let reports = reported(|promise| {
        promise.set_exception("boom").unwrap();
        (&promise).await_().unwrap_err();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn an_error_that_a_callback_looked_at_is_not_reported() {
    let reports = reported(|promise| {
        promise.add_done_callback(|promise| assert!(promise.exception().unwrap().is_some()));
        promise.set_exception("boom").unwrap();
        drop(promise);
        cede::yield_now().await_().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn an_error_that_a_callback_did_not_look_at_is_reported_after_it() {
    let reports = reported(|promise| {
        promise.add_done_callback(|promise| assert!(promise.done()));
        promise.set_exception("boom").unwrap();
        drop(promise);
        cede::yield_now().await_().unwrap();
    });
    assert_eq!(reports, ["the error of a promise was never read: boom"]);
}

/// test_futures: test_tb_logger_not_called_after_cancel
#[test]
fn an_error_is_not_reported_after_a_cancel_even_one_that_came_too_late() {
    let reports = reported(|promise| {
        promise.set_exception("boom").unwrap();
        assert!(!promise.cancel());
    });
    assert!(reports.is_empty(), "{reports:?}");
}

/// asyncio's flag is set by `set_exception`, so having asked before changes nothing.
#[test]
fn a_result_asked_for_too_early_does_not_count_as_read() {
    let reports = reported(|promise| {
        promise.result().unwrap_err();
        promise.exception().unwrap_err();
        promise.set_exception("boom").unwrap();
    });
    assert_eq!(reports, ["the error of a promise was never read: boom"]);
}

#[test]
fn a_cancelled_promise_is_not_reported() {
    let reports = reported(|promise| assert!(promise.cancel()));
    assert!(reports.is_empty(), "{reports:?}");
}

#[cede::coroutine]
fn fails() -> cede::Result<()> {
    Err(Error::other("the well is dry"))
}

/// python/asyncio#397: asyncio waits for the garbage collector.
#[test]
fn the_failure_of_a_task_whose_handle_is_gone_is_reported_when_it_ends() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    drop(event_loop.create_task(fails()));
    event_loop.call_soon(trace.call("next callback"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["the error of task 'Task-1' was never read: the well is dry", "next callback"]);
}

/// asyncio: `Future.__del__` tells the loop's exception handler, whether that loop runs or not.
#[test]
fn the_failure_of_a_task_whose_handle_is_held_is_reported_when_that_is_dropped() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let task = event_loop.create_task(fails());
    run_briefly(&event_loop);
    assert!(task.done());
    assert!(trace.take().is_empty());
    drop(task);
    assert_eq!(trace.take(), ["the error of task 'Task-1' was never read: the well is dry"]);
}

#[test]
fn the_failure_of_a_task_that_was_awaited_is_not_reported() {
    let ((), reports) = run_reporting(|| {
        let by_value = cede::create_task(fails());
        by_value.await_().unwrap().unwrap_err();
        let flat = cede::create_task(fails());
        flat.flatten().await_().unwrap_err();
        let callback = cede::create_task(fails());
        callback.add_done_callback(|task| drop(task.result()));
        drop(callback);
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn the_panic_of_a_task_that_nobody_can_read_is_reported() {
    let ((), reports) = run_reporting(|| {
        drop(cede::create_task(cede::coroutine(|| resume_unwind(Box::new("boom")))).named("worker-7"));
        cede::yield_now().await_().unwrap();
    });
    assert_eq!(reports, ["the error of task 'worker-7' was never read: the task panicked: boom"]);
}

/// test_tasks: test_tb_logger_not_called_after_cancel
#[test]
fn a_cancelled_task_is_not_reported() {
    let ((), reports) = run_reporting(|| {
        let sleeps = cede::coroutine(|| cede::sleep(std::time::Duration::from_secs(10)).await_());
        let task = cede::create_task(sleeps.fallible());
        cede::yield_now().await_().unwrap();
        task.cancel();
        drop(task);
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

/// test_tasks: test_tb_logger_not_called_after_cancel, of a task that has failed already.
#[test]
fn the_failure_of_a_task_is_not_reported_after_a_cancel_that_came_too_late() {
    let ((), reports) = run_reporting(|| {
        let task = cede::create_task(fails());
        cede::yield_now().await_().unwrap();
        assert!(!task.cancel());
        drop(task);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn an_error_that_is_only_a_value_is_nobodys_failure() {
    let ((), reports) = run_reporting(|| {
        // No `Failure`, so an `Err` is a result like any other.
        drop(cede::create_task(cede::coroutine(|| Err::<(), _>("just a value"))));
        cede::yield_now().await_().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn one_of_several_readers_is_enough() {
    let ((), reports) = run_reporting(|| {
        let task = Rc::new(cede::create_task(cede::coroutine(|| -> cede::Result<(), Rc<Error>> {
            Err(Rc::new(Error::other("boom")))
        })));
        (&*task).await_().unwrap().unwrap_err();
        let promise = Promise::<i32>::new();
        let other = promise.clone();
        promise.set_exception("boom").unwrap();
        other.exception().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}
