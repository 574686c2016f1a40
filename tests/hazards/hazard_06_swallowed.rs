//! Hazard 6: a body that catches the unwinding with `catch_unwind` and pauses again kept bare corosensei
//! busy for ever. Here it is told to end a bounded number of times, reported, and its stack is leaked and
//! never used again.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::time::Duration;

use cede::{Awaitable, Generator, GeneratorState, Outcome, ResumeError};
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

/// An error whose end is code of others.
struct Ends<F: Fn()>(F);

impl<F: Fn()> Drop for Ends<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<F: Fn()> fmt::Debug for Ends<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ends")
    }
}

impl<F: Fn()> fmt::Display for Ends<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it ends")
    }
}

impl<F: Fn()> std::error::Error for Ends<F> {}

/// As in Python, where an exception waits while `finally` yields.
#[test]
fn an_error_on_its_way_out_outlives_what_is_thrown_into_the_clean_up() {
    let left_by = |how: fn(&Generator<u32>) -> Result<String, ResumeError>| {
        let generator = Generator::<u32>::new(|co| {
            cede::finally(|| co.yield_(1), || co.try_yield(2).map_or_else(drop, drop));
        });
        generator.start().unwrap();
        assert_eq!(generator.throw("the first").unwrap(), GeneratorState::Yielded(2));
        how(&generator).unwrap_err().to_string()
    };
    let closed = left_by(|generator| generator.close().map(|result| format!("{result:?}")));
    let thrown = left_by(|generator| generator.throw("the second").map(|state| format!("{state:?}")));
    let resumed = left_by(|generator| generator.resume(()).map(|state| format!("{state:?}")));
    assert!([&closed, &thrown, &resumed].iter().all(|text| text.ends_with("the first")), "{closed} {thrown}");
}

/// Its destructor resumes the very generator: not in the middle of a `throw`, where the value that it sends would be
/// read when it is gone.
#[test]
fn an_error_that_was_caught_on_its_way_out_does_not_go_when_another_is_thrown_in() {
    let (itself, ended) =
        (Rc::new(RefCell::new(Weak::<Generator<u32, String>>::new())), Rc::new(Cell::new(0)));
    let (known, counted) = (itself.clone(), ended.clone());
    let heard = Trace::new();
    let told = heard.clone();
    let generator = Rc::new(Generator::<u32, String>::new(move |co| {
        let error = Ends(move || {
            counted.set(counted.get() + 1);
            if let Some(generator) = known.borrow().upgrade() {
                let _ = generator.resume("sent by a destructor".to_owned());
            }
        });
        let _ = catch_unwind(AssertUnwindSafe(|| co.raise(error)));
        for n in 0..3 {
            told.add(
                co.try_yield(n)
                    .map_or_else(|thrown| format!("thrown: {thrown}"), |sent| format!("sent: {sent}")),
            );
        }
    }));
    *itself.borrow_mut() = Rc::downgrade(&generator);
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(0));
    assert_eq!(generator.throw("an error").unwrap(), GeneratorState::Yielded(1));
    assert_eq!(generator.resume("a value".to_owned()).unwrap(), GeneratorState::Yielded(2));
    assert_eq!((generator.close().unwrap(), ended.get()), (Some(()), 0));
    drop(generator);
    assert_eq!(ended.get(), 1);
    assert_eq!(heard.take(), ["thrown: an error", "sent: a value", "thrown: GeneratorExit"]);
}

/// Its destructor yields, while another error is about to leave the body.
#[test]
fn an_error_that_was_caught_on_its_way_out_may_yield_as_it_goes() {
    let generator = Generator::<u32>::new(|co| {
        let itself = co.clone();
        let _ = catch_unwind(AssertUnwindSafe(|| co.raise(Ends(move || drop(itself.try_yield(7))))));
        co.raise("the second")
    });
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(7));
    assert!(generator.throw("thrown in").unwrap_err().to_string().ends_with("the second"));
}
