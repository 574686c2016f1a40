//! Context managers from generators (test_contextlib.py, ContextManagerTestCase; test_contextlib_async.py,
//! AsyncContextManagerTestCase). Tracebacks, docstrings, attributes and decorators have no counterpart.

use std::fmt;
use std::time::Duration;

use cede::contextlib::{BlockPanicked, Chained};
use cede::{
    Awaitable, BoxError, Cancelled, Co, ContextManager, Generator, ResumeError, Thrown, context_manager,
    coroutine, create_task, sleep, with, yield_now,
};
use cede_tests::trace::{Trace, run, run_reporting};

/// An error with an identity.
#[derive(Debug, PartialEq, Eq)]
struct Zero(u32);

impl fmt::Display for Zero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "division by zero {}", self.0)
    }
}

impl std::error::Error for Zero {}

#[track_caller]
fn zero(error: BoxError) -> u32 {
    error.downcast::<Zero>().map_or_else(|other| panic!("not zero: {other}"), |zero| zero.0)
}

/// test_contextmanager_plain
#[test]
fn set_up_block_and_clean_up_run_in_this_order() {
    let trace = Trace::new();
    let told = trace.clone();
    let woohoo = context_manager(move |co: Co<i32>| {
        told.add(1);
        co.yield_(42);
        told.add(999);
    });
    let result = with(woohoo, |x| {
        trace.add(x);
        Ok("result")
    });
    assert_eq!(result.unwrap(), Some("result"));
    assert_eq!(trace.take(), ["1", "42", "999"]);
}

/// test_contextmanager_finally
#[test]
fn an_error_of_the_block_is_thrown_in_at_the_yield_and_comes_out() {
    let trace = Trace::new();
    let told = trace.clone();
    let woohoo = context_manager(move |co: Co<i32>| {
        let block = co.try_yield(42);
        told.add(999);
        block
    });
    let result = with(woohoo, |_| Err::<(), _>(Zero(1).into()));
    assert_eq!(zero(result.unwrap_err()), 1); // itself, not a wrapper
    assert_eq!(trace.take(), ["999"]);
}

/// test_contextmanager_traceback, test_contextmanager_no_reraise: the error is the one that went in
#[test]
fn a_generator_that_does_not_look_lets_the_error_through() {
    let trace = Trace::new();
    let local = trace.on_drop("destructors run");
    let manager = context_manager(move |co: Co<()>| {
        let _local = local;
        co.yield_(());
    });
    assert_eq!(zero(with(manager, |()| Err::<(), _>(Zero(2).into())).unwrap_err()), 2);
    assert_eq!(trace.take(), ["destructors run"]);
}

/// test_contextmanager_except
#[test]
fn a_generator_that_returns_suppresses_the_error() {
    let trace = Trace::new();
    let told = trace.clone();
    let woohoo = context_manager(move |co: Co<()>| {
        if let Err(Thrown::Error(error)) = co.try_yield(()) {
            told.add(zero(error));
        }
    });
    assert_eq!(with(woohoo, |()| Err::<i32, _>(Zero(999).into())).unwrap(), None);
    assert_eq!(trace.take(), ["999"]);
}

/// test_contextmanager_trap_no_yield
#[test]
fn a_generator_that_does_not_yield_cannot_be_entered() {
    let result =
        with(context_manager(|_: Co<()>| ()), |()| -> Result<(), BoxError> { panic!("the block runs") });
    assert_eq!(result.unwrap_err().to_string(), "generator didn't yield");
}

#[test]
fn a_generator_that_fails_before_its_yield_cannot_be_entered() {
    let manager = context_manager(|_: Co<()>| Err::<(), _>(Zero(3)));
    assert_eq!(zero(with(manager, |()| Ok(())).unwrap_err()), 3);
}

/// test_contextmanager_trap_second_yield
#[test]
fn a_generator_that_yields_twice_is_an_error_and_is_closed() {
    let trace = Trace::new();
    let told = trace.clone();
    let mut whoo = context_manager(move |co: Co<()>| {
        co.yield_(());
        let _told = told.on_drop("closed");
        co.yield_(());
    });
    whoo.enter().unwrap();
    assert_eq!(whoo.exit(None).unwrap_err().to_string(), "generator didn't stop");
    assert_eq!(trace.take(), ["closed"]);
}

