//! What does it cost to wake a task through a promise: one way of a ping-pong between two tasks?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::{Awaitable as _, Promise};
use criterion::{Criterion, criterion_group, criterion_main};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A place for the promise that the other side waits for.
type Slot = Rc<RefCell<Option<Promise<u64>>>>;

fn wait(slot: &Slot) -> u64 {
    let promise = Promise::new();
    *slot.borrow_mut() = Some(promise.clone());
    promise.await_().expect("nobody cancels")
}

fn wake(slot: &Slot, value: u64) {
    let promise = slot.borrow_mut().take();
    promise.expect("the other side waits").set_result(value).expect("it is pending");
}

fn ping_pong(times: u64) -> Duration {
    let (there, back) = (Slot::default(), Slot::default());
    let (inbox, answers) = (Rc::clone(&there), Rc::clone(&back));
    let echo = cede::create_task(cede::coroutine(move || {
        for _ in 0..times {
            let x = wait(&inbox);
            wake(&back, x + 1);
        }
    }));
    cede::yield_now().await_().expect("nobody cancels");
    let began = Instant::now();
    for x in 0..times {
        wake(&there, x);
        assert_eq!(wait(&answers), x + 1);
    }
    let took = began.elapsed();
    echo.await_().expect("it ends by itself");
    took / 2
}

fn promise_wake(c: &mut Criterion) {
    c.bench_function("promise_wake, one way", |b| {
        b.iter_custom(|times| cede::run(cede::coroutine(move || ping_pong(times))).expect("it runs"));
    });
}

criterion_group!(benches, promise_wake);
criterion_main!(benches);
