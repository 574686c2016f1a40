//! may with one worker thread: its coroutines may move between threads, so everything shared is `Arc`.
//! Event: `SyncFlag`; channel: `spsc`. The main coroutine runs on the worker too.
//!
//! A new coroutine goes to a global queue that the worker looks at only when its own is empty, so a coroutine
//! that yields until the new ones have started would do so for ever: here the main one parks, and the last
//! of the new ones wakes it.

use super::{COUNT, Job, Outcome, lateness, suspended};
use crate::meter::{self, Meter, Sleeps};
use crate::workloads::{Kind, Metric, Scenario};
use may::coroutine::{JoinHandle, sleep, yield_now};
use may::sync::{SyncFlag, spsc};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

pub(crate) fn job(s: Scenario) -> Option<Job> {
    let Scenario { kind, n, m } = s;
    match kind {
        Kind::NestedCoroutines => timed(Meter::new, move |meter| nested_coroutines(n, meter)),
        Kind::SuspendUnder => timed(Meter::new, move |meter| suspend_under(n, meter)),
        Kind::NestedTasks => timed(Meter::new, move |meter| nested_tasks(n, meter)),
        Kind::SequentialCoroutines => timed(Meter::new, move |meter| sequential_coroutines(n, meter)),
        Kind::SequentialTasks => timed(Meter::new, move |meter| sequential_tasks(n, meter)),
        Kind::SpawnAll => timed(Meter::one_by_one, move |meter| spawn_all(n, meter)),
        Kind::Yield => timed(Meter::one_by_one, move |meter| yields(n, m, meter)),
        Kind::PingPong => timed(Meter::new, ping_pong),
        Kind::WaitEvent => on_worker(move || wait_event(n)),
        Kind::Sleeps => on_worker(move || sleeps(n)),
        Kind::Cancel => timed(Meter::one_by_one, move |meter| cancels(n, meter)),
        _ => None,
    }
}

fn on_worker(work: impl FnOnce() -> Outcome + Send + 'static) -> Option<Job> {
    Some(Box::new(move |_| {
        may::config().set_workers(1);
        spawn(work).join().map_err(|_| "the coroutine panicked".to_owned())
    }))
}

fn timed(new: fn(Duration) -> Meter, work: impl FnOnce(Meter) -> Meter + Send + 'static) -> Option<Job> {
    Some(Box::new(move |budget| {
        may::config().set_workers(1);
        let meter =
            spawn(move || work(new(budget))).join().map_err(|_| "the coroutine panicked".to_owned())?;
        Ok(vec![(Metric::Time, meter.per_run())])
    }))
}

fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    // SAFETY: the bodies here use no thread-local and stay far from the end of their stack, which is what
    // may asks of them.
    unsafe { may::coroutine::spawn(work) }
}

fn join<T>(handle: JoinHandle<T>) -> T {
    handle.join().expect("the coroutine ends by itself")
}

#[inline(never)]
fn nested(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    black_box(nested(depth - 1, x)) + 1
}

fn nested_coroutines(depth: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            black_box(nested(black_box(depth - 1), black_box(7)));
        }
    }
    meter
}

#[inline(never)]
fn suspend_under(depth: u64, mut meter: Meter) -> Meter {
    if depth > 0 {
        return black_box(suspend_under(depth - 1, meter));
    }
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            yield_now();
        }
    }
    meter
}

fn task_under_task(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    black_box(join(spawn(move || task_under_task(depth - 1, x)))) + 1
}

fn nested_tasks(depth: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            let depth = black_box(depth - 1);
            black_box(join(spawn(move || task_under_task(depth, black_box(7)))));
        }
    }
    meter
}

#[inline(never)]
fn trivial(x: u64) -> u64 {
    black_box(x) + 1
}

fn sequential_coroutines(n: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            black_box((0..n).fold(0, |x, _| trivial(x)));
        }
    }
    meter
}

fn sequential_tasks(n: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            black_box((0..n).fold(0, |x, _| join(spawn(move || trivial(x)))));
        }
    }
    meter
}

