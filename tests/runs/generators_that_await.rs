//! Plain generators whose bodies await: the whole task parks (test_asyncgen.py, where it has a counterpart).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::{
    Awaitable, Co, Generator, GeneratorState, GeneratorStatus, Promise, ResumeError, Thrown, coroutine,
    create_task, finally, running_loop, sleep, yield_now,
};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

const WHILE: Duration = Duration::from_millis(100);

fn ticks(times: i32) -> Generator<i32> {
    Generator::new(move |co| {
        for tick in 1..=times {
            sleep(WHILE).await_().unwrap();
            co.yield_(tick);
        }
    })
}

/// test_async_gen_asyncio_01, _02
#[test]
fn a_generator_may_await_between_its_yields() {
    assert_eq!(run(|| ticks(3).collect::<Vec<_>>()), [1, 2, 3]);
}

#[test]
fn generators_of_several_tasks_interleave() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let tasks = ["a", "b"].map(|name| {
            let told = told.clone();
            create_task(coroutine(move || ticks(3).for_each(|tick| told.add(format!("{name}{tick}")))))
        });
        tasks.into_iter().for_each(|task| task.await_().unwrap());
    });
    assert_eq!(trace.take(), ["a1", "b1", "a2", "b2", "a3", "b3"]);
}

#[test]
fn a_generator_inside_a_generator_may_await() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        create_task(coroutine(move || {
            (0..3).for_each(|_| {
                told.add("other");
                sleep(WHILE).await_().unwrap();
            })
        }));
        let outer = Generator::new(|co: Co<i32>| {
            ticks(2).for_each(|tick| {
                yield_now().await_().unwrap();
                co.yield_(10 * tick);
            });
        });
        assert_eq!(outer.collect::<Vec<_>>(), [10, 20]);
    });
    assert_eq!(trace.take(), ["other"; 3]);
}

#[test]
fn a_generator_may_delegate_to_one_that_awaits() {
    let all = run(|| Generator::new(|co: Co<i32>| co.yield_from(ticks(3))).collect::<Vec<_>>());
    assert_eq!(all, [1, 2, 3]);
}

/// test_async_gen_asyncio_asend_02
#[test]
fn a_cancellation_comes_out_of_the_await_in_the_body() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = create_task(coroutine(move || {
            let generator = Generator::new(move |co: Co<String>| {
                co.yield_("before".to_owned());
                let ended = sleep(WHILE).await_();
                co.yield_(format!("{ended:?}"));
            });
            generator.for_each(|said| told.add(said));
        }));
        yield_now().await_().unwrap();
        assert!(task.cancel());
        task.await_().unwrap();
    });
    assert_eq!(trace.take(), ["before", "Err(Cancelled { message: None })"]);
}

/// "anext(): asynchronous generator is already running"
#[test]
fn a_generator_that_awaits_for_one_task_refuses_another() {
    run(|| {
        let generator = Rc::new(ticks(1));
        let theirs = generator.clone();
        let task = create_task(coroutine(move || theirs.start().unwrap()));
        yield_now().await_().unwrap();
        assert_eq!(generator.status(), GeneratorStatus::Running);
        assert!(matches!(generator.resume(()), Err(ResumeError::AlreadyExecuting)));
        assert!(matches!(generator.close(), Err(ResumeError::AlreadyExecuting)));
        let error = generator.throw("too soon").unwrap_err();
        assert_eq!(error.to_string(), "generator already executing");
        assert_eq!(task.await_().unwrap(), GeneratorState::Yielded(1));
    });
}

#[test]
fn a_generator_may_be_resumed_by_one_task_after_another() {
    run(|| {
        let generator = Rc::new(ticks(3));
        assert_eq!(generator.start().unwrap(), GeneratorState::Yielded(1));
        let theirs = generator.clone();
        let task = create_task(coroutine(move || theirs.resume(()).unwrap()));
        assert_eq!(task.await_().unwrap(), GeneratorState::Yielded(2));
        assert_eq!(generator.resume(()).unwrap(), GeneratorState::Yielded(3));
    });
}

