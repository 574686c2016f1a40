//! Hazard 1: a stack overflow in a coroutine was a bare SIGSEGV without a word. Here it names the coroutine,
//! on every thread and with both kinds of guards; std's own report for host stacks still comes.
//!
//! AddressSanitizer prints a report of its own, so there these are left out.
#![cfg(not(feature = "sanitizer"))]

use std::hint::black_box;

use cede::{Awaitable, Generator};
use cede_tests::child::{Ended, guard_modes, in_child, program};
use cede_tests::trace::unlined;

/// Goes down and never comes up.
fn dig(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(depth) == u64::MAX { 0 } else { dig(depth + 1) + frame[0] }
}

/// What is printed when the stack of `whom` overflows.
fn report(whom: &str, kib: usize, file: &str) -> String {
    format!(
        "\ncede: {whom} has overflowed its stack of {kib} KiB (created at {file})\n\
         cede: give it a larger one with stack_size(bytes), or all with CEDE_STACK_SIZE; aborting\n"
    )
}

/// Runs the scenario in a child for each kind of guards; each must end with this report.
#[track_caller]
fn assert_reported<F: FnOnce() + Copy>(whom: &str, scenario: F) {
    for mode in guard_modes() {
        let ended = in_child(&[("CEDE_STACK_GUARD", mode), ("CEDE_STACK_SIZE", "131072")], scenario);
        assert_eq!(unlined(&ended.aborted()), report(whom, 128, file!()), "guards by {mode}");
    }
}

#[test]
fn a_generator_is_named() {
    assert_reported("generator 'digger'", || {
        let _ = Generator::<()>::new(|_| assert_ne!(dig(0), 1)).named("digger").start();
    });
}

#[test]
fn an_unnamed_generator_bears_the_name_of_its_function() {
    assert_reported("generator 'an_unnamed_generator_bears_the_name_of_its_function'", || {
        let _ = Generator::<()>::new(|_| assert_ne!(dig(0), 1)).start();
    });
}

#[test]
fn a_generator_that_was_suspended_in_between_is_named() {
    assert_reported("generator 'digger'", || {
        let generator = Generator::<u64>::new(|co| {
            co.yield_(1);
            co.yield_(dig(0));
        });
        let generator = generator.named("digger");
        generator.start().unwrap();
        let other = Generator::<u64>::new(|co| co.yield_(1)).named("innocent");
        other.start().unwrap();
        let _ = generator.resume(());
    });
}

#[test]
fn a_coroutine_driven_by_hand_is_named() {
    assert_reported("coroutine 'digger'", || {
        let _ = cede::coroutine(|| dig(0)).named("digger").start().send(());
    });
}

#[test]
fn an_unnamed_task_is_named_by_its_number() {
    assert_reported("task 'Task-2'", || {
        let _ = cede::run(cede::coroutine(|| {
            let task = cede::create_task(cede::coroutine(|| dig(0)));
            cede::yield_now().await_().unwrap();
            task.await_().unwrap()
        }));
    });
}

#[test]
fn a_named_task_is_named() {
    assert_reported("task 'worker-7'", || {
        let _ = cede::run(cede::coroutine(|| {
            drop(cede::create_task(cede::coroutine(|| dig(0))).named("worker-7"));
            cede::yield_now().await_()
        }));
    });
}

#[test]
fn a_task_that_was_renamed_while_it_was_suspended_bears_its_new_name() {
    assert_reported("task 'renamed'", || {
        let _ = cede::run(cede::coroutine(|| {
            let task = cede::create_task(cede::coroutine(|| {
                cede::yield_now().await_().unwrap();
                dig(0)
            }));
            cede::yield_now().await_().unwrap();
            task.set_name("renamed");
            cede::yield_now().await_()
        }));
    });
}

/// The stack of a task that has ended is used again.
#[test]
fn a_stack_that_is_used_again_names_its_new_task() {
    assert_reported("task 'second'", || {
        let _ = cede::run(cede::coroutine(|| {
            let first = cede::create_task(cede::coroutine(|| ())).named("first");
            cede::yield_now().await_().unwrap();
            assert!(first.done());
            drop(cede::create_task(cede::coroutine(|| dig(0))).named("second"));
            cede::yield_now().await_()
        }));
    });
}

