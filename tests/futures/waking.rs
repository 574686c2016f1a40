//! Wakers: from any thread, as often as they like, and too late.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use cede::{Awaitable, Runner, coroutine, create_task, running_loop, yield_now};
use cede_tests::trace::run;
use parking_lot::Mutex;

use crate::Gate;

/// A future that is ready at its second poll; hands its waker over at its first.
fn second_poll(tell: impl FnOnce(Waker)) -> impl Future<Output = ()> {
    let mut tell = Some(tell);
    poll_fn(move |cx| match tell.take() {
        Some(tell) => {
            tell(cx.waker().clone());
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
}

#[test]
fn another_thread_wakes_the_task_and_the_loop_with_it() {
    cede::run(coroutine(|| {
        let (send, receive) = mpsc::channel::<Waker>();
        let thread = thread::spawn(move || receive.recv().unwrap().wake());
        // Nothing is ready, no timer is set: the loop sleeps, and that is no deadlock.
        second_poll(move |waker| send.send(waker).unwrap()).await_().unwrap();
        thread.join().unwrap();
    }))
    .unwrap();
}

#[test]
fn waiting_for_futures_allocates_nothing_once_the_first_has_been_awaited() {
    // Debug mode makes notes of every callback.
    let done = Runner::new().debug(false).run(coroutine(|| {
        let wait = || {
            let mut kept = None;
            poll_fn(|cx| match kept.take() {
                None => {
                    kept = Some(cx.waker().clone());
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Some(waker) => {
                    drop::<Waker>(waker);
                    Poll::Ready(())
                }
            })
            .await_()
            .unwrap();
        };
        let gate = Gate::default();
        let task = create_task(coroutine({
            let gate = gate.clone();
            move || gate.await_()
        }));
        yield_now().await_().unwrap();
        wait();
        let allocated = allocation_counter::measure(|| (0..100).for_each(|_| wait()));
        assert_eq!(allocated.count_total, 0);
        gate.open();
        assert_eq!(task.await_().unwrap(), Ok("open"));
    }));
    done.unwrap();
}

#[test]
fn many_wakers_that_wake_often_ask_for_one_poll() {
    run(|| {
        let gate = Gate::default();
        let task = create_task(coroutine({
            let gate = gate.clone();
            move || gate.await_()
        }));
        yield_now().await_().unwrap();
        let waker = gate.waker.borrow().clone().unwrap();
        for _ in 0..10 {
            waker.wake_by_ref();
            let another = waker.clone();
            another.wake();
        }
        yield_now().await_().unwrap();
        assert_eq!(gate.polls.get(), 2);
        gate.open();
        assert_eq!(task.await_().unwrap(), Ok("open"));
        assert_eq!(gate.polls.get(), 3);
    });
}

#[test]
fn a_waker_that_comes_too_late_wakes_nobody() {
    run(|| {
        let (first, second) = (Gate::default(), Gate::default());
        let task = create_task(coroutine({
            let (first, second) = (first.clone(), second.clone());
            move || {
                first.await_().unwrap();
                second.await_().unwrap();
            }
        }));
        yield_now().await_().unwrap();
        let late = first.waker.borrow().clone().unwrap();
        first.open();
        yield_now().await_().unwrap();
        assert_eq!(second.polls.get(), 1);
        late.wake_by_ref(); // the first future's: that is over
        yield_now().await_().unwrap();
        assert_eq!(second.polls.get(), 1);
        second.open();
        task.await_().unwrap();
        late.wake_by_ref(); // and so is the task
        yield_now().await_().unwrap();
    });
}

#[test]
fn a_waker_that_comes_too_late_does_not_wake_a_task_that_waits_for_something_else() {
    run(|| {
        let gate = Gate::default();
        let promise = cede::Promise::<()>::new();
        let steps = Rc::new(Cell::new(0));
        let task = create_task(coroutine({
            let (gate, promise, steps) = (gate.clone(), promise.clone(), steps.clone());
            move || {
                gate.await_().unwrap();
                promise.await_().unwrap();
                steps.set(steps.get() + 1);
            }
        }));
        yield_now().await_().unwrap();
        gate.open();
        yield_now().await_().unwrap();
        gate.waker.borrow().as_ref().unwrap().wake_by_ref();
        yield_now().await_().unwrap();
        assert!(!task.done());
        promise.set_result(()).unwrap();
        task.await_().unwrap();
        assert_eq!(steps.get(), 1);
    });
}

#[test]
fn a_waker_may_outlive_its_loop_on_this_thread_and_on_another() {
    let kept = cede::run(coroutine(|| {
        let (send, receive) = mpsc::channel::<Waker>();
        second_poll(move |waker| {
            waker.wake_by_ref();
            send.send(waker).unwrap();
        })
        .await_()
        .unwrap();
        receive.recv().unwrap()
    }))
    .unwrap();
    kept.wake_by_ref();
    thread::spawn(move || kept.wake()).join().unwrap();
}

#[test]
fn a_waker_used_inside_another_loop_finds_its_own() {
    let (send, receive) = mpsc::channel::<Waker>();
    let first = thread::spawn(move || {
        cede::run(coroutine(|| second_poll(move |waker| send.send(waker).unwrap()).await_())).unwrap()
    });
    cede::run(coroutine(move || receive.recv().unwrap().wake())).unwrap();
    first.join().unwrap().unwrap();
}

/// A thread that posts, wakes and posts again, and what had been called when the woken task went on.
/// `wait_for_it`: the poll that hands the waker over waits for the thread, so that the wake comes within it.
fn posted_before_the_wake(wait_for_it: bool) -> Vec<&'static str> {
    cede::run(coroutine(move || {
        let proxy = running_loop().unwrap().proxy();
        let called = Arc::new(Mutex::new(Vec::new()));
        let log = called.clone();
        let (send, receive) = mpsc::channel::<Waker>();
        let thread = thread::spawn(move || {
            let waker = receive.recv().unwrap();
            for name in ["before", "after"] {
                let log = log.clone();
                if name == "after" {
                    waker.wake_by_ref();
                }
                proxy.call_soon_threadsafe(move || log.lock().push(name)).unwrap();
            }
        });
        let mut thread = Some(thread);
        let within = &mut thread;
        second_poll(move |waker| {
            send.send(waker).unwrap();
            if let Some(thread) = within.take_if(|_| wait_for_it) {
                thread.join().unwrap();
            }
        })
        .await_()
        .unwrap();
        let seen = called.lock().clone();
        if let Some(thread) = thread {
            thread.join().unwrap();
        }
        seen
    }))
    .unwrap()
}

/// The loop sees both in the order in which one thread asked for them.
#[test]
fn a_wake_and_a_post_of_one_thread_keep_their_order() {
    assert_eq!(posted_before_the_wake(false), ["before"]);
}

#[test]
fn a_wake_within_the_poll_comes_after_what_its_thread_had_posted() {
    assert_eq!(posted_before_the_wake(true), ["before"]);
}
