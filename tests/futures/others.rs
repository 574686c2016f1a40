//! Tasks and promises, awaited in `async` blocks and by other executors.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use cede::{Awaitable, Promise, coroutine, create_task, running_loop, yield_now};
use cede_tests::trace::{run, run_reporting};

#[test]
fn a_task_is_awaited_in_an_async_block() {
    let sum = run(|| {
        let task = create_task(coroutine(|| {
            yield_now().await_().unwrap();
            40
        }));
        async move { task.await.unwrap() + 2 }.await_().unwrap()
    });
    assert_eq!(sum, 42);
}

#[test]
fn a_promise_is_awaited_in_an_async_block() {
    let text = run(|| {
        let promise = Promise::<String>::new();
        let setter = promise.clone();
        running_loop().unwrap().call_soon(move || setter.set_result("set".to_owned()).unwrap());
        async move { promise.await }.await_().unwrap().unwrap()
    });
    assert_eq!(text, "set");
}

#[test]
fn a_cancelled_task_is_an_error_in_an_async_block() {
    run(|| {
        let task = create_task(coroutine(|| yield_now().await_()));
        task.cancel();
        assert!(async move { task.await }.await_().unwrap().unwrap_err().is_cancelled());
    });
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// An executor that is nobody's: it polls when it likes.
#[test]
fn a_strangers_executor_polls_and_is_woken_once_by_its_last_waker() {
    let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
    let wakers = counts.clone().map(Waker::from);
    run(move || {
        let task = create_task(coroutine(|| {
            yield_now().await_().unwrap();
            7
        }));
        let mut future = pin!(task.into_future());
        for waker in &wakers {
            assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        for _ in 0..3 {
            yield_now().await_().unwrap();
        }
        let polled = future.as_mut().poll(&mut Context::from_waker(&wakers[1]));
        assert!(matches!(polled, Poll::Ready(Ok(7))));
    });
    assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [0, 1]);
}

#[test]
fn a_future_that_is_dropped_leaves_the_task_alone_and_no_callback_behind() {
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    run(move || {
        let promise = Promise::<u32>::new();
        let mut future = Box::pin(promise.clone().into_future());
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(future);
        promise.set_result(1).unwrap();
        yield_now().await_().unwrap();
        assert_eq!(promise.await_().unwrap(), 1);
    });
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
}

#[test]
fn a_failure_that_only_a_future_could_read_is_reported_when_that_is_dropped() {
    let ((), reports) = run_reporting(|| {
        let task = create_task(
            coroutine(|| Err::<(), _>(cede::Error::from(std::io::Error::other("lost")))).fallible(),
        );
        let future = task.into_future();
        yield_now().await_().unwrap();
        drop(future);
    });
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("lost"), "{reports:?}");
}
