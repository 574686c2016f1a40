//! The `generator` crate (generator-rs): stackful generators, and a queue of indices as a loop over them.

use super::{Job, Outcome, suspended};
use crate::meter::{self, Meter};
use crate::workloads::{Kind, Metric, Scenario};
use generator::{Generator, Gn, done};
use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

pub(crate) fn job(s: Scenario) -> Option<Job> {
    let Scenario { kind, n, m } = s;
    match kind {
        Kind::Resume => Some(Box::new(move |budget| Ok(resume(n, Meter::new(budget))))),
        Kind::Yield => Some(Box::new(move |budget| Ok(yields(n, m, Meter::one_by_one(budget))))),
        Kind::WaitEvent => Some(Box::new(move |_| Ok(wait_event(n)))),
        _ => None,
    }
}

fn resume(n: u64, mut meter: Meter) -> Outcome {
    let mut generators: Vec<Generator<'static, u64, u64>> = Vec::new();
    for _ in 0..n {
        let mut generator = Gn::new_scoped(|mut scope| {
            let mut x: u64 = 0;
            while let Some(sent) = scope.yield_(black_box(x) + 1) {
                x = sent;
            }
            done!()
        });
        generator.resume();
        generators.push(generator);
    }
    let mut x = 0;
    if let [generator] = &mut generators[..] {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                x = generator.send(black_box(x));
            }
        }
    } else {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                for generator in &mut generators {
                    x = generator.send(black_box(x));
                }
            }
        }
    }
    black_box(x);
    vec![(Metric::Time, meter.per_run())]
}

/// A task that has started and will yield `times` more, then end with its number.
fn task(i: u64, times: u64) -> Generator<'static, (), Option<u64>> {
    let mut task = Gn::new_scoped(move |mut scope| {
        let mut x = i;
        for _ in 0..times {
            scope.yield_(None);
            x = black_box(x) + 1;
        }
        Some(x)
    });
    task.resume();
    task
}

fn yields(n: u64, m: u64, mut meter: Meter) -> Outcome {
    while meter.batch().is_some() {
        let mut tasks: Vec<_> = (0..n).map(|i| task(i, m + 1)).collect();
        let mut ready: VecDeque<usize> = (0..tasks.len()).collect();
        meter.restart(); // every task has started
        while let Some(index) = ready.pop_front() {
            match tasks[index].resume().expect("it has not ended") {
                None => ready.push_back(index),
                result => _ = black_box(result),
            }
        }
        meter.stop();
    }
    vec![(Metric::Time, meter.per_run())]
}

fn wait_event(n: u64) -> Outcome {
    drop(waiting(1_000));
    let before = meter::resident();
    let (tasks, created) = waiting(n);
    let bytes = meter::resident().saturating_sub(before);
    let began = Instant::now();
    for mut task in tasks {
        black_box(task.resume());
    }
    suspended(n, bytes, created, began.elapsed())
}

fn waiting(n: u64) -> (Vec<Generator<'static, (), Option<u64>>>, Duration) {
    let began = Instant::now();
    let tasks = (0..n).map(|i| task(i, 1)).collect();
    (tasks, began.elapsed())
}
