//! One loop a thread, and the ways between them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use cede::{Awaitable, EventLoop, Promise, Runner, VirtualClock, coroutine, create_task, running_loop};
use cede_tests::trace::{Trace, run};
use parking_lot::Mutex;

#[test]
fn every_thread_may_run_a_loop_of_its_own() {
    let threads: Vec<_> = (1..=4)
        .map(|hours| {
            thread::spawn(move || {
                let clock = VirtualClock::new();
                let sum = Runner::new().clock(clock.clone()).run(coroutine(move || {
                    let naps: Vec<_> = (0..hours)
                        .map(|_| create_task(coroutine(|| cede::sleep(Duration::from_secs(3600)).await_())))
                        .collect();
                    naps.into_iter().map(|nap| u64::from(nap.await_().unwrap().is_ok())).sum::<u64>()
                }));
                (sum.unwrap(), clock.elapsed())
            })
        })
        .collect();
    for (index, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), (index as u64 + 1, Duration::from_secs(3600)));
    }
}

/// Each waits for the other's post; nobody polls.
#[test]
fn two_loops_talk_through_their_proxies() {
    const TIMES: usize = 200;
    let (to_first, first_gets) = mpsc::channel();
    let (to_second, second_gets) = mpsc::channel();
    let player =
        |serves: bool, mine: mpsc::Sender<cede::LoopProxy>, theirs: mpsc::Receiver<cede::LoopProxy>| {
            move || {
                cede::run(coroutine(move || {
                    mine.send(running_loop().unwrap().proxy()).unwrap();
                    let other = theirs.recv().unwrap();
                    let mut caught = 0;
                    if serves {
                        throw(&other);
                    }
                    while caught < TIMES {
                        catch().await_().unwrap();
                        caught += 1;
                        if !(serves && caught == TIMES) {
                            throw(&other);
                        }
                    }
                    caught
                }))
                .unwrap()
            }
        };
    let first = thread::spawn(player(true, to_second, first_gets));
    let second = thread::spawn(player(false, to_first, second_gets));
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (TIMES, TIMES));
}

thread_local! {
    static BALL: std::cell::RefCell<Option<Promise<()>>> = const { std::cell::RefCell::new(None) };
    static IN_HAND: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn throw(to: &cede::LoopProxy) {
    to.call_soon_threadsafe(|| match BALL.take() {
        Some(waiting) => waiting.set_result(()).unwrap(),
        None => IN_HAND.set(IN_HAND.get() + 1),
    })
    .unwrap();
}

fn catch() -> Promise<()> {
    let promise = Promise::new();
    if IN_HAND.get() > 0 {
        IN_HAND.set(IN_HAND.get() - 1);
        promise.set_result(()).unwrap();
    } else {
        BALL.set(Some(promise.clone()));
    }
    promise
}

/// test_call_soon_threadsafe
#[test]
fn posts_of_many_threads_are_all_run_each_threads_in_its_order() {
    const THREADS: usize = 8;
    const POSTS: usize = 500;
    let seen = Arc::new(Mutex::new(vec![Vec::new(); THREADS]));
    let posted = seen.clone();
    run(move || {
        let done = Promise::new();
        let left = Arc::new(AtomicUsize::new(THREADS * POSTS));
        BALL.set(Some(done.clone()));
        for thread in 0..THREADS {
            let (proxy, seen, left) = (running_loop().unwrap().proxy(), posted.clone(), left.clone());
            thread::spawn(move || {
                for post in 0..POSTS {
                    let (seen, left) = (seen.clone(), left.clone());
                    let run = move || {
                        seen.lock()[thread].push(post);
                        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                            BALL.take().expect("the program waits").set_result(()).unwrap();
                        }
                    };
                    proxy.call_soon_threadsafe(run).unwrap();
                }
            });
        }
        done.await_().unwrap();
    });
    for posts in &*seen.lock() {
        assert!(posts.iter().copied().eq(0..POSTS));
    }
}

