//! Hazard 27: `mem::forget` of what is suspended: no destructor runs and the stack leaks. That is sound
//! only because nothing borrowed can be on it: see the compile-fail tests.

use std::mem::forget;

use cede::{Awaitable, Generator};
use cede_tests::trace::{Trace, run};

#[test]
fn a_forgotten_generator_runs_no_destructor_and_its_stack_is_not_used_again() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<usize>::new(move |co| {
        let local = said.on_drop("never");
        co.yield_(std::ptr::from_ref(&local).addr());
    });
    let Ok(cede::GeneratorState::Yielded(forgotten)) = generator.start() else { panic!("it yields") };
    let pooled = cede::stack::pooled();
    forget(generator);
    assert_eq!(cede::stack::pooled(), pooled);
    let near = |other: usize| forgotten.abs_diff(other) < 8 << 10;
    for _ in 0..100 {
        let other = Generator::<usize>::new(|co| {
            let local = 1_u64;
            co.yield_(std::ptr::from_ref(&local).addr());
        });
        let Ok(cede::GeneratorState::Yielded(address)) = other.start() else { panic!("it yields") };
        assert!(!near(address));
    }
    assert!(trace.take().is_empty());
}

#[test]
fn a_forgotten_task_handle_changes_nothing_for_the_task() {
    let done = run(|| {
        let task = cede::create_task(cede::coroutine(|| cede::yield_now().await_()));
        let handle = task.handle();
        forget(task);
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
        handle.done()
    });
    assert!(done);
}

#[test]
fn a_forgotten_driven_coroutine_hurts_nobody() {
    let driven = cede::coroutine(|| cede::yield_to_driver::<_, ()>(1)).start();
    driven.send(()).unwrap();
    forget(driven);
    let next = cede::coroutine(|| cede::yield_to_driver::<_, i32>(2).unwrap()).start();
    assert_eq!(next.send(()).unwrap().yielded::<i32>(), 2);
    assert_eq!(next.send(7).unwrap().complete(), 7);
}

#[test]
fn a_forgotten_coroutine_object_is_no_leak_of_a_stack() {
    let counts = cede::stack::counts();
    forget(cede::coroutine(|| ()));
    assert_eq!(cede::stack::counts(), counts);
}
