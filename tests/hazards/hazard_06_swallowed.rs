//! Hazard 6: a body that catches the unwinding with `catch_unwind` and pauses again kept bare corosensei
//! busy for ever. Here it is told to end a bounded number of times, reported, and its stack is leaked and
//! never used again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use cede::{Awaitable, Generator, Outcome, ResumeError};
use cede_tests::trace::{Trace, event_loop, run_briefly, run_reporting};

/// Without the address in it: `<generator object stubborn at 0x7f…>`.
fn addressless(text: &str) -> String {
    let Some((before, after)) = text.split_once(" at 0x") else { return text.to_owned() };
    format!("{before}>{}", after.trim_start_matches(|c: char| c.is_ascii_hexdigit()).trim_start_matches('>'))
}

/// Yields for ever, whatever is thrown.
fn swallows_the_unwinding() -> Generator<u32> {
    Generator::new(|co| {
        for n in 0.. {
            let _ = catch_unwind(AssertUnwindSafe(|| co.yield_(n)));
        }
    })
    .named("stubborn")
}

fn ignores_the_exit() -> Generator<u32> {
    Generator::new(|co| {
        for n in 0.. {
            let _ = co.try_yield(n);
        }
    })
    .named("stubborn")
}

#[test]
fn closing_a_generator_that_swallows_the_unwinding_is_an_error() {
    let generator = swallows_the_unwinding();
    generator.start().unwrap();
    for _ in 0..3 {
        assert!(matches!(generator.close(), Err(ResumeError::IgnoredExit)));
    }
    std::mem::forget(generator);
}

#[test]
fn dropping_a_generator_that_will_not_end_gives_up_with_a_report() {
    for stubborn in [swallows_the_unwinding, ignores_the_exit] {
        let ((), reports) = run_reporting(move || {
            let generator = stubborn();
            generator.start().unwrap();
            let (pooled, counts) = (cede::stack::pooled(), cede::stack::counts());
            drop(generator);
            assert_eq!(cede::stack::counts().switches - counts.switches, 1_000);
            assert_eq!(cede::stack::pooled(), pooled, "its stack is not used again");
        });
        assert_eq!(
            reports.iter().map(|report| addressless(report)).collect::<Vec<_>>(),
            ["<generator object stubborn> was told to end 1000 times and ignored it; its stack is leaked"]
        );
    }
}

#[test]
fn a_generator_that_ends_after_a_while_is_not_given_up() {
    let ((), reports) = run_reporting(|| {
        let generator = Generator::<u32>::new(|co| {
            for n in 0..900 {
                let _ = co.try_yield(n);
            }
        });
        generator.start().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn swallowing_the_unwinding_and_returning_is_fine() {
    let generator = Generator::<u32, (), &str>::new(|co| {
        let caught = catch_unwind(AssertUnwindSafe(|| co.yield_(1)));
        assert!(caught.is_err());
        "returned"
    });
    generator.start().unwrap();
    assert_eq!(generator.close().unwrap(), Some("returned"));
}

/// While it is torn down, an await unwinds again instead of parking.
#[test]
fn a_task_that_swallows_the_unwinding_is_given_up_when_its_loop_closes() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let task = event_loop.create_task(cede::coroutine(|| {
        loop {
            let _ = catch_unwind(|| cede::sleep(Duration::from_secs(1)).await_());
        }
    }));
    task.set_name("stubborn");
    run_briefly(&event_loop);
    drop(event_loop);
    assert_eq!(
        trace.take(),
        [
            "task 'stubborn' was destroyed but it is pending, waiting for <Promise pending>",
            "task 'stubborn' was told to end 1000 times and ignored it; its stack is leaked",
        ]
    );
    assert_eq!(task.outcome(), Outcome::Cancelled);
}

#[test]
fn a_task_that_swallows_the_unwinding_and_returns_has_ended() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (said, told) = (trace.clone(), trace.clone());
    drop(event_loop.create_task(cede::coroutine(move || {
        let _local = said.on_drop("local");
        let caught = catch_unwind(|| {
            loop {
                let _ = cede::sleep(Duration::from_secs(1)).await_();
            }
        });
        told.add(format!("caught: {}", caught.is_err()));
        let again = catch_unwind(|| cede::sleep(Duration::from_secs(1)).await_());
        told.add(format!("and again: {}", again.is_err()));
    })));
    run_briefly(&event_loop);
    trace.take();
    drop(event_loop);
    assert_eq!(trace.take()[1..], ["caught: true", "and again: true", "local"].map(str::to_owned));
}
