//! Hazard 7: a panic while a coroutine is closed aborted, with a misleading text. Here it is an error of
//! `close`, and a report of a drop. (A destructor that panics while it is run by an unwinding aborts in all
//! Rust, and says so.)

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use cede::{Awaitable, Generator, GeneratorStatus, Outcome, ResumeError, Thrown};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run_briefly, run_reporting};

/// Panics when it is told to exit, after the exit was taken as a value.
fn panics_at_exit() -> Generator<()> {
    Generator::new(|co| match co.try_yield(()) {
        Err(Thrown::Exit) => resume_unwind(Box::new("boom at exit")),
        other => panic!("{other:?}"),
    })
    .named("bomb")
}

/// Catches the unwinding and panics instead.
fn replaces_the_payload() -> Generator<()> {
    Generator::new(|co| {
        let _ = catch_unwind(AssertUnwindSafe(|| co.yield_(())));
        resume_unwind(Box::new("boom at exit"))
    })
    .named("bomb")
}

#[test]
fn a_panic_at_exit_is_an_error_of_close() {
    for bomb in [panics_at_exit, replaces_the_payload] {
        let generator = bomb();
        generator.start().unwrap();
        let Err(ResumeError::Panicked(payload)) = generator.close() else { panic!("it panics") };
        assert_eq!(payload.downcast_ref(), Some(&"boom at exit"));
        assert_eq!(generator.status(), GeneratorStatus::Finished);
        assert!(!std::thread::panicking());
    }
}

#[test]
fn a_panic_at_exit_is_a_report_of_the_drop() {
    for bomb in [panics_at_exit, replaces_the_payload] {
        let ((), reports) = run_reporting(move || {
            let generator = bomb();
            generator.start().unwrap();
            drop(generator);
        });
        let [report] = &reports[..] else { panic!("{reports:?}") };
        assert!(report.starts_with("<generator object bomb at 0x"), "{report}");
        assert!(
            report.ends_with(
                "> left with an error while it was dropped: the generator panicked while it was closed: boom at exit"
            ),
            "{report}"
        );
    }
}

#[test]
fn another_error_at_exit_is_a_report_of_the_drop() {
    let ((), reports) = run_reporting(|| {
        let generator = Generator::<()>::new(|co| {
            let _exit = co.try_yield(());
            co.raise("spilt")
        });
        generator.start().unwrap();
    });
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(report.ends_with("> left with an error while it was dropped: spilt"), "{report}");
}

#[test]
fn a_panic_of_a_task_that_is_torn_down_is_reported() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let task = event_loop.create_task(cede::coroutine(|| {
        let _ = catch_unwind(|| {
            loop {
                let _ = cede::yield_now().await_();
            }
        });
        resume_unwind(Box::new("boom at the end"))
    }));
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    assert_eq!(task.outcome(), Outcome::Panicked);
    assert_eq!(task.result().unwrap_err().to_string(), "the task panicked: boom at the end");
}

#[test]
fn a_panic_of_a_body_that_never_ran_while_it_is_dropped_is_reported() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            resume_unwind(Box::new("tick"));
        }
    }
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let bomb = Bomb;
    let task = event_loop.create_task(cede::coroutine(move || std::mem::forget(bomb)));
    task.cancel();
    event_loop.call_soon(trace.call("the loop goes on"));
    run_briefly(&event_loop);
    assert_eq!(
        trace.take(),
        [
            "the coroutine of task 'Task-1', which never ran, left with an error while it was dropped: tick",
            "the loop goes on",
        ]
    );
    assert_eq!(task.outcome(), Outcome::Cancelled);
}

/// No Rust program survives this one; std says what it was.
#[test]
fn a_destructor_that_panics_while_frames_are_left_ends_the_process_with_stds_text() {
    let ended = in_child(&[], || {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in a destructor");
            }
        }
        let generator = Generator::<()>::new(|co| {
            let _bomb = Bomb;
            co.yield_(());
        });
        generator.start().unwrap();
        let _ = generator.close();
    });
    let text = ended.aborted();
    assert!(text.contains("in a destructor"), "{text}");
    assert!(text.contains("panic in a destructor during cleanup"), "{text}");
}
