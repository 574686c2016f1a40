//! Coroutines driven by hand, driven wrongly. CPython's texts (`coroutine.send`).

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use cede::{Awaitable, Cancelled, Promise, ResumeError, Step};
use cede_tests::trace::{Trace, event_loop};

/// The seeds: Rock yields 7 and receives 42.
#[test]
fn what_is_yielded_and_sent_passes_through_any_number_of_awaits() {
    let rock = || cede::coroutine(|| cede::yield_to_driver::<_, i32>(7).unwrap());
    let main = cede::coroutine(move || cede::coroutine(move || rock().await_() + 1).await_()).start();
    assert_eq!(main.send(()).unwrap().yielded::<i32>(), 7);
    assert_eq!(main.send(42).unwrap().complete(), 43);
}

/// CPython: "can't send non-None value to a just-started coroutine"; here the text says generator.
#[test]
fn the_first_value_sent_must_be_the_unit() {
    let driven = cede::coroutine(|| 7).start();
    for _ in 0..2 {
        let error = driven.send(42).unwrap_err();
        assert!(matches!(error, ResumeError::JustStarted));
        assert_eq!(error.to_string(), "can't send non-None value to a just-started generator");
    }
    assert_eq!(driven.send(()).unwrap().complete(), 7);
}

/// CPython: "cannot reuse already awaited coroutine"
#[test]
fn a_finished_one_cannot_be_reused() {
    let driven = cede::coroutine(|| 7).start();
    driven.send(()).unwrap();
    for error in
        [driven.send(()).unwrap_err(), driven.send(42).unwrap_err(), driven.throw("boom").unwrap_err()]
    {
        assert!(matches!(error, ResumeError::AlreadyAwaited));
        assert_eq!(error.to_string(), "cannot reuse already awaited coroutine");
    }
    assert!(driven.close().unwrap().is_none());
}

/// CPython: closed before it started, it says the same.
#[test]
fn one_closed_before_it_started_cannot_be_reused() {
    let driven = cede::coroutine(|| 7).start();
    assert!(driven.close().unwrap().is_none());
    for error in [driven.send(()).unwrap_err(), driven.send(42).unwrap_err()] {
        assert_eq!(error.to_string(), "cannot reuse already awaited coroutine");
    }
}

/// CPython: "coroutine already executing"; here the text says generator.
#[test]
fn one_that_runs_cannot_be_sent_anything() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let slot: Rc<RefCell<Option<Rc<cede::Driven<String>>>>> = Rc::default();
    let me = slot.clone();
    let driven =
        Rc::new(cede::coroutine(move || me.take().unwrap().send(()).unwrap_err().to_string()).start());
    *slot.borrow_mut() = Some(driven.clone());
    assert_eq!(driven.send(()).unwrap().complete(), "generator already executing");
}

#[test]
fn what_is_sent_must_be_what_is_expected() {
    let driven =
        cede::coroutine(|| cede::yield_to_driver::<_, i32>(7).unwrap_err().to_string()).named("rock").start();
    driven.send(()).unwrap();
    assert_eq!(
        driven.send("forty-two").unwrap().complete(),
        "yield_to_driver: coroutine 'rock' was sent something that is no i32"
    );
}

#[test]
fn a_step_taken_for_another_says_what_it_was() {
    fn panic_of<T>(call: impl FnOnce() -> T) -> String {
        let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else { panic!("it should panic") };
        *payload
            .downcast::<String>()
            .unwrap_or_else(|payload| Box::new(payload.downcast::<&str>().unwrap().to_string()))
    }
    let yields = || {
        let driven = cede::coroutine(|| cede::yield_to_driver::<_, ()>(7).unwrap()).start();
        let step = driven.send(()).unwrap();
        std::mem::forget(driven);
        step
    };
    let returns = || cede::coroutine(|| 7).start().send(()).unwrap();
    assert_eq!(panic_of(|| yields().complete()), "Step::complete: the coroutine yielded 7");
    assert_eq!(panic_of(|| yields().yielded::<String>()), "Step::yielded: 7 is no alloc::string::String");
    assert_eq!(panic_of(|| returns().yielded::<i32>()), "Step::yielded: the coroutine has returned");
}

/// asyncio: "await wasn't used with future".
#[test]
fn a_value_sent_before_what_is_awaited_is_done_is_an_error_in_the_coroutine() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let awaited = promise.clone();
    let driven = cede::coroutine(move || awaited.await_()).start();
    let Step::Waiting(on) = driven.send(()).unwrap() else { panic!("it waits") };
    assert_eq!(format!("{on:?}"), "<Promise pending>");
    assert_eq!(
        driven.send(()).unwrap().complete().unwrap_err().to_string(),
        "await wasn't used with a task or promise that is done: the driver sent a value too early"
    );
    assert!(!promise.done());
}

/// test_futures: test_yield_from_twice, by hand.
#[test]
fn what_is_awaited_comes_to_the_driver_and_is_awaited_when_it_is_done() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let awaited = promise.clone();
    let driven = cede::coroutine(move || {
        let first = (&awaited).await_().unwrap();
        first + (&awaited).await_().unwrap() // done: does not wait
    })
    .start();
    let Step::Waiting(on) = driven.send(()).unwrap() else { panic!("it waits") };
    assert!(!on.done());
    promise.set_result(21).unwrap();
    assert!(on.done());
    assert_eq!(driven.send(()).unwrap().complete(), 42);
}

#[test]
fn a_cancellation_thrown_in_comes_out_of_the_parked_await_as_a_value() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<i32>();
    let driven = cede::coroutine(move || promise.await_().unwrap_err().to_string()).start();
    driven.send(()).unwrap();
    assert_eq!(driven.throw(Cancelled::new()).unwrap().complete(), "cancelled");
}

#[test]
fn another_error_thrown_in_leaves_the_coroutine() {
    let trace = Trace::new();
    let said = trace.clone();
    let driven = cede::coroutine(move || {
        let _local = said.on_drop("left");
        cede::yield_to_driver::<_, ()>(7)
    })
    .start();
    driven.send(()).unwrap();
    let Err(ResumeError::Raised(error)) = driven.throw("boom") else { panic!("it was thrown") };
    assert_eq!((error.to_string().as_str(), trace.take().len()), ("boom", 1));
}

#[test]
fn a_panic_of_the_coroutine_is_the_drivers() {
    let driven = cede::coroutine(|| resume_unwind(Box::new("boom"))).start();
    let payload = catch_unwind(AssertUnwindSafe(|| driven.send(()).map(drop))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"boom"));
    assert!(driven.send(()).is_err());
}

/// Inside a task, what a hand-driven coroutine awaits comes to its driver, not to the loop.
#[test]
fn a_coroutine_driven_inside_a_task_parks_nobody() {
    let steps = cede_tests::trace::run(|| {
        let promise = Promise::<i32>::new();
        let awaited = promise.clone();
        let driven = cede::coroutine(move || awaited.await_().unwrap()).start();
        let turns = cede::running_loop().unwrap().turns();
        let Step::Waiting(_) = driven.send(()).unwrap() else { panic!("it waits") };
        assert_eq!(cede::running_loop().unwrap().turns(), turns);
        promise.set_result(7).unwrap();
        driven.send(()).unwrap().complete()
    });
    assert_eq!(steps, 7);
}
