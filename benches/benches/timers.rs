//! What does a timer cost to make and to cancel while 1,000 to 1,000,000 others are alive?

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::time::{Duration, Instant};

fn make_and_cancel(alive: u64, times: u64) -> Duration {
    let event_loop = cede::running_loop().expect("a loop runs");
    let mut seed = 42u64;
    let mut later = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        event_loop.call_later(Duration::from_secs(3600) + Duration::from_micros(seed >> 33), || ())
    };
    let _alive: Vec<_> = (0..alive).map(|_| later()).collect();
    let began = Instant::now();
    for _ in 0..times {
        later().cancel();
    }
    began.elapsed()
}

fn timers(c: &mut Criterion) {
    let mut group = c.benchmark_group("timers, make and cancel one");
    group.sample_size(10); // each sample makes the others anew
    for alive in [1_000, 10_000, 100_000, 1_000_000] {
        group.bench_with_input(BenchmarkId::from_parameter(alive), &alive, |b, &alive| {
            b.iter_custom(|times| {
                cede::run(cede::coroutine(move || make_and_cancel(alive, times))).expect("it runs")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, timers);
criterion_main!(benches);
