//! A future that another thread makes ready, and its waker.

use loom::thread;

use crate::model;
use crate::shared::ring::Ring;
use crate::shared::shim::{Arc, AtomicUsize, Ordering};
use crate::sleeper::Loop;

/// As a task that awaits a future: hushes the bell, polls, and parks unless it was rung meanwhile. `told` counts the
/// wakes that have come through the inbox.
fn await_future(event_loop: &Loop, ring: &Ring, told: &AtomicUsize, ready: impl Fn() -> bool) {
    loop {
        ring.hush();
        if ready() {
            return;
        }
        let mut parked = !ring.rung();
        while parked {
            if event_loop.inbox.rung() {
                let before = told.load(Ordering::Relaxed);
                event_loop.take_posts();
                // A wake that was meant for an earlier poll finds the bell hushed.
                parked = told.load(Ordering::Relaxed) == before || !ring.rung();
            } else {
                event_loop.sleeper.sleep(); // loom reports it if nobody wakes it
            }
        }
    }
}

/// A waker that sets something and rings is never missed, whenever it does so: before the poll, while it is polled, or
/// when its task sleeps; and the poll after it sees what was set.
#[test]
fn a_ring_is_never_lost_between_a_poll_and_the_sleep() {
    model(3, || {
        let event_loop = Loop::new();
        let (ring, set, told) =
            (Arc::new(Ring::new()), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let source = event_loop.source();
        let (rings, sets, tells) = (ring.clone(), set.clone(), told.clone());
        thread::spawn(move || {
            sets.store(1, Ordering::Relaxed); // the ring carries it over
            if rings.ring() {
                let post = Box::new(move || _ = tells.fetch_add(1, Ordering::Relaxed));
                assert!(source.post(post).is_ok());
            }
        });
        await_future(&event_loop, &ring, &told, || set.load(Ordering::Relaxed) == 1);
    });
}

/// Of several who ring, one tells the loop, and what all of them have set is seen in the end.
#[test]
fn of_two_who_ring_each_is_seen() {
    model(2, || {
        let event_loop = Loop::new();
        let (ring, set, told) =
            (Arc::new(Ring::new()), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..2 {
            let source = event_loop.source();
            let (rings, sets, tells) = (ring.clone(), set.clone(), told.clone());
            thread::spawn(move || {
                sets.fetch_add(1, Ordering::Relaxed);
                if rings.ring() {
                    let post = Box::new(move || _ = tells.fetch_add(1, Ordering::Relaxed));
                    assert!(source.post(post).is_ok());
                }
            });
        }
        await_future(&event_loop, &ring, &told, || set.load(Ordering::Relaxed) == 2);
    });
}
