//! Hazard 14: a coroutine that paused in a destructor while it panicked left everybody else counted as
//! panicking: innocent locks were poisoned, and dropping it aborted. Here it cannot pause there: what gives
//! a `Result` gives an error, a pure pause does nothing and is reported, and where a value is needed the
//! process ends with our text.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::time::Duration;

use cede::{Awaitable, Co, Generator, GeneratorStatus, Outcome, Promise, Thrown};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// Runs a function when it is dropped.
struct Last<F: FnMut()>(F);

impl<F: FnMut()> Drop for Last<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

const WHY: &str = "await while unwinding: a panic or a teardown is leaving this stack, so it cannot pause; clean \
                   up without awaiting, or after the unwind is caught";

/// What happens when a task panics and a destructor does this meanwhile, and what its loop reports.
fn in_a_destructor_of_a_panicking_task(clean_up: impl FnMut(&Trace) + 'static) -> Vec<String> {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    let mut clean_up = clean_up;
    let task = event_loop.create_task(cede::coroutine(move || {
        let _last = Last(|| {
            assert!(std::thread::panicking());
            clean_up(&told);
        });
        resume_unwind(Box::new("boom"))
    }));
    event_loop.call_soon({
        let trace = trace.clone();
        move || trace.add(format!("another callback, panicking: {}", std::thread::panicking()))
    });
    run_briefly(&event_loop);
    assert_eq!(task.outcome(), Outcome::Panicked, "in one step");
    trace.take()
}

const INNOCENT: &str = "another callback, panicking: false";

#[test]
fn a_sleep_does_nothing_and_is_reported() {
    let happened = in_a_destructor_of_a_panicking_task(|trace| {
        trace.add(format!("{:?}", cede::sleep(Duration::from_secs(1)).await_()));
        trace.add(format!("{:?}", cede::sleep(Duration::ZERO).await_()));
        trace.add(format!("{:?}", cede::yield_now().await_()));
    });
    let report = |call: &str| {
        format!("{call}: await while unwinding: it did nothing, for a stack that is being left cannot pause")
    };
    let (sleep, yield_now) = (report("sleep"), report("yield_now"));
    assert_eq!(happened, [&sleep, "Ok(())", &sleep, "Ok(())", &yield_now, "Ok(())", INNOCENT]);
}

#[test]
fn awaiting_a_promise_or_a_task_is_an_error() {
    let happened = in_a_destructor_of_a_panicking_task(|trace| {
        trace.add(Promise::<i32>::new().await_().unwrap_err());
        let task = cede::create_task(cede::coroutine(|| 7));
        let error = task.await_().unwrap_err();
        trace.add(&error);
        assert!(!error.is_cancelled() && !error.is_panic());
        trace.add(cede::Error::from(error).is_unwinding());
    });
    let (promise, task) = (format!("await of a promise: {WHY}"), format!("await of a task: {WHY}"));
    assert_eq!(happened, [promise.as_str(), task.as_str(), "true", INNOCENT]);
}

#[test]
fn what_is_done_can_be_awaited_even_there() {
    let happened = in_a_destructor_of_a_panicking_task(|trace| {
        let promise = Promise::new();
        promise.set_result(7).unwrap();
        trace.add(promise.await_().unwrap());
        trace.add(cede::coroutine(|| 8).await_());
    });
    assert_eq!(happened, ["7", "8", INNOCENT]);
}

#[test]
fn a_value_for_the_driver_is_an_error() {
    let happened = in_a_destructor_of_a_panicking_task(|trace| {
        trace.add(cede::yield_to_driver::<_, i32>(7).unwrap_err().is_unwinding());
    });
    assert_eq!(happened, ["true", INNOCENT]);
    let trace = Trace::new();
    let told = trace.clone();
    let driven = cede::coroutine(move || {
        let _last = Last(|| told.add(cede::yield_to_driver::<_, i32>(7).unwrap_err()));
        resume_unwind(Box::new("boom"))
    });
    let driven = driven.start();
    assert!(catch_unwind(AssertUnwindSafe(|| driven.send(()))).is_err());
    assert_eq!(trace.take(), [format!("await: {WHY}")]);
}

#[test]
fn another_tasks_mutex_is_not_poisoned() {
    let happened = in_a_destructor_of_a_panicking_task(|trace| {
        let mutex = std::rc::Rc::new(Mutex::new(0));
        let (shared, told) = (mutex.clone(), trace.clone());
        drop(cede::create_task(cede::coroutine(move || {
            drop(shared.lock().unwrap());
            told.add(format!("poisoned: {}", shared.is_poisoned()));
        })));
        let _ = cede::yield_now().await_(); // would have let it run while this one panics
    });
    assert_eq!(happened[1..], [INNOCENT]);
}

#[test]
fn try_yield_in_a_destructor_is_refused() {
    let trace = Trace::new();
    let told = trace.clone();
    let generator = Generator::<i32>::new(move |co: Co<i32>| {
        let _last = Last(|| match co.try_yield(2) {
            Err(Thrown::Refused(error)) => {
                assert!(error.is_unwinding());
                told.add(error);
            }
            other => told.add(format!("{other:?}")),
        });
        co.yield_(1);
        resume_unwind(Box::new("boom"))
    });
    generator.start().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| generator.resume(()))).is_err());
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    assert_eq!(trace.take(), [format!("Co::yield_: {WHY}")]);
}

