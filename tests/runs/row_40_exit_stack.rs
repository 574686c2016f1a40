//! `ExitStack` (test_contextlib.py, TestBaseExitStack; test_contextlib_async.py, TestAsyncExitStack).

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use cede::contextlib::Chained;
use cede::{Awaitable, BoxError, Co, ContextManager, ExitStack, context_manager, with, yield_now};
use cede_tests::trace::{Trace, run, run_reporting};

/// The texts of an error and of those in the middle of which it happened, latest first.
fn chain(error: BoxError) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        next = match error.downcast::<Chained>() {
            Ok(chained) => {
                let (error, context) = chained.into_parts();
                texts.push(error.to_string());
                Some(context)
            }
            Err(error) => {
                texts.push(error.to_string());
                None
            }
        };
    }
    texts
}

fn fail(text: &'static str) -> impl FnOnce() -> Result<(), BoxError> {
    move || Err(text.into())
}

/// test_no_resources
#[test]
fn an_empty_stack_does_nothing() {
    assert_eq!(ExitStack::with(|_| Ok(5)).unwrap(), Some(5));
}

/// test_callback
#[test]
fn callbacks_run_last_in_first_out() {
    let trace = Trace::new();
    ExitStack::with(|stack| {
        for number in 1..=3 {
            stack.callback(trace.call(number));
        }
        trace.add("block");
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["block", "3", "2", "1"]);
}

/// test_push
#[test]
fn what_is_pushed_sees_the_error_until_one_suppresses_it() {
    let trace = Trace::new();
    let told = trace.clone();
    let see = move |name: &'static str, suppress: bool| {
        let told = told.clone();
        move |error: Option<&(dyn std::error::Error + 'static)>| {
            told.add(format!("{name} {}", error.map_or("nothing".to_owned(), ToString::to_string)));
            Ok(suppress)
        }
    };
    let result = ExitStack::with(|stack| {
        stack.push(see("first sees", false));
        stack.push(see("second suppresses", true));
        stack.push(see("third sees", false));
        Err::<(), _>("division by zero".into())
    });
    assert_eq!(result.unwrap(), None);
    let expected =
        ["third sees division by zero", "second suppresses division by zero", "first sees nothing"];
    assert_eq!(trace.take(), expected);
}

