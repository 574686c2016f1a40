//! Row 18: shield. Whoever awaits it is cancelled, what is inside goes on; a later error of that is reported.

use cede::{Awaitable, Error, Outcome, Promise};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

use super::{fails, nap, pass, secs, spawn};

/// test_tasks: test_shield_result
#[test]
fn it_gives_the_result_of_what_is_inside() {
    let result = run(|| {
        let inner = Promise::new();
        let outer = cede::shield(&inner);
        inner.set_result(42).unwrap();
        outer.await_().unwrap()
    });
    assert_eq!(result, 42);
}

/// test_tasks: test_shield_exception
#[test]
fn it_gives_the_error_of_what_is_inside() {
    run(|| {
        let inner = Promise::<u32>::new();
        let outer = cede::shield(inner.clone());
        pass(1).unwrap();
        inner.set_exception("expected").unwrap();
        pass(1).unwrap();
        assert_eq!(outer.outcome(), Outcome::Failed);
        assert_eq!(outer.await_().unwrap_err().to_string(), "expected");
    });
}

/// test_tasks: test_shield_cancel_inner
#[test]
fn cancelled_inside_it_is_cancelled_outside() {
    run(|| {
        let inner = Promise::<u32>::new();
        let outer = cede::shield(inner.clone());
        pass(1).unwrap();
        inner.cancel();
        pass(1).unwrap();
        assert_eq!(outer.outcome(), Outcome::Cancelled);
        assert!(outer.await_().unwrap_err().is_cancelled());
    });
}

/// test_tasks: test_shield_cancel_outer
#[test]
fn cancelled_outside_it_leaves_nothing_on_the_inside() {
    let event_loop = event_loop(&Trace::new());
    let inner = event_loop.create_promise::<u32>();
    let outer = cede::shield(inner.clone());
    assert!(outer.cancel());
    assert!(!outer.cancel(), "once");
    run_briefly(&event_loop);
    assert_eq!((outer.outcome(), inner.outcome()), (Outcome::Cancelled, Outcome::Pending));
    let before = event_loop.callbacks_run();
    inner.set_result(1).unwrap();
    run_briefly(&event_loop);
    assert_eq!(event_loop.callbacks_run(), before, "its callback was taken off");
}

/// test_tasks: test_shield_shortcut
#[test]
fn of_what_has_ended_it_does_not_cede() {
    run(|| {
        let inner = Promise::new();
        inner.set_result(42).unwrap();
        let before = cede::running_loop().unwrap().turns();
        let shield = cede::shield(&inner);
        assert!(shield.done() && !shield.cancel());
        assert_eq!(shield.await_().unwrap(), 42);
        assert_eq!(cede::running_loop().unwrap().turns(), before);
    });
}

/// test_tasks: test_shield_effect
#[test]
fn whoever_awaits_is_cancelled_at_once_and_what_is_inside_goes_on() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let waiter = Promise::<()>::new();
        let (awaited, outside) = (waiter.clone(), told.clone());
        let inside = cede::coroutine(move || -> cede::Result<()> {
            awaited.await_()?;
            told.add("inside");
            Ok(())
        });
        let outer = spawn(move || {
            cede::shield(inside).await_()??;
            outside.add("outside");
            Ok(())
        });
        pass(2).unwrap();
        outer.cancel();
        assert!(outer.flatten().await_().unwrap_err().is_cancelled());
        waiter.set_result(()).unwrap();
        pass(2).unwrap();
    });
    assert_eq!(trace.take(), ["inside"]);
}

/// test_tasks: test_shield_gather
#[test]
fn a_shielded_gather_goes_on() {
    run(|| {
        let children = [Promise::<cede::Result<u32>>::new(), Promise::new()];
        let parent = cede::gather(&children);
        let outer = cede::shield(&parent);
        pass(1).unwrap();
        outer.cancel();
        pass(1).unwrap();
        assert_eq!((outer.outcome(), parent.outcome()), (Outcome::Cancelled, Outcome::Pending));
        children[0].set_result(Ok(1)).unwrap_or_else(|_| unreachable!());
        children[1].set_result(Ok(2)).unwrap_or_else(|_| unreachable!());
        assert_eq!(parent.await_().unwrap(), [1, 2]);
    });
}

/// test_tasks: test_gather_shield
#[test]
fn a_cancelled_gather_of_shields_cancels_the_shields_alone() {
    run(|| {
        let children = [Promise::<cede::Result<u32>>::new(), Promise::new()];
        let parent = cede::gather([cede::shield(&children[0]), cede::shield(&children[1])]);
        pass(1).unwrap();
        assert!(parent.cancel());
        assert!(parent.await_().unwrap_err().is_cancelled());
        for child in children {
            assert_eq!(child.outcome(), Outcome::Pending);
            child.cancel();
        }
    });
}

/// test_tasks: test_shield_coroutine_use_running_loop
#[test]
fn a_coroutine_is_made_a_task() {
    run(|| {
        let shield = cede::shield(nap(1, 42));
        assert_eq!(cede::all_tasks().len(), 2);
        assert_eq!(shield.await_().unwrap().unwrap(), 42);
    });
}

/// test_tasks: test_shield_coroutine_without_loop
#[test]
#[should_panic(expected = "create_task: no running event loop")]
fn of_a_coroutine_outside_a_loop_it_panics() {
    drop(cede::shield(nap(1, 42)));
}

#[test]
fn a_later_error_inside_is_reported_if_nobody_can_read_it() {
    let ((), reports) = run_reporting(|| {
        let outer = spawn(|| cede::shield(fails(5, "too late")).await_()?);
        pass(2).unwrap();
        outer.cancel();
        assert!(outer.flatten().await_().unwrap_err().is_cancelled());
        cede::sleep(secs(9)).await_().unwrap();
    });
    assert_eq!(reports, ["the error of task 'Task-3' was never read: too late"]);
}

#[test]
fn a_later_error_inside_is_no_news_if_somebody_still_has_the_task() {
    let (error, reports) = run_reporting(|| {
        let inner = std::rc::Rc::new(cede::create_task(fails(5, "read")));
        let shielded = inner.clone();
        let outer = spawn(move || cede::shield(&*shielded).await_()?);
        pass(2).unwrap();
        outer.cancel();
        assert!(outer.flatten().await_().unwrap_err().is_cancelled());
        (&*inner).await_().unwrap().unwrap_err()
    });
    assert_eq!((error.to_string().as_str(), reports.len()), ("read", 0));
}

#[test]
fn a_panic_inside_is_told_outside() {
    run(|| {
        let outer = cede::shield(cede::coroutine(|| -> u32 { panic!("over the rock") }));
        let error = outer.await_().unwrap_err();
        assert!(error.is_panic());
        let _: Error = error.into();
    });
}

/// The turns are CPython's: the inside, its callback on the outside, the awaiter.
#[test]
fn whoever_awaits_goes_on_two_turns_after_the_inside_has_ended() {
    let taken = run(|| {
        let inner = spawn(|| Ok(cede::running_loop()?.turns()));
        let ended = cede::shield(inner).await_().unwrap().unwrap();
        cede::running_loop().unwrap().turns() - ended
    });
    assert_eq!(taken, 2);
}

#[test]
fn its_debug_text_says_how_it_stands() {
    run(|| {
        let promise = Promise::<u32>::new();
        let shield = cede::shield(&promise);
        assert_eq!(format!("{shield:?}"), "<Shield pending of <Promise pending>>");
        promise.set_result(1).unwrap();
        shield.await_().unwrap();
    });
}
