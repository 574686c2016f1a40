//! `scope`: children that borrow from their parent's frame, and every way out of it.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use cede::{
    Awaitable, Cancelled, EventLoop, Generator, GeneratorState, VirtualClock, coroutine, create_task,
};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run, unsited};

#[test]
fn children_borrow_from_the_frame_and_write_to_it() {
    let squares = run(|| {
        let mut squares = [0; 5];
        cede::scope(|s| {
            for (n, square) in squares.iter_mut().enumerate() {
                s.spawn(coroutine(move || {
                    cede::yield_now().await_().unwrap();
                    *square = n * n;
                }));
            }
        });
        squares
    });
    assert_eq!(squares, [0, 1, 4, 9, 16]);
}

#[test]
fn spawning_runs_nothing_and_the_end_waits_for_everybody() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let trace = &told;
        cede::scope(|s| {
            for name in ["a", "b"] {
                s.spawn(coroutine(move || {
                    trace.add(format!("{name} begins"));
                    cede::sleep(Duration::from_secs(1)).await_().unwrap();
                    trace.add(format!("{name} ends"));
                }));
            }
            trace.add("the function returns");
        });
        trace.add("the scope is left");
    });
    assert_eq!(
        trace.take(),
        ["the function returns", "a begins", "b begins", "a ends", "b ends", "the scope is left"]
    );
}

#[test]
fn a_childs_result_comes_through_its_handle() {
    let lengths = run(|| {
        let words = [String::from("dig"), String::from("plant")];
        cede::scope(|s| {
            let tasks: Vec<_> = words.iter().map(|word| s.spawn(coroutine(move || word.len()))).collect();
            tasks.into_iter().map(|task| task.await_().unwrap()).collect::<Vec<_>>()
        })
    });
    assert_eq!(lengths, [3, 5]);
}

#[test]
fn a_child_may_give_back_what_it_borrowed() {
    run(|| {
        let words = [String::from("dig"), String::from("plant")];
        let longest: &str = cede::scope(|s| {
            let task = s.spawn(coroutine(|| words.iter().max_by_key(|word| word.len()).unwrap().as_str()));
            task.await_().unwrap()
        });
        assert_eq!(longest, "plant");
    });
}

#[test]
fn children_may_make_siblings() {
    let sum = run(|| {
        let sum = Cell::new(0);
        cede::scope(|s| {
            let sum = &sum;
            s.spawn(coroutine(move || {
                for n in 1..=3 {
                    s.spawn(coroutine(move || sum.set(sum.get() + n)));
                }
            }));
        });
        sum.get()
    });
    assert_eq!(sum, 6);
}

#[test]
fn a_scope_without_children_does_not_cede() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let other = create_task(coroutine(told.call("the other runs")));
        assert_eq!(cede::scope(|_| 5), 5);
        told.add("the scope is left");
        other.await_().unwrap();
    });
    assert_eq!(trace.take(), ["the scope is left", "the other runs"]);
}

#[test]
fn a_cancelled_parent_cancels_its_children_and_is_told_again_afterwards() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let mine = told.clone();
        let parent = create_task(coroutine(move || {
            let trace = &mine;
            cede::scope(|s| {
                for name in ["a", "b"] {
                    s.spawn(coroutine(move || {
                        let slept = cede::sleep(Duration::from_secs(10)).await_();
                        trace.add(format!("{name}: {slept:?}"));
                        cede::yield_now().await_().unwrap(); // cleaning up takes a turn
                        trace.add(format!("{name} has cleaned up"));
                    }));
                }
            });
            trace.add("the scope is left");
            let next: Result<(), Cancelled> = cede::yield_now().await_();
            trace.add(format!("next await: {next:?}"));
            trace.add(format!("after that: {:?}", cede::yield_now().await_()));
        }));
        cede::yield_now().await_().unwrap();
        cede::yield_now().await_().unwrap();
        parent.cancel();
        parent.await_().unwrap();
    });
    assert_eq!(
        trace.take(),
        [
            "a: Err(Cancelled { message: None })",
            "b: Err(Cancelled { message: None })",
            "a has cleaned up",
            "b has cleaned up",
            "the scope is left",
            "next await: Err(Cancelled { message: None })",
            "after that: Ok(())"
        ]
    );
}

#[test]
fn a_panic_of_the_function_waits_for_the_children_and_goes_on() {
    let trace = Trace::new();
    let told = trace.clone();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        run(move || {
            let trace = &told;
            cede::scope(|s| {
                s.spawn(coroutine(|| {
                    cede::sleep(Duration::from_secs(1)).await_().unwrap();
                    trace.add("the child ends");
                }));
                panic!("the function gives up");
            })
        })
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the function gives up"));
    assert_eq!(trace.take(), ["the child ends"]);
}

#[test]
fn a_childs_panic_that_is_read_is_an_error_and_no_more() {
    run(|| {
        cede::scope(|s| {
            let child = s.spawn(coroutine(|| panic!("the child gives up")));
            let error = child.await_().unwrap_err();
            assert_eq!(error.to_string(), "the task panicked: the child gives up");
        });
    });
}

