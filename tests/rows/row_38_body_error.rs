//! Row 38: an error of the body ends it; a generator's end that leaks out of a body is another error
//! (PEP 479); what runs is not re-entered.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use cede::{BoxError, Generator, GeneratorState, GeneratorStatus, ResumeError};
use cede_tests::trace::Trace;

use crate::row_36_resume::told;

#[test]
fn an_error_raised_by_the_body_ends_it() {
    let generator = Generator::<i32>::new(|co| {
        co.yield_(1);
        co.raise("boom")
    });
    assert_eq!(told(generator.start()), "yields 1");
    assert_eq!(told(generator.resume(())), "boom");
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    assert_eq!(told(generator.resume(())), "generator has finished");
}

/// test_generators: test_stopiteration_error
#[test]
fn a_generators_end_raised_by_a_body_becomes_another_error() {
    let generator = Generator::<i32>::new(|co| co.raise(ResumeError::Finished));
    let Err(ResumeError::Raised(error)) = generator.start() else { panic!("it was raised") };
    assert_eq!(error.to_string(), "generator raised StopIteration");
    assert!(!error.is::<ResumeError>());
}

/// test_generators: test_tutorial_stopiteration
#[test]
fn a_body_that_lets_the_end_of_another_generator_out_does_not_end_quietly() {
    let generator = Generator::<i32>::new(|co| {
        co.yield_(1);
        let empty = Generator::<i32>::new(|_| ());
        empty.start().unwrap();
        match empty.resume(()) {
            Err(error) => co.raise(error),
            Ok(_) => unreachable!(),
        }
    });
    assert_eq!(told(generator.start()), "yields 1");
    assert_eq!(told(generator.resume(())), "generator raised StopIteration");
    assert_eq!(told(generator.resume(())), "generator has finished");
}

#[test]
fn a_generators_end_thrown_in_and_not_caught_becomes_another_error() {
    let generator = Generator::<i32>::new(|co| co.yield_(1));
    generator.start().unwrap();
    assert_eq!(told(generator.throw(ResumeError::Finished)), "generator raised StopIteration");
}

#[test]
fn a_generators_end_thrown_in_and_caught_is_an_error_like_any_other() {
    let generator = Generator::<i32, (), String>::new(|co| co.try_yield(1).unwrap_err().to_string());
    generator.start().unwrap();
    assert_eq!(told(generator.throw(ResumeError::Finished)), "returns \"generator has finished\"");
}

#[derive(Debug, PartialEq)]
struct Payload(u32);

#[test]
fn a_panic_of_the_body_comes_out_of_the_resume_and_ends_it() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |co| {
        let _frame = said.on_drop("unwound");
        co.yield_(1);
        panic_any(Payload(7));
    });
    generator.start().unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| generator.resume(()))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&Payload(7)));
    assert_eq!(trace.take(), ["unwound"]);
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    assert_eq!(told(generator.resume(())), "generator has finished");
    assert!(!std::thread::panicking());
}

#[test]
fn an_iterator_has_no_way_to_give_an_error_so_it_panics_with_it() {
    let mut generator = Generator::<i32>::new(|co| co.raise("boom")).named("get_random_number");
    let payload = catch_unwind(AssertUnwindSafe(|| generator.next())).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "generator 'get_random_number': boom");
    assert_eq!(generator.next(), None);
}

/// test_generators: test_except_gen_except: errors of the inside and of the outside do not mix.
#[test]
fn an_error_caught_inside_does_not_disturb_one_outside() {
    let mut generator = Generator::<String>::new(|co| {
        let caught = catch_unwind(|| std::panic::resume_unwind(Box::new("inside")));
        co.yield_(format!("{:?}", caught.unwrap_err().downcast_ref::<&str>()));
        co.yield_(format!("panicking: {}", std::thread::panicking()));
    });
    let outside = catch_unwind(AssertUnwindSafe(|| {
        assert_eq!(generator.next().as_deref(), Some("Some(\"inside\")"));
        std::panic::resume_unwind(Box::new("outside"))
    }))
    .map(|()| unreachable!())
    .unwrap_err();
    assert_eq!(outside.downcast_ref(), Some(&"outside"));
    assert_eq!(generator.next().as_deref(), Some("panicking: false"));
}

/// A body that returns a `Result` uses `?` on what is thrown in; its error is then a value.
#[test]
fn a_body_that_returns_a_result_may_let_errors_out_by_question_mark() {
    let make = || {
        Generator::<i32, (), Result<(), BoxError>>::new(|co| {
            co.try_yield(1)?;
            Ok(())
        })
    };
    let generator = make();
    generator.start().unwrap();
    let Ok(GeneratorState::Complete(Err(error))) = generator.throw("boom") else { panic!("it returns") };
    assert_eq!(error.to_string(), "boom");
    let generator = make();
    generator.start().unwrap();
    let Ok(Some(Err(error))) = generator.close() else { panic!("it returns") };
    assert_eq!(error.to_string(), "GeneratorExit");
}

#[test]
fn raising_nothing_that_implements_error_needs_no_type() {
    let generator = Generator::<i32>::new(|co| co.raise(String::from("owned text")));
    assert_eq!(told(generator.start()), "owned text");
}
