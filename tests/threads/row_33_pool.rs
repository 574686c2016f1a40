//! The pool (test_concurrent_futures/test_thread_pool.py, test_shutdown.py).

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cede::{Awaitable, EventLoop, Promise, ThreadPool, coroutine, running_loop};
use cede_tests::trace::run;
use parking_lot::Mutex;

use crate::blocker;

/// test_max_workers_negative
#[test]
fn a_pool_without_threads_is_refused() {
    let error = ThreadPool::new(0).unwrap_err();
    assert_eq!(error.to_string(), "ThreadPool::new: max_workers must be greater than 0");
}

/// test_default_workers
#[test]
fn the_default_pool_has_a_few_more_threads_than_processors_and_at_most_32() {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    assert_eq!(ThreadPool::default().most_threads(), (processors + 4).min(32));
}

#[test]
fn a_pool_starts_no_thread_before_its_first_job() {
    let pool = ThreadPool::new(4).unwrap();
    assert_eq!((pool.threads(), pool.idle(), pool.queued()), (0, 0, 0));
    pool.shutdown().unwrap();
}

/// test_saturation
#[test]
fn a_pool_has_never_more_threads_than_it_may() {
    let pool = ThreadPool::new(3).unwrap();
    let event_loop = EventLoop::new().unwrap();
    let mut blocked = Vec::new();
    let promises: Vec<_> = (0..15)
        .map(|_| {
            let (job, block) = blocker();
            blocked.push(block);
            event_loop.run_in_executor(&pool, job).unwrap()
        })
        .collect();
    blocked[..3].iter().for_each(crate::Blocked::wait_until_it_runs);
    assert_eq!((pool.threads(), pool.idle(), pool.queued()), (3, 0, 12));
    drop(blocked);
    event_loop
        .run_until_complete(coroutine(move || {
            promises.into_iter().for_each(|promise| promise.await_().unwrap());
        }))
        .unwrap();
    assert_eq!((pool.threads(), pool.queued()), (3, 0));
}

/// test_idle_thread_reuse
#[test]
fn an_idle_thread_is_used_again() {
    let pool = ThreadPool::new(4).unwrap();
    let used = pool.clone();
    let threads: HashSet<_> = run(move || {
        let event_loop = running_loop().unwrap();
        (0..20)
            .map(|_| {
                while used.threads() > used.idle() {
                    thread::yield_now();
                }
                event_loop.run_in_executor(&used, || thread::current().id()).unwrap().await_().unwrap()
            })
            .collect()
    });
    assert_eq!(threads.len(), 1);
    assert_eq!(pool.threads(), 1);
}

/// test_thread_names_assigned
#[test]
fn threads_bear_the_name_of_their_pool_and_a_number() {
    let pool = ThreadPool::new(2).unwrap().named("disk");
    let event_loop = EventLoop::new().unwrap();
    let names = Arc::new(Mutex::new(Vec::new()));
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let ((job, block), names) = (blocker(), names.clone());
            let named = move || {
                names.lock().push(thread::current().name().unwrap().to_owned());
                job();
            };
            event_loop.run_in_executor(&pool, named).unwrap();
            block
        })
        .collect();
    blocked.iter().for_each(crate::Blocked::wait_until_it_runs);
    drop(blocked);
    pool.shutdown().unwrap();
    let mut names = names.lock().clone();
    names.sort();
    assert_eq!(names, ["disk_0", "disk_1"]);
}

/// test_thread_names_default
#[test]
fn threads_of_a_nameless_pool_have_names_too() {
    let name = run(|| cede::to_thread(|| thread::current().name().map(str::to_owned)).await_().unwrap());
    assert_eq!(name.as_deref(), Some("cede-pool_0"));
}

#[test]
fn jobs_are_taken_in_the_order_in_which_they_came() {
    let pool = ThreadPool::new(1).unwrap();
    let event_loop = EventLoop::new().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    for number in 0..50 {
        let order = order.clone();
        event_loop.run_in_executor(&pool, move || order.lock().push(number)).unwrap();
    }
    pool.shutdown().unwrap();
    assert!(order.lock().iter().copied().eq(0..50));
}

/// test_threads_terminate, test_context_manager_shutdown
#[test]
fn shutdown_waits_for_the_jobs_that_wait_and_for_the_threads() {
    let pool = ThreadPool::new(2).unwrap();
    let event_loop = EventLoop::new().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let done = done.clone();
        event_loop.run_in_executor(&pool, move || done.fetch_add(1, Ordering::SeqCst)).unwrap();
    }
    pool.shutdown().unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 10);
    assert_eq!(pool.threads(), 0);
    pool.shutdown().unwrap(); // again: nothing to do
}

/// test_cancel_futures
#[test]
fn shutdown_now_withdraws_the_jobs_that_wait_and_whoever_awaits_them_is_cancelled() {
    let pool = ThreadPool::new(1).unwrap();
    run(move || {
        let event_loop = running_loop().unwrap();
        let (job, blocked) = blocker();
        let running = event_loop.run_in_executor(&pool, job).unwrap();
        let waiting = event_loop.run_in_executor(&pool, || "ran").unwrap();
        blocked.wait_until_it_runs();
        let closing = pool.clone();
        let closer = thread::spawn(move || closing.shutdown_now());
        assert!(waiting.await_().unwrap_err().is_cancelled());
        blocked.end();
        closer.join().unwrap().unwrap();
        running.await_().unwrap(); // was not interrupted
    });
}