/// Who is awaited may run on its awaiter's stack: the report names the one that overflowed.
#[test]
fn a_task_that_is_awaited_at_once_is_named_and_not_its_awaiter() {
    assert_reported("task 'awaited'", || {
        let _ = cede::run(cede::coroutine(|| {
            cede::create_task(cede::coroutine(|| dig(0))).named("awaited").await_().unwrap()
        }));
    });
}

/// A coroutine awaited inline is a call on its task's stack.
#[test]
fn a_coroutine_awaited_inline_overflows_its_task() {
    assert_reported("task 'caller'", || {
        let _ = cede::run(cede::coroutine(|| {
            cede::current_task().unwrap().set_name("caller");
            cede::coroutine(|| dig(0)).named("inline").await_()
        }));
    });
}

#[test]
fn a_generator_inside_a_task_is_named_and_not_the_task() {
    assert_reported("generator 'inner'", || {
        let _ = cede::run(cede::coroutine(|| {
            Generator::<()>::new(|_| assert_ne!(dig(0), 1)).named("inner").start().map(drop)
        }));
    });
}

#[test]
fn the_report_comes_on_a_thread_of_std_too() {
    assert_reported("generator 'digger'", || {
        let thread = std::thread::spawn(|| {
            let _ = Generator::<()>::new(|_| assert_ne!(dig(0), 1)).named("digger").start();
        });
        let _ = thread.join();
    });
}

#[test]
fn the_report_tells_the_size_that_was_asked_for() {
    for (asked, kib) in [(0, 16), (20_000, 32), (1 << 20, 1024)] {
        let size = asked.to_string();
        let ended = in_child(&[("ASKED", &size)], || {
            let bytes = std::env::var("ASKED").unwrap().parse().unwrap();
            let body = |_| assert_ne!(dig(0), 1);
            let _ = Generator::<()>::new(body).named("digger").stack_size(bytes).start();
        });
        assert_eq!(unlined(&ended.aborted()), report("generator 'digger'", kib, file!()));
    }
}

/// On the main thread no test runs, so a program does.
fn on_the_main_thread(what: &str, mode: &str) -> Ended {
    let environment = [("CEDE_STACK_GUARD", mode), ("CEDE_STACK_SIZE", "65536")];
    program(env!("CARGO_BIN_EXE_overflow"), &[what], &environment)
}

#[test]
fn on_the_main_thread_generators_coroutines_and_tasks_are_named() {
    for (what, whom) in [
        ("generator", "generator 'digger'"),
        ("coroutine", "coroutine 'digger'"),
        ("task", "task 'Task-1'"),
        ("named-task", "task 'worker-7'"),
    ] {
        for mode in guard_modes() {
            let text = on_the_main_thread(what, mode).aborted();
            assert_eq!(unlined(&text), report(whom, 64, "tests/overflow.rs"), "{what}, guards by {mode}");
        }
    }
}

#[test]
fn an_overflow_of_the_main_threads_own_stack_is_still_reported_by_std() {
    for mode in guard_modes() {
        let text = on_the_main_thread("host", mode).aborted();
        assert!(text.contains("thread 'main'"), "{text}");
        assert!(text.contains("has overflowed its stack\n"), "{text}");
        assert!(!text.contains("cede"), "{text}");
    }
}

#[test]
fn an_overflow_of_a_threads_own_stack_is_still_reported_by_std() {
    for mode in guard_modes() {
        let ended = in_child(&[("CEDE_STACK_GUARD", mode)], || {
            let thread = std::thread::Builder::new().name("host".into()).stack_size(256 << 10);
            let overflows = || {
                Generator::<()>::new(|_| ()).start().unwrap();
                black_box(dig(0));
            };
            let _ = thread.spawn(overflows).unwrap().join();
        });
        let text = ended.aborted();
        assert!(text.contains("thread 'host'"), "{text}");
        assert!(text.contains("has overflowed its stack\n"), "{text}");
        assert!(!text.contains("cede"), "{text}");
    }
}
