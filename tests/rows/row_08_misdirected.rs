//! Row 8: a task cannot await itself, nor what belongs to another loop.

use std::cell::RefCell;
use std::rc::Rc;

use cede::{Awaitable, JoinError, Promise, Task};
use cede_tests::trace::{Trace, event_loop, run_briefly, unlined};

type Slot = Rc<RefCell<Option<Task<()>>>>;

/// A task that awaits itself, and what came of it.
fn awaits_itself(event_loop: &cede::EventLoop) -> (Task<()>, Rc<RefCell<Option<JoinError>>>) {
    let (slot, error) = (Slot::default(), Rc::new(RefCell::new(None)));
    let (mine, result) = (slot.clone(), error.clone());
    let body = move || {
        let me = mine.take().expect("it was put there");
        *result.borrow_mut() = (&me).await_().err();
        *mine.borrow_mut() = Some(me);
    };
    *slot.borrow_mut() = Some(event_loop.create_task(cede::coroutine(body).named("narcissus")));
    run_briefly(event_loop);
    run_briefly(event_loop);
    (slot.take().expect("it was put back"), error)
}

/// test_tasks: test_task_awaits_on_itself
#[test]
fn a_task_that_awaits_itself_gets_an_error() {
    let event_loop = event_loop(&Trace::new());
    let (task, error) = awaits_itself(&event_loop);
    assert_eq!(
        error.borrow().as_ref().unwrap().to_string(),
        "Task cannot await on itself: <Task pending name='Task-1' coro=<narcissus()>>"
    );
    assert!(task.done(), "it went on after the error");
}

#[test]
fn the_refusal_takes_a_turn_as_in_asyncio() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let slot = Slot::default();
    let (mine, told) = (slot.clone(), trace.clone());
    let task = event_loop.create_task(cede::coroutine(move || {
        told.add("awaits");
        mine.take().unwrap().await_().unwrap_err();
        told.add("refused");
    }));
    *slot.borrow_mut() = Some(task);
    event_loop.call_soon(trace.call("another"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["awaits", "another"]);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["refused"]);
}

/// test_tasks: test_other_loop_future
#[test]
fn a_promise_of_another_loop_cannot_be_awaited() {
    let (one, other) = (event_loop(&Trace::new()), event_loop(&Trace::new()));
    let promise = other.create_promise::<i32>();
    let awaited = promise.clone();
    let error =
        one.run_until_complete(cede::coroutine(move || awaited.await_().unwrap_err()).named("run")).unwrap();
    assert_eq!(
        error.to_string(),
        "task <Task pending name='Task-1' coro=<run()>> got <Promise pending> attached to a different loop"
    );
    assert!(!promise.done(), "the promise is left alone");
}

#[test]
fn a_task_of_another_loop_cannot_be_awaited() {
    let (one, other) = (event_loop(&Trace::new()), event_loop(&Trace::new()));
    let foreign = Rc::new(other.create_task(cede::coroutine(|| 7).named("seven")).named("foreign"));
    let awaited = foreign.clone();
    let error = one
        .run_until_complete(cede::coroutine(move || (&*awaited).await_().unwrap_err()).named("run"))
        .unwrap();
    assert_eq!(
        error.to_string(),
        "task <Task pending name='Task-1' coro=<run()>> got \
         <Task pending name='foreign' coro=<seven()>> attached to a different loop"
    );
    run_briefly(&other);
    assert_eq!(foreign.result().unwrap(), 7);
}

#[test]
fn what_is_done_may_be_awaited_wherever_it_belongs() {
    let (one, other) = (event_loop(&Trace::new()), event_loop(&Trace::new()));
    let promise = other.create_promise::<i32>();
    promise.set_result(7).unwrap();
    assert_eq!(one.run_until_complete(cede::coroutine(move || promise.await_().unwrap())).unwrap(), 7);
}

#[test]
fn a_cancellation_that_comes_with_the_refusal_wins() {
    let event_loop = event_loop(&Trace::new());
    let slot = Slot::default();
    let mine = slot.clone();
    let error = Rc::new(RefCell::new(String::new()));
    let seen = error.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        let me = mine.take().unwrap();
        me.cancel();
        *seen.borrow_mut() = (&me).await_().unwrap_err().to_string();
    }));
    *slot.borrow_mut() = Some(task);
    run_briefly(&event_loop);
    run_briefly(&event_loop);
    assert_eq!(*error.borrow(), "cancelled");
}

/// test_base_events: test_run_until_complete_loop
#[test]
fn a_loop_does_not_run_the_task_of_another() {
    let (one, other) = (event_loop(&Trace::new()), event_loop(&Trace::new()));
    let task = other.create_task(cede::coroutine(|| 7).named("seven"));
    let error = one.run_until_complete(task).unwrap_err();
    assert_eq!(
        error.to_string(),
        "run_until_complete: <Task pending name='Task-1' coro=<seven()>> is attached to a different loop"
    );
}

/// A cycle of two is no error where it closes (as in CPython): it is a deadlock, and the report names it.
#[test]
fn a_cycle_of_awaits_is_a_deadlock_that_is_named() {
    let event_loop = event_loop(&Trace::new());
    let slot = Slot::default();
    let mine = slot.clone();
    let a = event_loop
        .create_task(cede::coroutine(move || drop(mine.take().unwrap().await_())).named("wait_for_b"));
    a.set_name("a");
    let b = event_loop.create_task(cede::coroutine(move || drop(a.await_())).named("wait_for_a"));
    b.set_name("b");
    *slot.borrow_mut() = Some(b);
    let promise: Promise<()> = event_loop.create_promise();
    let main = event_loop.create_task(cede::coroutine(move || drop(promise.await_())).named("run"));
    let error = event_loop.run_until_complete(main.named("main")).unwrap_err();
    assert!(error.is_deadlock());
    let here = file!();
    assert_eq!(
        unlined(&error.to_string()),
        format!(
            "deadlock: nothing is ready, no timer is set, and nobody outside can wake the loop
  task 'a' (wait_for_b, created at {here}) waits for task 'b' at {here}
  task 'b' (wait_for_a, created at {here}) waits for task 'a' at {here}
  task 'main' (run, created at {here}) waits for <Promise pending>, created at {here} at {here}
  cycle: 'a' → 'b' → 'a'
  nobody can set the promise made at {here}; whoever waits for it has its only handle"
        )
    );
}
