//! Row 39, `yield from` (PEP 380): values, sends, errors and the exit reach the inner generator; its result
//! comes back; and the seven edge cases `close_and_throw_*`.

use cede::{BoxError, Co, Generator, GeneratorExit, GeneratorState, ResumeError, Thrown};
use cede_tests::trace::Trace;

use crate::row_36_resume::told;

type Delegate = Generator<&'static str, u32, ()>;

/// A body that says when it starts and finishes, and what it receives.
fn body(
    trace: &Trace,
    name: &'static str,
    run: impl FnOnce(&Co<&'static str, u32>, &Trace) + 'static,
) -> Delegate {
    let trace = trace.clone();
    Generator::new(move |co: Co<&'static str, u32>| {
        trace.add(format!("Starting {name}"));
        let _finally = trace.on_drop(format!("Finishing {name}"));
        run(&co, &trace);
    })
}

fn yields(co: &Co<&'static str, u32>, value: &'static str) {
    co.yield_(value);
}

fn receives(co: &Co<&'static str, u32>, trace: &Trace, name: &str, value: &'static str) {
    let received = co.yield_(value);
    trace.add(format!("{name} received {received}"));
}

/// Sends 1, 2, 3 … and says what is yielded, to the end.
fn drive(trace: &Trace, generator: &Delegate) {
    let mut state = generator.start();
    for n in 1.. {
        match state {
            Ok(GeneratorState::Yielded(value)) => trace.add(format!("Yielded {value}")),
            Ok(GeneratorState::Complete(())) => return trace.add("complete"),
            Err(error) => return trace.add(format!("error: {error}")),
        }
        state = generator.resume(n);
    }
}

