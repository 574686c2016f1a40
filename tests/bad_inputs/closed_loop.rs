//! A closed loop: "the event loop is closed", and the call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use cede::{Awaitable, EventLoop, LoopHandle, Outcome};
use cede_tests::trace::{Trace, event_loop, run_briefly};

/// A handle on a loop that is closed.
fn closed() -> LoopHandle {
    let event_loop = event_loop(&Trace::new());
    let handle = LoopHandle::clone(&event_loop);
    event_loop.close().unwrap();
    handle
}

/// The text of the panic.
#[track_caller]
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it should panic"),
        Err(payload) => *payload.downcast::<String>().expect("a panic with a text"),
    }
}

/// test_base_events: test_close
#[test]
fn a_closed_loop_takes_no_callbacks_timers_or_tasks() {
    let closed = closed();
    let texts = [
        panic_of(|| closed.call_soon(|| {})),
        panic_of(|| closed.call_later(Duration::from_secs(1), || {})),
        panic_of(|| closed.call_at(closed.time(), || {})),
        panic_of(|| closed.create_task(cede::coroutine(|| ()))),
    ];
    assert_eq!(
        texts,
        ["call_soon", "call_later", "call_at", "create_task"]
            .map(|call| format!("{call}: the event loop is closed"))
    );
}

#[test]
fn task_new_on_a_closed_loop_panics() {
    let event_loop = event_loop(&Trace::new());
    event_loop.close().unwrap();
    let text = panic_of(|| cede::Task::new(cede::coroutine(|| ()), &event_loop));
    assert_eq!(text, "create_task: the event loop is closed");
}

#[test]
fn a_promise_of_a_closed_loop_can_be_set_and_calls_nobody() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise::<i32>();
    let held = trace.on_drop("the callback is dropped");
    promise.add_done_callback(move |_| drop(held));
    event_loop.close().unwrap();
    assert_eq!(promise.outcome(), Outcome::Pending);
    promise.set_result(7).unwrap();
    assert_eq!(trace.take(), ["the callback is dropped"]);
    assert_eq!(promise.result().unwrap(), 7);
}

#[test]
fn a_closed_loop_can_still_be_asked() {
    let closed = closed();
    assert!(closed.is_closed() && !closed.is_running());
    assert!(closed.all_tasks().is_empty());
    assert_eq!(closed.current_task(), None);
    closed.stop();
    assert_eq!(closed.run_forever().unwrap_err().to_string(), "run_forever: the event loop is closed");
}

#[test]
fn handles_outlive_their_loop() {
    let event_loop = event_loop(&Trace::new());
    let soon = event_loop.call_soon(|| {});
    let later = event_loop.call_later(Duration::from_secs(1), || {});
    let task = event_loop.create_task(cede::coroutine(|| 7));
    event_loop.set_exception_handler(|_, _| {});
    drop(event_loop);
    soon.cancel();
    later.cancel();
    assert!(!task.cancel());
    assert!(task.cancelled());
    assert_eq!(task.result().unwrap_err().to_string(), "cancelled");
}

/// Dropped inside its own run, through somebody else's hands: it goes on, and is not closed under the feet of
/// what runs.
#[test]
fn a_loop_dropped_while_it_runs_runs_on() {
    let trace = Trace::new();
    let owner = std::rc::Rc::new(std::cell::RefCell::new(Some(event_loop(&trace))));
    let handle = LoopHandle::clone(owner.borrow().as_ref().unwrap());
    let (drops, told) = (owner.clone(), trace.clone());
    let result = handle.run_until_complete(cede::coroutine(move || {
        drop(drops.take());
        cede::yield_now().await_().unwrap();
        told.add("goes on");
        7
    }));
    assert_eq!(result.unwrap(), 7);
    assert_eq!(trace.take(), ["goes on"]);
}

/// A task made while the loop closes ends with the others.
#[test]
fn what_is_made_while_the_loop_closes_ends_too() {
    let trace = Trace::new();
    let event_loop = event_loop(&Trace::new());
    let told = trace.clone();
    drop(event_loop.create_task(cede::coroutine(move || {
        let _ = cede::sleep(Duration::from_secs(1)).await_();
        let held = told.on_drop("the late one is dropped");
        drop(cede::create_task(cede::coroutine(move || {
            let _held = held;
            loop {
                let _ = cede::sleep(Duration::from_secs(1)).await_();
            }
        })));
    })));
    run_briefly(&event_loop);
    event_loop.set_exception_handler(|_, _| {});
    event_loop.close().unwrap();
    assert_eq!(trace.take(), ["the late one is dropped"]);
    assert!(event_loop.all_tasks().is_empty());
}

/// A destructor that makes a task while its own task is unwound at the close.
#[test]
fn what_a_destructor_makes_while_the_loop_closes_is_not_left_behind() {
    struct Last(Trace);
    impl Drop for Last {
        fn drop(&mut self) {
            let held = self.0.on_drop("what the destructor made is dropped");
            drop(cede::create_task(cede::coroutine(move || drop(held))));
        }
    }
    let trace = Trace::new();
    let event_loop = event_loop(&Trace::new());
    let last = Last(trace.clone());
    drop(event_loop.create_task(cede::coroutine(move || {
        let _last = last;
        loop {
            let _ = cede::sleep(Duration::from_secs(1)).await_();
        }
    })));
    run_briefly(&event_loop);
    event_loop.set_exception_handler(|_, _| {});
    event_loop.close().unwrap();
    assert_eq!(trace.take(), ["what the destructor made is dropped"]);
    assert!(event_loop.all_tasks().is_empty());
}

/// Clean-up that never ends by itself does not keep a loop from closing, however it lets others go first.
#[test]
fn a_task_that_yields_for_ever_does_not_keep_its_loop_from_closing() {
    let event_loop: EventLoop = event_loop(&Trace::new());
    event_loop.set_debug(false);
    let trace = Trace::new();
    let said = trace.clone();
    drop(event_loop.create_task(cede::coroutine(move || {
        let _local = said.on_drop("unwound");
        loop {
            let _ = cede::yield_now().await_();
        }
    })));
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    assert_eq!(trace.take(), ["unwound"]);
}

/// asyncio.run waits for what it has cancelled, not for what that leaves behind.
#[test]
fn run_ends_although_the_clean_up_of_a_task_leaves_one_that_yields_for_ever() {
    let trace = Trace::new();
    let told = trace.clone();
    let mut runner = cede::Runner::new().debug(false).exception_handler(|_, _| {});
    runner
        .run(cede::coroutine(move || {
            drop(cede::create_task(cede::coroutine(move || {
                let _ = cede::sleep(Duration::from_secs(3600)).await_();
                told.add("cleans up");
                drop(cede::create_task(cede::coroutine(|| {
                    loop {
                        let _ = cede::yield_now().await_();
                    }
                })));
            })));
            cede::yield_now().await_().unwrap();
        }))
        .unwrap();
    drop(runner);
    assert_eq!(trace.take(), ["cleans up"]);
}
