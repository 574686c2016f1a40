//! Is awaiting a coroutine a function call? A recursion of depth 10, beside plain functions.

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::Awaitable as _;
use cede_benches::inside;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

#[inline(never)]
fn plain(depth: u64, x: u64) -> u64 {
    if depth == 0 { x + 1 } else { black_box(plain(depth - 1, x)) + 1 }
}

#[inline(never)]
fn awaited(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    black_box(cede::coroutine(move || awaited(depth - 1, x)).await_()) + 1
}

fn await_coroutine(c: &mut Criterion) {
    let mut group = c.benchmark_group("await_coroutine, depth 10");
    group.bench_function("plain function", |b| b.iter(|| plain(black_box(9), black_box(7))));
    group.bench_function("cede", |b| {
        b.iter_custom(|times| inside::task(times, || awaited(black_box(9), black_box(7))));
    });
    group.finish();
}

criterion_group!(benches, await_coroutine);
criterion_main!(benches);