/// g1: yields ham, delegates to `inner`, yields eggs.
fn ham_and_eggs(trace: &Trace, inner: impl FnOnce(&Co<&'static str, u32>, &Trace) + 'static) -> Delegate {
    body(trace, "g1", move |co, trace| {
        receives(co, trace, "g1", "g1 ham");
        co.yield_from(body(trace, "g2", inner));
        receives(co, trace, "g1", "g1 eggs");
    })
}

/// test_yield_from: test_delegation_of_initial_next_to_subgenerator
#[test]
fn the_first_resume_starts_the_inner_generator() {
    let trace = Trace::new();
    drive(
        &trace,
        &body(&trace, "g1", |co, trace| co.yield_from(body(trace, "g2", |co, _| yields(co, "42")))),
    );
    assert_eq!(
        trace.take(),
        ["Starting g1", "Starting g2", "Yielded 42", "Finishing g2", "Finishing g1", "complete"]
    );
}

/// test_yield_from: test_raising_exception_in_initial_next_call
#[test]
fn an_error_in_the_first_resume_comes_out() {
    let trace = Trace::new();
    let inquisition = "spanish inquisition occurred";
    drive(
        &trace,
        &body(&trace, "g1", move |co, trace| {
            co.yield_from(body(trace, "g2", move |co, _| co.raise(inquisition)))
        }),
    );
    assert_eq!(
        trace.take(),
        ["Starting g1", "Starting g2", "Finishing g2", "Finishing g1", "error: spanish inquisition occurred"]
    );
}

/// test_yield_from: test_delegation_of_next_call_to_subgenerator, test_delegation_of_send
#[test]
fn values_and_sends_reach_the_inner_generator() {
    let trace = Trace::new();
    let generator = ham_and_eggs(&trace, |co, trace| {
        receives(co, trace, "g2", "g2 spam");
        receives(co, trace, "g2", "g2 more spam");
    });
    drive(&trace, &generator);
    assert_eq!(
        trace.take(),
        [
            "Starting g1",
            "Yielded g1 ham",
            "g1 received 1",
            "Starting g2",
            "Yielded g2 spam",
            "g2 received 2",
            "Yielded g2 more spam",
            "g2 received 3",
            "Finishing g2",
            "Yielded g1 eggs",
            "g1 received 4",
            "Finishing g1",
            "complete",
        ]
    );
}

/// test_yield_from: test_raising_exception_in_delegated_next_call, test_handling_exception_while_delegating_send
#[test]
fn an_error_of_the_inner_generator_comes_out() {
    let trace = Trace::new();
    let generator = ham_and_eggs(&trace, |co, trace| {
        receives(co, trace, "g2", "g2 spam");
        co.raise("hovercraft is full of eels")
    });
    drive(&trace, &generator);
    assert_eq!(
        trace.take()[5..],
        [
            "g2 received 2".to_owned(),
            "Finishing g2".to_owned(),
            "Finishing g1".to_owned(),
            "error: hovercraft is full of eels".to_owned(),
        ]
    );
}

/// Steps it to the second yield, which is the inner generator's first.
fn to_the_inner_yield(trace: &Trace, generator: &Delegate) {
    trace.add(told(generator.start()));
    trace.add(told(generator.resume(0)));
}

/// test_yield_from: test_delegating_close
#[test]
fn close_reaches_the_inner_generator_first() {
    let trace = Trace::new();
    let generator = ham_and_eggs(&trace, |co, _| yields(co, "g2 spam"));
    to_the_inner_yield(&trace, &generator);
    assert!(generator.close().unwrap().is_none());
    assert_eq!(
        trace.take(),
        [
            "Starting g1",
            "yields \"g1 ham\"",
            "g1 received 0",
            "Starting g2",
            "yields \"g2 spam\"",
            "Finishing g2",
            "Finishing g1",
        ]
    );
}

/// test_yield_from: test_handing_exception_while_delegating_close
#[test]
fn an_error_at_close_of_the_inner_generator_comes_out() {
    let trace = Trace::new();
    let generator = ham_and_eggs(&trace, |co, _| {
        let _exit = co.try_yield("g2 spam");
        co.raise("nybbles have exploded with delight")
    });
    to_the_inner_yield(&trace, &generator);
    assert_eq!(generator.close().unwrap_err().to_string(), "nybbles have exploded with delight");
    assert_eq!(trace.take()[5..], ["Finishing g2".to_owned(), "Finishing g1".to_owned()]);
}

/// test_yield_from: test_delegating_throw
#[test]
fn an_error_thrown_in_reaches_the_inner_generator_first() {
    let trace = Trace::new();
    let generator = ham_and_eggs(&trace, |co, _| yields(co, "g2 spam"));
    to_the_inner_yield(&trace, &generator);
    assert_eq!(told(generator.throw("tomato ejected")), "tomato ejected");
    assert_eq!(trace.take()[5..], ["Finishing g2".to_owned(), "Finishing g1".to_owned()]);
}

/// test_yield_from: test_returning_value_from_delegated_throw
#[test]
fn an_error_that_the_inner_generator_catches_goes_no_further() {
    let trace = Trace::new();
    let generator = ham_and_eggs(&trace, |co, trace| {
        if let Err(thrown) = co.try_yield("g2 spam") {
            trace.add(format!("Caught {thrown} in g2"));
            co.yield_("g2 lunch saved");
            co.yield_("g2 yet more spam");
        }
    });
    to_the_inner_yield(&trace, &generator);
    trace.add(told(generator.throw("LunchError")));
    for _ in 0..3 {
        trace.add(told(generator.resume(9)));
    }
    assert_eq!(
        trace.take()[5..],
        [
            "Caught LunchError in g2",
            "yields \"g2 lunch saved\"",
            "yields \"g2 yet more spam\"",
            "Finishing g2",
            "yields \"g1 eggs\"",
            "g1 received 9",
            "Finishing g1",
            "returns ()",
        ]
        .map(str::to_owned)
    );
}

/// test_yield_from: test_generator_return_value
#[test]
fn the_result_of_the_inner_generator_is_that_of_the_delegation() {
    let outer = Generator::<u32, (), Vec<String>>::new(|co| {
        ["a", "b"]
            .into_iter()
            .map(|name| {
                co.yield_from(Generator::new(move |co: Co<u32>| {
                    co.yield_(1);
                    format!("{name} returned")
                }))
            })
            .collect()
    });
    assert_eq!(told(outer.start()), "yields 1");
    assert_eq!(told(outer.resume(())), "yields 1");
    assert_eq!(told(outer.resume(())), "returns [\"a returned\", \"b returned\"]");
}

/// test_yield_from: test_catching_exception_from_subgen_and_returning
#[test]
fn an_inner_generator_may_catch_what_is_thrown_and_return() {
    let outer = Generator::<i32>::new(|co| {
        let value = co.yield_from(Generator::new(|co: Co<i32>| match co.try_yield(1) {
            Err(Thrown::Error(_)) => 2,
            _ => 3,
        }));
        co.yield_(value * 10);
    });
    assert_eq!(told(outer.start()), "yields 1");
    assert_eq!(told(outer.throw("ValueError")), "yields 20");
}

/// test_yield_from: test_yield_from_empty
#[test]
fn delegating_to_a_generator_that_yields_nothing_yields_nothing() {
    let outer = Generator::<i32, (), u8>::new(|co| co.yield_from(Generator::new(|_| 5)));
    assert_eq!(told(outer.start()), "returns 5");
}

/// test_yield_from: test_attempted_yield_from_loop, test_delegating_generators_claim_to_be_running
#[test]
fn an_inner_generator_finds_the_outer_one_executing() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let slot: Rc<RefCell<Option<Rc<Generator<String>>>>> = Rc::default();
    let outermost = slot.clone();
    let outer = Rc::new(Generator::new(move |co: Co<String>| {
        co.yield_from(Generator::new(move |co: Co<String>| {
            let outer = outermost.borrow().as_ref().unwrap().clone();
            co.yield_(told(outer.resume(())));
            co.yield_(outer.close().unwrap_err().to_string());
        }));
    }));
    *slot.borrow_mut() = Some(outer.clone());
    assert_eq!(told(outer.start()), "yields \"generator already executing\"");
    assert_eq!(told(outer.resume(())), "yields \"generator already executing\"");
    assert_eq!(told(outer.resume(())), "returns ()");
    slot.take();
}