#[test]
fn a_childs_panic_that_nobody_reads_is_the_scopes() {
    let panic = catch_unwind(AssertUnwindSafe(|| {
        run(|| {
            cede::scope(|s| {
                s.spawn(coroutine(|| panic!("the child gives up")));
            });
        });
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"a scoped task panicked"));
}

#[test]
fn a_cancelled_child_never_runs_and_drops_what_it_borrowed_from_the_scope() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let held = told.on_drop("what the frame owns is dropped");
        cede::scope(|s| {
            let captured = told.on_drop("what the child captured is dropped");
            let held = &held;
            let trace = &told;
            let child = s.spawn(coroutine(move || {
                let _ = (&captured, held);
                trace.add("never");
            }));
            assert!(child.cancel());
            assert!(child.await_().unwrap_err().is_cancelled());
        });
    });
    assert_eq!(trace.take(), ["what the child captured is dropped", "what the frame owns is dropped"]);
}

/// Runs until everybody is parked, then drops the loop.
fn torn_down(main: impl FnOnce(Trace) + 'static) -> Vec<String> {
    let trace = Trace::new();
    let reports = trace.clone();
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    event_loop.set_exception_handler(move |_, report| reports.add(unsited(report)));
    let told = trace.clone();
    let task = event_loop.create_task(coroutine(move || main(told))).named("parent");
    event_loop.call_later(Duration::from_secs(1), {
        let event_loop = cede::LoopHandle::clone(&event_loop);
        move || event_loop.stop()
    });
    event_loop.run_forever().unwrap();
    drop(event_loop);
    assert!(task.done());
    trace.take()
}

#[test]
fn a_loop_that_is_dropped_ends_the_children_before_the_frame_they_borrow_from() {
    let trace = torn_down(|trace| {
        let frame = trace.on_drop("the frame is left");
        cede::scope(|s| {
            let (trace, frame) = (&trace, &frame);
            s.spawn(coroutine(move || {
                let _frame = frame;
                let _guard = trace.on_drop("the child's frame is left");
                let _ = cede::sleep(Duration::from_secs(10)).await_();
                let _ = cede::Promise::<()>::new().await_();
            }));
        });
    });
    assert_eq!(trace[2..], ["the child's frame is left", "the frame is left"], "{trace:#?}");
}

#[test]
fn a_child_that_resists_is_leaked_and_only_then_the_frame_is_left() {
    let trace = torn_down(|trace| {
        let frame = trace.on_drop("the frame is left");
        cede::scope(|s| {
            let (trace, frame) = (&trace, &frame);
            s.spawn(coroutine(move || {
                let _guard = trace.on_drop("never: its stack is leaked");
                let _frame = frame;
                loop {
                    let _ = catch_unwind(|| {
                        let _ = cede::Promise::<()>::new().await_();
                    });
                }
            }));
        });
    });
    assert!(!trace.iter().any(|line| line.starts_with("never")), "{trace:#?}");
    assert!(trace.iter().any(|line| line.contains("was told to end 1000 times")), "{trace:#?}");
    assert_eq!(trace.last().unwrap(), "the frame is left");
}

/// A generator whose body is inside a scope, with a child that is pending, whenever it is suspended.
fn scoped_generator(trace: &Trace) -> Generator<i32> {
    let trace = trace.clone();
    Generator::new(move |co| {
        let frame = trace.on_drop("the frame is left");
        cede::scope(|s| {
            let (trace, frame) = (&trace, &frame);
            s.spawn(coroutine(move || {
                let _frame = frame;
                let _guard = trace.on_drop("the child ends");
                let slept = cede::sleep(Duration::from_secs(10)).await_();
                trace.add(format!("{slept:?}"));
            }));
            co.yield_(1);
        });
    })
}

#[test]
fn a_generator_dropped_inside_a_scope_ends_the_child_first() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generator = scoped_generator(&told);
        assert!(matches!(generator.start(), Ok(GeneratorState::Yielded(1))));
        cede::yield_now().await_().unwrap(); // the child sleeps
        told.add("drop");
        drop(generator);
        told.add("dropped");
    });
    assert_eq!(trace.take(), ["drop", "Ok(())", "the child ends", "the frame is left", "dropped"]);
}

#[test]
fn a_generator_dropped_where_no_task_runs_ends_the_child_by_force() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let slot = Rc::new(RefCell::new(None));
    let (kept, told) = (slot.clone(), trace.clone());
    event_loop
        .run_until_complete(coroutine(move || {
            let generator = scoped_generator(&told);
            assert!(matches!(generator.start(), Ok(GeneratorState::Yielded(1))));
            cede::yield_now().await_().unwrap();
            *kept.borrow_mut() = Some(generator);
        }))
        .unwrap();
    trace.add("drop");
    drop(slot.take());
    trace.add("dropped");
    assert_eq!(trace.take(), ["drop", "the child ends", "the frame is left", "dropped"]);
}

#[test]
fn a_scope_outside_a_task_is_refused() {
    let panic = catch_unwind(|| cede::scope(|_| ())).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "scope: only inside a task, for its end waits for its children"
    );
}

#[test]
fn a_scope_left_from_inside_its_own_child_ends_the_process_with_a_message() {
    let ended = in_child(&[], || {
        run(|| {
            let slot: Rc<RefCell<Option<Generator<i32>>>> = Rc::default();
            let mine = slot.clone();
            let generator = Generator::new(move |co| {
                cede::scope(|s| {
                    let mine = &mine;
                    s.spawn(coroutine(move || drop(mine.take())).named("culprit"));
                    co.yield_(1);
                });
            });
            generator.start().unwrap();
            *slot.borrow_mut() = Some(generator);
            cede::yield_now().await_().unwrap();
        });
    });
    let stderr = ended.aborted();
    assert!(
        stderr.contains("cede: a scope is left from inside its own task '") && stderr.contains("; aborting"),
        "{stderr}"
    );
}
