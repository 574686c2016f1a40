//! The inbox and the wake flag.

use loom::thread;

use crate::model;
use crate::shared::inbox::Wake;
use crate::shared::shim::{Arc, AtomicBool, AtomicUsize, Condvar, Mutex, Ordering};
use crate::sleeper::{Loop, run};

fn counter() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

fn count(counter: &Arc<AtomicUsize>) -> Box<dyn FnOnce() + Send> {
    let counter = counter.clone();
    Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    })
}

/// Were the loop to ask for posts first and for sources then, it would report a deadlock here.
#[test]
fn a_source_that_posts_and_goes_is_never_taken_for_a_deadlock() {
    model(2, || {
        let (event_loop, ran) = (Loop::new(), counter());
        for _ in 0..2 {
            let (source, post) = (event_loop.source(), count(&ran));
            thread::spawn(move || assert!(source.post(post).is_ok()));
        }
        event_loop.run_until_forsaken();
        assert_eq!(ran.load(Ordering::Relaxed), 2);
    });
}

/// Were the wake to come before the count goes down, the loop could go to sleep for ever.
#[test]
fn the_last_source_that_goes_wakes_the_loop() {
    model(3, || {
        let event_loop = Loop::new();
        for source in [event_loop.source(), event_loop.source()] {
            thread::spawn(move || drop(source));
        }
        event_loop.run_until_forsaken(); // loom reports it if this never comes back
    });
}

#[test]
fn what_one_thread_posts_is_run_in_its_order() {
    model(1, || {
        let (event_loop, order) = (Loop::new(), Arc::new(Mutex::new(Vec::new())));
        for thread in [1, 10] {
            let (source, order) = (event_loop.source(), order.clone());
            thread::spawn(move || {
                for nth in [1, 2] {
                    let order = order.clone();
                    assert!(source.post(Box::new(move || order.lock().push(thread * nth))).is_ok());
                }
            });
        }
        event_loop.run_until_forsaken();
        let order = order.lock().clone();
        let of = |posts: [i32; 2]| order.iter().copied().filter(move |post| posts.contains(post));
        assert!(of([1, 2]).eq([1, 2]) && of([10, 20]).eq([10, 20]), "{order:?}");
    });
}

#[test]
fn a_post_to_a_loop_that_closes_is_run_or_given_back() {
    model(3, || {
        let (event_loop, ran) = (Loop::new(), counter());
        let (source, post) = (event_loop.source(), count(&ran));
        let poster = thread::spawn(move || source.post(post).is_err());
        event_loop.take_posts();
        let unrun = event_loop.inbox.close().len();
        let refused = usize::from(poster.join().unwrap());
        assert_eq!(ran.load(Ordering::Relaxed) + unrun + refused, 1);
    });
}

/// A signal handler sets its own flag, then the wake flag, then wakes; it takes no lock. (It sets them by
/// SeqCst stores, which loom takes for weaker ones than they are; a swap is strong enough in loom too.)
#[test]
fn a_signal_is_seen_beside_posts() {
    model(2, || {
        let (event_loop, ran, arrived) = (Loop::new(), counter(), Arc::new(AtomicBool::new(false)));
        let (source, post) = (event_loop.source(), count(&ran));
        thread::spawn(move || assert!(source.post(post).is_ok()));
        let (signal, rung, sleeper) = (arrived.clone(), event_loop.rung.clone(), event_loop.sleeper.clone());
        thread::spawn(move || {
            signal.swap(true, Ordering::AcqRel);
            rung.swap(true, Ordering::AcqRel);
            sleeper.wake();
        });
        let mut signals = 0;
        while signals == 0 || ran.load(Ordering::Relaxed) == 0 {
            if event_loop.inbox.rung() {
                event_loop.inbox.take().into_iter().for_each(run);
                signals += usize::from(arrived.swap(false, Ordering::SeqCst));
            } else {
                event_loop.sleeper.sleep();
            }
        }
        assert_eq!(signals, 1);
    });
}

#[test]
fn a_clock_never_jumps_over_a_result_that_was_posted() {
    model(2, || {
        let (event_loop, ran) = (Loop::new(), counter());
        let bystander = event_loop.source(); // whoever does not work for the loop does not stop its clock
        for _ in 0..2 {
            let (worker, post) = (event_loop.worker(), count(&ran));
            thread::spawn(move || assert!(worker.post(post).is_ok()));
        }
        event_loop.run_until_idle();
        assert_eq!(ran.load(Ordering::Relaxed), 2);
        drop(bystander);
    });
}

#[test]
fn a_worker_that_waits_for_the_loop_lets_its_clock_go_on() {
    model(3, || {
        let (event_loop, ran) = (Loop::new(), counter());
        let answer = Arc::new((Mutex::new(false), Condvar::default()));
        let (worker, post, theirs) = (event_loop.worker(), count(&ran), answer.clone());
        thread::spawn(move || {
            worker.pause_while(|| {
                let (answered, changed) = &*theirs;
                let mut answered = answered.lock();
                while !*answered {
                    answered = changed.wait(answered);
                }
            });
            assert!(worker.post(post).is_ok());
        });
        event_loop.run_until_idle(); // the worker waits: time may jump, to the timer that answers it
        *answer.0.lock() = true;
        answer.1.notify_one();
        event_loop.run_until_forsaken();
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    });
}
