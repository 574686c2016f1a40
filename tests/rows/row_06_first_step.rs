//! Row 6: a task starts at the next turn, not at its creation, and makes exactly one step a turn unless it
//! does not suspend.

use cede::{Awaitable, Outcome};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// The seeds: "creating a task queues its first step and runs nothing".
#[test]
fn creating_a_task_runs_nothing_of_it() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let task = event_loop.create_task(cede::coroutine(trace.call("body")));
    assert!(trace.take().is_empty());
    assert_eq!(task.outcome(), Outcome::Pending);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["body"]);
    assert_eq!(task.outcome(), Outcome::Finished);
}

#[test]
fn a_task_made_in_a_turn_starts_in_the_next_one() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (told, handle) = (trace.clone(), cede::LoopHandle::clone(&event_loop));
    event_loop.call_soon(move || {
        told.add("callback");
        drop(handle.create_task(cede::coroutine(told.call("task"))));
        told.add("end of callback");
    });
    event_loop.call_soon(trace.call("next callback"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["callback", "end of callback", "next callback"]);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["task"]);
}

#[test]
fn tasks_start_in_the_order_of_their_creation_among_the_callbacks() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    drop(event_loop.create_task(cede::coroutine(trace.call("task 1"))));
    event_loop.call_soon(trace.call("callback"));
    drop(event_loop.create_task(cede::coroutine(trace.call("task 2"))));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["task 1", "callback", "task 2"]);
}

#[test]
fn a_task_that_does_not_suspend_is_one_callback() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop
        .create_task(cede::coroutine(|| (0..5).map(|n| cede::coroutine(move || n).await_()).sum::<i32>()));
    let before = event_loop.callbacks_run();
    run_briefly(&event_loop);
    assert_eq!(event_loop.callbacks_run() - before, 1);
    assert_eq!(task.result().unwrap(), 10);
}

#[test]
fn a_task_makes_exactly_one_step_a_turn() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    for name in ["a", "b"] {
        let told = trace.clone();
        drop(event_loop.create_task(cede::coroutine(move || {
            for step in 1..=3 {
                told.add(format!("{name}{step}"));
                cede::yield_now().await_().unwrap();
            }
        })));
    }
    let callbacks = event_loop.callbacks_run();
    for expected in [["a1", "b1"], ["a2", "b2"], ["a3", "b3"]] {
        run_briefly(&event_loop);
        assert_eq!(trace.take(), expected);
    }
    run_briefly(&event_loop); // both end
    assert_eq!(event_loop.callbacks_run() - callbacks, 8);
    assert!(event_loop.all_tasks().is_empty());
}

/// DESIGN: tasks are held strongly; asyncio's may vanish (cpython#88831).
#[test]
fn a_task_whose_handle_is_dropped_runs_all_the_same() {
    let trace = run(|| {
        let trace = Trace::new();
        let told = trace.clone();
        drop(cede::create_task(cede::coroutine(move || {
            cede::yield_now().await_().unwrap();
            told.add("ran");
        })));
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
        trace.take()
    });
    assert_eq!(trace, ["ran"]);
}

/// The article, part 1: plant_a_tree.
#[test]
fn the_creator_goes_on_before_what_it_created() {
    let trace = run(|| {
        let trace = Trace::new();
        let task = cede::create_task(cede::coroutine(trace.call("task")));
        trace.add("creator");
        task.await_().unwrap();
        trace.add("creator again");
        trace.take()
    });
    assert_eq!(trace, ["creator", "task", "creator again"]);
}

#[test]
fn a_task_of_another_loop_waits_for_that_loop() {
    let trace = Trace::new();
    let (one, other) = (event_loop(&trace), event_loop(&trace));
    let task = cede::Task::new(cede::coroutine(trace.call("task of one")), &one);
    run_briefly(&other);
    assert_eq!(task.outcome(), Outcome::Pending);
    run_briefly(&one);
    assert_eq!(trace.take(), ["task of one"]);
}

/// test_tasks: test_coroutine_non_gen_function_return_future
#[test]
fn a_task_may_return_a_promise_without_waiting_for_it() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<&str>();
    let returned = promise.clone();
    let result = event_loop.run_until_complete(cede::coroutine(move || returned)).unwrap();
    assert_eq!(result.outcome(), Outcome::Pending);
    promise.set_result("test").unwrap();
    assert_eq!(result.result().unwrap(), "test");
}
