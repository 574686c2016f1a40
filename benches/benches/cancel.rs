//! What does it cost to cancel a waiting task and await its end?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::{Awaitable as _, Promise};
use cede_benches::inside;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Instant;

const TASKS: u64 = 1_000;

fn cancel(c: &mut Criterion) {
    let mut group = c.benchmark_group("cancel");
    group.throughput(Throughput::Elements(TASKS));
    group.bench_function("1,000 waiting tasks", |b| {
        b.iter_custom(|times| {
            inside::task_timed(times, || {
                let body = || Promise::<()>::new().await_().is_err();
                let tasks: Vec<_> = (0..TASKS).map(|_| cede::create_task(cede::coroutine(body))).collect();
                cede::yield_now().await_().expect("nobody cancels");
                let began = Instant::now();
                for task in &tasks {
                    task.cancel();
                }
                assert!(tasks.into_iter().all(|task| task.await_().is_ok_and(|cancelled| cancelled)));
                began.elapsed()
            })
        });
    });
    group.finish();
}

criterion_group!(benches, cancel);
criterion_main!(benches);
