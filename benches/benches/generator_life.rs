//! What does a generator cost from its making to its end, with a stack from the pool?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::{Co, Generator};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn generator_life(c: &mut Criterion) {
    let mut group = c.benchmark_group("generator_life");
    group.bench_function("run to the end", |b| {
        b.iter(|| {
            Generator::<u64>::new(|co: Co<u64>| (0..3).for_each(|i| co.yield_(i))).map(black_box).sum::<u64>()
        });
    });
    group.bench_function("dropped unstarted", |b| {
        b.iter(|| black_box(Generator::<u64>::new(|co: Co<u64>| co.yield_(1))));
    });
    group.bench_function("dropped suspended", |b| {
        b.iter(|| Generator::<u64>::new(|co: Co<u64>| co.yield_(1)).start().is_ok());
    });
    group.finish();
}

criterion_group!(benches, generator_life);
criterion_main!(benches);
