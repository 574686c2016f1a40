//! Row 36: start, resume, throw and close on a new, running, suspended and finished generator.

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;

use cede::{Co, Generator, GeneratorState, GeneratorStatus, ResumeError, Thrown};
use cede_tests::trace::Trace;

/// What came back, in words.
pub(crate) fn told<Y: Debug, R: Debug>(outcome: Result<GeneratorState<Y, R>, ResumeError>) -> String {
    match outcome {
        Ok(GeneratorState::Yielded(value)) => format!("yields {value:?}"),
        Ok(GeneratorState::Complete(value)) => format!("returns {value:?}"),
        Err(error) => error.to_string(),
    }
}

/// Yields 1, then what it is sent, and returns what it is sent then.
fn echo(trace: &Trace) -> Generator<i32, i32, i32> {
    let told = trace.clone();
    Generator::new(move |co: Co<i32, i32>| {
        told.add("runs");
        let sent = co.yield_(1);
        co.yield_(sent)
    })
}

/// The seeds: get_random_number prints Hi, yields 1, prints Howdy, yields 7.
#[test]
fn a_generator_runs_to_its_next_yield_each_time_and_says_when_it_is_finished() {
    let trace = Trace::new();
    let said = trace.clone();
    let numbers = Generator::<i32>::new(move |co| {
        said.add("Hi");
        co.yield_(1);
        said.add("Howdy");
        co.yield_(7);
        said.add("Bye");
    });
    assert!(trace.take().is_empty());
    for (outcome, said) in [("yields 1", "Hi"), ("yields 7", "Howdy"), ("returns ()", "Bye")] {
        let next =
            if numbers.status() == GeneratorStatus::New { numbers.start() } else { numbers.resume(()) };
        assert_eq!((told(next).as_str(), trace.take().join("")), (outcome, said.to_owned()));
    }
}

#[test]
fn values_go_both_ways() {
    let generator = echo(&Trace::new());
    let outcomes = [generator.start(), generator.resume(7), generator.resume(9)].map(told);
    assert_eq!(outcomes, ["yields 1", "yields 7", "returns 9"]);
}

/// The same values out and in again, each time as it was.
fn there_and_back<T: Clone + Debug + PartialEq + 'static>(values: [T; 2]) {
    let [first, second] = values;
    let generator = Generator::<T, T, T>::new({
        let first = first.clone();
        |co: Co<T, T>| {
            let sent = co.yield_(first);
            co.try_yield(sent).unwrap()
        }
    });
    assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(first));
    assert_eq!(generator.resume(second.clone()).unwrap(), GeneratorState::Yielded(second.clone()));
    assert_eq!(generator.resume(second.clone()).unwrap(), GeneratorState::Complete(second));
}

/// What fits a word travels otherwise than what does not.
#[test]
fn values_of_any_size_and_alignment_go_both_ways() {
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(16))]
    struct Nothing;
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(64))]
    struct Line(u8);
    there_and_back([(), ()]);
    there_and_back([Nothing, Nothing]);
    there_and_back([7u8, 255]);
    there_and_back([(1u8, 2u16), (3, 4)]);
    there_and_back([[1u8, 2, 3], [4, 5, 6]]);
    there_and_back([u64::MAX, 0]);
    there_and_back([Some(Box::new(1)), None]);
    there_and_back([1u128, u128::MAX]);
    there_and_back([Line(1), Line(2)]);
    there_and_back([String::from("a string"), String::new()]);
    there_and_back([[1u64; 9], [2; 9]]);
}

#[test]
fn each_value_on_its_way_is_dropped_once() {
    let (counted, large) = (Rc::new(()), [0u64; 4]);
    let pairs = Generator::<_, _, ()>::new({
        let counted = counted.clone();
        move |co: Co<(Rc<()>, [u64; 4]), (Rc<()>, [u64; 4])>| loop {
            co.yield_((counted.clone(), large));
        }
    });
    let words = Generator::<_, _, ()>::new({
        let counted = counted.clone();
        move |co: Co<Rc<()>, Rc<()>>| loop {
            co.yield_(counted.clone());
        }
    });
    drop((pairs.start(), words.start()));
    for _ in 0..3 {
        drop((pairs.resume((counted.clone(), large)), words.resume(counted.clone())));
        assert_eq!(Rc::strong_count(&counted), 3);
    }
    // What is yielded instead of ending goes too, and so does what comes too late.
    pairs.close().unwrap();
    words.throw("boom").unwrap_err();
    drop((pairs.resume((counted.clone(), large)), words.resume(counted.clone())));
    assert_eq!(Rc::strong_count(&counted), 1);
}

/// test_generators: test_send_non_none_to_new_gen
#[test]
fn a_new_generator_cannot_be_sent_a_value_and_stays_new() {
    let trace = Trace::new();
    let generator = echo(&trace);
    assert!(matches!(generator.resume(5), Err(ResumeError::JustStarted)));
    assert_eq!(told(generator.resume(5)), "can't send non-None value to a just-started generator");
    assert_eq!(generator.status(), GeneratorStatus::New);
    assert!(trace.take().is_empty());
    assert_eq!(told(generator.start()), "yields 1");
}

