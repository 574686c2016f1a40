//! Row 28, running: `stop` ends after the current turn; running twice, nested, closed, and closing while
//! running are errors.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, EventLoop, LoopHandle, Runner, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// test_base_events: test_run_once
#[test]
fn stop_ends_the_run_after_the_current_turn() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (handle, told) = (LoopHandle::clone(&event_loop), trace.clone());
    event_loop.call_soon(move || {
        handle.stop();
        handle.call_soon(told.call("next turn"));
    });
    event_loop.call_soon(trace.call("same turn"));
    event_loop.run_forever().unwrap();
    assert_eq!(trace.take(), ["same turn"]);
    assert!(!event_loop.is_running());
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["next turn"]);
}

/// test_base_events: test_run_forever_pre_stopped
#[test]
fn stopped_before_it_runs_a_loop_makes_one_turn() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    event_loop.call_later(Duration::from_secs(1), trace.call("not yet"));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!((event_loop.turns(), trace.take().len()), (1, 0));
}

/// DESIGN §4: `stop()` before an await stops before the awaited task runs.
#[test]
fn stop_before_an_await_stops_before_what_is_awaited_runs() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        let awaited = cede::create_task(cede::coroutine(told.call("awaited")));
        cede::running_loop().unwrap().stop();
        awaited.await_().unwrap();
        told.add("awaiter");
    }));
    event_loop.run_forever().unwrap();
    assert!(trace.take().is_empty());
    assert!(event_loop.run_until_complete(task).is_ok());
    assert_eq!(trace.take(), ["awaited", "awaiter"]);
}

/// test_tasks: test_stop_while_run_in_complete, test_events: test_run_until_complete_stopped
#[test]
fn a_loop_stopped_before_its_main_task_ends_says_so_and_can_go_on() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let task = event_loop.create_task(
        cede::coroutine(|| -> cede::Result<()> {
            for n in 1..=10 {
                cede::sleep(Duration::from_millis(100)).await_()?;
                if n == 2 {
                    cede::running_loop()?.stop();
                }
            }
            Ok(())
        })
        .named("run"),
    );
    let handle = task.handle();
    let error = event_loop.run_until_complete(task).unwrap_err();
    assert_eq!(
        error.to_string(),
        "run_until_complete: the event loop was stopped before \
         <Task pending name='Task-1' coro=<run()> wait_for=<Promise pending>> completed"
    );
    assert_eq!((handle.done(), clock.elapsed()), (false, Duration::from_millis(200)));
    run_until_done(&event_loop, &handle);
    assert_eq!(clock.elapsed(), Duration::from_secs(1));
}

fn run_until_done(event_loop: &EventLoop, task: &cede::AnyTask) {
    let (task, handle) = (task.clone(), LoopHandle::clone(event_loop));
    let main = cede::coroutine(move || {
        while !task.done() {
            cede::sleep(Duration::from_millis(50)).await_().unwrap();
        }
        drop(handle);
    });
    event_loop.run_until_complete(main).unwrap();
}

/// test_events: test_run_until_complete
#[test]
fn a_loop_may_run_again_and_again() {
    let event_loop = event_loop(&Trace::new());
    for n in 0..3 {
        assert_eq!(event_loop.run_until_complete(cede::coroutine(move || n)).unwrap(), n);
    }
    assert!(!event_loop.is_running());
}

/// asyncio: the main task's end stops the loop through a callback, so what is ready beside it still runs.
#[test]
fn what_is_ready_beside_the_end_of_the_main_task_still_runs() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    let main = cede::coroutine(move || {
        let handle = cede::running_loop().unwrap();
        let later = handle.clone();
        let told_later = told.clone();
        handle.call_soon(move || {
            told_later.add("same turn as the stop");
            later.call_soon(told_later.call("too late"));
        });
    });
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), ["same turn as the stop"]);
}

/// test_base_events: test_run_until_complete_loop_orphan_future_close_loop
#[test]
fn a_run_that_did_not_complete_does_not_stop_the_next_one() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let orphan = event_loop.create_task(cede::coroutine(|| cede::sleep(Duration::from_millis(100)).await_()));
    let handle = LoopHandle::clone(&event_loop);
    event_loop.call_soon(move || handle.stop());
    event_loop.run_until_complete(orphan).unwrap_err();
    let told = trace.clone();
    event_loop
        .run_until_complete(cede::coroutine(move || {
            cede::sleep(Duration::from_millis(200)).await_().unwrap();
            told.add("to its end");
        }))
        .unwrap();
    assert_eq!(trace.take(), ["to its end"]);
}

