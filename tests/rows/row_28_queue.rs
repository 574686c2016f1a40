//! Row 28, the queue: callbacks are called in the order of `call_soon`; what is added during a turn waits
//! for the next; those from other threads wake a sleeping loop.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use cede::{Awaitable, EventLoop, Handle, LoopHandle, Promise};
use cede_tests::trace::{Trace, event_loop, run_briefly};

/// test_events: test_call_soon
#[test]
fn callbacks_are_called_in_the_order_in_which_they_were_queued() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    for n in 0..5 {
        event_loop.call_soon(trace.call(n));
    }
    assert!(trace.take().is_empty());
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["0", "1", "2", "3", "4"]);
}

/// test_base_events: test__run_once_schedule_handle
#[test]
fn what_is_queued_during_a_turn_waits_for_the_next() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (told, handle) = (trace.clone(), LoopHandle::clone(&event_loop));
    event_loop.call_later(Duration::ZERO, move || {
        told.add("first");
        handle.call_soon(told.call("queued by first"));
    });
    event_loop.call_soon(trace.call("second"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["second", "first"]);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["queued by first"]);
    let turns = event_loop.turns();
    run_briefly(&event_loop);
    assert_eq!(event_loop.turns() - turns, 1);
}

/// asyncio's `ntodo`.
#[test]
fn a_turn_calls_exactly_what_was_ready_when_it_began() {
    let event_loop = event_loop(&Trace::new());
    fn forever(event_loop: LoopHandle) {
        let again = event_loop.clone();
        event_loop.call_soon(move || forever(again));
    }
    for _ in 0..3 {
        forever(LoopHandle::clone(&event_loop));
    }
    for turn in 1..=4 {
        run_briefly(&event_loop);
        assert_eq!((event_loop.turns(), event_loop.callbacks_run()), (turn, 3 * turn));
    }
}

/// test_events: HandleTests.test_handle, test_base_events: test__add_callback_cancelled_handle
#[test]
fn a_cancelled_callback_is_not_called_and_is_dropped_at_once() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let held = trace.on_drop("dropped");
    let handle = event_loop.call_soon(move || drop(held));
    event_loop.call_soon(trace.call("another"));
    assert!(!handle.cancelled());
    handle.cancel();
    handle.cancel();
    assert!(handle.cancelled());
    assert_eq!(trace.take(), ["dropped"]);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["another"]);
}

#[test]
fn a_callback_may_cancel_the_next_one_of_its_turn() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let slot: Rc<RefCell<Option<Handle>>> = Rc::default();
    let next = slot.clone();
    event_loop.call_soon(move || next.take().unwrap().cancel());
    *slot.borrow_mut() = Some(event_loop.call_soon(trace.call("cancelled in time")));
    event_loop.call_soon(trace.call("last"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["last"]);
}

#[test]
fn cancelling_what_was_called_already_does_nothing() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let handle = event_loop.call_soon(trace.call("called"));
    run_briefly(&event_loop);
    handle.cancel();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["called"]);
}

/// A callback that cancels its own handle while it runs goes on to its end.
#[test]
fn a_callback_may_cancel_itself_while_it_runs() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let slot: Rc<RefCell<Option<Handle>>> = Rc::default();
    let (mine, told) = (slot.clone(), trace.clone());
    let handle = event_loop.call_soon(move || {
        mine.take().unwrap().cancel();
        told.add("to its end");
    });
    *slot.borrow_mut() = Some(handle);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["to its end"]);
}

#[test]
fn what_a_callback_held_is_dropped_when_it_has_been_called() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let held = trace.on_drop("dropped");
    let handle = event_loop.call_soon(move || drop(held));
    event_loop.call_soon(trace.call("next"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["dropped", "next"]);
    assert!(!handle.cancelled());
}

#[test]
fn dropping_the_handle_does_not_cancel() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    drop(event_loop.call_soon(trace.call("soon")));
    drop(event_loop.call_later(Duration::ZERO, trace.call("later")));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["soon", "later"]);
}

