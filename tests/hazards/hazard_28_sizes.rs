//! Hazard 28: absurd stack sizes panicked or were taken at their word. Here 0 is the smallest there is, and
//! what cannot be is an error for whoever asked.

use cede::stack::{StackError, StackSettings};
use cede::{Awaitable, Generator, GeneratorState, GeneratorStatus, Outcome, ResumeError};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run_briefly};

const ABSURD: [usize; 3] = [usize::MAX, 1 << 46, (32 << 20) + 1];

fn text(asked: usize) -> String {
    format!("a stack of {asked} bytes was asked for; the largest has 33554432")
}

/// Uses a good part of the smallest stack, which is 16 KiB.
fn uses_four_kib(co: &cede::Co<u64>) {
    let mut buffer = [1_u8; 4 << 10];
    std::hint::black_box(&mut buffer);
    co.yield_(buffer.iter().map(|byte| u64::from(*byte)).sum());
}

#[test]
fn a_size_of_zero_is_the_smallest_there_is() {
    let mut generator = Generator::<u64>::new(|co| uses_four_kib(&co)).stack_size(0);
    assert_eq!(generator.next(), Some(4 << 10));
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| cede::yield_now().await_()).stack_size(0));
    event_loop.run_until_complete(task).unwrap().unwrap();
    assert_eq!(cede::coroutine(|| 7).stack_size(0).start().send(()).unwrap().complete(), 7);
}

#[test]
fn the_largest_size_can_be_used() {
    let mut generator = Generator::<usize>::new(|co| {
        let mut buffer = [1_u8; 16 << 20];
        std::hint::black_box(&mut buffer);
        co.yield_(buffer.len());
    })
    .stack_size(32 << 20);
    assert_eq!(generator.next(), Some(16 << 20));
}

#[test]
fn an_absurd_size_for_a_generator_is_an_error_and_it_stays_new() {
    for asked in ABSURD {
        let generator = Generator::<i32>::new(|co| co.yield_(1)).stack_size(asked);
        for _ in 0..2 {
            let Err(ResumeError::NoStack(error)) = generator.start() else {
                panic!("there is no such stack")
            };
            assert_eq!(error, StackError::TooLarge { asked, limit: 32 << 20 });
            assert_eq!(error.to_string(), text(asked));
            assert_eq!(generator.status(), GeneratorStatus::New);
        }
        assert_eq!(
            generator.start().unwrap_err().to_string(),
            format!("the generator cannot start: {}", text(asked))
        );
        let generator = generator.stack_size(0);
        assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(1));
    }
}

#[test]
fn an_absurd_size_for_a_task_fails_that_task_and_drops_its_body() {
    for asked in ABSURD {
        let trace = Trace::new();
        let event_loop = event_loop(&trace);
        let held = trace.on_drop("the body is dropped");
        let task = event_loop.create_task(cede::coroutine(move || drop(held)).stack_size(asked));
        event_loop.call_soon(trace.call("the loop goes on"));
        run_briefly(&event_loop);
        assert_eq!(trace.take(), ["the body is dropped", "the loop goes on"]);
        assert_eq!(task.outcome(), Outcome::Failed);
        assert_eq!(
            task.result().unwrap_err().to_string(),
            format!("task 'Task-1' cannot start: {}", text(asked))
        );
    }
}

#[test]
fn an_absurd_size_for_a_driven_coroutine_is_an_error() {
    let driven = cede::coroutine(|| 7).stack_size(usize::MAX).start();
    assert!(matches!(driven.send(()), Err(ResumeError::NoStack(_))));
}

/// Awaited in place, a coroutine needs no stack of its own.
#[test]
fn an_absurd_size_means_nothing_to_a_coroutine_awaited_in_place() {
    assert_eq!(cede::coroutine(|| 7).stack_size(usize::MAX).await_(), 7);
}

#[test]
fn absurd_settings_are_refused() {
    for asked in ABSURD {
        let error = StackSettings::new().size(asked).install().unwrap_err();
        assert_eq!(error.to_string(), text(asked));
    }
}

#[test]
fn settings_come_before_the_first_stack() {
    let ended = in_child(&[], || {
        StackSettings::new().size(128 << 10).guard_size(64 << 10).install().unwrap();
        let error = StackSettings::new().install().unwrap_err();
        assert_eq!(error, StackError::SettingsInUse);
        assert_eq!(
            error.to_string(),
            "StackSettings::install: a stack exists already; install settings before the first"
        );
        let mut generator = Generator::<usize>::new(|co| {
            let mut buffer = [1_u8; 100 << 10];
            std::hint::black_box(&mut buffer);
            co.yield_(buffer.len());
        });
        assert_eq!(generator.next(), Some(100 << 10));
    });
    assert_eq!(ended.succeeded(), "");
}

#[test]
fn values_of_the_environment_that_are_no_numbers_are_passed_over() {
    let environment =
        [("CEDE_STACK_SIZE", "huge"), ("CEDE_STACK_GUARD", "none"), ("CEDE_STACK_GUARD_SIZE", "-1")];
    let ended = in_child(&environment, || {
        assert_eq!(Generator::<i32>::new(|co| co.yield_(1)).next(), Some(1));
    });
    assert_eq!(ended.succeeded(), "");
}

/// A limit on address space: the reservation is halved until the system grants it.
#[test]
fn a_limit_on_address_space_makes_the_reservation_smaller() {
    if cfg!(feature = "sanitizer") {
        return; // it needs terabytes for itself
    }
    let ended = cede_tests::child::in_limited_child("ulimit -v 1000000", &[], || {
        assert_eq!(Generator::<i32>::new(|co| co.yield_(1)).next(), Some(1));
    });
    assert_eq!(ended.succeeded(), "");
}
