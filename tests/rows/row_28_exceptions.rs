//! Row 28, the exception handler: it is given what nobody else is told, and a broken one breaks nothing;
//! and what debug mode reports of those who keep control.

use std::time::Duration;

use cede::{Awaitable, LoopHandle, Report, VirtualClock};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run_briefly, unlined};

/// test_base_events: test_set_exc_handler_custom
#[test]
fn the_handler_is_given_the_loop_and_the_report() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.set_exception_handler(move |event_loop, report| {
        assert!(event_loop.is_running());
        assert!(matches!(report, Report::CallbackPanicked { error, .. } if error == "division by zero"));
        told.add(unlined(&report.to_string()));
    });
    event_loop.call_soon(|| std::panic::resume_unwind(Box::new("division by zero")));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), [format!("a callback panicked: division by zero (created at {})", file!())]);
}

/// test_base_events: test_set_exc_handler_custom, the second half.
#[test]
fn a_new_handler_takes_the_place_of_the_old_one() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let held = trace.on_drop("the old one is dropped");
    event_loop.set_exception_handler(move |_, _| {
        let _ = &held;
        unreachable!();
    });
    let told = trace.clone();
    event_loop.set_exception_handler(move |_, _| told.add("the new one is told"));
    assert_eq!(trace.take(), ["the old one is dropped"]);
    event_loop.call_soon(|| std::panic::resume_unwind(Box::new("boom")));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["the new one is told"]);
}

/// test_base_events: test_default_exc_handler_callback
#[test]
fn without_a_handler_reports_go_to_standard_error() {
    let ended = in_child(&[], || {
        let event_loop = cede::EventLoop::with_clock(VirtualClock::new()).unwrap();
        event_loop.call_soon(|| std::panic::resume_unwind(Box::new("boom")));
        run_briefly(&event_loop);
    });
    assert_eq!(
        unlined(&ended.succeeded()),
        format!("cede: a callback panicked: boom (created at {})\n", file!())
    );
}

/// test_base_events: test_set_exc_handler_broken, test_default_exc_handler_broken
#[test]
fn a_broken_handler_is_reported_with_what_it_was_told_and_the_loop_goes_on() {
    let ended = in_child(&[], || {
        let event_loop = cede::EventLoop::with_clock(VirtualClock::new()).unwrap();
        event_loop.set_exception_handler(|_, _| std::panic::resume_unwind(Box::new("spam")));
        event_loop.call_soon(|| std::panic::resume_unwind(Box::new("boom")));
        event_loop.call_soon(|| eprintln!("the next callback"));
        run_briefly(&event_loop);
    });
    assert_eq!(
        unlined(&ended.succeeded()),
        format!(
            "cede: the exception handler panicked: spam\n\
             cede: a callback panicked: boom (created at {})\n\
             the next callback\n",
            file!()
        )
    );
}

#[test]
fn call_exception_handler_gives_a_report_of_ones_own() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.set_exception_handler(move |_, report| told.add(report));
    event_loop.call_exception_handler(&Report::AwaitWhileUnwinding { call: "sleep" });
    assert_eq!(
        trace.take(),
        ["sleep: await while unwinding: it did nothing, for a stack that is being left cannot pause"]
    );
}

#[test]
fn a_handler_may_use_the_loop() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.set_exception_handler(move |event_loop: &LoopHandle, _| {
        told.add("told");
        event_loop.call_soon(told.call("queued by the handler"));
        let again = told.clone();
        event_loop.set_exception_handler(move |_, _| again.add("another handler"));
    });
    event_loop.call_soon(|| std::panic::resume_unwind(Box::new("boom")));
    run_briefly(&event_loop);
    event_loop.call_soon(|| std::panic::resume_unwind(Box::new("boom")));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["told", "queued by the handler", "another handler"]);
}

const HOUR: Duration = Duration::from_secs(3600);

