//! Row 3: callbacks are called by the loop, never inside `set_result`, in the order of adding; added after
//! the end they are queued at once; removal tells how many; the list may change while it runs.

use std::cell::RefCell;
use std::rc::Rc;

use cede::{Awaitable, CallbackId, EventLoop, Promise};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

struct Scene {
    trace: Trace,
    event_loop: EventLoop,
    promise: Promise<&'static str>,
}

fn scene() -> Scene {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let promise = event_loop.create_promise();
    Scene { trace, event_loop, promise }
}

impl Scene {
    /// Adds a callback that says this.
    fn add(&self, what: i32) -> CallbackId {
        let trace = self.trace.clone();
        self.promise.add_done_callback(move |_| trace.add(what))
    }

    /// Sets the result; what is called in the next turn.
    fn called(&self) -> Vec<String> {
        self.promise.set_result("foo").unwrap();
        assert!(self.trace.take().is_empty(), "nothing is called inside set_result");
        run_briefly(&self.event_loop);
        self.trace.take()
    }
}

/// test_futures: test_callbacks_invoked_on_set_result
#[test]
fn callbacks_are_called_by_the_loop_in_the_order_of_adding() {
    let scene = scene();
    scene.add(42);
    scene.add(17);
    scene.add(100);
    assert_eq!(scene.called(), ["42", "17", "100"]);
    assert_eq!(scene.promise.result().unwrap(), "foo");
}

/// test_futures: test_callbacks_invoked_on_set_exception
#[test]
fn an_error_calls_them_too() {
    let scene = scene();
    scene.add(100);
    scene.promise.set_exception("boom").unwrap();
    assert!(scene.trace.take().is_empty());
    run_briefly(&scene.event_loop);
    assert_eq!(scene.trace.take(), ["100"]);
    assert_eq!(scene.promise.exception().unwrap().unwrap().to_string(), "boom");
}

#[test]
fn a_cancellation_calls_them_too() {
    let scene = scene();
    scene.add(1);
    scene.promise.cancel();
    assert!(scene.trace.take().is_empty());
    run_briefly(&scene.event_loop);
    assert_eq!(scene.trace.take(), ["1"]);
}

#[test]
fn a_callback_is_given_the_promise() {
    let Scene { trace, event_loop, promise } = scene();
    let told = trace.clone();
    promise.add_done_callback(move |promise| {
        told.add(format!("{promise:?} {}", promise.result().unwrap()));
    });
    promise.set_result("foo").unwrap();
    drop(promise); // the callback's is the last
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["<Promise finished> foo"]);
}

/// test_futures: test_callbacks_remove_first_callback
#[test]
fn the_first_callback_can_be_removed_once() {
    let scene = scene();
    let ids = [scene.add(42), scene.add(17), scene.add(100)];
    assert_eq!(scene.promise.remove_done_callback(ids[0]), 1);
    assert_eq!(scene.promise.remove_done_callback(ids[0]), 0);
    assert_eq!(scene.called(), ["17", "100"]);
}

/// test_futures: test_callbacks_remove_first_and_second_callback
#[test]
fn the_first_and_the_second_callback_can_be_removed() {
    let scene = scene();
    let ids = [scene.add(42), scene.add(17), scene.add(100)];
    assert_eq!(scene.promise.remove_done_callback(ids[0]), 1);
    assert_eq!(scene.promise.remove_done_callback(ids[1]), 1);
    assert_eq!(scene.promise.remove_done_callback(ids[0]), 0);
    assert_eq!(scene.called(), ["100"]);
}

/// test_futures: test_callbacks_remove_third_callback
#[test]
fn the_last_callback_can_be_removed() {
    let scene = scene();
    let ids = [scene.add(42), scene.add(17), scene.add(100)];
    assert_eq!(scene.promise.remove_done_callback(ids[2]), 1);
    assert_eq!(scene.promise.remove_done_callback(ids[2]), 0);
    assert_eq!(scene.called(), ["42", "17"]);
}

/// test_futures: test_remove_done_callback. Python removes all that are equal; here each adding has a name.
#[test]
fn what_is_added_after_a_removal_comes_last() {
    let scene = scene();
    let ids: Vec<_> = (0..6).map(|what| scene.add(what)).collect();
    let removed: usize = ids[1..5].iter().map(|id| scene.promise.remove_done_callback(*id)).sum();
    assert_eq!(removed, 4);
    scene.add(6);
    assert_eq!(scene.promise.remove_done_callback(ids[0]), 1);
    scene.add(7);
    assert_eq!(scene.called(), ["5", "6", "7"]);
}

#[test]
fn a_callback_of_another_promise_is_not_removed() {
    let scene = scene();
    let other = scene.event_loop.create_promise::<i32>();
    other.add_done_callback(|_| {});
    let foreign = other.add_done_callback(|_| {});
    scene.add(1);
    assert_eq!(scene.promise.remove_done_callback(foreign), 0);
    assert_eq!(scene.called(), ["1"]);
}

#[test]
fn a_callback_on_its_way_cannot_be_removed_and_is_called() {
    let scene = scene();
    let id = scene.add(1);
    scene.promise.set_result("foo").unwrap();
    assert_eq!(scene.promise.remove_done_callback(id), 0);
    run_briefly(&scene.event_loop);
    assert_eq!(scene.trace.take(), ["1"]);
}

#[test]
fn added_to_a_done_promise_it_is_queued_at_once_behind_what_is_ready() {
    let scene = scene();
    scene.promise.set_result("foo").unwrap();
    scene.event_loop.call_soon(scene.trace.call("before"));
    scene.add(1);
    scene.event_loop.call_soon(scene.trace.call("after"));
    assert!(scene.trace.take().is_empty());
    run_briefly(&scene.event_loop);
    assert_eq!(scene.trace.take(), ["before", "1", "after"]);
}