/// test_run_after_shutdown
#[test]
fn a_pool_that_is_shut_down_takes_no_job() {
    let pool = ThreadPool::new(1).unwrap();
    pool.shutdown().unwrap();
    assert!(pool.is_shut_down());
    let error = EventLoop::new().unwrap().run_in_executor(&pool, || ()).unwrap_err();
    assert_eq!(error.to_string(), "cannot schedule new futures after shutdown");
}

#[test]
fn a_thread_of_a_pool_cannot_wait_for_the_end_of_the_pool() {
    let pool = ThreadPool::new(1).unwrap().named("own");
    let used = pool.clone();
    let error = run(move || {
        let within = used.clone();
        running_loop().unwrap().run_in_executor(&used, move || within.shutdown()).unwrap().await_().unwrap()
    });
    let text = "ThreadPool::shutdown: a thread of the pool 'own' cannot wait for its own end";
    assert_eq!(error.unwrap_err().to_string(), text);
    pool.shutdown().unwrap();
}

/// test_del_shutdown
#[test]
fn a_pool_whose_last_handle_goes_does_the_jobs_it_has() {
    let pool = ThreadPool::new(1).unwrap();
    let event_loop = EventLoop::new().unwrap();
    let promises: Vec<Promise<i32>> =
        (0..3).map(|number| event_loop.run_in_executor(&pool, move || number).unwrap()).collect();
    drop(pool);
    let sum = event_loop.run_until_complete(coroutine(move || {
        promises.into_iter().map(|promise| promise.await_().unwrap()).sum::<i32>()
    }));
    assert_eq!(sum.unwrap(), 3);
}

#[test]
fn a_job_that_panics_leaves_its_thread_to_the_next() {
    let pool = ThreadPool::new(1).unwrap();
    let used = pool.clone();
    run(move || {
        let event_loop = running_loop().unwrap();
        for _ in 0..3 {
            let promise: Promise<()> = event_loop.run_in_executor(&used, || panic!("again")).unwrap();
            assert!(promise.await_().unwrap_err().is_panic());
        }
        assert_eq!(event_loop.run_in_executor(&used, || 5).unwrap().await_().unwrap(), 5);
    });
    assert_eq!(pool.threads(), 1);
}

#[test]
fn a_result_whose_destructor_panics_leaves_its_thread_to_the_next() {
    struct Thorny;
    impl Drop for Thorny {
        fn drop(&mut self) {
            panic!("ouch");
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    let event_loop = EventLoop::new().unwrap();
    let (job, blocked) = blocker();
    let promise = event_loop.run_in_executor(&pool, move || {
        job();
        Thorny
    });
    blocked.wait_until_it_runs();
    drop(promise);
    event_loop.close().unwrap(); // nobody takes the result: the thread drops it
    blocked.end();
    let next = EventLoop::new().unwrap();
    let promise = next.run_in_executor(&pool, || 5).unwrap();
    assert_eq!(next.run_until_complete(coroutine(move || promise.await_().unwrap())).unwrap(), 5);
    assert_eq!(pool.threads(), 1);
}

#[test]
fn one_pool_serves_the_loops_of_several_threads() {
    let pool = ThreadPool::new(2).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|loop_number| {
            let pool = pool.clone();
            thread::spawn(move || {
                cede::run(coroutine(move || {
                    let event_loop = running_loop().unwrap();
                    let jobs: Vec<_> = (0..25)
                        .map(|n| event_loop.run_in_executor(&pool, move || loop_number * 100 + n).unwrap())
                        .collect();
                    jobs.into_iter().map(|job| job.await_().unwrap()).collect::<Vec<_>>()
                }))
                .unwrap()
            })
        })
        .collect();
    for (loop_number, thread) in threads.into_iter().enumerate() {
        assert!(thread.join().unwrap().into_iter().eq((0..25).map(|n| loop_number * 100 + n)));
    }
    pool.shutdown().unwrap();
}

#[test]
fn a_pool_says_how_it_stands() {
    let pool = ThreadPool::new(3).unwrap().named("disk");
    assert_eq!(format!("{pool:?}"), "<ThreadPool 'disk' threads=0 of 3 idle=0 queued=0>");
    let event_loop = EventLoop::new().unwrap();
    let (job, blocked) = blocker();
    event_loop.run_in_executor(&pool, job).unwrap();
    blocked.wait_until_it_runs();
    assert_eq!(format!("{pool:?}"), "<ThreadPool 'disk' threads=1 of 3 idle=0 queued=0>");
}

/// A name with a nul in it cannot be given to a thread.
#[test]
fn a_nul_in_a_name_is_left_out() {
    let pool = ThreadPool::new(1).unwrap().named("a\0b");
    assert_eq!(format!("{pool:?}"), "<ThreadPool 'ab' threads=0 of 1 idle=0 queued=0>");
}
