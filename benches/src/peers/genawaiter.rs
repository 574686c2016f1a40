//! genawaiter's `rc` generators: stackless, over `async` blocks.

use super::Job;
use crate::meter::Meter;
use crate::workloads::{Kind, Metric, Scenario};
use genawaiter::GeneratorState;
use genawaiter::rc::{Co, Gen};
use std::hint::black_box;

pub(crate) fn job(s: Scenario) -> Option<Job> {
    match s.kind {
        Kind::Resume => Some(Box::new(move |budget| Ok(resume(s.n, Meter::new(budget))))),
        _ => None,
    }
}

async fn body(co: Co<u64, u64>) {
    // The first value sent only starts the body; it is not seen.
    let mut x = 0;
    loop {
        x = co.yield_(black_box(x) + 1).await;
    }
}

fn resume(n: u64, mut meter: Meter) -> super::Outcome {
    let mut generators: Vec<_> = (0..n).map(|_| Gen::new(body)).collect();
    let mut x = 0;
    if let [generator] = &mut generators[..] {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                x = value(generator.resume_with(black_box(x)));
            }
        }
    } else {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                for generator in &mut generators {
                    x = value(generator.resume_with(black_box(x)));
                }
            }
        }
    }
    black_box(x);
    vec![(Metric::Time, meter.per_run())]
}

fn value(state: GeneratorState<u64, ()>) -> u64 {
    match state {
        GeneratorState::Yielded(x) => x,
        GeneratorState::Complete(()) => unreachable!("it never ends"),
    }
}
