//! What does `await task` cost? A recursion in which each level creates a task and awaits it.

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::Awaitable as _;
use cede_benches::inside;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn chain(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    let task = cede::create_task(cede::coroutine(move || chain(depth - 1, x)));
    black_box(task.await_().expect("it ends by itself")) + 1
}

fn await_task(c: &mut Criterion) {
    let mut group = c.benchmark_group("await_task, a chain");
    for depth in [1, 10, 100] {
        group.throughput(Throughput::Elements(depth));
        group.bench_with_input(BenchmarkId::new("cede", depth), &depth, |b, &depth| {
            b.iter_custom(|times| inside::task(times, move || chain(black_box(depth), black_box(7))));
        });
    }
    group.finish();
}

criterion_group!(benches, await_task);
criterion_main!(benches);
