//! cede, through its public face alone.
//!
//! Event: `sync::Event`, one for all tasks; channel: unbounded `channel::mpsc`.

use super::{COUNT, Job, Outcome, SEEN, finish_early, lateness, suspended};
use crate::meter::{self, Meter, Sleeps};
use crate::workloads::{Kind, Metric, Scenario};
use cede::channel::mpsc;
use cede::sync::Event;
use cede::{Awaitable as _, Co, Generator, GeneratorState, Task};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

pub(crate) fn job(s: Scenario) -> Option<Job> {
    let Scenario { kind, n, m } = s;
    match kind {
        Kind::Resume => Some(Box::new(move |budget| Ok(resume(n, Meter::new(budget))))),
        Kind::NestedCoroutines => timed(Meter::new, move |meter| nested_coroutines(n, meter)),
        Kind::SuspendUnder => timed(Meter::new, move |meter| suspend_under(n, meter)),
        Kind::NestedTasks => timed(Meter::new, move |meter| nested_tasks(n, meter)),
        Kind::SequentialCoroutines => timed(Meter::new, move |meter| sequential_coroutines(n, meter)),
        Kind::SequentialTasks => timed(Meter::new, move |meter| sequential_tasks(n, meter)),
        Kind::SpawnAll => timed(Meter::one_by_one, move |meter| spawn_all(n, meter)),
        Kind::Yield => timed(Meter::one_by_one, move |meter| yields(n, m, meter)),
        Kind::PingPong => timed(Meter::new, ping_pong),
        Kind::WaitEvent => on_loop(move || wait_event(n)),
        Kind::WaitSleep => on_loop(move || wait_sleep(n)),
        Kind::Sleeps => on_loop(move || sleeps(n)),
        Kind::Cancel => timed(Meter::one_by_one, move |meter| cancels(n, meter)),
        Kind::Echo | Kind::Redis | Kind::Http => None, // see `servers`
    }
}

/// The same with an observer that keeps the last events: what it costs to see who has control.
pub(crate) fn observed_job(s: Scenario) -> Option<Job> {
    if !SEEN.contains(&s.kind) {
        return None;
    }
    let job = job(s)?;
    Some(Box::new(move |budget| {
        OBSERVED.store(true, Relaxed);
        job(budget)
    }))
}

/// Whether this process records what its loops do.
static OBSERVED: AtomicBool = AtomicBool::new(false);

fn run<F>(main: cede::Coroutine<F>) -> cede::Result<F::Returns>
where
    F: cede::Body + 'static,
    F::Returns: 'static,
{
    if OBSERVED.load(Relaxed) {
        cede::Runner::new().observer(cede::trace::Recorder::with_capacity(1 << 14)).run(main)
    } else {
        cede::run(main)
    }
}

/// Runs the work as the loop's main task. Its stack is large enough for the article's recursion of 1,000.
fn on_loop(work: impl FnOnce() -> Outcome + 'static) -> Option<Job> {
    Some(Box::new(move |_| run(cede::coroutine(work).stack_size(1 << 20)).map_err(|e| e.to_string())))
}

fn timed(new: fn(Duration) -> Meter, work: impl FnOnce(Meter) -> Meter + 'static) -> Option<Job> {
    Some(Box::new(move |budget| {
        let main = cede::coroutine(move || work(new(budget))).stack_size(1 << 20);
        let meter = run(main).map_err(|e| e.to_string())?;
        Ok(vec![(Metric::Time, meter.per_run())])
    }))
}

fn spawn<T: 'static>(work: impl FnOnce() -> T + 'static) -> Task<T> {
    cede::create_task(cede::coroutine(work))
}

fn join<T: 'static>(task: Task<T>) -> T {
    task.await_().expect("the task ends by itself")
}

#[inline(always)] // as the `.await` of an async body is
fn yield_now() {
    cede::yield_now().await_().expect("nobody cancels");
}

fn body(co: Co<u64, u64>) {
    let mut x = 0;
    loop {
        x = co.yield_(black_box(x) + 1);
    }
}

