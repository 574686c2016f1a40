//! Row 28, timers: in the order of their deadlines; equal ones in the order of making (ours; asyncio leaves
//! it open); a time in the past is now; cancelled ones are not called.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, EventLoop, LoopHandle, Runner, TimerHandle, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

const SECOND: Duration = Duration::from_secs(1);

/// Runs a loop until its time is this.
fn run_until(event_loop: &EventLoop, time: Duration) {
    event_loop.run_until_complete(cede::coroutine(move || cede::sleep(time).await_())).unwrap().unwrap();
}

/// test_events: test_call_later
#[test]
fn timers_are_called_in_the_order_of_their_deadlines() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    for seconds in [3, 1, 2] {
        event_loop.call_later(seconds * SECOND, trace.call(seconds));
    }
    run_until(&event_loop, 4 * SECOND);
    assert_eq!(trace.take(), ["1", "2", "3"]);
}

#[test]
fn equal_deadlines_are_called_in_the_order_in_which_they_were_made() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let when = event_loop.time() + SECOND;
    for n in 0..20 {
        if n % 2 == 0 {
            event_loop.call_later(SECOND, trace.call(n));
        } else {
            event_loop.call_at(when, trace.call(n));
        }
    }
    run_until(&event_loop, 2 * SECOND);
    assert_eq!(trace.take(), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// test_base_events: test_call_later_negative_delays. A negative delay cannot be written; a time in the past
/// can.
#[test]
fn a_time_in_the_past_is_the_next_turn() {
    let trace = Trace::new();
    let clock = VirtualClock::new();
    let event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let start = event_loop.time();
    clock.advance(10 * SECOND);
    event_loop.call_at(start + 2 * SECOND, trace.call("8 s ago"));
    event_loop.call_at(start + SECOND, trace.call("9 s ago"));
    event_loop.call_soon(trace.call("soon"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["soon", "9 s ago", "8 s ago"]);
    assert_eq!(clock.elapsed(), 10 * SECOND);
}

/// DESIGN §4: the boundary is exact.
#[test]
fn a_timer_of_zero_is_called_after_a_task_that_was_made_later() {
    let happened = run(|| {
        let trace = Trace::new();
        cede::running_loop().unwrap().call_later(Duration::ZERO, trace.call("X"));
        cede::create_task(cede::coroutine(trace.call("t"))).await_().unwrap();
        trace.add("awaiter");
        trace.take()
    });
    assert_eq!(happened, ["t", "X", "awaiter"]);
}

/// test_base_events: test_time_and_call_at
#[test]
fn the_time_of_the_loop_is_that_of_its_clock() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let start = event_loop.time();
    let handle = LoopHandle::clone(&event_loop);
    let timer = event_loop.call_at(start + SECOND / 10, move || handle.stop());
    assert_eq!(timer.when() - start, SECOND / 10);
    event_loop.run_forever().unwrap();
    assert_eq!(event_loop.time() - start, SECOND / 10);
    assert_eq!(clock.elapsed(), SECOND / 10);
    clock.advance(SECOND);
    assert_eq!(event_loop.time() - start, SECOND + SECOND / 10);
}

/// test_base_events: test__run_once: the loop sleeps until the first that is not cancelled.
#[test]
fn a_cancelled_timer_is_not_called_and_nobody_waits_for_it() {
    let clock = VirtualClock::new();
    let trace = Trace::new();
    let event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let first = event_loop.call_later(5 * SECOND, trace.call("never"));
    let (handle, told) = (LoopHandle::clone(&event_loop), trace.clone());
    event_loop.call_later(10 * SECOND, move || {
        told.add("called");
        handle.stop();
    });
    first.cancel();
    assert!(first.cancelled());
    run_briefly(&event_loop);
    assert_eq!(clock.elapsed(), Duration::ZERO);
    event_loop.run_forever().unwrap();
    assert_eq!((trace.take(), clock.elapsed()), (vec!["called".to_owned()], 10 * SECOND));
}

#[test]
fn a_loop_whose_timers_are_all_cancelled_has_nothing_to_wait_for() {
    let event_loop = event_loop(&Trace::new());
    let timers: Vec<_> = (1..10).map(|n| event_loop.call_later(n * SECOND, || unreachable!())).collect();
    for timer in &timers {
        timer.cancel();
    }
    let promise = event_loop.create_promise::<()>();
    assert!(event_loop.run_until_complete(cede::coroutine(|| promise.await_())).unwrap_err().is_deadlock());
}

#[test]
fn what_a_cancelled_timer_held_is_dropped_at_once() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let held = trace.on_drop("dropped");
    let timer = event_loop.call_later(SECOND, move || drop(held));
    timer.cancel();
    assert_eq!(trace.take(), ["dropped"]);
    timer.cancel();
}