fn spawn_all(n: u64, mut meter: Meter) -> Meter {
    while meter.batch().is_some() {
        let handles: Vec<_> = (0..n).map(|i| spawn(move || trivial(i))).collect();
        black_box(handles.into_iter().map(join).sum::<u64>());
    }
    meter
}

/// Counts a coroutine that has started; the last of `n` says so.
fn started(n: u64, all: &SyncFlag) {
    if COUNT.fetch_add(1, Relaxed) + 1 == n {
        all.fire();
    }
}

fn yields(n: u64, m: u64, mut meter: Meter) -> Meter {
    while meter.batch().is_some() {
        COUNT.store(0, Relaxed);
        let all_started = Arc::new(SyncFlag::new());
        let mut handles = Vec::new();
        for i in 0..n {
            let all_started = Arc::clone(&all_started);
            handles.push(spawn(move || {
                started(n, &all_started);
                let mut x = i;
                for _ in 0..=m {
                    yield_now();
                    x = black_box(x) + 1;
                }
                x
            }));
        }
        all_started.wait();
        meter.restart();
        for handle in handles {
            black_box(join(handle));
        }
        meter.stop();
    }
    meter
}

fn ping_pong(mut meter: Meter) -> Meter {
    let (there, inbox) = spsc::channel();
    let (back, answers) = spsc::channel();
    let echo = spawn(move || {
        while let Ok(x) = inbox.recv() {
            let x: u64 = x;
            back.send(x + 1).expect("the other end lives");
        }
    });
    let mut x = 0;
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            there.send(black_box(x)).expect("the other end lives");
            x = answers.recv().expect("the other end lives");
        }
    }
    drop(there);
    join(echo);
    meter
}

/// `n` tasks, all of them in their wait for the event.
fn spawn_waiting(n: u64, event: &Arc<SyncFlag>) -> Vec<JoinHandle<u64>> {
    COUNT.store(0, Relaxed);
    let all_started = Arc::new(SyncFlag::new());
    let mut handles = Vec::new();
    for i in 0..n {
        let (event, all_started) = (Arc::clone(event), Arc::clone(&all_started));
        handles.push(spawn(move || {
            started(n, &all_started);
            event.wait();
            black_box(i)
        }));
    }
    all_started.wait();
    handles
}

fn wait_event(n: u64) -> Outcome {
    let event = Arc::new(SyncFlag::new());
    let warm = spawn_waiting(1_000, &event);
    event.fire();
    warm.into_iter().for_each(|handle| _ = join(handle));
    let event = Arc::new(SyncFlag::new());
    let before = meter::resident();
    let began = Instant::now();
    let handles = spawn_waiting(n, &event);
    let created = began.elapsed();
    let bytes = meter::resident().saturating_sub(before);
    let began = Instant::now();
    event.fire();
    for handle in handles {
        black_box(join(handle));
    }
    suspended(n, bytes, created, began.elapsed())
}

fn sleeps(n: u64) -> Outcome {
    sleep_all(n, Duration::from_millis(100));
    let before = meter::cpu_time();
    let (sum, max) = sleep_all(n, Duration::from_secs(1));
    lateness(n, meter::cpu_time() - before, sum, max)
}

fn sleep_all(n: u64, within: Duration) -> (Duration, Duration) {
    let mut random = Sleeps::new();
    let mut handles = Vec::new();
    for _ in 0..n {
        let time = random.within(within);
        handles.push(spawn(move || {
            let began = Instant::now();
            sleep(time);
            began.elapsed().saturating_sub(time)
        }));
    }
    let (mut sum, mut max) = (Duration::ZERO, Duration::ZERO);
    for handle in handles {
        let late = join(handle);
        sum += late;
        max = max.max(late);
    }
    (sum, max)
}

fn cancels(n: u64, mut meter: Meter) -> Meter {
    std::panic::set_hook(Box::new(|_| ())); // may cancels by a panic
    while meter.batch().is_some() {
        let handles = spawn_waiting(n, &Arc::new(SyncFlag::new()));
        meter.restart();
        for handle in &handles {
            // SAFETY: the body holds nothing that its unwinding would leave broken.
            unsafe { handle.coroutine().cancel() };
        }
        for handle in handles {
            assert!(handle.join().is_err());
        }
        meter.stop();
    }
    meter
}
