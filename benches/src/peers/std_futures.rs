//! The workloads of every runtime that runs std Futures, written once.
//!
//! A runtime's file brings its own primitives under fixed names (`spawn`, `join`, `yield_now`, …) and these
//! macros write the workloads with them. Macros and not generic functions, because tokio's `spawn` asks for
//! `Send` where the others must not, and a bound cannot be a parameter.

/// Writes `loop_job`: everything that needs neither a clock nor cancellation.
///
/// Asks for: `type Handle<T>`, `spawn`, `join`, `yield_now`, `block_on`; `type Event`, `event`, `wait`,
/// `wake_all`; `type Tx`, `type Rx`, `channel`, `send`, `recv`.
macro_rules! loop_workloads {
    ($($send:ident)?) => {
        /// The job for a scenario that needs neither a clock nor cancellation.
        fn loop_job(s: Scenario) -> Option<Job> {
            let Scenario { kind, n, m } = s;
            match kind {
                Kind::NestedCoroutines => timed(move |meter| nested_coroutines(n, meter)),
                Kind::SuspendUnder => timed(move |meter| suspend_under(n, meter)),
                Kind::NestedTasks => timed(move |meter| nested_tasks(n, meter)),
                Kind::SequentialCoroutines => timed(move |meter| sequential_coroutines(n, meter)),
                Kind::SequentialTasks => timed(move |meter| sequential_tasks(n, meter)),
                Kind::SpawnAll => one_by_one(move |meter| spawn_all(n, meter)),
                Kind::Yield => one_by_one(move |meter| yields(n, m, meter)),
                Kind::PingPong => timed(ping_pong),
                Kind::WaitEvent => on_loop(move || wait_event(n)),
                _ => None,
            }
        }

        fn on_loop<F, Fut>(f: F) -> Option<Job>
        where
            F: FnOnce() -> Fut + 'static,
            Fut: Future<Output = Outcome> $(+ $send)? + 'static,
        {
            Some(Box::new(move |_budget| Ok(block_on(f()))))
        }

        fn timed<F, Fut>(f: F) -> Option<Job>
        where
            F: FnOnce(Meter) -> Fut + 'static,
            Fut: Future<Output = Meter> $(+ $send)? + 'static,
        {
            Some(Box::new(move |budget| Ok(vec![(Metric::Time, block_on(f(Meter::new(budget))).per_run())])))
        }

        fn one_by_one<F, Fut>(f: F) -> Option<Job>
        where
            F: FnOnce(Meter) -> Fut + 'static,
            Fut: Future<Output = Meter> $(+ $send)? + 'static,
        {
            Some(Box::new(move |budget| {
                Ok(vec![(Metric::Time, block_on(f(Meter::one_by_one(budget))).per_run())])
            }))
        }

        async fn nested_coroutines(depth: u64, mut meter: Meter) -> Meter {
            async fn nested(depth: u64, x: u64) -> u64 {
                if depth == 0 {
                    return x + 1;
                }
                black_box(Box::pin(nested(depth - 1, x)).await) + 1
            }
            while let Some(runs) = meter.batch() {
                for _ in 0..runs {
                    black_box(nested(black_box(depth - 1), black_box(7)).await);
                }
            }
            meter
        }

        async fn suspend_under(depth: u64, mut meter: Meter) -> Meter {
            if depth > 0 {
                return Box::pin(suspend_under(depth - 1, meter)).await;
            }
            while let Some(runs) = meter.batch() {
                for _ in 0..runs {
                    yield_now().await;
                }
            }
            meter
        }

        fn task_under_task(depth: u64, x: u64) -> impl Future<Output = u64> $(+ $send)? + 'static {
            async move {
                if depth == 0 {
                    return x + 1;
                }
                black_box(join(spawn(task_under_task(depth - 1, x))).await) + 1
            }
        }

        async fn nested_tasks(depth: u64, mut meter: Meter) -> Meter {
            while let Some(runs) = meter.batch() {
                for _ in 0..runs {
                    black_box(join(spawn(task_under_task(black_box(depth - 1), black_box(7)))).await);
                }
            }
            meter
        }

        async fn trivial(x: u64) -> u64 {
            black_box(x) + 1
        }

        async fn sequential_coroutines(n: u64, mut meter: Meter) -> Meter {
            while let Some(runs) = meter.batch() {
                for _ in 0..runs {
                    let mut x = 0;
                    for _ in 0..n {
                        x = trivial(x).await;
                    }
                    black_box(x);
                }
            }
            meter
        }

        async fn sequential_tasks(n: u64, mut meter: Meter) -> Meter {
            while let Some(runs) = meter.batch() {
                for _ in 0..runs {
                    let mut x = 0;
                    for _ in 0..n {
                        x = join(spawn(trivial(x))).await;
                    }
                    black_box(x);
                }
            }
            meter
        }

        async fn spawn_all(n: u64, mut meter: Meter) -> Meter {
            while meter.batch().is_some() {
                let mut handles = Vec::with_capacity(n as usize);
                for i in 0..n {
                    handles.push(spawn(trivial(i)));
                }
                let mut sum = 0;
                for handle in handles {
                    sum += join(handle).await;
                }
                black_box(sum);
            }
            meter
        }

        async fn yields(n: u64, m: u64, mut meter: Meter) -> Meter {
            while meter.batch().is_some() {
                COUNT.store(0, Relaxed);
                let mut handles = Vec::with_capacity(n as usize);
                for i in 0..n {
                    handles.push(spawn(async move {
                        COUNT.fetch_add(1, Relaxed);
                        let mut x = i;
                        for _ in 0..=m {
                            yield_now().await;
                            x = black_box(x) + 1;
                        }
                        x
                    }));
                }
                while COUNT.load(Relaxed) < n {
                    yield_now().await;
                }
                meter.restart(); // every task has started
                for handle in handles {
                    black_box(join(handle).await);
                }
                meter.stop();
            }
            meter
        }

        async fn ping_pong(mut meter: Meter) -> Meter {
            let (there, mut inbox) = channel();
            let (back, mut answers) = channel();
            let echo = spawn(async move {
                let mut count = 0u64;
                loop {
                    let x = recv(&mut inbox).await;
                    if x == u64::MAX {
                        return count;
                    }
                    count += 1;
                    send(&back, x + 1).await;
                }
            });
            let mut x = 0;
            while let Some(runs) = meter.batch() {
                for _ in 0..runs {
                    send(&there, black_box(x)).await;
                    x = recv(&mut answers).await;
                }
            }
            send(&there, u64::MAX).await;
            assert_eq!(join(echo).await, x);
            meter
        }

        /// `n` tasks, all of them in their wait for the event.
        async fn spawn_waiting(n: u64, event: &Event) -> Vec<Handle<u64>> {
            COUNT.store(0, Relaxed);
            let mut handles = Vec::with_capacity(n as usize);
            for i in 0..n {
                let event = event.clone();
                handles.push(spawn(async move {
                    COUNT.fetch_add(1, Relaxed);
                    wait(&event).await;
                    black_box(i)
                }));
            }
            while COUNT.load(Relaxed) < n {
                yield_now().await;
            }
            handles
        }

        async fn wait_event(n: u64) -> Outcome {
            let event = event();
            let warm = spawn_waiting(1_000, &event).await;
            wake_all(&event);
            for handle in warm {
                join(handle).await;
            }
            let before = meter::resident();
            let began = Instant::now();
            let handles = spawn_waiting(n, &event).await;
            let created = began.elapsed();
            let bytes = meter::resident().saturating_sub(before);
            let began = Instant::now();
            wake_all(&event);
            for handle in handles {
                black_box(join(handle).await);
            }
            super::suspended(n, bytes, created, began.elapsed())
        }
    };
}