/// In place: a function around it would be one call more a resume.
#[inline(always)]
fn send(generator: &Generator<u64, u64>, x: u64) -> u64 {
    match generator.resume(black_box(x)) {
        Ok(GeneratorState::Yielded(y)) => y,
        _ => unreachable!("it never ends"),
    }
}

fn resume(n: u64, mut meter: Meter) -> Outcome {
    let generators: Vec<Generator<u64, u64>> = (0..n).map(|_| Generator::new(body)).collect();
    for generator in &generators {
        generator.start().expect("a stack");
    }
    let mut x = 0;
    if let [generator] = &generators[..] {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                x = send(generator, x);
            }
        }
    } else {
        while let Some(runs) = meter.batch() {
            for _ in 0..runs {
                x = generators.iter().fold(x, |x, generator| send(generator, x));
            }
        }
    }
    black_box(x);
    vec![(Metric::Time, meter.per_run())]
}

#[inline(never)]
fn nested(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    black_box(cede::coroutine(move || nested(depth - 1, x)).await_()) + 1
}

fn nested_coroutines(depth: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            let (depth, x) = (black_box(depth - 1), black_box(7));
            black_box(cede::coroutine(move || nested(depth, x)).await_());
        }
    }
    meter
}

#[inline(never)]
fn suspend_under(depth: u64, mut meter: Meter) -> Meter {
    if depth > 0 {
        return black_box(cede::coroutine(move || suspend_under(depth - 1, meter)).await_());
    }
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            yield_now();
        }
    }
    meter
}

fn task_under_task(depth: u64, x: u64) -> u64 {
    if depth == 0 {
        return x + 1;
    }
    black_box(join(spawn(move || task_under_task(depth - 1, x)))) + 1
}

fn nested_tasks(depth: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            let (depth, x) = (black_box(depth - 1), black_box(7));
            black_box(join(spawn(move || task_under_task(depth, x))));
        }
    }
    meter
}

#[inline(never)]
fn trivial(x: u64) -> u64 {
    black_box(x) + 1
}

fn sequential_coroutines(n: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            black_box((0..n).fold(0, |x, _| cede::coroutine(move || trivial(x)).await_()));
        }
    }
    meter
}

fn sequential_tasks(n: u64, mut meter: Meter) -> Meter {
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            black_box((0..n).fold(0, |x, _| join(spawn(move || trivial(x)))));
        }
    }
    meter
}

fn spawn_all(n: u64, mut meter: Meter) -> Meter {
    while meter.batch().is_some() {
        let mut tasks = Vec::with_capacity(n as usize);
        for i in 0..n {
            tasks.push(spawn(move || trivial(i)));
        }
        black_box(tasks.into_iter().map(join).sum::<u64>());
    }
    meter
}

fn yields(n: u64, m: u64, mut meter: Meter) -> Meter {
    while meter.batch().is_some() {
        COUNT.store(0, Relaxed);
        let mut tasks = Vec::with_capacity(n as usize);
        for i in 0..n {
            tasks.push(spawn(move || {
                COUNT.fetch_add(1, Relaxed);
                let mut x = i;
                for _ in 0..=m {
                    yield_now();
                    x = black_box(x) + 1;
                }
                x
            }));
        }
        while COUNT.load(Relaxed) < n {
            yield_now();
        }
        meter.restart(); // every task has started
        for task in tasks {
            black_box(join(task));
        }
        meter.stop();
    }
    meter
}

fn ping_pong(mut meter: Meter) -> Meter {
    let (there, inbox) = mpsc::unbounded();
    let (back, answers) = mpsc::unbounded();
    let recv = |from: &mpsc::Receiver<u64>| from.recv().await_().expect("nobody cancels");
    let echo = spawn(move || {
        let mut count = 0;
        while let Some(x) = recv(&inbox) {
            count += 1;
            back.send(x + 1).expect("the other end lives");
        }
        count
    });
    let mut x = 0;
    while let Some(runs) = meter.batch() {
        for _ in 0..runs {
            there.send(black_box(x)).expect("the other end lives");
            x = recv(&answers).expect("the other end lives");
        }
    }
    drop(there);
    assert_eq!(join(echo), x);
    meter
}