/// test_contextmanager_trap_yield_after_throw
#[test]
fn a_generator_that_yields_after_an_error_was_thrown_in_is_an_error_and_is_closed() {
    let trace = Trace::new();
    let told = trace.clone();
    let mut whoo = context_manager(move |co: Co<()>| {
        let _ = co.try_yield(());
        let _told = told.on_drop("closed");
        co.yield_(());
    });
    whoo.enter().unwrap();
    let error = whoo.exit(Some("foo".into())).unwrap_err();
    assert_eq!(error.to_string(), "generator didn't stop after throw()");
    assert_eq!(trace.take(), ["closed"]);
}

#[test]
fn a_generator_that_cannot_even_be_closed_says_that() {
    let mut whoo = context_manager(|co: Co<()>| (0..3).for_each(|_| drop(co.try_yield(()))));
    whoo.enter().unwrap();
    assert_eq!(whoo.exit(None).unwrap_err().to_string(), "generator ignored GeneratorExit");
}

/// test_contextmanager_non_normalised, test_contextmanager_wrap_runtimeerror
#[test]
fn a_generator_may_raise_another_error_instead() {
    let whoo = context_manager(|co: Co<()>| co.try_yield(()).map_err(|_| Zero(5)));
    assert_eq!(zero(with(whoo, |()| Err::<(), _>("a syntax error".into())).unwrap_err()), 5);
}

/// test_contextmanager_do_not_unchain_non_stopiteration_exceptions
#[test]
fn a_generator_may_raise_another_error_from_the_one_thrown_in() {
    let chained = context_manager(|co: Co<()>| {
        co.try_yield(()).map_err(|thrown| Chained::new("issue29692:Chained", thrown.into_error()))
    });
    let error = with(chained, |()| Err::<(), _>(Zero(6).into())).unwrap_err();
    let (error, context) = error.downcast::<Chained>().unwrap().into_parts();
    assert_eq!((error.to_string(), zero(context)), ("issue29692:Chained".to_owned(), 6));
}

/// test_contextmanager_except_stopiter, test_contextmanager_except_pep479
#[test]
fn a_generators_end_that_the_block_fails_with_is_not_taken_for_the_managers() {
    let block = |()| Err::<(), BoxError>(ResumeError::Finished.into());
    let error = with(context_manager(|co: Co<()>| co.yield_(())), block).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ResumeError::Finished)), "{error}");
}

/// test_recursive
#[test]
fn managers_nest() {
    let trace = Trace::new();
    fn recursive(trace: &Trace, depth: u32) {
        let told = trace.clone();
        let manager = context_manager(move |co: Co<()>| {
            told.add(format!("in {depth}"));
            co.yield_(());
            told.add(format!("out {depth}"));
        });
        with(manager, |()| {
            if depth < 3 {
                recursive(trace, depth + 1);
            }
            Ok(())
        })
        .unwrap();
    }
    recursive(&trace, 1);
    assert_eq!(trace.take(), ["in 1", "in 2", "in 3", "out 3", "out 2", "out 1"]);
}

/// test_nokeepref, in our shape: what the block is given is the block's alone
#[test]
fn the_value_goes_to_the_block() {
    let trace = Trace::new();
    let value = trace.on_drop("the value goes");
    let told = trace.clone();
    let manager = context_manager(move |co: Co<_>| {
        co.yield_(value);
        told.add("clean-up");
    });
    with(manager, |value| {
        drop(value);
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["the value goes", "clean-up"]);
}

#[test]
fn a_manager_can_be_entered_once() {
    let mut manager = context_manager(|co: Co<()>| co.yield_(()));
    manager.enter().unwrap();
    assert_eq!(manager.enter().unwrap_err().to_string(), "generator has already started; resume it instead");
    manager.exit(None).unwrap();
    assert_eq!(manager.enter().unwrap_err().to_string(), "generator didn't yield");
    manager.exit(None).unwrap(); // as in CPython: nothing is left to do
}

#[test]
fn a_manager_that_was_never_entered_runs_nothing() {
    drop(context_manager(|_: Co<()>| -> () { panic!("nobody entered") }));
}

// ---- panics

#[test]
fn a_panic_of_the_block_reaches_the_manager_and_goes_on_although_it_returns() {
    let trace = Trace::new();
    let told = trace.clone();
    let manager = context_manager(move |co: Co<()>| {
        if let Err(Thrown::Error(error)) = co.try_yield(()) {
            told.add(error.downcast::<BlockPanicked>().unwrap().text());
        }
    });
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        with(manager, |()| -> Result<(), BoxError> { panic!("it broke") })
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"it broke"));
    assert_eq!(trace.take(), ["it broke"]);
}

