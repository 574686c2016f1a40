//! What does one waiter cost, among 1,000, 10,000 and 100,000 of them: to be added, and to be woken or
//! cancelled?
//!
//! A waiter is a task on a stack of its own, so most of the time goes into two switches and, with many of them,
//! into memory that is in no cache. `promise` shows that part alone: there every task waits for a promise of its
//! own, and nothing lists them. The tasks are made before the clock runs.
//!
//! `one more` is without that: so many wait, and one task comes and is cancelled, again and again, on a stack that is
//! warm. What is left is the list, and costs the same however long it is.

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::{Awaitable as _, Event, Lock, Promise, Queue, Task};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::rc::Rc;
use std::time::{Duration, Instant};

const MANY: [usize; 3] = [1_000, 10_000, 100_000];

/// How the waits end.
#[derive(Clone, Copy)]
enum End {
    Woken,
    /// From the last to the first: those who look for a waiter from the front walk furthest.
    Cancelled,
}

/// One thing that many tasks wait for.
trait Shared: 'static {
    fn new(waiters: usize) -> Self;

    /// Waits; whether it was woken.
    fn wait(&self, number: usize) -> bool;

    /// Waits, beside all those numbers.
    fn wait_too(&self) -> bool {
        self.wait(usize::MAX)
    }

    /// Has everybody woken.
    fn wake(&self, waiters: usize);
}

impl Shared for Event {
    fn new(_: usize) -> Self {
        Self::new()
    }

    fn wait(&self, _: usize) -> bool {
        self.wait().await_().is_ok()
    }

    fn wake(&self, _: usize) {
        self.set();
    }
}

/// A lock is woken by an event: the task that holds it waits for that.
struct HeldLock {
    lock: Lock,
    release: Event,
}

impl Shared for HeldLock {
    fn new(_: usize) -> Self {
        Self { lock: Lock::new(()), release: Event::new() }
    }

    fn wait(&self, number: usize) -> bool {
        let guard = self.lock.lock().await_();
        if number == 0 && guard.is_ok() {
            return self.release.wait().await_().is_ok();
        }
        guard.is_ok()
    }

    fn wake(&self, _: usize) {
        self.release.set();
    }
}

impl Shared for Queue<()> {
    fn new(_: usize) -> Self {
        Self::unbounded()
    }

    fn wait(&self, _: usize) -> bool {
        self.get().await_().is_ok()
    }

    fn wake(&self, waiters: usize) {
        for _ in 0..waiters {
            self.put_nowait(()).expect("there is room");
        }
    }
}

impl Shared for Vec<Promise<()>> {
    fn new(waiters: usize) -> Self {
        (0..waiters).map(|_| Promise::new()).collect()
    }

    fn wait(&self, number: usize) -> bool {
        (&self[number]).await_().is_ok()
    }

    fn wait_too(&self) -> bool {
        Promise::<()>::new().await_().is_ok()
    }

    fn wake(&self, _: usize) {
        for promise in self {
            promise.set_result(()).expect("it is pending");
        }
    }
}

/// All wait, all go on; the time from the first wait to the end of the last.
fn round<S: Shared>(waiters: usize, end: End) -> Duration {
    let shared = Rc::new(S::new(waiters));
    let tasks: Vec<Task<()>> = (0..waiters)
        .map(|number| {
            let shared = Rc::clone(&shared);
            let woken = matches!(end, End::Woken);
            cede::create_task(cede::coroutine(move || assert_eq!(shared.wait(number), woken)))
        })
        .collect();
    let began = Instant::now();
    cede::yield_now().await_().expect("nobody cancels"); // all begin to wait
    match end {
        End::Woken => shared.wake(waiters),
        End::Cancelled => tasks.iter().rev().for_each(|task| assert!(task.cancel())),
    }
    for task in tasks.into_iter().rev() {
        task.await_().expect("it ends by itself"); // the last one to be served; the others are done by then
    }
    began.elapsed()
}

/// The time for so many waiters, in rounds of a number of them, on stacks that have been used before.
fn rounds<S: Shared>(waiters: usize, end: End, times: u64) -> Duration {
    round::<S>(waiters, end);
    let rounds = times.div_ceil(waiters as u64);
    let took: Duration = (0..rounds).map(|_| round::<S>(waiters, end)).sum();
    took.mul_f64(times as f64 / (rounds * waiters as u64) as f64)
}

/// The time in which so many tasks come and are cancelled, one after another, while others wait.
fn one_more<S: Shared>(waiters: usize, times: u64) -> Duration {
    let shared = Rc::new(S::new(waiters));
    let others: Vec<Task<()>> = (0..waiters)
        .map(|number| {
            let shared = Rc::clone(&shared);
            cede::create_task(cede::coroutine(move || assert!(!shared.wait(number))))
        })
        .collect();
    cede::yield_now().await_().expect("nobody cancels"); // all begin to wait
    let come_and_go = |times| {
        for _ in 0..times {
            let shared = Rc::clone(&shared);
            let one = cede::create_task(cede::coroutine(move || assert!(!shared.wait_too())));
            cede::yield_now().await_().expect("nobody cancels"); // it waits, the last of all
            assert!(one.cancel());
            one.await_().expect("it ends by itself");
        }
    };
    come_and_go(1_000); // what so many others have pushed out of the caches comes back
    let began = Instant::now();
    come_and_go(times);
    let took = began.elapsed();
    others.iter().for_each(|task| assert!(task.cancel()));
    for task in others {
        task.await_().expect("it ends by itself");
    }
    took
}

fn measure<S: Shared>(c: &mut Criterion, what: &str) {
    for (name, end) in [("add + wake", End::Woken), ("add + cancel", End::Cancelled)] {
        let mut group = c.benchmark_group(format!("{what}, {name}, per waiter"));
        for waiters in MANY {
            group.bench_function(BenchmarkId::from_parameter(waiters), |b| {
                b.iter_custom(|times| {
                    cede::run(cede::coroutine(move || rounds::<S>(waiters, end, times))).expect("it runs")
                });
            });
        }
        group.finish();
    }
    let mut group = c.benchmark_group(format!("{what}, one more, add + cancel"));
    for waiters in MANY {
        group.bench_function(BenchmarkId::from_parameter(waiters), |b| {
            b.iter_custom(|times| {
                cede::run(cede::coroutine(move || one_more::<S>(waiters, times))).expect("it runs")
            });
        });
    }
    group.finish();
}

fn waiters(c: &mut Criterion) {
    measure::<Vec<Promise<()>>>(c, "promise");
    measure::<Event>(c, "event");
    measure::<HeldLock>(c, "lock");
    measure::<Queue<()>>(c, "queue");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2));
    targets = waiters
}
criterion_main!(benches);
