//! Does the cost of a suspend grow with the chain of awaits above it? On a stack it must not.

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::Awaitable as _;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};

#[inline(never)]
fn under(depth: u64, times: u64) -> Duration {
    if depth > 0 {
        return black_box(cede::coroutine(move || under(depth - 1, times)).await_());
    }
    let began = Instant::now();
    for _ in 0..times {
        cede::yield_now().await_().expect("nobody cancels");
    }
    began.elapsed()
}

fn suspend_under_awaits(c: &mut Criterion) {
    let mut group = c.benchmark_group("suspend_under_awaits");
    for depth in [0, 10, 100] {
        group.bench_with_input(BenchmarkId::from_parameter(depth), &depth, |b, &depth| {
            b.iter_custom(|times| cede::run(cede::coroutine(move || under(depth, times))).expect("it runs"));
        });
    }
    group.finish();
}

criterion_group!(benches, suspend_under_awaits);
criterion_main!(benches);