#[test]
fn a_finished_generator_stays_finished() {
    let generator = echo(&Trace::new());
    let _ = (generator.start(), generator.resume(0), generator.resume(0));
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    for _ in 0..3 {
        assert!(matches!(generator.resume(1), Err(ResumeError::Finished)));
        assert!(matches!(generator.start(), Err(ResumeError::Finished)));
        assert_eq!(told(generator.resume(1)), "generator has finished");
        assert!(matches!(generator.close(), Ok(None)));
    }
}

#[test]
fn a_suspended_generator_cannot_be_started_again() {
    let generator = echo(&Trace::new());
    generator.start().unwrap();
    assert!(matches!(generator.start(), Err(ResumeError::AlreadyStarted)));
    assert_eq!(told(generator.start()), "generator has already started; resume it instead");
    assert_eq!(told(generator.resume(3)), "yields 3");
}

#[test]
fn the_status_tells_where_it_is_in_its_life() {
    use GeneratorStatus::{Finished, New, Running, Suspended};
    let slot: Rc<RefCell<Option<Rc<Generator<i32>>>>> = Rc::default();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (me, sees) = (slot.clone(), seen.clone());
    let generator = Rc::new(Generator::new(move |co: Co<i32>| {
        sees.borrow_mut().push(me.borrow().as_ref().unwrap().status());
        co.yield_(1);
        sees.borrow_mut().push(me.borrow().as_ref().unwrap().status());
    }));
    *slot.borrow_mut() = Some(generator.clone());
    seen.borrow_mut().push(generator.status());
    generator.start().unwrap();
    seen.borrow_mut().push(generator.status());
    generator.resume(()).unwrap();
    seen.borrow_mut().push(generator.status());
    assert_eq!(*seen.borrow(), [New, Running, Suspended, Running, Finished]);
    slot.take();
}

/// test_generators: test_issue103488; PEP 255: "generator already executing".
#[test]
fn a_running_generator_cannot_be_resumed_thrown_into_or_closed() {
    let slot: Rc<RefCell<Option<Rc<Generator<String, (), ()>>>>> = Rc::default();
    let me = slot.clone();
    let generator = Rc::new(Generator::new(move |co: Co<String>| {
        let me = me.borrow().as_ref().unwrap().clone();
        for outcome in [me.start(), me.resume(()), me.throw("boom")] {
            assert!(matches!(outcome, Err(ResumeError::AlreadyExecuting)));
            co.yield_(told(outcome));
        }
        co.yield_(me.close().unwrap_err().to_string());
    }));
    *slot.borrow_mut() = Some(generator.clone());
    let mut texts = vec![told(generator.start())];
    texts.extend((0..4).map(|_| told(generator.resume(()))));
    let executing = "yields \"generator already executing\"";
    assert_eq!(texts, [executing, executing, executing, executing, "returns ()"]);
    slot.take();
}

#[test]
fn a_generator_resumed_by_one_it_resumes_is_already_executing() {
    let slot: Rc<RefCell<Option<Rc<Generator<String>>>>> = Rc::default();
    let outer = slot.clone();
    let generator = Rc::new(Generator::new(move |co: Co<String>| {
        let inner = Generator::<String>::new(move |co| {
            let outer = outer.borrow().as_ref().unwrap().clone();
            co.yield_(told(outer.resume(())));
        });
        inner.for_each(|text| co.yield_(text));
    }));
    *slot.borrow_mut() = Some(generator.clone());
    assert_eq!(told(generator.start()), "yields \"generator already executing\"");
    assert_eq!(told(generator.resume(())), "returns ()");
    slot.take();
}

/// test_generators: throw on a new one (checked against CPython 3.13).
#[test]
fn throwing_into_a_new_generator_finishes_it_without_running_it() {
    let trace = Trace::new();
    let held = trace.on_drop("the body is dropped");
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |_| {
        said.add("runs");
        drop(held);
    });
    assert_eq!(told(generator.throw("boom")), "boom");
    assert_eq!(trace.take(), ["the body is dropped"]);
    assert_eq!(generator.status(), GeneratorStatus::Finished);
    assert!(matches!(generator.start(), Err(ResumeError::Finished)));
}

#[test]
fn throwing_into_a_finished_generator_gives_the_error_back() {
    let generator = Generator::<i32>::new(|_| ());
    generator.start().unwrap();
    for text in ["first", "second"] {
        assert_eq!(told(generator.throw(text)), text);
    }
    assert_eq!(generator.status(), GeneratorStatus::Finished);
}

/// CPython 3.13: `g().throw(StopIteration(5))` raises that, for no body has let it out.
#[test]
fn a_generators_end_thrown_into_one_that_does_not_run_comes_back_as_it_is() {
    let new = Generator::<i32>::new(|_| ());
    assert_eq!(told(new.throw(ResumeError::Finished)), "generator has finished");
    assert_eq!(told(new.throw(ResumeError::Finished)), "generator has finished");
}

