//! What does a resume and a yield cost, beside corosensei written by hand?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::{Generator, GeneratorState};
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, Yielder};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn cede_generator() -> Generator<u64, u64> {
    let generator = Generator::new(|co: cede::Co<u64, u64>| {
        let mut x = 0;
        loop {
            x = co.yield_(black_box(x) + 1);
        }
    });
    generator.start().expect("a stack");
    generator
}

fn by_hand() -> Coroutine<u64, u64, (), DefaultStack> {
    let stack = DefaultStack::new(64 * 1024).expect("a stack");
    Coroutine::with_stack(stack, |yielder: &Yielder<u64, u64>, mut x| {
        loop {
            x = yielder.suspend(black_box(x) + 1);
        }
    })
}

fn resume(generator: &Generator<u64, u64>) -> u64 {
    match generator.resume(black_box(1)) {
        Ok(GeneratorState::Yielded(x)) => x,
        other => unreachable!("it never ends: {other:?}"),
    }
}

fn generator_switch(c: &mut Criterion) {
    let mut group = c.benchmark_group("generator_switch");
    let generator = cede_generator();
    group.bench_function("cede", |b| b.iter(|| resume(&generator)));
    let mut coroutine = by_hand();
    group.bench_function("corosensei", |b| b.iter(|| coroutine.resume(black_box(1)).as_yield()));

    let generators: Vec<_> = (0..1_000).map(|_| cede_generator()).collect();
    let mut next = generators.iter().cycle();
    group.bench_function("cede, 1,000 round robin", |b| b.iter(|| next.next().map(resume)));
    let mut coroutines: Vec<_> = (0..1_000).map(|_| by_hand()).collect();
    let mut index = 0;
    group.bench_function("corosensei, 1,000 round robin", |b| {
        b.iter(|| {
            index = if index + 1 == coroutines.len() { 0 } else { index + 1 };
            coroutines[index].resume(black_box(1)).as_yield()
        });
    });
    group.finish();
}

criterion_group!(benches, generator_switch);
criterion_main!(benches);
