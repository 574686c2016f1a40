//! Row 2: what a promise's or a task's result is before the end, after a cancellation, and after a failure.

use std::fmt;

use cede::{Awaitable, Error};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// test_futures: test_result, test_exception
#[test]
fn the_result_of_a_pending_promise_is_not_set() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let early = promise.result().unwrap_err();
    assert!(early.is_invalid_state());
    assert_eq!(early.to_string(), "Result is not set.");
    let early = promise.exception().unwrap_err();
    assert!(early.is_invalid_state());
    assert_eq!(early.to_string(), "Exception is not set.");
}

#[test]
fn the_result_of_a_pending_task_is_not_set() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| cede::yield_now().await_()));
    for _ in 0..2 {
        let early = task.result().unwrap_err();
        assert!(early.is_invalid_state());
        assert_eq!(early.to_string(), "Result is not set.");
        run_briefly(&event_loop);
    }
    assert_eq!(task.result().unwrap(), Ok(()));
}

/// A result that the body has returned is not to be had while the step that it ended in is not over.
#[test]
fn a_task_has_no_result_inside_itself() {
    let event_loop = event_loop(&Trace::new());
    let slot = std::rc::Rc::new(std::cell::RefCell::new(None::<cede::Task<()>>));
    let mine = slot.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        assert_eq!(mine.take().unwrap().result().unwrap_err().to_string(), "Result is not set.");
    }));
    slot.replace(Some(task));
    run_briefly(&event_loop);
    assert!(slot.borrow().is_none());
}

/// test_futures: test_cancel
#[test]
fn the_result_of_a_cancelled_promise_is_the_cancellation() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    promise.cancel();
    for error in [promise.result().unwrap_err(), promise.exception().unwrap_err()] {
        assert!(error.is_cancelled());
        assert_eq!(error.to_string(), "cancelled");
    }
}

/// test_futures: test_future_cancel_message_getter
#[test]
fn the_cancellation_of_a_promise_keeps_its_message() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    promise.cancel_with("my message");
    let error = promise.result().unwrap_err();
    assert_eq!(error.to_string(), "cancelled: my message");
    assert_eq!(error.downcast_ref::<cede::Cancelled>().unwrap().message(), Some("my message"));
}

#[derive(Debug, PartialEq)]
struct LunchError(&'static str);

impl fmt::Display for LunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for LunchError {}

/// test_futures: test_exception_class
#[test]
fn the_error_that_was_set_comes_out_as_it_went_in() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    promise.set_exception(LunchError("tomato ejected")).unwrap();
    let tomato = Some(&LunchError("tomato ejected"));
    assert_eq!(promise.result().unwrap_err().downcast_ref(), tomato);
    assert_eq!(promise.exception().unwrap().unwrap().downcast_ref(), tomato);
    let awaited = run_on(&event_loop, move || promise.await_()).unwrap_err();
    assert_eq!(awaited.downcast_ref(), tomato);
}

fn run_on<T: 'static>(event_loop: &cede::EventLoop, main: impl FnOnce() -> T + 'static) -> T {
    event_loop.run_until_complete(cede::coroutine(main)).unwrap()
}

/// test_futures: test_yield_from_twice
#[test]
fn a_promise_may_be_awaited_twice_by_reference() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise::<i32>();
    let setter = promise.clone();
    let told = trace.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        told.add("A");
        told.add(format!("B {}", (&promise).await_().unwrap()));
        told.add(format!("C {}", (&promise).await_().unwrap())); // does not cede
    }));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["A"]);
    setter.set_result(42).unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["B 42", "C 42"]);
    assert!(task.done());
}

#[test]
fn a_result_that_was_moved_out_is_gone_and_says_so() {
    let (promise, task) = run(|| {
        let promise = cede::Promise::new();
        promise.set_result(String::from("moved")).unwrap();
        assert_eq!(promise.clone().await_().unwrap(), "moved");
        let task = cede::create_task(cede::coroutine(|| String::from("moved")));
        (promise.result().unwrap_err(), task.await_().unwrap())
    });
    assert!(promise.is_invalid_state());
    assert_eq!(
        promise.to_string(),
        "the promise's result was moved out by an earlier await; await a reference to clone it"
    );
    assert_eq!(task, "moved");
}

#[test]
fn several_may_await_the_same_task_by_reference() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = std::rc::Rc::new(cede::create_task(cede::coroutine(|| {
            cede::yield_now().await_().unwrap();
            42
        })));
        let readers: Vec<_> = ["a", "b"]
            .into_iter()
            .map(|name| {
                let (task, trace) = (task.clone(), told.clone());
                cede::create_task(cede::coroutine(move || {
                    trace.add(format!("{name} {}", (&*task).await_().unwrap()));
                }))
            })
            .collect();
        for reader in readers {
            reader.await_().unwrap();
        }
        told.add(format!("main {}", (&*task).await_().unwrap()));
    });
    assert_eq!(trace.take(), ["a 42", "b 42", "main 42"]);
}

/// test_tasks: test_cancel_with_message_then_future_result
#[test]
fn the_result_of_a_cancelled_task_is_the_cancellation_with_its_message() {
    let (text, message) = run(|| {
        let task = cede::create_task(
            cede::coroutine(|| -> cede::Result<()> {
                Ok(cede::sleep(std::time::Duration::from_secs(10)).await_()?)
            })
            .fallible(),
        );
        cede::yield_now().await_().unwrap();
        task.cancel_with("my message");
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
        let result = task.result().expect("the body returned").unwrap_err();
        assert!(task.cancelled());
        (result.to_string(), result.downcast_ref::<cede::Cancelled>().unwrap().message().map(str::to_owned))
    });
    assert_eq!((text.as_str(), message.as_deref()), ("cancelled: my message", Some("my message")));
}

/// test_tasks: test_task_basics
#[test]
fn a_task_of_coroutines_that_await_coroutines_gives_the_sum() {
    let sum = run(|| {
        let outer = || {
            let a = cede::coroutine(|| cede::coroutine(|| 42).await_()).await_();
            let b = cede::coroutine(|| cede::coroutine(|| 1000).await_()).await_();
            a + b
        };
        cede::create_task(cede::coroutine(outer)).await_().unwrap()
    });
    assert_eq!(sum, 1042);
}

#[test]
fn an_error_may_be_read_by_several_and_is_the_same_for_all() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    promise.set_exception(Error::other(LunchError("again"))).unwrap();
    let texts: Vec<_> = (0..3).map(|_| promise.result().unwrap_err().to_string()).collect();
    assert_eq!(texts, ["again", "again", "again"]);
}