/// test_events: test_run_until_complete_nesting
#[test]
fn a_running_loop_cannot_be_run_again() {
    let event_loop = event_loop(&Trace::new());
    let handle = LoopHandle::clone(&event_loop);
    let errors = event_loop
        .run_until_complete(cede::coroutine(move || {
            assert!(handle.is_running());
            [
                handle.run_forever().unwrap_err().to_string(),
                handle.run_until_complete(cede::coroutine(|| ())).unwrap_err().to_string(),
                cede::run(cede::coroutine(|| ())).unwrap_err().to_string(),
            ]
        }))
        .unwrap();
    assert_eq!(
        errors,
        [
            "run_forever: this event loop is already running",
            "run_until_complete: this event loop is already running",
            "run: cannot be called while another loop is running on this thread",
        ]
    );
}

/// test_base_events: RunningLoopTests.test_running_loop_within_a_loop
#[test]
fn another_loop_cannot_be_run_inside_a_running_one() {
    let event_loop = event_loop(&Trace::new());
    let inner = EventLoop::with_clock(VirtualClock::new()).unwrap();
    let text = event_loop
        .run_until_complete(cede::coroutine(move || inner.run_forever().unwrap_err().to_string()))
        .unwrap();
    assert_eq!(text, "run_forever: cannot run the event loop while another loop is running on this thread");
}

#[test]
fn each_thread_runs_a_loop_of_its_own() {
    let sums = run(|| {
        let thread =
            std::thread::spawn(|| run(|| cede::create_task(cede::coroutine(|| 2)).await_().unwrap()));
        cede::create_task(cede::coroutine(|| 1)).await_().unwrap() + thread.join().unwrap()
    });
    assert_eq!(sums, 3);
}

/// test_events: test_close_running_event_loop
#[test]
fn a_running_loop_cannot_be_closed() {
    let event_loop = event_loop(&Trace::new());
    let handle = LoopHandle::clone(&event_loop);
    let text = event_loop
        .run_until_complete(cede::coroutine(move || handle.close().unwrap_err().to_string()))
        .unwrap();
    assert_eq!(text, "Cannot close a running event loop");
    assert!(!event_loop.is_closed());
}

/// test_base_events: test_close, test_events: test_close
#[test]
fn a_closed_loop_runs_nothing_and_may_be_closed_again() {
    let event_loop = event_loop(&Trace::new());
    event_loop.close().unwrap();
    assert!(event_loop.is_closed());
    event_loop.close().unwrap();
    let errors = [
        event_loop.run_forever().unwrap_err(),
        event_loop.run_until_complete(cede::coroutine(|| ())).unwrap_err(),
    ];
    assert!(errors.iter().all(cede::Error::is_closed));
    assert_eq!(
        errors.map(|error| error.to_string()),
        ["run_forever: the event loop is closed", "run_until_complete: the event loop is closed"]
    );
}

#[test]
fn closing_drops_what_is_queued_without_calling_it() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (queued, timed) = (trace.on_drop("queued"), trace.on_drop("timed"));
    event_loop.call_soon(move || drop(queued));
    event_loop.call_later(Duration::from_secs(1), move || drop(timed));
    event_loop.close().unwrap();
    let mut dropped = trace.take();
    dropped.sort();
    assert_eq!(dropped, ["queued", "timed"]);
    assert_eq!(event_loop.callbacks_run(), 0);
}

#[test]
fn the_loop_of_run_is_closed_afterwards() {
    let slot: Rc<RefCell<Option<LoopHandle>>> = Rc::default();
    let kept = slot.clone();
    run(move || *kept.borrow_mut() = cede::running_loop().ok());
    assert!(slot.borrow().as_ref().unwrap().is_closed());
    assert!(cede::running_loop().is_err());
}

#[test]
fn a_runner_runs_several_programs_on_one_loop() {
    let clock = VirtualClock::new();
    let mut runner = Runner::new().clock(clock.clone());
    let id = |runner: &mut Runner| format!("{:?}", runner.event_loop().unwrap());
    runner.run(cede::coroutine(|| cede::sleep(Duration::from_secs(1)).await_().unwrap())).unwrap();
    let first = id(&mut runner);
    runner.run(cede::coroutine(|| cede::sleep(Duration::from_secs(1)).await_().unwrap())).unwrap();
    assert_eq!(first, id(&mut runner));
    assert_eq!(clock.elapsed(), Duration::from_secs(2));
}

/// test_base_events: test_custom_run_forever_integration: a loop can be run turn by turn.
#[test]
fn a_loop_can_be_run_turn_by_turn() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    event_loop.call_soon(trace.call("callback"));
    for turn in 1..=10 {
        run_briefly(&event_loop);
        assert_eq!(event_loop.turns(), turn);
    }
    assert_eq!(trace.take(), ["callback"]);
}

#[test]
fn a_main_task_that_waits_for_what_nobody_sets_is_a_deadlock() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<()>();
    let awaited = promise.clone();
    let error = event_loop.run_until_complete(cede::coroutine(move || awaited.await_())).unwrap_err();
    assert!(error.is_deadlock());
    promise.set_result(()).unwrap(); // somebody does after all
    run_briefly(&event_loop);
    assert!(event_loop.all_tasks().is_empty());
}
