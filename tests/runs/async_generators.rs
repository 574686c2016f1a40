//! Generators that their loop knows of (test_asyncgen.py, AsyncGenAsyncioTest).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::{
    AsyncGenerator, Awaitable, Co, GeneratorStatus, Promise, Thrown, coroutine, create_task, finally,
    running_loop, sleep, yield_now,
};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

const WHILE: Duration = Duration::from_millis(100);

/// test_async_gen_asyncio_01
#[test]
fn it_is_an_iterator_that_cedes() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let other = told.clone();
        create_task(coroutine(move || other.add("another runs")));
        let ticks = AsyncGenerator::new(|co| {
            for tick in 1..=2 {
                sleep(WHILE).await_().unwrap();
                co.yield_(tick);
            }
        });
        for tick in ticks {
            told.add(tick);
        }
    });
    assert_eq!(trace.take(), ["another runs", "1", "2"]);
}

/// test_async_gen_asyncio_anext_04
#[test]
fn anext_gives_none_at_the_end_and_ever_after() {
    run(|| {
        let once = AsyncGenerator::new(|co| co.yield_(1));
        assert_eq!(once.anext().unwrap(), Some(1));
        assert_eq!(once.anext().unwrap(), None);
        assert_eq!(once.anext().unwrap(), None);
    });
}

/// test_async_gen_asyncio_asend_01
#[test]
fn what_is_sent_arrives_at_the_yield() {
    run(|| {
        let echo = AsyncGenerator::<String, String>::new(|co| {
            let mut heard = co.yield_("ready".to_owned());
            loop {
                yield_now().await_().unwrap();
                heard = co.yield_(format!("heard {heard}"));
            }
        });
        assert_eq!(echo.start().unwrap().as_deref(), Some("ready"));
        assert_eq!(echo.asend("one".into()).unwrap().as_deref(), Some("heard one"));
        assert_eq!(echo.asend("two".into()).unwrap().as_deref(), Some("heard two"));
    });
}

/// "can't send non-None value to a just-started async generator"
#[test]
fn nothing_can_be_sent_before_it_is_started() {
    run(|| {
        let echo = AsyncGenerator::<i32, i32>::new(|co| assert_eq!(co.yield_(1), 5));
        let text = "can't send non-None value to a just-started generator";
        assert_eq!(echo.asend(5).unwrap_err().to_string(), text);
        assert_eq!((echo.start().unwrap(), echo.asend(5).unwrap()), (Some(1), None));
    });
}

/// test_async_gen_asyncio_athrow_01
#[test]
fn what_is_thrown_in_may_be_caught_and_gone_on_from() {
    run(|| {
        let generator = AsyncGenerator::new(|co: Co<String>| {
            if let Err(Thrown::Error(error)) = co.try_yield("before".into()) {
                yield_now().await_().unwrap();
                co.yield_(format!("caught {error}"));
            }
        });
        generator.start().unwrap();
        assert_eq!(generator.athrow("a stone").unwrap().as_deref(), Some("caught a stone"));
        assert_eq!(generator.anext().unwrap(), None);
    });
}

/// test_async_gen_asyncio_athrow_02
#[test]
fn what_is_thrown_in_and_not_caught_comes_out() {
    run(|| {
        let generator = AsyncGenerator::new(|co: Co<i32>| co.yield_(1));
        generator.start().unwrap();
        assert_eq!(generator.athrow("a stone").unwrap_err().to_string(), "a stone");
        assert_eq!(generator.status(), GeneratorStatus::Finished);
    });
}

/// Says what its clean-up, which awaits, came to.
fn careful(trace: &Trace) -> AsyncGenerator<i32> {
    let trace = trace.clone();
    AsyncGenerator::new(move |co| {
        finally(|| co.yield_(1), || trace.add(format!("clean-up: {:?}", yield_now_or_why())));
    })
    .named("careful")
}

