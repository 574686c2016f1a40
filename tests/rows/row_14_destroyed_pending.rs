//! Row 14: a task that is destroyed while it is pending is reported, once.

use std::time::Duration;

use cede::{Awaitable, EventLoop, Outcome, Promise, Runner, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run_briefly, unlined};

#[cede::coroutine]
fn waits_for(promise: Promise<()>, trace: Trace) -> cede::Result<()> {
    promise.await.inspect_err(|error| trace.add(error))
}

/// test_tasks: test_log_destroyed_pending_task
#[test]
fn a_task_pending_when_its_loop_is_dropped_is_reported_once() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.set_exception_handler(move |_, report| told.add(unlined(&report.to_string())));
    let task = event_loop.create_task(waits_for(event_loop.create_promise(), Trace::new()));
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    drop(event_loop);
    assert_eq!(task.outcome(), Outcome::Cancelled);
    drop(task);
    assert_eq!(
        trace.take(),
        [format!(
            "task 'Task-1' was destroyed but it is pending, waiting for <Promise pending> (created at {})",
            file!()
        )]
    );
}

#[test]
fn each_is_reported_in_the_order_of_creation_before_it_is_ended() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise();
    let parked = event_loop.create_task(waits_for(promise.clone(), trace.clone())).named("parked");
    let told = trace.clone();
    let ready = event_loop.create_task(cede::coroutine(move || {
        while cede::yield_now().await_().is_ok() {}
        told.add("ready: cancelled");
    }));
    run_briefly(&event_loop);
    let fresh = event_loop.create_task(cede::coroutine(|| unreachable!("it never starts")));
    drop(event_loop);
    assert_eq!(
        trace.take(),
        [
            "task 'parked' was destroyed but it is pending, waiting for <Promise pending>",
            "task 'Task-2' was destroyed but it is pending",
            "task 'Task-3' was destroyed but it is pending",
            "ready: cancelled", // it was in the queue before the other's wake
            "cancelled",
        ]
    );
    assert_eq!(
        (parked.outcome(), ready.outcome(), fresh.outcome()),
        (Outcome::Cancelled, Outcome::Finished, Outcome::Cancelled)
    );
    assert!(promise.cancelled());
}

#[test]
fn a_done_task_is_not_reported() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let task = event_loop.create_task(cede::coroutine(|| 1));
    run_briefly(&event_loop);
    drop(event_loop);
    assert!(trace.take().is_empty());
    assert_eq!(task.result().unwrap(), 1);
}

/// What `asyncio.run` cancels before it closes the loop has ended by then.
#[test]
fn what_run_leaves_over_is_cancelled_and_not_reported() {
    let trace = Trace::new();
    let (told, reports) = (trace.clone(), trace.clone());
    let mut runner =
        Runner::new().clock(VirtualClock::new()).exception_handler(move |_, report| reports.add(report));
    runner
        .run(cede::coroutine(move || {
            drop(cede::create_task(cede::coroutine(move || {
                told.add(cede::sleep(Duration::from_secs(9)).await_().unwrap_err());
            })));
            cede::yield_now().await_().unwrap();
        }))
        .unwrap();
    drop(runner);
    assert_eq!(trace.take(), ["cancelled"]);
}

/// asyncio.run: "unhandled exception during asyncio.run() shutdown".
#[test]
fn an_error_of_what_run_cancels_is_reported() {
    let trace = Trace::new();
    let reports = trace.clone();
    let mut runner = Runner::new()
        .clock(VirtualClock::new())
        .exception_handler(move |_, report| reports.add(unlined(&report.to_string())));
    runner
        .run(cede::coroutine(|| {
            let fails = cede::coroutine(|| -> cede::Result<()> {
                cede::sleep(Duration::from_secs(9)).await_().unwrap_err();
                Err(cede::Error::other("the roof is on fire"))
            });
            drop(cede::create_task(fails.fallible()).named("fireman"));
            cede::yield_now().await_().unwrap();
        }))
        .unwrap();
    drop(runner);
    assert_eq!(
        trace.take(),
        [format!(
            "unhandled error of task 'fireman' at shutdown: the roof is on fire (created at {})",
            file!()
        )]
    );
}

/// What does not end by being cancelled is unwound: its destructors run.
#[test]
fn a_task_that_refuses_to_end_is_left_by_unwinding() {
    let trace = Trace::new();
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    let told = trace.clone();
    event_loop.set_exception_handler(|_, _| {});
    let task = event_loop.create_task(cede::coroutine(move || {
        let _local = told.on_drop("unwound");
        loop {
            match cede::sleep(Duration::from_secs(1)).await_() {
                Ok(()) => told.add("slept"),
                Err(cancelled) => told.add(cancelled),
            }
        }
    }));
    run_briefly(&event_loop);
    drop(event_loop);
    assert_eq!(trace.take(), ["cancelled", "unwound"]);
    assert_eq!(task.outcome(), Outcome::Cancelled);
}

#[test]
fn children_are_unwound_before_the_parents_that_wait_for_them() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    event_loop.set_exception_handler(|_, _| {});
    let told = trace.clone();
    let stubborn = |name: &'static str, trace: &Trace| {
        let _local = trace.on_drop(name);
        loop {
            let _ = cede::sleep(Duration::from_secs(1)).await_();
        }
    };
    drop(event_loop.create_task(cede::coroutine(move || {
        let told_by_child = told.clone();
        drop(cede::create_task(cede::coroutine(move || -> () { stubborn("child", &told_by_child) })));
        stubborn("parent", &told)
    })));
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    drop(event_loop);
    assert_eq!(trace.take(), ["child", "parent"]);
}