#[test]
fn an_inner_generator_that_has_run_before_is_refused() {
    let used = Generator::<i32>::new(|co| co.yield_(1));
    used.start().unwrap();
    let outer = Generator::<i32, (), String>::new(move |co| match co.try_yield_from(&used) {
        Err(thrown) => thrown.to_string(),
        Ok(()) => unreachable!(),
    });
    assert_eq!(told(outer.start()), "returns \"generator has already started; resume it instead\"");
}

/// DESIGN §5, PEP 380: a delegation as deep as you like.
#[test]
fn delegation_goes_any_number_of_levels_deep() {
    fn level(depth: u32) -> Generator<u32, u32, u32> {
        Generator::new(
            move |co: Co<u32, u32>| {
                if depth == 0 { co.yield_(0) } else { co.yield_from(level(depth - 1)) + 1 }
            },
        )
    }
    let outer = level(50);
    assert_eq!(told(outer.start()), "yields 0");
    assert_eq!(told(outer.resume(7)), "returns 57");
}

// ---- test_yield_from: TestInterestingEdgeCases

/// What the inner generator does with whatever is thrown into its first yield.
#[derive(Clone, Copy, Debug)]
enum Inner {
    Work,
    RaiseExit,
    RaiseStop,
    Raise,
    Yield,
    Return,
}

/// What is done to the outer one.
#[derive(Clone, Copy, Debug)]
enum Done {
    Close,
    ThrowExit,
    ThrowStop,
    Throw,
}

fn inner(what: Inner) -> Generator<&'static str, (), &'static str> {
    Generator::new(move |co: Co<&'static str>| {
        let thrown = match what {
            Inner::Work => {
                co.yield_("first");
                None
            }
            _ => co.try_yield("first").err(),
        };
        match (what, thrown) {
            (Inner::RaiseExit, _) => co.raise(GeneratorExit),
            (Inner::RaiseStop, _) => co.raise(ResumeError::Finished),
            (Inner::Raise, _) => co.raise("raised"),
            (Inner::Yield, Some(thrown)) => {
                co.yield_("second");
                co.raise(thrown.into_error()) // the end of Python's `finally`
            }
            (Inner::Return, _) => "returned",
            (_, None) => {
                co.yield_("second");
                "returned"
            }
            (Inner::Work, Some(_)) => unreachable!(),
        }
    })
}

/// Does it to an outer generator that delegates to an inner one; what came of it, and of the next resume.
fn edge(what: Inner, done: Done) -> [String; 2] {
    let outer = Generator::<&'static str, (), &'static str>::new(move |co| co.yield_from(inner(what)));
    assert_eq!(told(outer.start()), "yields \"first\"");
    let outcome = match done {
        Done::Close => match outer.close() {
            Ok(None) => "closed".to_owned(),
            Ok(Some(value)) => format!("closed, returning {value:?}"),
            Err(error) => error.to_string(),
        },
        Done::ThrowExit => told(outer.throw(GeneratorExit)),
        Done::ThrowStop => told(outer.throw(ResumeError::Finished)),
        Done::Throw => told(outer.throw("thrown")),
    };
    [outcome, told(outer.resume(()))]
}

/// Asserts what comes of closing, of throwing an exit, a generator's end and an error, in this order; after
/// it, the outer one is finished.
#[track_caller]
fn assert_edges(what: Inner, expected: [&str; 4]) {
    for (done, expected) in
        [Done::Close, Done::ThrowExit, Done::ThrowStop, Done::Throw].into_iter().zip(expected)
    {
        assert_eq!(edge(what, done), [expected, FINISHED], "{what:?}, {done:?}");
    }
}