/// test_base_events: test__run_once_cancelled_event_cleanup. How many the heap holds is tested where it can
/// be seen, in `timers.rs`; that none is lost by it is tested here.
#[test]
fn clearing_out_many_cancelled_timers_keeps_the_others_in_order() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let timers: Vec<_> = (0..1_000u32)
        .map(|n| event_loop.call_later((n * 7919 % 1_000) * SECOND, trace.call(n * 7919 % 1_000)))
        .collect();
    let kept = |when: u32| when.is_multiple_of(10);
    for (n, timer) in (0u32..).zip(&timers) {
        if !kept(n * 7919 % 1_000) {
            timer.cancel();
        }
    }
    run_until(&event_loop, 1_000 * SECOND);
    let expected: Vec<_> = (0..1_000).filter(|when| kept(*when)).map(|when| when.to_string()).collect();
    assert_eq!(trace.take(), expected);
}

#[test]
fn a_timer_that_is_due_can_still_be_cancelled_by_one_called_before_it() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let slot: Rc<RefCell<Option<TimerHandle>>> = Rc::default();
    let next = slot.clone();
    event_loop.call_later(SECOND, move || next.take().unwrap().cancel());
    *slot.borrow_mut() = Some(event_loop.call_later(SECOND, trace.call("cancelled in time")));
    event_loop.call_later(SECOND, trace.call("last"));
    run_until(&event_loop, 2 * SECOND);
    assert_eq!(trace.take(), ["last"]);
}

#[test]
fn a_timer_made_in_a_callback_is_called_in_a_later_turn_even_if_it_is_due() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (handle, told) = (LoopHandle::clone(&event_loop), trace.clone());
    event_loop.call_later(SECOND, move || {
        told.add("first");
        handle.call_later(Duration::ZERO, told.call("made by first"));
    });
    event_loop.call_later(SECOND, trace.call("second"));
    run_until(&event_loop, 2 * SECOND);
    assert_eq!(trace.take(), ["first", "second", "made by first"]);
}

#[test]
fn a_delay_too_long_to_represent_is_as_long_as_can_be() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let timer = event_loop.call_later(Duration::MAX, trace.call("never"));
    event_loop.call_later(1_000_000 * SECOND, trace.call("called"));
    run_until(&event_loop, 2_000_000 * SECOND);
    assert_eq!(trace.take(), ["called"]);
    assert!(timer.when() > event_loop.time());
}

#[test]
fn a_tick_moves_the_clock_at_each_turn() {
    let clock = VirtualClock::new().with_tick(SECOND);
    let seen = clock.clone();
    let turns = Runner::new()
        .clock(clock)
        .run(cede::coroutine(move || {
            let mut turns = 0;
            while seen.elapsed() < 10 * SECOND {
                cede::yield_now().await_().unwrap();
                turns += 1;
            }
            turns
        }))
        .unwrap();
    assert_eq!(turns, 9);
}

/// The seeds: timers are best effort. Whoever keeps control keeps them waiting.
#[test]
fn a_timer_waits_for_whoever_keeps_control() {
    let clock = VirtualClock::new();
    let (trace, greedy) = (Trace::new(), clock.clone());
    let event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let (told, seen) = (trace.clone(), clock.clone());
    event_loop.call_later(SECOND, move || told.add(format!("called at {:?}", seen.elapsed())));
    event_loop.call_soon(move || greedy.advance(5 * SECOND));
    run_until(&event_loop, 6 * SECOND);
    assert_eq!(trace.take(), ["called at 5s"]);
}
