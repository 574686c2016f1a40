//! Generators used where or how they cannot be.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cede::{Awaitable, Generator, GeneratorState, Promise};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

#[test]
fn a_handle_kept_after_the_end_says_that_its_generator_is_not_running() {
    let co = std::rc::Rc::new(std::cell::RefCell::new(None));
    let keeps = co.clone();
    Generator::<i32>::new(move |co| *keeps.borrow_mut() = Some(co)).start().unwrap();
    let co = co.take().unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| co.yield_(1))).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "Co::yield_: its generator is not running");
    assert_eq!(co.try_yield(1).unwrap_err().to_string(), "Co::yield_: its generator is not running");
}

#[test]
fn iterating_one_that_cannot_have_a_stack_panics_and_says_why() {
    let mut generator = Generator::<i32>::new(|co| co.yield_(1)).named("greedy").stack_size(usize::MAX);
    let payload = catch_unwind(AssertUnwindSafe(|| generator.next())).unwrap_err();
    assert_eq!(
        payload.downcast_ref::<String>().unwrap(),
        "generator 'greedy': the generator cannot start: a stack of 18446744073709551615 bytes was asked for; \
         the largest has 33554432"
    );
}

#[test]
fn iterating_one_that_runs_panics_and_says_so() {
    let texts = run(|| {
        let generator = std::rc::Rc::new(std::cell::RefCell::new(Generator::<i32>::new(|co| {
            cede::yield_now().await_().unwrap();
            co.yield_(1);
        })));
        let inner = generator.clone();
        let task = cede::create_task(cede::coroutine(move || {
            let inner = inner.borrow();
            inner.start().map(|_| ())
        }));
        cede::yield_now().await_().unwrap();
        let text = generator.borrow().resume(()).unwrap_err().to_string();
        task.await_().unwrap().unwrap();
        text
    });
    assert_eq!(texts, "generator already executing");
}

/// A generator may await inside a task: the task parks, generator and all.
#[test]
fn awaiting_inside_a_generator_parks_its_task() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise::<i32>();
    let (awaited, told) = (promise.clone(), trace.clone());
    drop(event_loop.create_task(cede::coroutine(move || {
        for value in Generator::<i32>::new(move |co| {
            co.yield_(1);
            co.yield_(awaited.await_().unwrap());
            co.yield_(3);
        }) {
            told.add(value);
        }
    })));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["1"]);
    promise.set_result(2).unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["2", "3"]);
}

#[test]
fn cancelling_a_task_that_is_parked_inside_a_generator_reaches_the_await_there() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        Generator::<String>::new(|co| co.yield_(Promise::<()>::new().await_().unwrap_err().to_string()))
            .for_each(|text| told.add(text));
    }));
    run_briefly(&event_loop);
    task.cancel();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["cancelled"]);
}

/// The loop closes while a task is parked inside a generator: both are left.
#[test]
fn a_task_torn_down_inside_a_generator_leaves_the_generators_frames_first() {
    let trace = Trace::new();
    let event_loop = event_loop(&Trace::new());
    let said = trace.clone();
    drop(event_loop.create_task(cede::coroutine(move || {
        let _task = said.on_drop("task");
        let inner = said.clone();
        let generator = Generator::<()>::new(move |_| {
            let _generator = inner.on_drop("generator");
            loop {
                let _ = cede::sleep(std::time::Duration::from_secs(1)).await_();
            }
        });
        let _ = generator.start();
    })));
    run_briefly(&event_loop);
    drop(event_loop);
    assert_eq!(trace.take(), ["generator", "task"]);
}

/// What is suspended in a task at its end is closed like any local.
#[test]
fn a_suspended_generator_of_a_task_is_closed_with_its_frame() {
    let trace = Trace::new();
    let said = trace.clone();
    run(move || {
        cede::create_task(cede::coroutine(move || {
            let generator = Generator::<i32>::new(move |co| {
                let _frame = said.on_drop("closed");
                co.yield_(1);
            });
            assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(1));
        }))
        .await_()
        .unwrap();
    });
    assert_eq!(trace.take(), ["closed"]);
}