const FINISHED: &str = "generator has finished";
const STOP: &str = "generator raised StopIteration";
const IGNORED: &str = "generator ignored GeneratorExit";

/// test_yield_from: test_close_and_throw_work
#[test]
fn closing_and_throwing_work() {
    assert_edges(Inner::Work, ["closed", "GeneratorExit", STOP, "thrown"]);
}

/// test_yield_from: test_close_and_throw_raise_generator_exit
#[test]
fn an_inner_generator_that_raises_an_exit() {
    assert_edges(Inner::RaiseExit, ["closed", "GeneratorExit", "GeneratorExit", "GeneratorExit"]);
}

/// test_yield_from: test_close_and_throw_raise_stop_iteration
#[test]
fn an_inner_generator_that_raises_a_generators_end() {
    assert_edges(Inner::RaiseStop, [STOP; 4]);
}

/// test_yield_from: test_close_and_throw_raise_exception, test_close_and_throw_raise_base_exception: Rust's
/// errors are of one kind.
#[test]
fn an_inner_generator_that_raises_another_error() {
    assert_edges(Inner::Raise, ["raised"; 4]);
}

/// test_yield_from: test_close_and_throw_yield
#[test]
fn an_inner_generator_that_yields_once_more() {
    assert_eq!(edge(Inner::Yield, Done::Close), [IGNORED, FINISHED]);
    assert_eq!(edge(Inner::Yield, Done::ThrowExit), [IGNORED, FINISHED]);
    assert_eq!(edge(Inner::Yield, Done::ThrowStop), ["yields \"second\"", STOP]);
    assert_eq!(edge(Inner::Yield, Done::Throw), ["yields \"second\"", "thrown"]);
}

/// test_yield_from: test_close_and_throw_return
#[test]
fn an_inner_generator_that_returns() {
    assert_edges(Inner::Return, ["closed", "GeneratorExit", "returns \"returned\"", "returns \"returned\""]);
}

// ---- GeneratorExit thrown into a delegation

fn exit_thrown(inner: impl FnOnce(&Co<i32>) + 'static) -> (String, Vec<String>) {
    let trace = Trace::new();
    let said = trace.clone();
    let outer = Generator::<i32>::new(move |co| {
        said.add("Enter g");
        let told = said.clone();
        co.yield_from(Generator::new(move |co: Co<i32>| {
            told.add("Enter f");
            inner(&co);
        }));
        said.add("Exit g");
    });
    outer.start().unwrap();
    (told(outer.throw(GeneratorExit)), trace.take())
}

/// test_yield_from: test_throwing_GeneratorExit_into_subgen_that_returns
#[test]
fn an_exit_thrown_into_an_inner_generator_that_returns_still_leaves_the_outer_one() {
    let (outcome, trace) = exit_thrown(|co| drop(co.try_yield(1)));
    assert_eq!((outcome.as_str(), trace.join(", ")), ("GeneratorExit", "Enter g, Enter f".into()));
}

/// test_yield_from: test_throwing_GeneratorExit_into_subgenerator_that_yields
#[test]
fn an_exit_thrown_into_an_inner_generator_that_yields_was_ignored() {
    let (outcome, trace) = exit_thrown(|co| {
        let _exit = co.try_yield(1);
        let _again = co.try_yield(2);
    });
    assert_eq!((outcome.as_str(), trace.join(", ")), (IGNORED, "Enter g, Enter f".into()));
}

/// test_yield_from: test_throwing_GeneratorExit_into_subgen_that_raises
#[test]
fn an_exit_thrown_into_an_inner_generator_that_raises_becomes_that_error() {
    let (outcome, trace) = exit_thrown(|co| {
        let _exit = co.try_yield(1);
        co.raise("Vorpal bunny encountered")
    });
    assert_eq!((outcome.as_str(), trace.join(", ")), ("Vorpal bunny encountered", "Enter g, Enter f".into()));
}

/// `try_yield_from` gives back what the inner one did not catch: Python's `except` around a `yield from`.
#[test]
fn what_the_inner_generator_lets_out_can_be_caught_around_the_delegation() {
    let outer = Generator::<i32, (), Result<(), BoxError>>::new(|co| {
        let inner = Generator::<i32>::new(|co| co.yield_(1));
        match co.try_yield_from(&inner) {
            Err(Thrown::Error(error)) if error.to_string() == "thrown" => {
                co.yield_(2);
                Ok(())
            }
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(told(outer.start()), "yields 1");
    assert_eq!(told(outer.throw("thrown")), "yields 2");
    assert_eq!(told(outer.resume(())), "returns Ok(())");
}
