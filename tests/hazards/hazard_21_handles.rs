//! Hazard 21: bare corosensei let a coroutine resume itself, be dropped while it runs, or pause another
//! one's stack, with crashes or worse. Here a handle works only while its generator is the innermost one
//! that runs, and a running generator is borrowed, so it cannot be dropped.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use cede::{Awaitable, Co, Generator, GeneratorState, ResumeError, Thrown};
use cede_tests::trace::run;
use corosensei::Coroutine;

const NOT_RUNNING: &str = "Co::yield_: its generator is not running";
const NOT_INNERMOST: &str = "Co::yield_: its generator is not the innermost one that runs here";

type Slot = Rc<RefCell<Option<Co<i32>>>>;

fn refused(outcome: Result<(), Thrown>) -> String {
    match outcome {
        Err(Thrown::Refused(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A generator that puts its handle into the slot and yields 1, 2.
fn lends(slot: &Slot) -> Generator<i32> {
    let slot = slot.clone();
    Generator::new(move |co: Co<i32>| {
        *slot.borrow_mut() = Some(co.clone());
        co.yield_(1);
        co.yield_(2);
    })
}

#[test]
fn a_handle_is_refused_outside_its_generator() {
    let slot = Slot::default();
    let generator = lends(&slot);
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(1));
    let co = slot.take().unwrap();
    assert_eq!(refused(co.try_yield(9)), NOT_INNERMOST);
    let panicked = catch_unwind(AssertUnwindSafe(|| co.yield_(9))).unwrap_err();
    assert_eq!(panicked.downcast_ref::<String>().unwrap(), NOT_INNERMOST);
    assert_eq!(generator.resume(()).unwrap(), GeneratorState::Yielded(2));
}

#[test]
fn a_handle_is_refused_after_the_end_of_its_generator() {
    let slot = Slot::default();
    let generator = lends(&slot);
    generator.start().unwrap();
    let co = slot.borrow().clone().unwrap();
    generator.close().unwrap();
    assert_eq!(refused(co.try_yield(9)), NOT_RUNNING);
    drop(generator);
    assert_eq!(refused(co.try_yield(9)), NOT_RUNNING);
    for raise in [true, false] {
        let panicked = catch_unwind(AssertUnwindSafe(|| if raise { co.raise("boom") } else { co.yield_(9) }));
        assert_eq!(panicked.unwrap_err().downcast_ref::<String>().unwrap(), NOT_RUNNING);
    }
}

#[test]
fn the_handle_of_an_outer_generator_is_refused_inside_an_inner_one() {
    let outer = Generator::<i32, (), String>::new(|outer| {
        let co = outer.clone();
        let mut inner = Generator::<String>::new(move |inner| inner.yield_(refused(co.try_yield(9))));
        let text = inner.next().unwrap();
        outer.yield_(1); // its own turn again
        text
    });
    assert_eq!(outer.start().unwrap(), GeneratorState::Yielded(1));
    assert_eq!(outer.resume(()).unwrap(), GeneratorState::Complete(NOT_INNERMOST.to_owned()));
}

#[test]
fn the_handle_of_a_suspended_generator_is_refused_inside_another() {
    let slot = Slot::default();
    let lender = lends(&slot);
    lender.start().unwrap();
    let co = slot.take().unwrap();
    let borrower = Generator::<i32, (), String>::new(move |_| refused(co.try_yield(9)));
    assert_eq!(borrower.start().unwrap(), GeneratorState::Complete(NOT_INNERMOST.to_owned()));
}

#[test]
fn the_handle_is_refused_on_the_stack_of_a_task_that_its_generator_does_not_run_on() {
    let slot = Slot::default();
    let generator = lends(&slot);
    generator.start().unwrap();
    let text = run(move || {
        let co = slot.take().unwrap();
        cede::create_task(cede::coroutine(move || refused(co.try_yield(9)))).await_().unwrap()
    });
    assert_eq!(text, NOT_INNERMOST);
    assert_eq!(generator.resume(()).unwrap(), GeneratorState::Yielded(2));
}

/// Other code may go on somewhere else too: a generator pauses its own stack and no other.
#[test]
fn the_handle_is_refused_on_a_stack_that_is_not_ours() {
    let generator = Generator::<i32, (), String>::new(|co: Co<i32>| {
        let inner = co.clone();
        let mut other = Coroutine::<(), (), String>::new(move |_, ()| refused(inner.try_yield(9)));
        let text = other.resume(()).as_return().unwrap();
        co.yield_(1); // here it may
        text
    });
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(1));
    assert_eq!(generator.resume(()).unwrap(), GeneratorState::Complete(NOT_INNERMOST.to_owned()));
}

/// A generator whose body awaits parks its whole task; meanwhile its handle is nobody's.
#[test]
fn the_handle_is_refused_while_its_generator_is_parked_inside_a_task() {
    let slot = Slot::default();
    let lent = slot.clone();
    let (text, values) = run(move || {
        let parks = cede::create_task(cede::coroutine(move || {
            Generator::<i32>::new(move |co: Co<i32>| {
                *lent.borrow_mut() = Some(co.clone());
                cede::yield_now().await_().unwrap();
                co.yield_(1);
                cede::yield_now().await_().unwrap();
                co.yield_(2);
            })
            .collect::<Vec<_>>()
        }));
        cede::yield_now().await_().unwrap();
        let text = refused(slot.take().unwrap().try_yield(9));
        (text, parks.await_().unwrap())
    });
    assert_eq!((text.as_str(), values), (NOT_INNERMOST, vec![1, 2]));
}

/// A generator that is parked inside one task is executing for everybody else.
#[test]
fn a_generator_parked_inside_a_task_cannot_be_resumed_by_another() {
    let texts = run(|| {
        let generator = Rc::new(Generator::<i32>::new(|co: Co<i32>| {
            cede::yield_now().await_().unwrap();
            co.yield_(1);
        }));
        let starts = generator.clone();
        let task = cede::create_task(cede::coroutine(move || starts.start().map(|_| ())));
        cede::yield_now().await_().unwrap();
        let texts = [
            generator.start().unwrap_err().to_string(),
            generator.resume(()).unwrap_err().to_string(),
            generator.close().unwrap_err().to_string(),
        ];
        task.await_().unwrap().unwrap();
        texts
    });
    assert_eq!(texts, ["generator already executing"; 3]);
}

/// Started in one task and resumed in another: it awaits wherever it runs.
#[test]
fn a_generator_may_be_handed_from_task_to_task() {
    let values = run(|| {
        let generator = Rc::new(Generator::<String>::new(|co: Co<String>| {
            for _ in 0..3 {
                cede::yield_now().await_().unwrap();
                co.yield_(cede::current_task().unwrap().name());
            }
        }));
        let mut values = Vec::new();
        for name in ["a", "b", "c"] {
            let generator = generator.clone();
            let step = cede::coroutine(move || match generator.start() {
                Err(ResumeError::AlreadyStarted) => generator.resume(()),
                outcome => outcome,
            });
            match cede::create_task(step).named(name).await_().unwrap() {
                Ok(GeneratorState::Yielded(value)) => values.push(value),
                other => panic!("{other:?}"),
            }
        }
        values
    });
    assert_eq!(values, ["a", "b", "c"]);
}

#[test]
fn a_generator_that_resumes_itself_is_refused_and_lives_on() {
    let slot: Rc<RefCell<Option<Rc<Generator<i32, (), String>>>>> = Rc::default();
    let me = slot.clone();
    let generator = Rc::new(Generator::new(move |co: Co<i32>| {
        let me = me.take().unwrap();
        let text = me.resume(()).unwrap_err().to_string();
        drop(me); // not the last: whoever resumed it borrows it
        co.yield_(1);
        text
    }));
    *slot.borrow_mut() = Some(generator.clone());
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(1));
    assert_eq!(
        generator.resume(()).unwrap(),
        GeneratorState::Complete("generator already executing".to_owned())
    );
}

#[test]
fn a_handle_shows_whether_it_would_work() {
    let slot = Slot::default();
    let lent = slot.clone();
    let generator = Generator::<String>::new(move |co| {
        let _ = &lent;
        co.yield_(format!("{co:?}"));
    });
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded("<co, running>".to_owned()));
    let lender = lends(&slot);
    lender.start().unwrap();
    assert_eq!(format!("{:?}", slot.take().unwrap()), "<co>");
}

/// A hand-driven coroutine that drives itself.
#[test]
fn a_driven_coroutine_cannot_drive_itself() {
    let slot: Rc<RefCell<Option<Rc<cede::Driven<String>>>>> = Rc::default();
    let me = slot.clone();
    let driven =
        Rc::new(cede::coroutine(move || me.take().unwrap().send(()).unwrap_err().to_string()).start());
    *slot.borrow_mut() = Some(driven.clone());
    assert!(driven.send(()).unwrap().complete().ends_with("already executing"));
}
