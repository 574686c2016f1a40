//! Shutting a loop's pool down (test_base_events.py; runners.py).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cede::{Awaitable, Runner, ThreadPool, coroutine, create_task, running_loop};
use cede_tests::trace::{Trace, run, unsited};

use crate::blocker;

#[test]
fn shutdown_default_executor_waits_for_the_jobs_it_has() {
    run(|| {
        let event_loop = running_loop().unwrap();
        let jobs: Vec<_> = (0..5).map(|n| event_loop.run_in_executor(None, move || n).unwrap()).collect();
        event_loop.shutdown_default_executor(None).await_().unwrap();
        cede::yield_now().await_().unwrap();
        assert!(jobs.iter().all(|job| job.done()));
    });
}

#[test]
fn after_shutdown_default_executor_no_job_is_taken() {
    run(|| {
        let event_loop = running_loop().unwrap();
        event_loop.shutdown_default_executor(None).await_().unwrap();
        let text = "run_in_executor: Executor shutdown has been called";
        assert_eq!(event_loop.run_in_executor(None, || ()).unwrap_err().to_string(), text);
        assert_eq!(cede::to_thread(|| ()).await_().unwrap_err().to_string(), text);
        let own = ThreadPool::new(1).unwrap(); // a pool of one's own is not the loop's to shut down
        assert_eq!(event_loop.run_in_executor(&own, || 1).unwrap().await_().unwrap(), 1);
    });
}

#[test]
fn shutdown_default_executor_of_a_loop_that_never_used_one_does_not_cede() {
    run(|| {
        let event_loop = running_loop().unwrap();
        let turns = event_loop.turns();
        event_loop.shutdown_default_executor(None).await_().unwrap();
        assert_eq!(event_loop.turns(), turns);
    });
}

/// A job may need the loop to come to its end, so the loop goes on.
#[test]
fn the_loop_runs_on_while_it_waits_for_its_jobs() {
    run(|| {
        let event_loop = running_loop().unwrap();
        let proxy = event_loop.proxy();
        let job = event_loop.run_in_executor(None, move || {
            proxy.run_coroutine_threadsafe(coroutine(|| 7)).unwrap().wait().unwrap()
        });
        event_loop.shutdown_default_executor(None).await_().unwrap();
        assert_eq!(job.unwrap().await_().unwrap(), 7);
    });
}

/// test_shutdown_default_executor_timeout
#[test]
fn a_pool_that_does_not_end_in_time_is_reported_and_left_alone() {
    let (trace, pool) = (Trace::new(), ThreadPool::new(1).unwrap().named("slow"));
    let (told, used) = (trace.clone(), pool.clone());
    let (job, blocked) = blocker();
    let mut runner = Runner::new().exception_handler(move |_, report| told.add(unsited(report)));
    let blocked = runner
        .run(coroutine(move || {
            let event_loop = running_loop().unwrap();
            event_loop.set_default_executor(used);
            event_loop.run_in_executor(None, job).unwrap();
            blocked.wait_until_it_runs();
            event_loop.shutdown_default_executor(Some(Duration::from_millis(10))).await_().unwrap();
            blocked
        }))
        .unwrap();
    let text = "the executor did not finish joining its threads within 0.01 seconds: \
                <ThreadPool 'slow' threads=1 of 1 idle=0 queued=0>";
    assert_eq!(trace.take(), [text]);
    blocked.end();
    pool.shutdown().unwrap();
}

#[test]
fn cancelling_the_wait_for_a_pool_does_not_undo_its_shutdown() {
    run(|| {
        let event_loop = running_loop().unwrap();
        let (job, blocked) = blocker();
        let promise = event_loop.run_in_executor(None, job).unwrap();
        let task = create_task(event_loop.shutdown_default_executor(None));
        cede::yield_now().await_().unwrap();
        task.cancel();
        assert!(task.await_().unwrap().is_err());
        assert!(event_loop.run_in_executor(None, || ()).is_err());
        blocked.end();
        promise.await_().unwrap();
    });
}

/// asyncio.run: `shutdown_default_executor` in `Runner.close`
#[test]
fn run_waits_for_the_jobs_of_its_loop_before_it_returns() {
    let done = Arc::new(AtomicUsize::new(0));
    let counted = done.clone();
    cede::run(coroutine(move || {
        for _ in 0..20 {
            let done = counted.clone();
            let job = move || {
                std::thread::sleep(Duration::from_millis(1));
                done.fetch_add(1, Ordering::SeqCst);
            };
            drop(running_loop().unwrap().run_in_executor(None, job).unwrap());
        }
    }))
    .unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 20);
}

#[test]
fn run_leaves_no_thread_behind() {
    let pool = ThreadPool::new(4).unwrap();
    let used = pool.clone();
    cede::run(coroutine(move || {
        running_loop().unwrap().set_default_executor(used);
        cede::to_thread(|| ()).await_().unwrap();
    }))
    .unwrap();
    assert_eq!(pool.threads(), 0);
}

/// Its jobs are withdrawn with the tasks that awaited them.
#[test]
fn a_task_that_is_left_over_while_it_waits_for_a_thread_is_cancelled_first() {
    let (job, blocked) = blocker();
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        create_task(coroutine(move || {
            let ended = cede::to_thread(job).await_();
            told.add(ended.unwrap_err());
            blocked.end();
        }));
        cede::yield_now().await_().unwrap();
    });
    assert_eq!(trace.take(), ["cancelled"]);
}
