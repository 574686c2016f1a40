//! Plain functions that are not inlined: what `await coroutine` is measured against.

use super::Job;
use crate::meter::Meter;
use crate::workloads::{Kind, Metric, Scenario};
use std::hint::black_box;

pub(crate) fn job(s: Scenario) -> Option<Job> {
    let n = s.n;
    match s.kind {
        Kind::NestedCoroutines => timed(move || {
            black_box(nested(black_box(n - 1), black_box(7)));
        }),
        Kind::SequentialCoroutines => timed(move || {
            let mut x = 0;
            for _ in 0..n {
                x = trivial(x);
            }
            black_box(x);
        }),
        _ => None,
    }
}

fn timed(mut run: impl FnMut() + 'static) -> Option<Job> {
    Some(Box::new(move |budget| {
        let mut meter = Meter::new(budget);
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                run();
            }
        }
        Ok(vec![(Metric::Time, meter.per_run())])
    }))
}

#[inline(never)]
fn nested(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    black_box(nested(depth - 1, x)) + 1
}

#[inline(never)]
fn trivial(x: u64) -> u64 {
    black_box(x) + 1
}