/// `n` tasks, all of them in the wait that `wait` brings.
fn spawn_waiting<T: 'static, W: FnOnce() -> T + 'static>(n: u64, wait: impl Fn(u64) -> W) -> Vec<Task<T>> {
    COUNT.store(0, Relaxed);
    let mut tasks = Vec::with_capacity(n as usize);
    for i in 0..n {
        let wait = wait(i);
        tasks.push(spawn(move || {
            COUNT.fetch_add(1, Relaxed);
            wait()
        }));
    }
    while COUNT.load(Relaxed) < n {
        yield_now();
    }
    tasks
}

/// `n` tasks that wait for one event.
fn all_waiting(n: u64, event: &Rc<Event>) -> Vec<Task<u64>> {
    spawn_waiting(n, |i| {
        let event = Rc::clone(event);
        move || {
            event.wait().await_().expect("nobody cancels");
            black_box(i)
        }
    })
}

fn wait_event(n: u64) -> Outcome {
    let event = Rc::new(Event::new());
    let warm = all_waiting(1_000, &event);
    event.set();
    warm.into_iter().for_each(|task| _ = join(task));
    let event = Rc::new(Event::new());
    let before = meter::resident();
    let began = Instant::now();
    let tasks = all_waiting(n, &event);
    let created = began.elapsed();
    let bytes = resident_at_rest().saturating_sub(before);
    let began = Instant::now();
    event.set();
    for task in tasks {
        black_box(join(task));
    }
    suspended(n, bytes, created, began.elapsed())
}

/// When the loop has had nothing to do, and so has given back what the ready queue needed while it held all.
fn resident_at_rest() -> u64 {
    cede::sleep(Duration::from_millis(1)).await_().expect("nobody cancels");
    meter::resident()
}

fn wait_sleep(n: u64) -> Outcome {
    cede::sleep(Duration::from_millis(1)).await_().expect("nobody cancels");
    let before = meter::resident();
    let began = Instant::now();
    let tasks = spawn_waiting(n, |_| || cede::sleep(Duration::from_secs(3600)).await_());
    let created = began.elapsed();
    let bytes = resident_at_rest().saturating_sub(before);
    black_box(tasks);
    finish_early(&suspended(n, bytes, created, Duration::ZERO)[..2])
}

fn sleeps(n: u64) -> Outcome {
    sleep_all(n, Duration::from_millis(100));
    let before = meter::cpu_time();
    let (sum, max) = sleep_all(n, Duration::from_secs(1));
    lateness(n, meter::cpu_time() - before, sum, max)
}

fn sleep_all(n: u64, within: Duration) -> (Duration, Duration) {
    let mut random = Sleeps::new();
    let mut tasks = Vec::with_capacity(n as usize);
    for _ in 0..n {
        let time = random.within(within);
        tasks.push(spawn(move || {
            let began = Instant::now();
            cede::sleep(time).await_().expect("nobody cancels");
            began.elapsed().saturating_sub(time)
        }));
    }
    let (mut sum, mut max) = (Duration::ZERO, Duration::ZERO);
    for task in tasks {
        let late = join(task);
        sum += late;
        max = max.max(late);
    }
    (sum, max)
}

fn cancels(n: u64, mut meter: Meter) -> Meter {
    let event = Rc::new(Event::new());
    while meter.batch().is_some() {
        let tasks = spawn_waiting(n, |_| {
            let event = Rc::clone(&event);
            move || event.wait().await_().expect_err("it is cancelled")
        });
        meter.restart();
        for task in &tasks {
            task.cancel();
        }
        for task in tasks {
            // The body gives the cancellation back as its value; what counts here is that it has ended.
            assert!(task.await_().is_ok(), "it ended by itself");
        }
        meter.stop();
    }
    meter
}