#[test]
fn the_generators_own_handle_refuses_another_task_while_it_awaits() {
    run(|| {
        let handle = Rc::new(RefCell::new(None));
        let kept = handle.clone();
        let task = create_task(coroutine(move || {
            let generator = Generator::new(move |co: Co<i32>| {
                *kept.borrow_mut() = Some(co.clone());
                sleep(WHILE).await_().unwrap();
                co.yield_(1);
            });
            generator.sum::<i32>()
        }));
        yield_now().await_().unwrap();
        let co: Co<i32> = handle.borrow().clone().unwrap();
        let refused = co.try_yield(2).unwrap_err();
        let text = "Co::yield_: its generator is not the innermost one that runs here";
        assert!(matches!(&refused, Thrown::Refused(_)));
        assert_eq!(refused.to_string(), text);
        assert_eq!(task.await_().unwrap(), 1);
    });
}

// ---- closing one whose clean-up awaits

/// Cleans up with an await, whether told by value or by unwinding.
fn careful(trace: &Trace) -> Generator<i32> {
    let trace = trace.clone();
    Generator::new(move |co| {
        finally(
            || co.yield_(1),
            || trace.add(format!("clean-up: {:?}", Promise::<()>::new().await_or_turn())),
        );
    })
}

trait AwaitOrTurn {
    fn await_or_turn(self) -> Result<(), String>;
}

impl AwaitOrTurn for Promise<()> {
    /// Awaits a promise that the loop sets in the next turn.
    fn await_or_turn(self) -> Result<(), String> {
        let setter = self.clone();
        running_loop().unwrap().call_soon(move || drop(setter.set_result(())));
        self.await_().map_err(|error| error.to_string())
    }
}

/// test_async_gen_asyncio_aclose_07
#[test]
fn closing_a_generator_in_a_task_waits_for_its_clean_up() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let other = told.clone();
        let generator = careful(&told);
        generator.start().unwrap();
        create_task(coroutine(move || other.add("another runs")));
        assert_eq!(generator.close().unwrap(), None);
        told.add("closed");
    });
    assert_eq!(trace.take(), ["another runs", "clean-up: Ok(())", "closed"]);
}

/// test_async_gen_asyncio_gc_aclose_09, but here and now
#[test]
fn dropping_a_generator_in_a_task_waits_for_its_clean_up() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let mut generator = careful(&told);
        assert_eq!(generator.next(), Some(1));
        drop(generator);
        told.add("dropped");
    });
    assert_eq!(trace.take(), ["clean-up: Ok(())", "dropped"]);
}

/// Nobody could pause there: the await is refused, and the generator ends all the same.
#[test]
fn dropping_a_generator_in_a_callback_refuses_its_clean_up_the_await() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let mut generator = careful(&trace);
    event_loop.call_soon(move || {
        assert_eq!(generator.next(), Some(1));
        drop(generator);
    });
    run_briefly(&event_loop);
    let text = "clean-up: Err(\"await of a promise: only a task can cede to the loop, and none runs here; move it from \
                the callback into a task\")";
    assert_eq!(trace.take(), [text]);
}

#[test]
fn dropping_a_generator_while_a_panic_leaves_the_task_refuses_its_clean_up_the_await() {
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
    });
    let told = trace.take();
    assert!(told[0].starts_with("clean-up: Err(\"await of a promise: await while unwinding"), "{told:?}");
}

/// `yield_` leaves by unwinding, so destructors run while the stack is being left; `try_yield` and `finally`
/// are where an await is possible.
#[test]
fn a_destructor_in_a_closed_generator_cannot_await() {
    struct Awaits(Trace);
    impl Drop for Awaits {
        fn drop(&mut self) {
            self.0.add(Promise::<()>::new().await_().unwrap_err().is_unwinding());
        }
    }
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generator = Generator::new(move |co: Co<i32>| {
            let _awaits = Awaits(told);
            co.yield_(1);
        });
        generator.start().unwrap();
        generator.close().unwrap();
    });
    assert_eq!(trace.take(), ["true"]);
}

#[test]
fn a_generator_that_asks_with_try_yield_may_await_when_it_is_closed() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generator = Generator::new(move |co: Co<i32>| {
            if let Err(Thrown::Exit) = co.try_yield(1) {
                told.add(format!("{:?}", sleep(WHILE).await_()));
            }
        });
        generator.start().unwrap();
        generator.close().unwrap();
    });
    assert_eq!(trace.take(), ["Ok(())"]);
}

