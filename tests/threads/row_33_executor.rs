//! `run_in_executor` (test_events.py, test_base_events.py).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use cede::{
    Awaitable, EventLoop, Outcome, Promise, Runner, ThreadPool, VirtualClock, coroutine, create_task,
    running_loop,
};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

use crate::blocker;

fn flag() -> (Arc<AtomicBool>, impl FnOnce() + Send + 'static) {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    (flag, move || set.store(true, Ordering::SeqCst))
}

/// test_run_in_executor
#[test]
fn a_function_is_called_on_another_thread() {
    let (result, thread) = run(|| {
        let event_loop = running_loop().unwrap();
        event_loop.run_in_executor(None, || ("yo", thread::current().id())).unwrap().await_().unwrap()
    });
    assert_eq!(result, "yo");
    assert_ne!(thread, thread::current().id());
}

/// It is a future, as in asyncio: it may be run by a loop that does not run yet, and awaited by several.
#[test]
fn it_gives_a_promise_which_several_may_await() {
    run(|| {
        let promise = running_loop().unwrap().run_in_executor(None, || 7).unwrap();
        let other = promise.clone();
        let task = create_task(coroutine(move || (&other).await_().unwrap()));
        assert_eq!((&promise).await_().unwrap() + task.await_().unwrap(), 14);
        assert_eq!(promise.outcome(), Outcome::Finished);
    });
}

/// The result is set in one turn and the awaiter wakes in the next, as from any `call_soon_threadsafe`.
#[test]
fn the_result_arrives_as_a_callback_of_the_loop() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let promise = running_loop().unwrap().run_in_executor(None, || 7).unwrap();
        let said = told.clone();
        promise.add_done_callback(move |promise| said.add(format!("callback: {:?}", promise.result())));
        (&promise).await_().unwrap();
        told.add("awaiter");
    });
    assert_eq!(trace.take(), ["callback: Ok(7)", "awaiter"]);
}

/// test_run_in_executor_cancel, for a job that waits
#[test]
fn a_cancelled_job_that_no_thread_has_taken_never_runs() {
    let pool = ThreadPool::new(1).unwrap();
    let (called, call) = flag();
    let used = pool.clone();
    run(move || {
        let event_loop = running_loop().unwrap();
        let (job, blocked) = blocker();
        let first = event_loop.run_in_executor(&used, job).unwrap();
        blocked.wait_until_it_runs();
        let second = event_loop.run_in_executor(&used, call).unwrap();
        assert_eq!(used.queued(), 1);
        assert!(second.cancel());
        assert!((&second).await_().unwrap_err().is_cancelled());
        cede::yield_now().await_().unwrap(); // the promise's callback withdraws the job
        assert_eq!(used.queued(), 0);
        blocked.end();
        first.await_().unwrap();
    });
    pool.shutdown().unwrap();
    assert!(!called.load(Ordering::SeqCst));
}

/// What a withdrawn job holds goes at once, not when a thread comes by.
#[test]
fn a_withdrawn_job_drops_what_it_holds_at_once() {
    let pool = ThreadPool::new(1).unwrap();
    run(move || {
        let event_loop = running_loop().unwrap();
        let (job, blocked) = blocker();
        event_loop.run_in_executor(&pool, job).unwrap();
        blocked.wait_until_it_runs();
        let held = Arc::new(());
        let watched = Arc::downgrade(&held);
        let promise = event_loop.run_in_executor(&pool, move || drop(held)).unwrap();
        promise.cancel();
        cede::yield_now().await_().unwrap();
        assert_eq!(watched.strong_count(), 0);
        blocked.end();
    });
}

