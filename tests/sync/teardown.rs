//! What happens to waiters and holders when their loop closes or their task is torn down.

use std::rc::Rc;

use cede::sync::{Condition, Event, Lock, Queue, Semaphore};
use cede::{Awaitable, Cancelled};

use crate::help::{Trace, event_loop, run_briefly};

#[test]
fn a_loop_that_closes_cancels_who_waits_and_nothing_stays_locked() {
    let event_loop = event_loop(&Trace::new());
    let shared = Rc::new((Lock::new(()), Semaphore::new(1), Event::new(), Queue::<u8>::new(0)));
    for _ in 0..3 {
        let shared = Rc::clone(&shared);
        let body = move || -> cede::Result<()> {
            let (lock, semaphore, event, _) = &*shared;
            let _permit = semaphore.acquire().await_()?;
            let _guard = lock.lock().await_()?;
            Ok(event.wait().await_()?)
        };
        event_loop.create_task(cede::coroutine(body).fallible());
    }
    let getting = Rc::clone(&shared);
    event_loop.create_task(cede::coroutine(move || getting.3.get().await_()).fallible());
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    assert_eq!(
        format!("{shared:?}"),
        "(<Lock [unlocked]>, <Semaphore [unlocked, value:1]>, <Event [unset]>, <Queue maxsize=0>)"
    );
}

/// Its stack is left by unwinding, for it does not heed cancellations.
#[test]
fn a_waiter_that_is_torn_down_leaves_no_trace() {
    let event_loop = event_loop(&Trace::new());
    let shared = Rc::new((Lock::new(()), Condition::new(), Event::new(), Semaphore::new(0)));
    let stubborn = |wait: fn(&(Lock, Condition, Event, Semaphore)) -> Result<(), Cancelled>| {
        let shared = Rc::clone(&shared);
        event_loop.create_task(cede::coroutine(move || while wait(&shared).is_err() {}));
    };
    stubborn(|(_, _, event, _)| event.wait().await_());
    stubborn(|(lock, condition, ..)| condition.wait(&mut lock.lock().await_()?).await_());
    stubborn(|(.., semaphore)| semaphore.acquire().await_().map(drop));
    run_briefly(&event_loop);
    assert_eq!(
        format!("{shared:?}"),
        "(<Lock [unlocked]>, <Condition [waiters:1]>, <Event [unset, waiters:1]>, <Semaphore [locked, \
         waiters:1]>)"
    );
    event_loop.close().unwrap();
    assert_eq!(
        format!("{shared:?}"),
        "(<Lock [unlocked]>, <Condition []>, <Event [unset]>, <Semaphore [locked]>)"
    );
}

/// By hand, a cancellation can be thrown in while nobody has cancelled what is waited for.
#[test]
fn a_waiter_driven_by_hand_leaves_no_trace_when_an_error_is_thrown_in() {
    crate::help::run(|| {
        let event = Rc::new(Event::new());
        let waiting = Rc::clone(&event);
        let driven = cede::coroutine(move || waiting.wait().await_()).start();
        assert!(matches!(driven.send(()).unwrap(), cede::Step::Waiting(_)));
        assert_eq!(format!("{event:?}"), "<Event [unset, waiters:1]>");
        let end = driven.throw(Cancelled::new()).unwrap().complete();
        assert_eq!(end, Err(Cancelled::new()));
        assert_eq!(format!("{event:?}"), "<Event [unset]>");

        let waiting = Rc::clone(&event);
        let driven = cede::coroutine(move || waiting.wait().await_()).start();
        driven.send(()).unwrap();
        event.set();
        assert_eq!(driven.send(()).unwrap().complete(), Ok(()));
    });
}

#[test]
fn a_waiter_driven_by_hand_that_is_dropped_passes_its_wake_on() {
    crate::help::run(|| {
        let semaphore = Rc::new(Semaphore::new(0));
        let acquire = |semaphore: &Rc<Semaphore>| {
            let semaphore = Rc::clone(semaphore);
            cede::coroutine(move || semaphore.acquire().await_().unwrap().forget()).start()
        };
        let (one, two) = (acquire(&semaphore), acquire(&semaphore));
        let (first, second) = (one.send(()).unwrap(), two.send(()).unwrap());
        semaphore.release();
        let done = |step: &cede::Step<()>| matches!(step, cede::Step::Waiting(on) if on.done());
        assert!(done(&first) && !done(&second));
        drop(one);
        assert!(done(&second));
        two.send(()).unwrap().complete();
        assert_eq!(semaphore.available(), 0);
    });
}
