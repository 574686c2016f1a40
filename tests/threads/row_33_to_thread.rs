//! `to_thread` (test_threads.py).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cede::{Awaitable, Runner, VirtualClock, coroutine, create_task, to_thread};
use cede_tests::trace::{Trace, run};

use crate::blocker;

/// test_to_thread
#[test]
fn a_function_runs_on_another_thread_and_gives_its_result() {
    let (sum, thread) = run(|| {
        let numbers = [40, 2];
        to_thread(move || (numbers.iter().sum::<i32>(), thread::current().id())).await_().unwrap()
    });
    assert_eq!(sum, 42);
    assert_ne!(thread, thread::current().id());
}

/// test_to_thread_exception
#[test]
fn a_panic_of_the_function_comes_out_with_its_payload() {
    let error = run(|| to_thread(|| panic!("test")).await_().unwrap_err());
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "the task panicked: test");
    assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"test"));
}

/// test_to_thread_exception, for errors that are values
#[test]
fn an_error_of_the_function_is_its_result() {
    let result = run(|| to_thread(|| "forty-two".parse::<i32>()).await_().unwrap());
    assert_eq!(result.unwrap_err().to_string(), "invalid digit found in string");
}

/// test_to_thread_once
#[test]
fn the_function_is_called_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    run(move || to_thread(move || counted.fetch_add(1, Ordering::SeqCst)).await_().unwrap());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// test_to_thread_concurrent
#[test]
fn ten_at_once_are_all_called() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    run(move || {
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let calls = counted.clone();
                create_task(coroutine(move || {
                    to_thread(move || calls.fetch_add(1, Ordering::SeqCst)).await_().unwrap();
                }))
            })
            .collect();
        tasks.into_iter().for_each(|task| task.await_().unwrap());
    });
    assert_eq!(calls.load(Ordering::SeqCst), 10);
}

/// test_to_thread_args_kwargs
#[test]
fn what_it_uses_is_moved_there_and_its_result_is_moved_back() {
    let text = run(|| {
        let (first, second) = (String::from("test"), Some(true));
        to_thread(move || (first, second)).await_().unwrap()
    });
    assert_eq!(text, ("test".to_owned(), Some(true)));
}

#[test]
fn it_runs_nothing_until_it_is_awaited() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    run(move || drop(to_thread(move || counted.fetch_add(1, Ordering::SeqCst))));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn others_run_while_a_thread_works() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let (job, blocked) = blocker();
        let other = told.clone();
        let task = create_task(coroutine(move || {
            blocked.wait_until_it_runs();
            other.add("the other runs");
            blocked.end();
        }));
        to_thread(job).await_().unwrap();
        told.add("the job is done");
        task.await_().unwrap();
    });
    assert_eq!(trace.take(), ["the other runs", "the job is done"]);
}

#[test]
fn cancelled_it_gives_the_cancellation_at_once() {
    run(|| {
        let (job, blocked) = blocker();
        let task = create_task(coroutine(move || to_thread(job).await_()));
        cede::yield_now().await_().unwrap();
        blocked.wait_until_it_runs();
        task.cancel_with("no time");
        let error = task.await_().unwrap().unwrap_err(); // although the job still runs
        assert!(error.is_cancelled());
        blocked.end();
    });
}

/// The promise's cancellation reaches whoever waits for it: `wait_for` uses it so.
#[test]
fn wait_for_gives_up_on_a_thread_in_time() {
    let (job, blocked) = blocker();
    let gave_up = cede::run(coroutine(move || {
        let waiting = coroutine(move || to_thread(job).await_().map_err(cede::Error::from)).fallible();
        let waiting = create_task(waiting);
        cede::yield_now().await_().unwrap();
        blocked.wait_until_it_runs(); // before that the job would be withdrawn and never run
        let error = cede::wait_for(waiting, Duration::from_millis(5)).await_().unwrap_err();
        blocked.end();
        error.is_timeout()
    }));
    assert!(gave_up.unwrap());
}

#[test]
fn outside_a_loop_it_says_so() {
    let error = to_thread(|| ()).await_().unwrap_err();
    let text = "to_thread: no running event loop; call it from inside cede::run or a loop's callback";
    assert_eq!(error.to_string(), text);
}

#[test]
fn in_a_callback_it_says_that_only_a_task_can_wait() {
    let trace = Trace::new();
    let told = trace.clone();
    Runner::new()
        .clock(VirtualClock::new())
        .run(coroutine(move || {
            cede::running_loop().unwrap().call_soon(move || told.add(to_thread(|| 1).await_().unwrap_err()));
            cede::yield_now().await_().unwrap();
        }))
        .unwrap();
    let text = "await of a promise: only a task can cede to the loop, and none runs here; move it from the \
                callback into a task";
    assert_eq!(trace.take(), [text]);
}
