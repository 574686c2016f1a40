//! Row 23: an event wakes everybody who waits; while it is set nobody waits.

use std::rc::Rc;

use cede::sync::Event;
use cede::{Awaitable, Cancelled};

use crate::help::{Trace, cancel_soon, run, soon, spawn_with, turn};

fn waiter(event: &Rc<Event>, trace: &Trace, name: &'static str) -> cede::Task<Result<(), Cancelled>> {
    let trace = trace.clone();
    spawn_with(event, move |event| {
        event.wait().await_()?;
        trace.add(name);
        Ok(())
    })
}

/// test_locks: EventTests.test_repr
#[test]
fn an_event_shows_whether_it_is_set_and_how_many_wait() {
    run(|| {
        let event = Rc::new(Event::new());
        assert_eq!(format!("{event:?}"), "<Event [unset]>");
        waiter(&event, &Trace::new(), "");
        turn();
        assert_eq!(format!("{event:?}"), "<Event [unset, waiters:1]>");
        event.set();
        assert_eq!(format!("{event:?}"), "<Event [set, waiters:1]>");
        turn();
        assert_eq!(format!("{event:?}"), "<Event [set]>");
    });
}

/// test_locks: EventTests.test_wait
#[test]
fn waiters_run_in_their_order_after_a_task_that_found_the_event_set() {
    run(|| {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let one = waiter(&event, &trace, "1");
        let two = waiter(&event, &trace, "2");
        turn();
        assert!(trace.take().is_empty());
        let three = waiter(&event, &trace, "3");
        event.set();
        turn();
        assert_eq!(trace.take(), ["3", "1", "2"]);
        assert!(one.done() && two.done() && three.done());
    });
}

/// test_locks: EventTests.test_wait_on_set
#[test]
fn waiting_for_a_set_event_does_not_cede() {
    run(|| {
        let (event, trace) = (Event::new(), Trace::new());
        event.set();
        soon(trace.call("a callback"));
        event.wait().await_().unwrap();
        assert!(trace.take().is_empty());
    });
    let event = Event::new();
    event.set();
    event.wait().await_().expect("nor does it need a loop");
}

/// test_locks: EventTests.test_wait_cancel
#[test]
fn a_cancelled_wait_leaves_no_trace() {
    run(|| {
        let event = Rc::new(Event::new());
        let task = waiter(&event, &Trace::new(), "");
        cancel_soon(&task);
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
        assert_eq!(format!("{event:?}"), "<Event [unset]>");
    });
}

/// test_locks: EventTests.test_clear
#[test]
fn an_event_can_be_set_and_cleared() {
    let event = Event::default();
    assert!(!event.is_set());
    event.set();
    assert!(event.is_set());
    event.clear();
    assert!(!event.is_set());
}

/// test_locks: EventTests.test_clear_with_waiters
#[test]
fn who_was_woken_goes_on_though_the_event_is_cleared() {
    run(|| {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let task = waiter(&event, &trace, "woken");
        turn();
        event.set();
        event.clear();
        assert!(!event.is_set());
        event.set();
        event.set();
        assert_eq!(format!("{event:?}"), "<Event [set, waiters:1]>");
        turn();
        assert_eq!(trace.take(), ["woken"]);
        assert_eq!(format!("{event:?}"), "<Event [set]>");
        assert!(task.done());
    });
}

#[test]
fn setting_only_queues_the_waiters() {
    run(|| {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        waiter(&event, &trace, "a waiter");
        turn();
        soon(trace.call("queued before"));
        event.set();
        trace.add("set");
        soon(trace.call("queued after"));
        turn();
        assert_eq!(trace.take(), ["set", "queued before", "a waiter", "queued after"]);
    });
}

#[test]
fn a_cancelled_waiter_does_not_disturb_the_order_of_the_others() {
    run(|| {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let tasks = ["1", "2", "3", "4"].map(|name| waiter(&event, &trace, name));
        turn();
        tasks[1].cancel();
        turn();
        assert!(tasks[1].cancelled());
        tasks[2].cancel(); // and is still there when the event is set
        event.set();
        turn();
        assert_eq!(trace.take(), ["1", "4"]);
        assert!(tasks[2].cancelled());
    });
}

#[test]
fn a_woken_waiter_that_is_cancelled_is_cancelled() {
    run(|| {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        let task = waiter(&event, &trace, "never");
        turn();
        event.set();
        task.cancel_with("too late");
        assert_eq!((&task).await_().unwrap().unwrap_err().message(), Some("too late"));
        assert!(trace.take().is_empty());
    });
}

#[test]
fn those_who_wait_after_a_clear_need_another_set() {
    run(|| {
        let (event, trace) = (Rc::new(Event::new()), Trace::new());
        waiter(&event, &trace, "first");
        turn();
        event.set();
        event.clear();
        let second = waiter(&event, &trace, "second");
        turn();
        turn();
        assert_eq!(trace.take(), ["first"]);
        event.set();
        second.await_().unwrap().unwrap();
        assert_eq!(trace.take(), ["second"]);
    });
}