/// test_async_gen_asyncio_aclose_06
#[test]
fn a_clean_up_that_awaits_and_yields_again_ignores_its_exit() {
    run(|| {
        let generator = Generator::new(|co: Co<i32>| {
            let _ = co.try_yield(1);
            yield_now().await_().unwrap();
            let _ = co.try_yield(12);
        });
        generator.start().unwrap();
        assert_eq!(generator.close().unwrap_err().to_string(), "generator ignored GeneratorExit");
        assert_eq!(generator.close().unwrap(), Some(())); // told again, it returns
    });
}

/// test_async_gen_asyncio_aclose_12
#[test]
fn a_clean_up_may_wait_for_a_task() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let generator = Generator::new(move |co: Co<i32>| {
            let task = create_task(coroutine(|| {
                sleep(WHILE).await_().unwrap();
                if true {
                    panic!("division by zero")
                }
            }));
            let _ = co.try_yield(1);
            told.add(task.await_().unwrap_err());
        });
        generator.start().unwrap();
        generator.close().unwrap();
    });
    assert_eq!(trace.take(), ["the task panicked: division by zero"]);
}

#[test]
fn a_cancellation_interrupts_the_clean_up_of_the_generator_that_is_closed() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = create_task(coroutine(move || {
            let generator = Generator::new(move |co: Co<i32>| {
                let _ = co.try_yield(1);
                told.add(format!("{:?}", sleep(WHILE).await_()));
            });
            generator.start().unwrap();
            generator.close().map(drop).map_err(|error| error.to_string())
        }));
        yield_now().await_().unwrap();
        task.cancel();
        assert_eq!(task.await_().unwrap(), Ok(()));
    });
    assert_eq!(trace.take(), ["Err(Cancelled { message: None })"]);
}

// ---- teardown

#[test]
fn a_loop_that_closes_unwinds_a_task_inside_its_generators_await() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (body, told) = (trace.on_drop("the body's local goes"), trace.on_drop("the task's local goes"));
    event_loop
        .create_task(coroutine(move || {
            let _told = told;
            let generator = Generator::new(move |co: Co<i32>| {
                let _body = body;
                while sleep(WHILE).await_().is_err() {}
                co.yield_(1);
            });
            let _ = generator.start();
        }))
        .set_name("stubborn");
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    let told = trace.take();
    assert!(told[0].starts_with("task 'stubborn' was destroyed but it is pending"), "{told:?}");
    assert_eq!(told[1..], ["the body's local goes", "the task's local goes"]);
}

#[test]
fn a_loop_that_closes_unwinds_a_generator_that_waits_at_its_yield() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let body = trace.on_drop("the body's local goes");
    event_loop.create_task(coroutine(move || {
        let generator = Generator::new(move |co: Co<i32>| {
            let _body = body;
            co.yield_(1);
        });
        generator.start().unwrap();
        while sleep(WHILE).await_().is_err() {}
        drop(generator);
    }));
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    assert_eq!(trace.take().last().unwrap(), "the body's local goes");
}

#[test]
fn a_generator_that_resists_its_loops_end_is_leaked_with_its_task_and_reported() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    event_loop
        .create_task(coroutine(|| {
            let generator = Generator::new(|_: Co<i32>| {
                loop {
                    let _ = std::panic::catch_unwind(|| while sleep(WHILE).await_().is_err() {});
                }
            });
            let _ = generator.start();
        }))
        .set_name("immortal");
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    let text = "task 'immortal' was told to end 1000 times and ignored it; its stack is leaked";
    assert_eq!(trace.take().last().unwrap(), text);
}

/// Its clean-up outlives the loop that its awaits would need.
#[test]
fn a_generator_that_is_dropped_after_its_loop_was_closed_cleans_up_without_awaiting() {
    let trace = Trace::new();
    let told = trace.clone();
    let generator = run(move || {
        let generator = Generator::new(move |co: Co<i32>| {
            let _ = co.try_yield(1);
            told.add(cede::to_thread(|| ()).await_().unwrap_err());
        });
        generator.start().unwrap();
        generator
    });
    drop(generator);
    let text = "to_thread: no running event loop; call it from inside cede::run or a loop's callback";
    assert_eq!(trace.take(), [text]);
}