fn yield_now_or_why() -> Result<(), String> {
    let event_loop = running_loop().map_err(|error| error.to_string())?;
    let promise = Promise::new();
    let setter = promise.clone();
    event_loop.call_soon(move || drop(setter.set_result(())));
    promise.await_().map_err(|error| error.to_string())
}

/// test_async_gen_asyncio_aclose_07, _10
#[test]
fn aclose_waits_for_the_clean_up() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generator = careful(&told);
        generator.start().unwrap();
        generator.aclose().unwrap();
        told.add("closed");
        generator.aclose().unwrap();
    });
    assert_eq!(trace.take(), ["clean-up: Ok(())", "closed"]);
}

/// test_async_gen_asyncio_aclose_11
#[test]
fn one_that_yields_again_ignores_its_exit() {
    run(|| {
        let generator = AsyncGenerator::new(|co: Co<i32>| {
            let _ = co.try_yield(1);
            let _ = co.try_yield(2);
        });
        generator.start().unwrap();
        assert_eq!(generator.aclose().unwrap_err().to_string(), "generator ignored GeneratorExit");
    });
}

/// test_async_gen_asyncio_gc_aclose_09; here the task waits, so it is done when `drop` comes back.
#[test]
fn dropped_in_a_task_it_is_closed_there_and_then() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let mut generator = careful(&told);
        assert!(generator.next().is_some());
        drop(generator);
        told.add("dropped");
    });
    assert_eq!(trace.take(), ["clean-up: Ok(())", "dropped"]);
}

/// test_async_gen_asyncio_gc_aclose_09
#[test]
fn dropped_in_a_callback_it_is_closed_by_a_task_of_its_own() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generator = careful(&told);
        generator.start().unwrap();
        running_loop().unwrap().call_soon(move || {
            drop(generator);
            told.add("dropped");
        });
        sleep(WHILE).await_().unwrap();
    });
    assert_eq!(trace.take(), ["dropped", "clean-up: Ok(())"]);
}

#[test]
fn dropped_while_a_panic_leaves_the_task_it_is_closed_by_a_task_of_its_own() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = create_task(coroutine(move || {
            let generator = careful(&told);
            generator.start().unwrap();
            if true {
                panic!("it broke")
            }
        }));
        assert!(task.await_().unwrap_err().is_panic());
        sleep(WHILE).await_().unwrap();
    });
    assert_eq!(trace.take(), ["clean-up: Ok(())"]);
}

/// test_async_gen_asyncio_shutdown_exception_02
#[test]
fn an_error_of_one_that_was_dropped_is_reported() {
    let ((), reports) = run_reporting(|| {
        let generator = AsyncGenerator::new(|co: Co<i32>| {
            let _ = co.try_yield(1);
            co.raise("division by zero");
        });
        generator.start().unwrap();
        running_loop().unwrap().call_soon(move || drop(generator));
        sleep(WHILE).await_().unwrap();
    });
    let text = reports.first().unwrap();
    assert!(
        text.starts_with("an error occurred during closing of asynchronous generator <generator object ")
    );
    assert!(text.ends_with(": division by zero"), "{text}");
}

/// test_async_gen_asyncio_shutdown_01
#[test]
fn shutdown_asyncgens_closes_all_that_were_started_and_waits_for_them() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generators: Vec<_> = (0..3).map(|_| careful(&told)).collect();
        generators[..2].iter().for_each(|generator| assert_eq!(generator.start().unwrap(), Some(1)));
        running_loop().unwrap().shutdown_asyncgens().await_().unwrap();
        told.add("all closed");
        assert_eq!(generators[0].status(), GeneratorStatus::Finished);
        assert_eq!(generators[2].status(), GeneratorStatus::New); // was never started: nobody knows it
    });
    assert_eq!(trace.take(), ["clean-up: Ok(())", "clean-up: Ok(())", "all closed"]);
}

