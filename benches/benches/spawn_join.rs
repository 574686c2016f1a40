//! What does it cost to create a trivial task and await it: one at a time, and many before the first await?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::{Awaitable as _, Task};
use cede_benches::inside;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn trivial(x: u64) -> Task<u64> {
    cede::create_task(cede::coroutine(move || black_box(x) + 1))
}

fn spawn_join(c: &mut Criterion) {
    let mut group = c.benchmark_group("spawn_join");
    group.bench_function("one", |b| {
        b.iter_custom(|times| inside::task(times, || trivial(black_box(7)).await_().ok()));
    });
    for n in [100, 10_000] {
        group.throughput(Throughput::Elements(n));
        group.bench_with_input(BenchmarkId::new("all, then await", n), &n, |b, &n| {
            b.iter_custom(|times| {
                inside::task(times, move || {
                    let tasks: Vec<Task<u64>> = (0..n).map(trivial).collect();
                    tasks.into_iter().map(|task| task.await_().expect("it ends by itself")).sum::<u64>()
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, spawn_join);
criterion_main!(benches);
