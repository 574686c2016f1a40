//! Row 37: close. A new one runs nothing; a suspended one is told to exit at its yield; returning is fine
//! and gives the value (3.13); yielding again is an error; another error comes out; twice is fine.

use cede::{Co, Generator, GeneratorExit, GeneratorStatus, ResumeError, Thrown};
use cede_tests::trace::Trace;

use crate::row_36_resume::told;

/// Yields, and returns 0 when told to exit.
fn returns_at_exit() -> Generator<(), (), i32> {
    Generator::new(|co: Co<()>| match co.try_yield(()) {
        Err(Thrown::Exit) => 0,
        other => panic!("{other:?}"),
    })
}

fn closed<Y, R: std::fmt::Debug>(generator: &Generator<Y, (), R>) -> String {
    match generator.close() {
        Ok(Some(value)) => format!("returned {value:?}"),
        Ok(None) => "closed".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// test_generators: test_close_no_return_value
#[test]
fn a_closed_generator_leaves_at_its_yield() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |co| {
        let _frame = said.on_drop("destructor");
        co.yield_(1);
        said.add("not reached");
    });
    generator.start().unwrap();
    assert_eq!(closed(&generator), "closed");
    assert_eq!(trace.take(), ["destructor"]);
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    assert_eq!(told(generator.resume(())), "generator has finished");
}

/// test_generators: test_close_return_value
#[test]
fn close_gives_what_the_body_returns_at_exit() {
    let generator = returns_at_exit();
    generator.start().unwrap();
    assert_eq!(closed(&generator), "returned 0");
}

/// test_generators: test_close_not_catching_exit
#[test]
fn close_gives_nothing_when_the_body_does_not_catch_the_exit() {
    let generator = Generator::<(), (), i32>::new(|co| {
        co.yield_(());
        0
    });
    generator.start().unwrap();
    assert_eq!(closed(&generator), "closed");
}

/// test_generators: test_close_not_started
#[test]
fn closing_a_new_generator_runs_nothing_and_drops_its_body() {
    let trace = Trace::new();
    let held = trace.on_drop("dropped");
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |_| {
        said.add("runs");
        drop(held);
    });
    assert_eq!(closed(&generator), "closed");
    assert_eq!(trace.take(), ["dropped"]);
    assert_eq!(told(generator.start()), "generator has finished");
}

/// test_generators: test_close_exhausted
#[test]
fn closing_a_generator_that_has_returned_gives_nothing() {
    let generator = Generator::<(), (), i32>::new(|_| 7);
    generator.start().unwrap();
    assert_eq!(closed(&generator), "closed");
}

/// test_generators: test_close_closed
#[test]
fn closing_twice_is_fine() {
    let generator = returns_at_exit();
    generator.start().unwrap();
    assert_eq!(closed(&generator), "returned 0");
    assert_eq!(closed(&generator), "closed");
}

/// test_generators: test_close_raises
#[test]
fn another_error_raised_at_exit_comes_out_of_close() {
    let generator = Generator::<i32>::new(|co| {
        let _exit = co.try_yield(1);
        co.raise("nybbles have exploded with delight")
    });
    generator.start().unwrap();
    assert!(
        matches!(generator.close(), Err(ResumeError::Raised(error)) if error.to_string().contains("nybbles"))
    );
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    assert_eq!(closed(&generator), "closed");
}

#[test]
fn a_panic_at_exit_comes_out_of_close_as_an_error() {
    let generator = Generator::<i32>::new(|co| {
        let _exit = co.try_yield(1);
        std::panic::resume_unwind(Box::new("at exit"))
    });
    generator.start().unwrap();
    let Err(error) = generator.close() else { panic!("it panicked") };
    assert_eq!(error.to_string(), "the generator panicked while it was closed: at exit");
    let ResumeError::Panicked(payload) = error else { panic!("{error:?}") };
    assert_eq!(payload.downcast_ref(), Some(&"at exit"));
    assert_eq!(generator.status(), GeneratorStatus::Finished);
}

/// test_generators: "generator ignored GeneratorExit"; it goes on (checked against CPython 3.13).
#[test]
fn a_generator_that_yields_at_exit_has_ignored_it_and_is_still_suspended() {
    let generator = Generator::<i32>::new(|co| {
        for n in 0..4 {
            if let Err(Thrown::Refused(error)) = co.try_yield(n) {
                panic!("{error}");
            }
        }
    });
    generator.start().unwrap();
    assert!(matches!(generator.close(), Err(ResumeError::IgnoredExit)));
    assert_eq!(closed(&generator), "generator ignored GeneratorExit");
    assert_eq!(generator.status(), GeneratorStatus::Suspended);
    assert_eq!(told(generator.resume(())), "yields 3");
    assert_eq!(closed(&generator), "returned ()");
}

/// test_generators: coroutine_tests: the exit may be raised again, as Python's `raise` does.
#[test]
fn an_exit_that_is_caught_and_raised_again_closes() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |co| {
        if let Err(thrown) = co.try_yield(1) {
            said.add(format!("cleans up after: {thrown}"));
            co.raise(thrown.into_error());
        }
    });
    generator.start().unwrap();
    assert_eq!(closed(&generator), "closed");
    assert_eq!(trace.take(), ["cleans up after: GeneratorExit"]);
}

/// test_generators: coroutine_tests: `g.throw(GeneratorExit)` is an exit that is not kept quiet.
#[test]
fn an_exit_that_is_thrown_comes_out_again() {
    let generator = Generator::<i32>::new(|co| co.yield_(1));
    generator.start().unwrap();
    let Err(ResumeError::Raised(error)) = generator.throw(GeneratorExit) else { panic!("it was thrown") };
    assert!(error.is::<GeneratorExit>());
    assert_eq!(generator.status(), GeneratorStatus::Finished);
}

/// CPython 3.13: `throw(GeneratorExit())` into one that returns 9 gives `StopIteration(9)`.
#[test]
fn an_exit_that_is_thrown_may_be_answered_by_returning() {
    let generator = returns_at_exit();
    generator.start().unwrap();
    assert_eq!(told(generator.throw(GeneratorExit)), "returns 0");
}

/// test_generators: test_close_releases_frame_locals
#[test]
fn dropping_a_suspended_generator_closes_it() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |co| {
        let _b = said.on_drop("b");
        let _a = said.on_drop("a");
        if let Err(thrown) = co.try_yield(1) {
            said.add(thrown);
        }
    });
    generator.start().unwrap();
    drop(generator);
    assert_eq!(trace.take(), ["GeneratorExit", "a", "b"]);
}

#[test]
fn leaving_an_iteration_closes_the_generator() {
    let trace = Trace::new();
    let said = trace.clone();
    for n in Generator::<i32>::new(move |co| {
        let _frame = said.on_drop("closed");
        for n in 0.. {
            co.yield_(n);
        }
    }) {
        if n == 2 {
            break;
        }
    }
    assert_eq!(trace.take(), ["closed"]);
}