/// test_events: test_call_soon_threadsafe. The loop has nothing to do: it sleeps in the kernel until then.
#[test]
fn a_post_from_another_thread_wakes_a_loop_that_sleeps() {
    let event_loop = event_loop(&Trace::new());
    let (proxy, done) = (event_loop.proxy(), event_loop.create_promise::<thread::ThreadId>());
    let here = thread::current().id();
    let poster = thread::spawn(move || {
        let (sender, receiver) = std::sync::mpsc::channel();
        proxy
            .call_soon_threadsafe(move || {
                sender.send(thread::current().id()).unwrap();
                cede::running_loop().unwrap().stop();
            })
            .unwrap();
        receiver.recv().unwrap()
    });
    event_loop.run_forever().unwrap();
    assert_eq!(poster.join().unwrap(), here, "it is called on the loop's thread");
    done.cancel();
}

/// test_events: test_call_soon_threadsafe_same_thread
#[test]
fn a_post_from_the_loops_own_thread_waits_for_the_next_turn() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (proxy, handle) = (event_loop.proxy(), LoopHandle::clone(&event_loop));
    let (told, cell) = (trace.clone(), thread_local_trace());
    event_loop.call_soon(move || {
        proxy.call_soon_threadsafe(move || cell.with_borrow_mut(|lines| lines.push("posted"))).unwrap();
        handle.call_soon(told.call("soon"));
        told.add("callback");
    });
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["callback"]);
    assert!(POSTED.with_borrow(Vec::is_empty));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["soon"]);
    assert_eq!(POSTED.take(), ["posted"]);
}

thread_local! {
    /// What posts leave behind: they are `Send`, a trace is not.
    static POSTED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn thread_local_trace() -> &'static thread::LocalKey<RefCell<Vec<&'static str>>> {
    &POSTED
}

#[test]
fn posts_of_one_thread_are_called_in_order_and_none_is_lost() {
    let event_loop = EventLoop::new().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    const EACH: usize = 1_000;
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            let (proxy, sender) = (event_loop.proxy(), sender.clone());
            thread::spawn(move || {
                for n in 0..EACH {
                    let sender = sender.clone();
                    proxy.call_soon_threadsafe(move || sender.send((thread, n)).unwrap()).unwrap();
                }
            })
        })
        .collect();
    drop(sender);
    let stopper = event_loop.proxy();
    let waiter = thread::spawn(move || {
        for thread in threads {
            thread.join().unwrap();
        }
        stopper.call_soon_threadsafe(|| cede::running_loop().unwrap().stop()).unwrap();
    });
    event_loop.run_forever().unwrap();
    waiter.join().unwrap();
    let mut next = [0; 3];
    for (thread, n) in receiver.try_iter() {
        assert_eq!(n, next[thread]);
        next[thread] += 1;
    }
    assert_eq!(next, [EACH; 3]);
}

#[test]
fn a_loop_with_a_live_proxy_waits_instead_of_reporting_a_deadlock() {
    let event_loop = event_loop(&Trace::new());
    let promise: Promise<()> = event_loop.create_promise();
    let proxy = event_loop.proxy();
    let awaited = promise.clone();
    let thread = thread::spawn(move || drop(proxy)); // the last one: the loop wakes and sees it
    let error = event_loop.run_until_complete(cede::coroutine(move || awaited.await_())).unwrap_err();
    assert!(error.is_deadlock());
    thread.join().unwrap();
}

#[test]
fn a_post_to_a_closed_loop_is_an_error() {
    let event_loop = event_loop(&Trace::new());
    let proxy = event_loop.proxy();
    drop(event_loop);
    let error = thread::spawn(move || proxy.call_soon_threadsafe(|| {}).unwrap_err()).join().unwrap();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "LoopProxy::call_soon_threadsafe: the event loop is closed");
}

/// test_events: test_call_soon_threadsafe's post has its place in the queue: behind what was ready.
#[test]
fn posts_are_taken_between_turns() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let proxy = event_loop.proxy();
    event_loop.call_soon(trace.call("ready before"));
    let poster = proxy.clone();
    thread::spawn(move || {
        poster.call_soon_threadsafe(|| POSTED.with_borrow_mut(|lines| lines.push("posted"))).unwrap();
    })
    .join()
    .unwrap();
    event_loop.call_soon(|| POSTED.with_borrow_mut(|lines| lines.push("ready, too")));
    run_briefly(&event_loop);
    assert_eq!((trace.take(), POSTED.take()), (vec!["ready before".into()], vec!["ready, too", "posted"]));
}