/// A loop in debug mode with a clock that callbacks can move. An hour is too long: time is looked at on the
/// wall, too, and there a busy machine may take a while.
fn debugging(trace: &Trace) -> (cede::EventLoop, VirtualClock) {
    let clock = VirtualClock::new();
    let event_loop = cede::EventLoop::with_clock(clock.clone()).unwrap();
    event_loop.set_debug(true);
    event_loop.set_slow_callback_duration(HOUR);
    let told = trace.clone();
    event_loop.set_exception_handler(move |_, report| told.add(unlined(&report.to_string())));
    (event_loop, clock)
}

/// test_base_events: test_log_slow_callbacks
#[test]
fn debug_mode_names_whoever_keeps_control_for_too_long() {
    let trace = Trace::new();
    let (event_loop, clock) = debugging(&trace);
    let here = file!();
    let moves = clock.clone();
    event_loop.call_soon(move || moves.advance(HOUR - Duration::from_millis(1)));
    let moves = clock.clone();
    event_loop.call_soon(move || moves.advance(HOUR));
    let moves = clock.clone();
    drop(event_loop.create_task(cede::coroutine(move || moves.advance(2 * HOUR))));
    let promise = event_loop.create_promise::<()>();
    promise.add_done_callback(move |_| clock.advance(3 * HOUR));
    promise.set_result(()).unwrap();
    run_briefly(&event_loop);
    assert_eq!(
        trace.take(),
        [
            format!("a callback kept control for 3600.000 s (created at {here})"),
            format!("Task-1 kept control for 7200.000 s (created at {here})"),
            format!("a done-callback kept control for 10800.000 s (created at {here})"),
        ]
    );
}

/// asyncio: `slow_callback_duration` is 0.1.
#[test]
fn a_tenth_of_a_second_is_too_long_unless_said_otherwise() {
    let trace = Trace::new();
    let clock = VirtualClock::new();
    let event_loop = cede::EventLoop::with_clock(clock.clone()).unwrap();
    event_loop.set_debug(true);
    let told = trace.clone();
    event_loop.set_exception_handler(move |_, report| {
        told.add(matches!(report, Report::SlowCallback { took, .. } if *took >= Duration::from_millis(100)));
    });
    event_loop.call_soon(move || clock.advance(Duration::from_millis(100)));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["true"]);
}

/// test_base_events: test_set_debug
#[test]
fn debug_mode_is_a_switch_at_run_time() {
    let trace = Trace::new();
    let (event_loop, clock) = debugging(&trace);
    assert!(event_loop.debug());
    event_loop.set_debug(false);
    assert!(!event_loop.debug());
    event_loop.call_soon(move || {
        clock.advance(Duration::from_secs(9));
        drop(cede::coroutine(|| ())); // never awaited
    });
    run_briefly(&event_loop);
    assert!(trace.take().is_empty());
}

/// A step is timed, not the task: one that cedes keeps no control.
#[test]
fn time_that_passes_while_a_task_is_parked_is_not_its_own() {
    let trace = Trace::new();
    let (event_loop, _clock) = debugging(&trace);
    event_loop
        .run_until_complete(cede::coroutine(|| cede::sleep(Duration::from_secs(10)).await_()))
        .unwrap()
        .unwrap();
    assert!(trace.take().is_empty());
}

/// The seeds: "coroutine … was never awaited".
#[test]
fn debug_mode_reports_a_coroutine_that_was_never_awaited() {
    let trace = Trace::new();
    let (event_loop, _clock) = debugging(&trace);
    event_loop.call_soon(|| {
        drop(cede::coroutine(|| ()).named("plant_a_tree"));
        cede::coroutine(|| ()).await_();
        drop(cede::create_task(cede::coroutine(|| ())));
        drop(cede::coroutine(|| ()).start());
    });
    run_briefly(&event_loop);
    assert_eq!(
        trace.take(),
        [format!("coroutine 'plant_a_tree' was never awaited (created at {})", file!())]
    );
}