/// test_generators: test_except_throw
#[test]
fn an_error_thrown_in_can_be_caught_kept_and_raised_later() {
    let generator = Generator::<i32>::new(|co| {
        let Err(Thrown::Error(error)) = co.try_yield(1) else { panic!("nothing was thrown") };
        co.yield_(2);
        co.yield_(3);
        co.raise(error)
    });
    assert_eq!(told(generator.start()), "yields 1");
    assert_eq!(told(generator.throw("kept")), "yields 2");
    assert_eq!(told(generator.resume(())), "yields 3");
    assert_eq!(told(generator.resume(())), "kept");
    assert_eq!(told(generator.resume(())), "generator has finished");
}

#[test]
fn an_error_thrown_in_and_not_caught_leaves_by_the_frames() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |co| {
        let _outer = said.on_drop("outer frame");
        let deep = || {
            let _inner = said.on_drop("inner frame");
            co.yield_(1);
            said.add("not reached");
        };
        deep();
    });
    generator.start().unwrap();
    assert_eq!(told(generator.throw("boom")), "boom");
    assert_eq!(trace.take(), ["inner frame", "outer frame"]);
    assert_eq!(generator.status(), GeneratorStatus::Finished);
}

#[test]
fn the_error_comes_out_as_it_went_in() {
    #[derive(Debug)]
    struct LunchError(u32);
    impl std::fmt::Display for LunchError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "tomato {} ejected", self.0)
        }
    }
    impl std::error::Error for LunchError {}

    let generator = Generator::<i32>::new(|co| co.yield_(1));
    generator.start().unwrap();
    let Err(ResumeError::Raised(error)) = generator.throw(LunchError(3)) else { panic!("it was thrown") };
    assert_eq!(error.downcast_ref::<LunchError>().unwrap().0, 3);
}

/// test_generators: test_return_tuple, test_return_stopiteration: any value may be returned.
#[test]
fn what_is_sent_may_be_returned_whatever_it_is() {
    let generator = Generator::<(), ResumeError, ResumeError>::new(|co| co.yield_(()));
    generator.start().unwrap();
    let Ok(GeneratorState::Complete(ResumeError::Finished)) = generator.resume(ResumeError::Finished) else {
        panic!("an end as a value is a value");
    };
}

/// test_generators: "for" over a generator.
#[test]
fn a_generator_is_an_iterator() {
    let mut squares = Generator::<u32>::new(|co| (1..=4).for_each(|n| co.yield_(n * n)));
    assert_eq!(squares.next(), Some(1));
    assert_eq!(squares.by_ref().collect::<Vec<_>>(), [4, 9, 16]);
    assert_eq!((squares.next(), squares.next()), (None, None));
    assert_eq!(Generator::<i32>::new(|_| ()).next(), None);
}

/// test_generators: the fun tests (recursive tree walks, sieve).
#[test]
fn generators_may_be_nested_as_deep_as_there_are_stacks() {
    fn walk(low: u32, high: u32) -> Generator<u32> {
        Generator::new(move |co: Co<u32>| {
            if low < high {
                let middle = (low + high) / 2;
                walk(low, middle).for_each(|n| co.yield_(n));
                co.yield_(middle);
                walk(middle + 1, high).for_each(|n| co.yield_(n));
            }
        })
    }
    assert_eq!(walk(0, 100).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_generator_yields_from_any_depth_of_plain_calls() {
    fn down(depth: u32, co: &Co<u32>) {
        if depth > 0 {
            down(depth - 1, co);
        }
        co.yield_(depth);
    }
    let generator = Generator::new(|co| down(100, &co));
    assert_eq!(generator.collect::<Vec<_>>(), (0..=100).collect::<Vec<_>>());
}

#[test]
fn a_generator_may_move_between_resumes() {
    let generator = echo(&Trace::new());
    generator.start().unwrap();
    let boxed = Box::new(generator);
    assert_eq!(told(boxed.resume(5)), "yields 5");
    let moved = *boxed;
    assert_eq!(told(moved.resume(6)), "returns 6");
}

/// test_generators: test_frame_resurrect and the weakref tests have no counterpart; what a finished
/// generator held is gone.
#[test]
fn what_a_finished_generator_held_is_dropped() {
    let trace = Trace::new();
    let held = trace.on_drop("captured");
    let said = trace.clone();
    let generator = Generator::<i32>::new(move |co| {
        let _held = held;
        let _local = said.on_drop("local");
        co.yield_(1);
    });
    generator.start().unwrap();
    assert!(trace.take().is_empty());
    generator.resume(()).unwrap();
    assert_eq!(trace.take(), ["local", "captured"]);
}

/// test_generators: the lazy evaluation of the tutorial.
#[test]
fn a_new_generator_takes_no_stack() {
    let before = cede::stack::counts();
    let generator = Generator::<i32>::new(|co| co.yield_(1));
    assert_eq!(cede::stack::counts(), before);
    generator.start().unwrap();
    let after = cede::stack::counts();
    assert_eq!((after.stacks - before.stacks, after.switches - before.switches), (1, 1));
}