/// Writes `sleep_job`: the workloads that sleep. Asks for `sleep(Duration)` besides.
macro_rules! sleep_workloads {
    () => {
        /// The job for a scenario that sleeps.
        fn sleep_job(s: Scenario) -> Option<Job> {
            let n = s.n;
            match s.kind {
                Kind::WaitSleep => on_loop(move || wait_sleep(n)),
                Kind::Sleeps => on_loop(move || sleeps(n)),
                _ => None,
            }
        }

        async fn wait_sleep(n: u64) -> Outcome {
            join(spawn(sleep(Duration::from_millis(1)))).await;
            COUNT.store(0, Relaxed);
            let before = meter::resident();
            let began = Instant::now();
            for _ in 0..n {
                let _detached = std::mem::ManuallyDrop::new(spawn(async {
                    COUNT.fetch_add(1, Relaxed);
                    sleep(Duration::from_secs(3600)).await;
                }));
            }
            while COUNT.load(Relaxed) < n {
                yield_now().await;
            }
            let created = began.elapsed();
            let bytes = meter::resident().saturating_sub(before);
            super::finish_early(&super::suspended(n, bytes, created, Duration::ZERO)[..2])
        }

        async fn sleeps(n: u64) -> Outcome {
            sleep_all(n, Duration::from_millis(100)).await;
            let before = meter::cpu_time();
            let (sum, max) = sleep_all(n, Duration::from_secs(1)).await;
            super::lateness(n, meter::cpu_time() - before, sum, max)
        }

        /// The sum and the maximum of what `n` tasks slept too long.
        async fn sleep_all(n: u64, within: Duration) -> (Duration, Duration) {
            let mut random = Sleeps::new();
            let mut handles = Vec::with_capacity(n as usize);
            for _ in 0..n {
                let time = random.within(within);
                handles.push(spawn(async move {
                    let began = Instant::now();
                    sleep(time).await;
                    began.elapsed().saturating_sub(time)
                }));
            }
            let (mut sum, mut max) = (Duration::ZERO, Duration::ZERO);
            for handle in handles {
                let late = join(handle).await;
                sum += late;
                max = max.max(late);
            }
            (sum, max)
        }
    };
}

/// Writes `cancel_job`: cancels tasks. Asks for `cancel_all(Vec<Handle<u64>>)`, which cancels every task and
/// waits for its end.
macro_rules! cancel_workloads {
    () => {
        /// The job for a scenario that cancels.
        fn cancel_job(s: Scenario) -> Option<Job> {
            match s.kind {
                Kind::Cancel => one_by_one(move |meter| cancels(s.n, meter)),
                _ => None,
            }
        }

        async fn cancels(n: u64, mut meter: Meter) -> Meter {
            let event = event();
            while meter.batch().is_some() {
                let handles = spawn_waiting(n, &event).await;
                meter.restart();
                cancel_all(handles).await;
                meter.stop();
            }
            meter
        }
    };
}

pub(crate) use {cancel_workloads, loop_workloads, sleep_workloads};

/// What the macros' text needs in a runtime's file.
pub(crate) mod prelude {
    pub(crate) use super::super::{COUNT, Job, Outcome};
    pub(crate) use super::{cancel_workloads, loop_workloads, sleep_workloads};
    pub(crate) use crate::meter::{self, Meter, Sleeps};
    pub(crate) use crate::workloads::{Kind, Metric, Scenario};
    pub(crate) use std::hint::black_box;
    pub(crate) use std::sync::atomic::Ordering::Relaxed;
    pub(crate) use std::time::{Duration, Instant};
}
