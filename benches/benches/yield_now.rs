//! What does a turn through the loop cost, for one task and for many?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use cede::Awaitable as _;
use cede_benches::inside;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const YIELDS: u64 = 100;

fn yield_now(c: &mut Criterion) {
    let mut group = c.benchmark_group("yield_now");
    group.bench_function("one task", |b| {
        b.iter_custom(|times| inside::task(times, || cede::yield_now().await_()));
    });
    for tasks in [10, 1_000] {
        group.throughput(Throughput::Elements(tasks * YIELDS));
        group.bench_with_input(BenchmarkId::new("tasks, 100 times each", tasks), &tasks, |b, &tasks| {
            b.iter_custom(|times| {
                inside::task(times, move || {
                    let body = || (0..YIELDS).all(|_| cede::yield_now().await_().is_ok());
                    let tasks: Vec<_> =
                        (0..tasks).map(|_| cede::create_task(cede::coroutine(body))).collect();
                    tasks.into_iter().all(|task| task.await_().is_ok())
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, yield_now);
criterion_main!(benches);
