//! corosensei by hand: generators, and the smallest loop one would write over them (a queue of indices).
//! Every stack is a fresh `DefaultStack` of 64 KiB with its guard page.

use super::{Job, suspended};
use crate::meter::{self, Meter};
use crate::workloads::{Kind, Metric, Scenario};
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, Yielder};
use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

const STACK: usize = 64 * 1024;

pub(crate) fn job(s: Scenario) -> Option<Job> {
    let Scenario { kind, n, m } = s;
    match kind {
        Kind::Resume => Some(Box::new(move |budget| resume(n, Meter::new(budget)))),
        Kind::SuspendUnder => Some(Box::new(move |budget| suspend_under(n, Meter::new(budget)))),
        Kind::Yield => Some(Box::new(move |budget| yields(n, m, Meter::one_by_one(budget)))),
        Kind::WaitEvent => Some(Box::new(move |_| wait_event(n))),
        _ => None,
    }
}

fn stack() -> Result<DefaultStack, String> {
    DefaultStack::new(STACK).map_err(|e| format!("a stack: {e}"))
}

/// In place, as cede's.
#[inline(always)]
fn send(generator: &mut Coroutine<u64, u64, (), DefaultStack>, x: u64) -> u64 {
    generator.resume(black_box(x)).as_yield().expect("it never ends")
}

fn resume(n: u64, mut meter: Meter) -> Result<super::Outcome, String> {
    let mut generators = Vec::new();
    for _ in 0..n {
        generators.push(Coroutine::with_stack(stack()?, |yielder: &Yielder<u64, u64>, mut x| {
            loop {
                x = yielder.suspend(black_box(x) + 1);
            }
        }));
    }
    let mut x: u64 = 0;
    if let [generator] = &mut generators[..] {
        // A loop over one would measure the loop.
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                x = send(generator, x);
            }
        }
    } else {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                x = generators.iter_mut().fold(x, |x, generator| send(generator, x));
            }
        }
    }
    black_box(x);
    Ok(vec![(Metric::Time, meter.per_run())])
}

fn suspend_under(depth: u64, meter: Meter) -> Result<super::Outcome, String> {
    #[inline(never)]
    fn under(depth: u64, yielder: &Yielder<(), ()>, mut meter: Meter) -> Meter {
        if depth > 0 {
            return black_box(under(depth - 1, yielder, meter));
        }
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                yielder.suspend(());
            }
        }
        meter
    }
    let task = Coroutine::with_stack(stack()?, move |yielder, ()| under(depth, yielder, meter));
    let (mut tasks, mut ready) = (vec![task], VecDeque::from([0]));
    let mut result = None;
    while let Some(index) = ready.pop_front() {
        match tasks[index].resume(()) {
            corosensei::CoroutineResult::Yield(()) => ready.push_back(index),
            corosensei::CoroutineResult::Return(meter) => result = Some(meter),
        }
    }
    Ok(vec![(Metric::Time, result.expect("the task returns its meter").per_run())])
}

fn yields(n: u64, m: u64, mut meter: Meter) -> Result<super::Outcome, String> {
    while meter.batch().is_some() {
        let (mut tasks, mut ready) = (Vec::new(), VecDeque::new());
        for i in 0..n {
            let mut task = Coroutine::with_stack(stack()?, move |yielder: &Yielder<(), ()>, ()| {
                let mut x = i;
                for _ in 0..=m {
                    yielder.suspend(());
                    x = black_box(x) + 1;
                }
                x
            });
            task.resume(());
            ready.push_back(tasks.len());
            tasks.push(task);
        }
        meter.restart(); // every task has started
        while let Some(index) = ready.pop_front() {
            match tasks[index].resume(()) {
                corosensei::CoroutineResult::Yield(()) => ready.push_back(index),
                corosensei::CoroutineResult::Return(x) => _ = black_box(x),
            }
        }
        meter.stop();
    }
    Ok(vec![(Metric::Time, meter.per_run())])
}

fn wait_event(n: u64) -> Result<super::Outcome, String> {
    let (_, _) = waiting(1_000)?;
    let before = meter::resident();
    let (tasks, created) = waiting(n)?;
    let bytes = meter::resident().saturating_sub(before);
    let began = Instant::now();
    for mut task in tasks {
        black_box(task.resume(()).as_return());
    }
    Ok(suspended(n, bytes, created, began.elapsed()))
}

type Waiting = Coroutine<(), (), u64, DefaultStack>;

fn waiting(n: u64) -> Result<(Vec<Waiting>, Duration), String> {
    let mut tasks = Vec::with_capacity(usize::try_from(n).map_err(|e| e.to_string())?);
    let began = Instant::now();
    for i in 0..n {
        let stack = match stack() {
            Ok(stack) => stack,
            Err(error) => {
                // At the mapping limit nothing in this process can map memory any more: free some first.
                let count = tasks.len();
                drop(tasks);
                return Err(format!("{error} (after {count} tasks)"));
            }
        };
        let mut task = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            yielder.suspend(());
            black_box(i)
        });
        task.resume(());
        tasks.push(task);
    }
    Ok((tasks, began.elapsed()))
}
