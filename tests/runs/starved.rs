//! "Tasks until memory, mappings or descriptors run out": here, threads.

use cede::{Awaitable, EventLoop, ThreadPool, coroutine};
use cede_tests::child::in_child;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process map so many bytes more than it has.
fn limit_memory(more: Option<u64>) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    let maximum = getrlimit(Resource::As).maximum;
    let current = more.map(|more| pages * 4096 + more);
    setrlimit(Resource::As, Rlimit { current, maximum }).unwrap();
}

#[test]
fn where_the_system_gives_no_thread_the_promise_gets_the_error_and_the_loop_goes_on() {
    in_child(&[], || {
        let event_loop = EventLoop::new().unwrap();
        event_loop.run_until_complete(coroutine(|| ())).unwrap(); // has its stack
        let pool = ThreadPool::new(1).unwrap().named("starved");
        limit_memory(Some(1 << 20)); // a thread's stack is 2 MiB
        let promise = event_loop.run_in_executor(&pool, || 5).unwrap();
        let refused =
            event_loop.run_until_complete(coroutine(move || promise.await_().unwrap_err())).unwrap();
        limit_memory(None);
        assert!(refused.to_string().starts_with("the pool 'starved' cannot start a thread: "), "{refused}");
        assert_eq!((pool.threads(), pool.queued()), (0, 0));
        let promise = event_loop.run_in_executor(&pool, || 5).unwrap();
        assert_eq!(event_loop.run_until_complete(coroutine(move || promise.await_().unwrap())).unwrap(), 5);
    })
    .succeeded();
}
