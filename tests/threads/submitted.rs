//! `run_coroutine_threadsafe` (test_tasks.py, RunCoroutineThreadsafeTests).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cede::{
    Awaitable, Coroutine, EventLoop, LoopProxy, Promise, Submitted, coroutine, current_task, running_loop,
    to_thread,
};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, unsited};

const NAP: Duration = Duration::from_millis(50);

#[derive(Clone, Copy)]
enum Way {
    Well,
    Fail,
    Panic,
    Cancel,
}

/// The tests' `add`: waits, then gives `a + b`, or not.
fn add(a: i32, b: i32, way: Way) -> Coroutine<impl FnOnce() -> cede::Result<i32> + Send> {
    coroutine(move || {
        cede::sleep(NAP).await_()?;
        match way {
            Way::Well => {}
            Way::Fail => return Err(cede::Error::other("Fail!")),
            Way::Panic => panic!("Fail!"),
            Way::Cancel => {
                current_task().expect("a task runs").cancel();
                cede::yield_now().await_()?;
            }
        }
        Ok(a + b)
    })
    .fallible()
}

/// Runs `target` on a thread, with a way into the loop.
fn on_a_thread<T: Send + 'static>(target: impl FnOnce(LoopProxy) -> T + Send + 'static) -> T {
    run(move || {
        let proxy = running_loop().unwrap().proxy();
        to_thread(move || target(proxy)).await_().unwrap()
    })
}

/// test_run_coroutine_threadsafe
#[test]
fn a_thread_gets_the_result_of_a_coroutine_on_the_loop() {
    let result = on_a_thread(|proxy| proxy.run_coroutine_threadsafe(add(1, 2, Way::Well)).unwrap().wait());
    assert_eq!(result.unwrap().unwrap(), 3);
}

/// test_run_coroutine_threadsafe_with_exception
#[test]
fn a_thread_gets_the_error_of_the_coroutine() {
    let result = on_a_thread(|proxy| proxy.run_coroutine_threadsafe(add(1, 2, Way::Fail)).unwrap().wait());
    assert_eq!(result.unwrap().unwrap_err().to_string(), "Fail!");
}

#[test]
fn a_thread_gets_the_panic_of_the_coroutine() {
    let result = on_a_thread(|proxy| proxy.run_coroutine_threadsafe(add(1, 2, Way::Panic)).unwrap().wait());
    let error = result.unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"Fail!"));
}

/// test_run_coroutine_threadsafe_with_timeout
#[test]
fn a_thread_that_waits_for_a_time_only_may_cancel_then() {
    run(|| {
        let event_loop = running_loop().unwrap();
        let proxy = event_loop.proxy();
        let thread = to_thread(move || {
            let submitted =
                proxy.run_coroutine_threadsafe(coroutine(|| Promise::<()>::new().await_())).unwrap();
            let timed_out = submitted.wait_timeout(Duration::ZERO).is_none();
            (timed_out, submitted.cancel(), submitted.cancelled(), submitted.done())
        });
        assert_eq!(thread.await_().unwrap(), (true, true, true, true));
        cede::yield_now().await_().unwrap();
        assert_eq!(event_loop.all_tasks().len(), 1); // ours: the coroutine's has been cancelled
    });
}

/// test_run_coroutine_threadsafe_task_cancelled
#[test]
fn a_thread_is_told_that_the_task_was_cancelled() {
    let result = on_a_thread(|proxy| proxy.run_coroutine_threadsafe(add(1, 2, Way::Cancel)).unwrap().wait());
    assert!(result.unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_task_that_is_cancelled_before_it_starts_gives_a_cancellation() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let proxy = event_loop.proxy();
    let submitted = proxy.run_coroutine_threadsafe(coroutine(|| ())).unwrap();
    proxy.call_soon_threadsafe(|| assert!(cede::all_tasks()[0].cancel())).unwrap();
    for _ in 0..3 {
        run_briefly(&event_loop);
    }
    assert!(submitted.wait().unwrap_err().is_cancelled());
    assert!(trace.take().is_empty());
}

#[test]
fn cancel_wakes_whoever_waits_at_once_and_the_coroutine_may_clean_up() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let (cleaned, has_cleaned) = std::sync::mpsc::channel();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let proxy = running_loop().unwrap().proxy();
        let waiting = to_thread(move || {
            let body = move || {
                begun.send(()).unwrap();
                let ended = Promise::<()>::new().await_();
                cede::yield_now().await_().unwrap();
                cleaned.send(ended.unwrap_err().to_string()).unwrap();
            };
            let submitted = Arc::new(proxy.run_coroutine_threadsafe(coroutine(body)).unwrap());
            let canceller = submitted.clone();
            let other = thread::spawn(move || {
                has_begun.recv().unwrap();
                thread::sleep(Duration::from_millis(5)); // the other waits by now
                canceller.cancel()
            });
            let waited = submitted.wait().unwrap_err();
            (waited.to_string(), other.join().unwrap())
        });
        told.add(format!("{:?}", waiting.await_().unwrap()));
        while cede::all_tasks().len() > 1 {
            cede::yield_now().await_().unwrap();
        }
        told.add(has_cleaned.try_recv().unwrap());
    });
    assert_eq!(trace.take(), [r#"("cancelled", true)"#, "cancelled"]);
}

#[test]
fn a_coroutine_cancelled_before_the_loop_saw_it_never_runs() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = ran.clone();
    let submitted = event_loop
        .proxy()
        .run_coroutine_threadsafe(coroutine(move || counted.fetch_add(1, Ordering::SeqCst)))
        .unwrap();
    assert!(submitted.cancel());
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    assert!(event_loop.all_tasks().is_empty());
}