/// test_run_in_executor_cancel
#[test]
fn a_cancelled_job_that_runs_goes_on_and_its_result_is_dropped() {
    struct Result(Arc<AtomicBool>);
    impl Drop for Result {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    let (ended, end) = flag();
    let dropped = Arc::new(AtomicBool::new(false));
    let (used, result) = (pool.clone(), Result(dropped.clone()));
    run(move || {
        let (job, blocked) = blocker();
        let function = move || {
            job();
            end();
            result
        };
        let promise = running_loop().unwrap().run_in_executor(&used, function).unwrap();
        blocked.wait_until_it_runs();
        promise.cancel();
        assert!(promise.await_().err().is_some_and(|error| error.is_cancelled()));
        blocked.end();
    });
    pool.shutdown().unwrap();
    assert!(ended.load(Ordering::SeqCst));
    assert!(dropped.load(Ordering::SeqCst));
}

/// test_run_in_executor_cancel: nothing is called on a loop that is closed meanwhile
#[test]
fn a_job_that_ends_after_its_loop_was_closed_calls_nothing() {
    let trace = Trace::new();
    let pool = ThreadPool::new(1).unwrap();
    let event_loop = event_loop(&trace);
    let (job, blocked) = blocker();
    let promise = event_loop.run_in_executor(&pool, job).unwrap();
    promise.add_done_callback({
        let trace = trace.clone();
        move |_| trace.add("called")
    });
    blocked.wait_until_it_runs();
    event_loop.close().unwrap();
    blocked.end();
    pool.shutdown().unwrap();
    assert!(!promise.done());
    assert!(trace.take().is_empty());
}

#[test]
fn closing_a_loop_withdraws_the_jobs_of_its_pool_that_have_not_begun() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let pool = ThreadPool::new(1).unwrap();
    event_loop.set_default_executor(pool.clone());
    let (job, blocked) = blocker();
    let (called, call) = flag();
    event_loop.run_in_executor(None, job).unwrap();
    event_loop.run_in_executor(None, call).unwrap();
    blocked.wait_until_it_runs();
    event_loop.close().unwrap();
    assert!(pool.is_shut_down());
    blocked.end();
    pool.shutdown().unwrap();
    assert!(!called.load(Ordering::SeqCst));
}

#[test]
fn a_panic_of_the_function_is_the_error_of_the_promise() {
    run(|| {
        let promise: Promise<()> =
            running_loop().unwrap().run_in_executor(None, || panic!("it broke")).unwrap();
        let error = (&promise).await_().unwrap_err();
        assert!(error.is_panic());
        assert_eq!(error.to_string(), "the task panicked: it broke");
        assert_eq!(promise.outcome(), Outcome::Panicked);
    });
}

/// asyncio: "Future exception was never retrieved"
#[test]
fn a_panic_that_nobody_reads_is_reported() {
    let ((), reports) = run_reporting(|| {
        drop(running_loop().unwrap().run_in_executor(None, || panic!("nobody asked")).unwrap());
    });
    let text = "the error of a promise was never read: the task panicked: nobody asked";
    assert_eq!(reports, [text]);
}

/// test_set_default_executor
#[test]
fn a_loop_uses_the_pool_it_is_given() {
    let name = run(|| {
        let event_loop = running_loop().unwrap();
        event_loop.set_default_executor(ThreadPool::new(1).unwrap().named("mine"));
        cede::to_thread(|| thread::current().name().map(str::to_owned)).await_().unwrap()
    });
    assert_eq!(name.as_deref(), Some("mine_0"));
}

/// test_deadlock, and the loop's own rule: a job is somebody outside who can still wake it
#[test]
fn a_loop_that_waits_for_a_job_is_not_deadlocked() {
    run(|| {
        let event_loop = running_loop().unwrap();
        let (job, blocked) = blocker();
        let promise = event_loop.run_in_executor(None, job).unwrap();
        thread::spawn(move || {
            blocked.wait_until_it_runs();
            thread::sleep(std::time::Duration::from_millis(5)); // the loop sleeps by now
            blocked.end();
        });
        promise.await_().unwrap();
    });
}

#[test]
fn a_loop_whose_last_job_was_withdrawn_is_deadlocked() {
    let pool = ThreadPool::new(1).unwrap();
    let (job, blocked) = blocker();
    let other_loop = EventLoop::new().unwrap();
    other_loop.run_in_executor(&pool, job).unwrap(); // keeps the only thread busy
    blocked.wait_until_it_runs();
    let mut runner = Runner::new().clock(VirtualClock::new());
    let used = pool.clone();
    let ran = runner.run(coroutine(move || {
        running_loop().unwrap().run_in_executor(&used, || ()).unwrap().cancel();
        let _ = Promise::<()>::new().await_(); // which nobody will set
    }));
    assert!(ran.unwrap_err().is_deadlock());
    blocked.end();
}

#[test]
fn a_loop_whose_last_job_has_ended_is_deadlocked() {
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = ended.clone();
    let ran = Runner::new().clock(VirtualClock::new()).run(coroutine(move || {
        drop(running_loop().unwrap().run_in_executor(None, move || counted.fetch_add(1, Ordering::SeqCst)));
        let _ = Promise::<()>::new().await_();
    }));
    assert!(ran.unwrap_err().is_deadlock());
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

#[test]
fn a_closed_loop_takes_no_job() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.close().unwrap();
    let error = event_loop.run_in_executor(None, || ()).unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "run_in_executor: the event loop is closed");
}

#[test]
fn a_job_may_be_given_before_the_loop_runs() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.run_in_executor(None, || 5).unwrap();
    run_briefly(&event_loop);
    let waiting = promise.clone();
    assert_eq!(event_loop.run_until_complete(coroutine(move || waiting.await_())).unwrap().unwrap(), 5);
}