#[test]
fn an_error_that_the_manager_raises_in_a_panic_is_reported() {
    let (error, reports) = run_reporting(|| {
        let task = create_task(coroutine(|| {
            let manager = context_manager(|co: Co<()>| co.try_yield(()).map_err(|_| Zero(7)));
            drop(with(manager, |()| -> Result<(), BoxError> { panic!("it broke") }));
        }));
        task.await_().unwrap_err().to_string()
    });
    assert_eq!(error, "the task panicked: it broke");
    assert_eq!(reports, ["an error was lost, for the panic 'it broke' goes on instead: division by zero 7"]);
}

#[test]
#[should_panic = "in the set-up"]
fn a_panic_of_the_manager_goes_on() {
    let _ = with(context_manager(|_: Co<()>| -> () { panic!("in the set-up") }), |()| Ok(()));
}

// ---- awaiting (asynccontextmanager)

/// test_contextmanager_plain, async
#[test]
fn set_up_block_and_clean_up_may_await() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let other = told.clone();
        create_task(coroutine(move || {
            for _ in 0..3 {
                other.add("another");
                yield_now().await_().unwrap();
            }
        }));
        let within = told.clone();
        let manager = context_manager(move |co: Co<()>| {
            yield_now().await_().unwrap();
            within.add("set up");
            co.yield_(());
            yield_now().await_().unwrap();
            within.add("clean up");
        });
        with(manager, |()| {
            yield_now().await_()?;
            told.add("block");
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(trace.take(), ["another", "set up", "another", "block", "another", "clean up"]);
}

/// test_contextmanager_finally, async, with the error that asyncio has most of
#[test]
fn a_cancellation_of_the_block_goes_through_the_manager_whose_clean_up_awaits() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = create_task(
            coroutine(move || {
                let manager = context_manager(move |co: Co<()>| {
                    let block = co.try_yield(());
                    told.add(format!("{:?}", sleep(Duration::from_secs(1)).await_()));
                    block
                });
                with(manager, |()| Ok(sleep(Duration::from_secs(60)).await_()?))
            })
            .fallible(),
        );
        yield_now().await_().unwrap();
        task.cancel();
        let error = match task.await_() {
            Ok(result) => result.unwrap_err(),
            Err(error) => error.into(),
        };
        assert!(error.is::<Cancelled>() || error.to_string() == "cancelled", "{error}");
    });
    assert_eq!(trace.take(), ["Ok(())"]);
}

/// test_contextmanager_except, async: suppressing a cancellation is allowed, and the task is not cancelled
#[test]
fn a_manager_may_suppress_a_cancellation() {
    run(|| {
        let task = create_task(coroutine(|| {
            let manager = context_manager(|co: Co<()>| drop(co.try_yield(())));
            with(manager, |()| Ok(sleep(Duration::from_secs(60)).await_()?)).unwrap()
        }));
        yield_now().await_().unwrap();
        task.cancel();
        assert_eq!(task.await_().unwrap(), None);
    });
}

/// test_async_gen_propagates_generator_exit
#[test]
fn a_generator_that_is_closed_inside_a_with_block_leaves_it() {
    let trace = Trace::new();
    let told = trace.clone();
    let generator = Generator::new(move |co: Co<i32>| {
        let manager = context_manager(move |co: Co<()>| {
            let block = co.try_yield(());
            told.add(if block.is_err() { "left by an error" } else { "left" });
            block
        });
        let _ = with(manager, |()| {
            co.yield_(11);
            Ok(())
        });
    });
    generator.start().unwrap();
    assert_eq!(generator.close().unwrap(), None);
    assert_eq!(trace.take(), ["left by an error"]);
}

// ---- managers of one's own

/// TestAbstractContextManager, ClosingTestCase
#[test]
fn anything_may_be_a_context_manager() {
    struct Gate(Trace);
    impl ContextManager for Gate {
        type Value = &'static str;

        fn enter(&mut self) -> Result<&'static str, BoxError> {
            self.0.add("open");
            Ok("spade")
        }

        fn exit(&mut self, error: Option<BoxError>) -> Result<(), BoxError> {
            self.0.add(format!("close: {error:?}"));
            error.map_or(Ok(()), Err)
        }
    }
    let trace = Trace::new();
    assert_eq!(with(Gate(trace.clone()), |tool| Ok(tool.len())).unwrap(), Some(5));
    assert_eq!(zero(with(Gate(trace.clone()), |_| Err::<(), _>(Zero(8).into())).unwrap_err()), 8);
    assert_eq!(trace.take(), ["open", "close: None", "open", "close: Some(Zero(8))"]);
}