#[test]
fn what_has_ended_cannot_be_cancelled() {
    on_a_thread(|proxy| {
        let submitted = proxy.run_coroutine_threadsafe(coroutine(|| 5)).unwrap();
        while !submitted.done() {
            thread::yield_now();
        }
        assert!(!submitted.cancel() && !submitted.cancelled());
        assert_eq!(submitted.wait().unwrap(), 5);
    });
}

#[test]
fn a_result_is_moved_out_once() {
    let error = on_a_thread(|proxy| {
        let submitted = proxy.run_coroutine_threadsafe(coroutine(|| String::from("once"))).unwrap();
        assert_eq!(submitted.wait().unwrap(), "once");
        submitted.wait().unwrap_err()
    });
    assert!(error.is_invalid_state());
    assert_eq!(error.to_string(), "Submitted::wait: the result was moved out by an earlier wait");
}

#[test]
fn a_closed_loop_takes_no_coroutine() {
    let event_loop = EventLoop::new().unwrap();
    let proxy = event_loop.proxy();
    event_loop.close().unwrap();
    let error = proxy.run_coroutine_threadsafe(coroutine(|| ())).unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "LoopProxy::run_coroutine_threadsafe: the event loop is closed");
}

/// A thread that waits for a loop that is gone would wait for ever.
#[test]
fn a_thread_is_told_when_the_loop_is_closed_first() {
    let event_loop = EventLoop::new().unwrap();
    let unseen = event_loop.proxy().run_coroutine_threadsafe(coroutine(|| ())).unwrap();
    let waiting = thread::spawn(move || unseen.wait());
    event_loop.close().unwrap();
    let error = waiting.join().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "a submitted coroutine did not end: the event loop is closed");
}

#[test]
fn a_coroutine_that_the_closing_loop_ends_gives_its_cancellation() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_exception_handler(|_, _| {}); // "destroyed but it is pending"
    let begun =
        event_loop.proxy().run_coroutine_threadsafe(coroutine(|| Promise::<()>::new().await_())).unwrap();
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    let waiting = thread::spawn(move || begun.wait());
    event_loop.close().unwrap();
    let ended = waiting.join().unwrap();
    assert!(ended.is_err() || ended.unwrap().unwrap_err().is_cancelled());
}

#[test]
fn the_loops_own_thread_cannot_wait() {
    let error = run(|| {
        let submitted = running_loop().unwrap().proxy().run_coroutine_threadsafe(coroutine(|| ())).unwrap();
        submitted.wait().unwrap_err()
    });
    let text = "Submitted::wait: the loop's own thread would wait for itself; make a task and await that";
    assert_eq!(error.to_string(), text);
}

#[test]
fn dropped_it_lets_the_coroutine_run_on() {
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = ran.clone();
    run(move || {
        let proxy = running_loop().unwrap().proxy();
        drop(
            proxy
                .run_coroutine_threadsafe(coroutine(move || counted.fetch_add(1, Ordering::SeqCst)))
                .unwrap(),
        );
        for _ in 0..3 {
            cede::yield_now().await_().unwrap();
        }
    });
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panic_that_no_thread_will_read_is_reported() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let body = || {
        if true {
            panic!("nobody asked")
        }
    };
    drop(event_loop.proxy().run_coroutine_threadsafe(coroutine(body)).unwrap());
    for _ in 0..4 {
        run_briefly(&event_loop);
    }
    let text = "the error of a submitted coroutine was never read: the task panicked: nobody asked";
    assert_eq!(trace.take(), [text]);
}

#[test]
fn it_says_how_it_stands() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let proxy = event_loop.proxy();
    let first = proxy.run_coroutine_threadsafe(coroutine(|| ())).unwrap();
    let second = proxy.run_coroutine_threadsafe(coroutine(|| ())).unwrap();
    assert_eq!(format!("{first:?}"), "<Submitted pending>");
    second.cancel();
    assert_eq!(format!("{second:?}"), "<Submitted cancelled>");
    for _ in 0..3 {
        run_briefly(&event_loop);
    }
    assert_eq!(format!("{first:?}"), "<Submitted finished>");
}

#[test]
fn it_may_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Submitted<String>>();
    both::<LoopProxy>();
    both::<cede::ThreadPool>();
}

#[test]
fn many_threads_get_each_their_own_result() {
    let event_loop = EventLoop::new().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let proxy = event_loop.proxy();
            thread::spawn(move || {
                let of = |n| proxy.run_coroutine_threadsafe(coroutine(move || number * 1000 + n)).unwrap();
                let submitted: Vec<_> = (0..50).map(of).collect();
                submitted.into_iter().map(|one| one.wait().unwrap()).eq((0..50).map(|n| number * 1000 + n))
            })
        })
        .collect();
    let stop = cede::LoopHandle::clone(&event_loop);
    let proxy = event_loop.proxy();
    let joiner = thread::spawn(move || {
        let all = threads.into_iter().all(|thread| thread.join().unwrap());
        proxy.call_soon_threadsafe(|| running_loop().unwrap().stop()).unwrap();
        all
    });
    stop.run_forever().unwrap();
    assert!(joiner.join().unwrap());
}

/// test_run_coroutine_threadsafe_task_factory_exception has no counterpart: making a task cannot fail.
#[test]
fn the_reports_of_a_loop_come_from_its_own_thread() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let home = thread::current().id();
    event_loop.set_exception_handler(move |_, report| {
        assert_eq!(thread::current().id(), home);
        trace.add(unsited(report));
    });
    let proxy = event_loop.proxy();
    thread::spawn(move || proxy.call_soon_threadsafe(|| panic!("in a callback")).unwrap()).join().unwrap();
    run_briefly(&event_loop);
}