#[test]
fn shutdown_asyncgens_closes_them_all_at_once() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let slow: Vec<_> = (1..=3)
            .map(|number| {
                let told = told.clone();
                AsyncGenerator::new(move |co: Co<i32>| {
                    let _ = co.try_yield(number);
                    told.add(format!("{number} begins"));
                    sleep(WHILE).await_().unwrap();
                    told.add(format!("{number} ends"));
                })
            })
            .collect();
        slow.iter().for_each(|generator| assert!(generator.start().unwrap().is_some()));
        let before = running_loop().unwrap().time();
        running_loop().unwrap().shutdown_asyncgens().await_().unwrap();
        assert_eq!(running_loop().unwrap().time() - before, WHILE);
    });
    let expected = ["1 begins", "2 begins", "3 begins", "1 ends", "2 ends", "3 ends"];
    assert_eq!(trace.take(), expected);
}

/// test_async_gen_asyncio_shutdown_02
#[test]
fn run_closes_those_that_somebody_still_holds() {
    let trace = Trace::new();
    let held = Rc::new(RefCell::new(None));
    let (told, kept) = (trace.clone(), held.clone());
    let ((), reports) = run_reporting(move || {
        let generator = careful(&told);
        generator.start().unwrap();
        *kept.borrow_mut() = Some(generator);
    });
    assert_eq!(trace.take(), ["clean-up: Ok(())"]);
    assert!(reports.is_empty(), "{reports:?}");
    assert_eq!(held.borrow().as_ref().unwrap().status(), GeneratorStatus::Finished);
}

/// test_async_gen_asyncio_shutdown_exception_01
#[test]
fn run_reports_what_goes_wrong_in_closing_them() {
    let held = Rc::new(RefCell::new(None));
    let kept = held.clone();
    let ((), reports) = run_reporting(move || {
        let generator = AsyncGenerator::new(|co: Co<i32>| {
            let _ = co.try_yield(1);
            panic!("division by zero");
        });
        generator.start().unwrap();
        *kept.borrow_mut() = Some(generator);
    });
    let text = reports.first().unwrap();
    assert!(text.starts_with("an error occurred during closing of asynchronous generator"), "{text}");
    assert!(text.ends_with("the generator panicked while it was closed: division by zero"), "{text}");
}

#[test]
fn dropped_after_its_loop_was_closed_it_cleans_up_without_awaiting() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let generator = Rc::new(careful(&trace));
    let started = generator.clone();
    event_loop.call_soon(move || drop(started.start()));
    run_briefly(&event_loop);
    drop(event_loop);
    drop(generator);
    let told = trace.take();
    assert!(told[0].starts_with("clean-up: Err(\"running_loop: no running event loop"), "{told:?}");
}

#[test]
fn outside_any_loop_it_is_a_generator_like_others() {
    let numbers = AsyncGenerator::new(|co| (1..=3).for_each(|n| co.yield_(n)));
    assert_eq!(numbers.collect::<Vec<i32>>(), [1, 2, 3]);
}

#[test]
fn it_bears_its_name_and_says_where_it_is_in_its_life() {
    let generator = careful(&Trace::new()).stack_size(1 << 17);
    assert!(format!("{generator:?}").starts_with("<generator object careful at 0x"));
    assert_eq!(generator.status(), GeneratorStatus::New);
}

#[test]
#[should_panic = "AsyncGenerator::named: the generator has been started"]
fn it_cannot_be_named_once_it_has_started() {
    let generator = AsyncGenerator::new(|co| co.yield_(1));
    generator.start().unwrap();
    let _ = generator.named("late");
}

#[test]
fn a_thousand_that_come_and_go_leave_nothing_behind() {
    run(|| {
        for number in 0..1_000 {
            let generator = AsyncGenerator::new(move |co| co.yield_(number));
            assert_eq!(generator.anext().unwrap(), Some(number));
        }
        running_loop().unwrap().shutdown_asyncgens().await_().unwrap();
    });
}