/// The loop sleeps in the kernel, for nothing else can happen.
#[test]
fn a_post_wakes_a_loop_that_sleeps() {
    let event_loop = EventLoop::new().unwrap();
    let proxy = event_loop.proxy();
    let waker = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        proxy.call_soon_threadsafe(|| running_loop().unwrap().stop()).unwrap();
    });
    event_loop.run_forever().unwrap();
    waker.join().unwrap();
}

#[test]
fn a_loop_waits_for_a_proxy_and_is_deadlocked_when_the_last_one_goes() {
    for threads in [1, 4] {
        let ran = Runner::new().clock(VirtualClock::new()).run(coroutine(move || {
            for proxy in vec![running_loop().unwrap().proxy(); threads] {
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(5)); // the loop sleeps by now
                    drop(proxy); // all at once
                });
            }
            let _ = Promise::<()>::new().await_();
        }));
        assert!(ran.unwrap_err().is_deadlock());
    }
}

/// Its post is on its way when the last proxy goes: no deadlock.
#[test]
fn a_thread_that_posts_and_goes_is_heard() {
    for _ in 0..200 {
        run(|| {
            let promise = Promise::new();
            BALL.set(Some(promise.clone()));
            let proxy = running_loop().unwrap().proxy();
            thread::spawn(move || throw(&proxy));
            promise.await_().unwrap();
        });
    }
}

#[test]
fn a_closed_loop_takes_no_post() {
    let event_loop = EventLoop::new().unwrap();
    let proxy = event_loop.proxy();
    event_loop.close().unwrap();
    let error = proxy.call_soon_threadsafe(|| ()).unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "LoopProxy::call_soon_threadsafe: the event loop is closed");
}

/// What it holds goes where it was posted from, or with the loop.
#[test]
fn a_post_that_nobody_runs_is_dropped_with_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let held = Arc::new(());
    let posted = held.clone();
    event_loop.proxy().call_soon_threadsafe(move || drop(posted)).unwrap();
    assert_eq!(Arc::strong_count(&held), 2);
    event_loop.close().unwrap();
    assert_eq!(Arc::strong_count(&held), 1);
}

/// As in asyncio, where it is `call_soon` and a wake: before what is queued later.
#[test]
fn a_post_from_the_loops_own_thread_is_queued_at_once() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let ran = Arc::new(AtomicUsize::new(0));
        let counted = ran.clone();
        let proxy = running_loop().unwrap().proxy();
        proxy.call_soon_threadsafe(move || _ = counted.fetch_add(1, Ordering::SeqCst)).unwrap();
        told.add(ran.load(Ordering::SeqCst));
        cede::yield_now().await_().unwrap();
        told.add(ran.load(Ordering::SeqCst));
    });
    assert_eq!(trace.take(), ["0", "1"]);
}

/// A busy loop, whose tasks hand control to each other, looks into its inbox all the same.
#[test]
fn a_post_reaches_a_loop_that_is_never_idle() {
    run(|| {
        let stop = Arc::new(AtomicUsize::new(0));
        let (seen, proxy) = (stop.clone(), running_loop().unwrap().proxy());
        thread::spawn(move || proxy.call_soon_threadsafe(move || stop.store(1, Ordering::SeqCst)).unwrap());
        while seen.load(Ordering::SeqCst) == 0 {
            create_task(coroutine(|| ())).await_().unwrap();
        }
    });
}

/// Its first use gives a variable its number, on whichever thread that is.
#[test]
fn a_context_variable_that_threads_use_at_once_is_one_variable_with_a_value_for_each() {
    use cede::ContextVar;
    static FIRST: ContextVar<usize> = ContextVar::new("first");
    static OTHER: ContextVar<usize> = ContextVar::new("other");
    let together = std::sync::Barrier::new(8);
    thread::scope(|scope| {
        for n in 0..8 {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                FIRST.set(n);
                OTHER.set(n + 100);
                assert_eq!((FIRST.get(), OTHER.get()), (Some(n), Some(n + 100)));
            });
        }
    });
    assert_eq!((FIRST.get(), OTHER.get()), (None, None));
}