/// test_enter_context
#[test]
fn a_context_manager_is_left_with_the_stack() {
    let trace = Trace::new();
    let told = trace.clone();
    ExitStack::with(|stack| {
        stack.callback(trace.call(4));
        let manager = context_manager(move |co: Co<i32>| {
            told.add(1);
            co.yield_(2);
            told.add(3);
        });
        let value = stack.enter_context(manager)?;
        trace.add(value);
        assert_eq!(stack.len(), 2);
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["1", "2", "3", "4"]);
}

/// test_enter_context_errors
#[test]
fn a_context_manager_that_cannot_be_entered_is_not_left() {
    let error = ExitStack::with(|stack| {
        let entered = stack.enter_context(context_manager(|_: Co<()>| ()));
        assert!(stack.is_empty());
        entered
    });
    assert_eq!(error.unwrap_err().to_string(), "generator didn't yield");
}

/// test_push: an object with an `__exit__`
#[test]
fn a_context_manager_that_was_entered_elsewhere_can_be_left_with_the_stack() {
    let trace = Trace::new();
    let told = trace.clone();
    let mut manager = context_manager(move |co: Co<()>| {
        co.yield_(());
        told.add("left");
    });
    manager.enter().unwrap();
    ExitStack::with(|stack| {
        stack.push_manager(manager);
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["left"]);
}

/// test_close
#[test]
fn close_runs_the_clean_ups_now() {
    let trace = Trace::new();
    ExitStack::with(|stack| {
        stack.callback(trace.call(1));
        stack.close()?;
        trace.add(2);
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["1", "2"]);
}

/// test_pop_all
#[test]
fn pop_all_hands_the_clean_ups_over() {
    let trace = Trace::new();
    let mut kept = ExitStack::with(|stack| {
        stack.callback(trace.call(3));
        let kept = stack.pop_all();
        trace.add(1);
        Ok(kept)
    })
    .unwrap()
    .unwrap();
    trace.add(2);
    kept.close().unwrap();
    assert_eq!(trace.take(), ["1", "2", "3"]);
}

/// test_exit_raise
#[test]
fn an_error_that_nobody_suppresses_comes_out() {
    let result = ExitStack::with(|stack| {
        stack.push(|_| Ok(false));
        Err::<(), _>("division by zero".into())
    });
    assert_eq!(result.unwrap_err().to_string(), "division by zero");
}

/// test_exit_suppress, test_body_exception_suppress
#[test]
fn an_error_that_is_suppressed_does_not_come_out() {
    let result = ExitStack::with(|stack| {
        stack.push(|_| Ok(true));
        Err::<(), _>("division by zero".into())
    });
    assert_eq!(result.unwrap(), None);
}

/// test_exit_exception_chaining
#[test]
fn errors_of_clean_ups_are_chained_as_they_come() {
    let saved = Rc::new(RefCell::new(String::new()));
    let save = saved.clone();
    let result = ExitStack::with(|stack| {
        stack.callback(fail("index"));
        stack.callback(fail("key"));
        stack.callback(fail("attribute"));
        stack.push(move |error| {
            *save.borrow_mut() = error.unwrap().to_string();
            Ok(true)
        });
        stack.callback(fail("value"));
        Err::<(), _>("division by zero".into())
    });
    assert_eq!(chain(result.unwrap_err()), ["index", "key", "attribute"]);
    assert_eq!(*saved.borrow(), "value; it happened while this was handled: division by zero");
}

/// test_exit_exception_chaining_reference: nested `with` blocks do the same
#[test]
fn nested_blocks_chain_as_the_stack_does() {
    let raise = |text: &'static str| {
        context_manager(move |co: Co<()>| {
            co.try_yield(()).map_err(|thrown| Chained::new(text, thrown.into_error()))
        })
    };
    let nested = with(raise("index"), |()| with(raise("key"), |()| Err::<(), _>("zero".into())));
    let stacked = ExitStack::with(|stack| {
        stack.enter_context(raise("index"))?;
        stack.enter_context(raise("key"))?;
        Err::<(), _>("zero".into())
    });
    let texts = ["index", "key", "zero"];
    assert_eq!(
        (chain(nested.unwrap_err()), chain(stacked.unwrap_err())),
        (texts.map(String::from).into(), texts.map(String::from).into())
    );
}

/// test_exit_exception_non_suppressing
#[test]
fn an_error_of_a_clean_up_comes_out_unless_a_later_one_suppresses_it() {
    let result = ExitStack::with(|stack| {
        stack.callback(|| ());
        stack.callback(fail("index"));
        Ok(())
    });
    assert_eq!(result.unwrap_err().to_string(), "index");
    let result = ExitStack::with(|stack| {
        stack.callback(fail("key"));
        stack.push(|_| Ok(true));
        stack.callback(fail("index"));
        Ok(())
    });
    assert_eq!(chain(result.unwrap_err()), ["key"]);
}

/// test_exit_exception_chaining_suppress
#[test]
fn one_clean_up_may_suppress_the_errors_of_all_before_it() {
    let result = ExitStack::with(|stack| {
        stack.push(|_| Ok(true));
        stack.push(|_| Err("zero".into()));
        stack.push(|_| Err("index".into()));
        Ok(5)
    });
    assert_eq!(result.unwrap(), Some(5));
}

/// test_dont_reraise_RuntimeError
#[test]
fn an_error_that_one_manager_raises_again_reaches_the_next() {
    let result = ExitStack::with(|stack| {
        let second =
            |co: Co<i32>| co.try_yield(1).map_err(|thrown| Chained::new("new error", thrown.into_error()));
        stack.enter_context(context_manager(second))?;
        stack.enter_context(context_manager(|co: Co<i32>| co.try_yield(1)))?;
        Err::<(), _>("please no infinite loop".into())
    });
    assert_eq!(chain(result.unwrap_err()), ["new error", "please no infinite loop"]);
}

/// test_excessive_nesting
#[test]
fn ten_thousand_clean_ups_cost_no_stack() {
    let count = Rc::new(std::cell::Cell::new(0));
    ExitStack::with(|stack| {
        for _ in 0..10_000 {
            let count = count.clone();
            stack.callback(move || count.set(count.get() + 1));
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(count.get(), 10_000);
}

/// test_async_callback, test_async_push, test_enter_async_context
#[test]
fn clean_ups_may_await() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let other = told.clone();
        cede::create_task(cede::coroutine(move || other.add("another runs")));
        ExitStack::with(|stack| {
            let (first, second) = (told.clone(), told.clone());
            stack.callback(move || first.add("last"));
            stack.callback(move || {
                yield_now().await_()?;
                second.add("first");
                Ok::<_, cede::Cancelled>(())
            });
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(trace.take(), ["another runs", "first", "last"]);
}

// ---- panics, and stacks that nobody leaves

#[test]
fn a_panic_of_the_block_runs_the_clean_ups_and_cannot_be_suppressed() {
    let trace = Trace::new();
    let told = trace.clone();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        ExitStack::with(|stack| -> Result<(), BoxError> {
            stack.push(move |error| {
                told.add(error.unwrap());
                Ok(true)
            });
            panic!("it broke")
        })
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"it broke"));
    assert_eq!(trace.take(), ["the block panicked: it broke"]);
}

#[test]
fn a_clean_up_that_panics_does_not_keep_the_others_from_running() {
    let trace = Trace::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        ExitStack::with(|stack| {
            stack.callback(trace.call("first"));
            stack.callback(|| -> () { panic!("in the middle") });
            stack.callback(trace.call("last"));
            Ok(())
        })
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"in the middle"));
    assert_eq!(trace.take(), ["last", "first"]);
}

#[test]
fn a_stack_that_is_dropped_runs_its_clean_ups_and_reports_what_fails() {
    let trace = Trace::new();
    let told = trace.clone();
    let ((), reports) = run_reporting(move || {
        let mut stack = ExitStack::new();
        stack.callback(told.call("cleaned up"));
        stack.callback(fail("cannot"));
        drop(stack);
    });
    assert_eq!(trace.take(), ["cleaned up"]);
    assert_eq!(reports, ["an ExitStack left with an error while it was dropped: cannot"]);
}

#[test]
fn a_stack_that_is_dropped_while_a_panic_leaves_its_frame_does_not_abort() {
    let trace = Trace::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut stack = ExitStack::new();
        stack.callback(trace.call("cleaned up"));
        stack.callback(|| -> () { panic!("a second") });
        panic!("a first")
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"a first"));
    assert_eq!(trace.take(), ["cleaned up"]);
}