/// A close leaves by unwinding, too.
#[test]
fn try_yield_in_a_destructor_is_refused_while_the_generator_is_closed() {
    let trace = Trace::new();
    let told = trace.clone();
    let generator = Generator::<i32>::new(move |co: Co<i32>| {
        let _last = Last(|| told.add(co.try_yield(2).unwrap_err()));
        co.yield_(1);
    });
    generator.start().unwrap();
    assert!(generator.close().unwrap().is_none());
    assert_eq!(trace.take(), [format!("Co::yield_: {WHY}")]);
}

#[test]
fn a_yield_in_a_destructor_that_a_panic_runs_ends_the_process_with_our_text() {
    let ended = in_child(&[], || {
        let generator = Generator::<i32>::new(|co: Co<i32>| {
            let _last = Last(|| co.yield_(2));
            resume_unwind(Box::new("boom"))
        });
        let _ = generator.start();
    });
    assert_eq!(ended.aborted(), format!("cede: Co::yield_: {WHY}; aborting\n"));
}

#[test]
fn a_yield_in_a_destructor_that_a_close_runs_ends_the_process_with_our_text() {
    let ended = in_child(&[], || {
        let generator = Generator::<i32>::new(|co: Co<i32>| {
            let _last = Last(|| co.yield_(2));
            co.yield_(1);
        });
        generator.start().unwrap();
        drop(generator);
    });
    assert_eq!(ended.aborted(), format!("cede: Co::yield_: {WHY}; aborting\n"));
}

/// Where the host panics, too, nobody can tell the generator's own unwinding from the host's; it ends with
/// std's text.
#[test]
fn a_yield_in_a_destructor_ends_the_process_if_its_host_panics_as_well() {
    let ended = in_child(&[], || {
        let generator = Generator::<i32>::new(|co: Co<i32>| {
            let _last = Last(|| co.yield_(2));
            co.yield_(1);
        });
        generator.start().unwrap();
        let _ = catch_unwind(AssertUnwindSafe(move || {
            let _generator = generator;
            resume_unwind(Box::new("the host"));
        }));
    });
    let text = ended.aborted();
    assert!(text.contains("panic in a destructor during cleanup"), "{text}");
}

/// Teardown: the loop closes, and the frames of what is left are left.
#[test]
fn a_task_that_is_torn_down_cannot_await_in_its_destructors() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    drop(event_loop.create_task(cede::coroutine(move || {
        let _last = Last(|| {
            told.add(format!("{:?}", cede::yield_now().await_()));
            told.add(Promise::<i32>::new().await_().unwrap_err());
        });
        loop {
            let _ = cede::sleep(Duration::from_secs(1)).await_();
        }
    })));
    run_briefly(&event_loop);
    drop(event_loop);
    assert_eq!(
        trace.take()[1..],
        [
            "yield_now: await while unwinding: it did nothing, for a stack that is being left cannot pause"
                .to_owned(),
            "Ok(())".to_owned(),
            format!("await of a promise: {WHY}"),
        ]
    );
}

/// Clean-up that awaits belongs after the unwind is caught: what `finally` is made of.
#[test]
fn clean_up_may_await_after_the_unwind_is_caught() {
    let happened = run(|| {
        let trace = Trace::new();
        let told = trace.clone();
        let task = cede::create_task(cede::coroutine(move || {
            let Err(payload) = catch_unwind(|| resume_unwind(Box::new("boom")));
            cede::sleep(Duration::from_secs(1)).await_().unwrap();
            told.add("cleaned up");
            resume_unwind(payload)
        }));
        trace.add(task.await_().unwrap_err());
        trace.take()
    });
    assert_eq!(happened, ["cleaned up", "the task panicked: boom"]);
}

/// A destructor of the host may use coroutines of its own: their stacks are not being left.
#[test]
fn a_whole_loop_may_run_in_a_destructor_of_a_panicking_host() {
    let trace = Trace::new();
    let told = trace.clone();
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _last = Last(|| {
            let told = told.clone();
            run(move || {
                let task =
                    cede::create_task(cede::coroutine(|| cede::sleep(Duration::from_secs(1)).await_()));
                told.add(format!("{:?}", task.await_().unwrap()));
            });
        });
        resume_unwind(Box::new("the host"));
    }));
    assert!(caught.is_err());
    assert_eq!(trace.take(), ["Ok(())"]);
}

#[test]
fn a_generator_may_be_used_in_a_destructor_of_a_panicking_host() {
    let trace = Trace::new();
    let told = trace.clone();
    let generator = Generator::<i32>::new(|co| (1..=3).for_each(|n| co.yield_(n)));
    let mut generator = Some(generator);
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _last = Last(|| told.add(format!("{:?}", generator.take().unwrap().collect::<Vec<_>>())));
        resume_unwind(Box::new("the host"));
    }));
    assert!(caught.is_err());
    assert_eq!(trace.take(), ["[1, 2, 3]"]);
    assert!(!std::thread::panicking());
}
