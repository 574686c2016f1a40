//! `Runner` (test_runners.py, RunnerTests).

use std::time::Duration;

use cede::{
    Awaitable, ContextVar, LoopHandle, Runner, VirtualClock, coroutine, create_task, running_loop, sleep,
};
use cede_tests::trace::{Trace, unsited};

fn runner() -> Runner {
    Runner::new().clock(VirtualClock::new())
}

/// test_non_debug, test_debug
#[test]
fn a_runner_makes_its_loop_with_the_debug_mode_it_is_given() {
    assert!(!runner().debug(false).event_loop().unwrap().debug());
    assert!(runner().debug(true).event_loop().unwrap().debug());
}

/// test_custom_factory, test_loop_factory_default_event_loop: a clock is what there is to choose
#[test]
fn a_runner_runs_on_the_loop_it_shows() {
    let mut runner = runner();
    let shown = format!("{:?}", runner.event_loop().unwrap());
    let ran = runner.run(coroutine(|| format!("{:?}", running_loop().unwrap()))).unwrap();
    assert!(shown.contains(&ran.replace("running=true", "running=false")), "{shown} {ran}");
}

/// test_run
#[test]
fn a_runner_that_is_closed_has_closed_its_loop() {
    let mut runner = runner();
    let main = coroutine(|| {
        cede::yield_now().await_().unwrap();
        "done"
    });
    assert_eq!(runner.run(main).unwrap(), "done");
    let event_loop = LoopHandle::clone(runner.event_loop().unwrap());
    runner.close().unwrap();
    assert_eq!(runner.event_loop().unwrap_err().to_string(), "Runner is closed");
    assert!(event_loop.is_closed());
}

/// test_run_keeps_context
#[test]
fn the_context_variables_of_one_run_are_those_of_the_next() {
    static LOT: ContextVar<i32> = ContextVar::with_default("lot", || -1);
    let swap = |value| coroutine(move || (LOT.get(), LOT.set(value)).0);
    let mut runner = runner();
    assert_eq!(runner.run(swap(1)).unwrap(), Some(-1));
    assert_eq!(runner.run(swap(2)).unwrap(), Some(1));
    let task = runner.event_loop().unwrap().create_task(coroutine(|| LOT.get()));
    assert_eq!(runner.run(task).unwrap(), Some(-1), "a task that is made outside has what is outside");
}

/// test_explicit_close, test_double_close
#[test]
fn closing_a_runner_twice_is_fine() {
    let mut runner = runner();
    let event_loop = LoopHandle::clone(runner.event_loop().unwrap());
    runner.close().unwrap();
    runner.close().unwrap();
    assert!(event_loop.is_closed());
}

#[test]
fn closing_a_runner_that_ran_nothing_is_fine() {
    let mut runner = runner();
    runner.close().unwrap();
    assert_eq!(runner.run(coroutine(|| ())).unwrap_err().to_string(), "Runner is closed");
}

/// test_second_with_block_raises
#[test]
fn a_closed_runner_runs_nothing() {
    let trace = Trace::new();
    let mut runner = runner();
    let told = trace.clone();
    runner.run(coroutine(move || told.add(1))).unwrap();
    runner.close().unwrap();
    let told = trace.clone();
    let error = runner.run(coroutine(move || told.add(2))).unwrap_err();
    assert_eq!(error.to_string(), "Runner is closed");
    assert_eq!(trace.take(), ["1"]);
}

/// test_recursive_run
#[test]
fn a_runner_cannot_run_inside_a_running_loop() {
    let trace = Trace::new();
    let (told, reports) = (trace.clone(), trace.clone());
    let mut outer = runner().debug(true).exception_handler(move |_, report| reports.add(unsited(report)));
    let ran = outer.run(coroutine(move || {
        let error = runner().run(coroutine(|| ()).named("g")).unwrap_err();
        told.add(error);
    }));
    ran.unwrap();
    assert_eq!(
        trace.take(),
        [
            "coroutine 'g' was never awaited",
            "run: cannot be called while another loop is running on this thread"
        ]
    );
}

/// asyncio: only `Runner.close` cancels what is left over.
#[test]
fn what_one_run_leaves_over_goes_on_in_the_next() {
    let trace = Trace::new();
    let mut runner = runner();
    let told = trace.clone();
    runner
        .run(coroutine(move || {
            create_task(coroutine(move || {
                sleep(Duration::from_secs(1)).await_().unwrap();
                told.add("the task ends");
            }));
            cede::yield_now().await_().unwrap();
        }))
        .unwrap();
    trace.add("between");
    runner.run(coroutine(|| sleep(Duration::from_secs(2)).await_())).unwrap().unwrap();
    assert_eq!(trace.take(), ["between", "the task ends"]);
}

#[test]
fn a_runner_that_is_dropped_is_closed() {
    let trace = Trace::new();
    let told = trace.clone();
    let mut runner = runner();
    runner
        .run(coroutine(move || {
            create_task(coroutine(move || told.add(sleep(Duration::from_secs(1)).await_().unwrap_err())));
            cede::yield_now().await_().unwrap();
        }))
        .unwrap();
    assert!(trace.take().is_empty());
    drop(runner);
    assert_eq!(trace.take(), ["cancelled"]);
}

#[test]
fn a_runner_cannot_be_closed_inside_a_running_loop() {
    let mut inner = runner();
    inner.event_loop().unwrap();
    let error = cede_tests::trace::run(move || inner.close().unwrap_err());
    let text = "Runner::close: cannot run the event loop while another loop is running on this thread";
    assert_eq!(error.to_string(), text);
}

/// test_no_repr_is_call_on_the_task_result
#[test]
fn a_result_needs_no_debug() {
    struct Mute;
    let Mute = runner().run(coroutine(|| Mute)).unwrap();
}

#[test]
fn a_loop_that_was_stopped_before_the_end_is_an_error_and_the_next_run_goes_on() {
    let mut runner = runner();
    let error = runner
        .run(coroutine(|| {
            running_loop().unwrap().stop();
            sleep(Duration::from_secs(1)).await_()
        }))
        .unwrap_err();
    assert!(error.to_string().contains("the event loop was stopped before"), "{error}");
    assert_eq!(runner.run(coroutine(|| 5)).unwrap(), 5);
}