/// test_futures: test_schedule_callbacks_list_mutation_1
#[test]
fn a_callback_that_removes_the_next_ones_comes_too_late() {
    let Scene { trace, event_loop, promise } = scene();
    let later = Rc::new(RefCell::new(Vec::new()));
    let (told, removes) = (trace.clone(), later.clone());
    promise.add_done_callback(move |promise| {
        let removed: usize = removes.borrow().iter().map(|id| promise.remove_done_callback(*id)).sum();
        told.add(format!("removed {removed}"));
    });
    for name in ["b", "c"] {
        let told = trace.clone();
        later.borrow_mut().push(promise.add_done_callback(move |_| told.add(name)));
    }
    promise.set_result("foo").unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["removed 0", "b", "c"]);
}

#[test]
fn a_callback_that_adds_one_has_it_called_in_the_next_turn() {
    let Scene { trace, event_loop, promise } = scene();
    let told = trace.clone();
    promise.add_done_callback(move |promise| {
        told.add("a");
        let told = told.clone();
        promise.add_done_callback(move |_| told.add("added by a"));
    });
    let told = trace.clone();
    promise.add_done_callback(move |_| told.add("b"));
    promise.set_result("foo").unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["a", "b"]);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["added by a"]);
}

/// Runs a function when dropped.
struct Evil<F: FnMut()>(F);

impl<F: FnMut()> Drop for Evil<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// test_futures: test_remove_done_callbacks_list_mutation, test_remove_done_callbacks_list_clear: there an
/// evil `__eq__`, here an evil destructor.
#[test]
fn a_callback_may_remove_others_while_it_is_removed() {
    let scene = scene();
    let all = Rc::new(RefCell::new(Vec::new()));
    let (promise, removes) = (scene.promise.clone(), all.clone());
    let evil = Evil(move || {
        for id in removes.take() {
            promise.remove_done_callback(id);
        }
    });
    let evil = scene.promise.add_done_callback(move |_| drop(evil));
    for what in 0..64 {
        all.borrow_mut().push(scene.add(what));
    }
    scene.add(64);
    assert_eq!(scene.promise.remove_done_callback(evil), 1);
    assert_eq!(scene.called(), ["64"]);
}

/// test_futures: test_schedule_callbacks_list_mutation_2
#[test]
fn a_callback_may_add_others_while_it_is_removed() {
    let scene = scene();
    scene.add(0);
    let (promise, trace) = (scene.promise.clone(), scene.trace.clone());
    let evil = Evil(move || {
        for what in 2..5 {
            let trace = trace.clone();
            promise.add_done_callback(move |_| trace.add(what));
        }
    });
    let evil = scene.promise.add_done_callback(move |_| drop(evil));
    scene.add(1);
    assert_eq!(scene.promise.remove_done_callback(evil), 1);
    assert_eq!(scene.called(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_callback_that_panics_is_reported_and_the_next_ones_are_called() {
    let scene = scene();
    scene.add(1);
    scene.promise.add_done_callback(|_| panic!("boom"));
    scene.add(3);
    assert_eq!(scene.called(), ["1", "a done-callback panicked: boom", "3"]);
}

#[test]
fn callbacks_and_awaiters_are_served_in_the_order_in_which_they_came() {
    let Scene { trace, event_loop, promise } = scene();
    let awaits = |name: &'static str| {
        let (promise, trace) = (promise.clone(), trace.clone());
        event_loop.create_task(cede::coroutine(move || {
            trace.add(format!("{name} {}", (&promise).await_().unwrap()))
        }))
    };
    let calls = |name: &'static str| {
        let trace = trace.clone();
        promise.add_done_callback(move |_| trace.add(name));
    };
    calls("callback 1");
    let _task_1 = awaits("task 1");
    run_briefly(&event_loop);
    calls("callback 2");
    let _task_2 = awaits("task 2");
    run_briefly(&event_loop);
    promise.set_result("foo").unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["callback 1", "task 1 foo", "callback 2", "task 2 foo"]);
}

#[test]
fn the_callbacks_of_a_task_are_called_in_the_turn_after_its_end() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    let task = event_loop.create_task(cede::coroutine(move || {
        told.add("body");
        7
    }));
    for name in ["a", "b"] {
        let told = trace.clone();
        task.add_done_callback(move |task| {
            told.add(format!("{name} {} {}", task.name(), task.result().unwrap()))
        });
    }
    let third = task.add_done_callback(|_| unreachable!("it was removed"));
    assert_eq!(task.remove_done_callback(third), 1);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["body"]);
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["a Task-1 7", "b Task-1 7"]);
    let told = trace.clone();
    task.add_done_callback(move |_| told.add("after the end"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["after the end"]);
}

#[test]
fn what_a_removed_callback_holds_is_dropped_at_once() {
    let scene = scene();
    let held = scene.trace.on_drop("dropped");
    let id = scene.promise.add_done_callback(move |_| drop(held));
    scene.promise.remove_done_callback(id);
    assert_eq!(scene.trace.take(), ["dropped"]);
}

#[test]
fn setting_a_promise_from_its_own_callback_is_refused_and_harmless() {
    let texts = run(|| {
        let trace = Trace::new();
        let (promise, told) = (Promise::new(), trace.clone());
        promise.add_done_callback(move |promise: &Promise<i32>| {
            told.add(promise.set_result(2).unwrap_err());
            told.add(promise.result().unwrap());
        });
        promise.set_result(1).unwrap();
        cede::yield_now().await_().unwrap();
        trace.take()
    });
    assert_eq!(texts, ["Promise::set_result: invalid state: the promise is already finished", "1"]);
}
