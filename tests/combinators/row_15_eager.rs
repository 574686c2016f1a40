//! Row 15: eager start. A task runs till its first suspension inside the call that makes it; a finished one
//! never enters the ready queue; the current task is right inside. And task factories.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cede::{AnyTask, Awaitable, Error, LoopHandle, Outcome, Promise, Runner, TaskFactory, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

use super::{elapsed, fails, nap, now, pass, secs, turns};

/// Runs a program on a loop whose tasks start eagerly.
#[track_caller]
fn run_eagerly<T: 'static>(main: impl FnOnce() -> T + 'static) -> T {
    let mut runner = Runner::new().clock(VirtualClock::new());
    runner.event_loop().expect("a loop").set_task_factory(TaskFactory::eager());
    runner.run(cede::coroutine(main)).expect("the program has a result")
}

fn this_loop() -> LoopHandle {
    cede::running_loop().expect("inside a loop")
}

/// test_eager_task_factory: test_eager_task_factory_set
#[test]
fn a_loop_knows_its_task_factory() {
    run_eagerly(|| {
        assert!(this_loop().task_factory().is_eager());
        assert_eq!(format!("{:?}", this_loop().task_factory()), "TaskFactory { eager: true, .. }");
        cede::create_task(cede::coroutine(|| ())).await_().unwrap();
        this_loop().set_task_factory(TaskFactory::queued());
        let task = cede::create_task(cede::coroutine(|| ()));
        assert!(!task.done());
        task.await_().unwrap();
    });
}

/// test_eager_task_factory: test_await_future_during_eager_step
#[test]
fn what_it_does_before_its_first_wait_is_done_when_the_call_returns() {
    let value = run_eagerly(|| {
        let promise = Promise::new();
        let setter = promise.clone();
        let task = cede::create_task(cede::coroutine(move || setter.set_result("my message").unwrap()));
        assert!(task.done());
        promise.await_().unwrap()
    });
    assert_eq!(value, "my message");
}

/// test_eager_task_factory: test_eager_completion
#[test]
fn one_that_never_waits_is_done_and_was_never_queued() {
    run(|| {
        let before = (this_loop().turns(), this_loop().callbacks_run());
        let task = cede::create_eager_task(cede::coroutine(|| "hello"));
        assert_eq!((task.outcome(), cede::all_tasks().len()), (Outcome::Finished, 1));
        assert_eq!(task.await_().unwrap(), "hello");
        assert_eq!((this_loop().turns(), this_loop().callbacks_run()), before, "no turn, no callback");
    });
}

/// test_eager_task_factory: test_block_after_eager_step
#[test]
fn one_that_waits_gives_control_back_and_goes_on_later() {
    let trace = Trace::new();
    let told = trace.clone();
    let value = run_eagerly(move || {
        let begun = now();
        let inside = told.clone();
        let task = cede::create_task(cede::coroutine(move || -> cede::Result<&str> {
            inside.add("begins");
            cede::sleep(secs(1)).await_()?;
            inside.add("goes on");
            Ok("finished after blocking")
        }));
        told.add("made");
        assert!(!task.done());
        let value = task.flatten().await_().unwrap();
        assert_eq!(elapsed(begun), 1);
        value
    });
    assert_eq!(value, "finished after blocking");
    assert_eq!(trace.take(), ["begins", "made", "goes on"]);
}

/// test_eager_task_factory: test_cancellation_after_eager_completion
#[test]
fn a_finished_one_refuses_a_cancel() {
    run_eagerly(|| {
        let task = cede::create_task(cede::coroutine(|| "finished without blocking"));
        assert!(!task.cancel());
        assert_eq!(task.await_().unwrap(), "finished without blocking");
    });
}

/// test_eager_task_factory: test_cancellation_after_eager_step_blocks
#[test]
fn one_that_waits_is_cancelled_where_it_waits() {
    run_eagerly(|| {
        let task = cede::create_task(nap(1, "finished after blocking"));
        assert!(task.cancel_with("cancellation message"));
        assert_eq!(task.cancelling(), 1);
        let error = task.flatten().await_().unwrap_err();
        assert_eq!(error.to_string(), "cancelled: cancellation message");
    });
}

/// test_eager_task_factory: test_current_task
#[test]
fn inside_it_is_the_current_task_and_afterwards_its_maker_is() {
    run_eagerly(|| {
        let maker = cede::current_task().unwrap();
        let seen: Rc<RefCell<Vec<AnyTask>>> = Rc::default();
        let see = seen.clone();
        let task = cede::create_task(cede::coroutine(move || {
            see.borrow_mut().push(cede::current_task().unwrap());
            cede::sleep(secs(1)).await_().unwrap();
            see.borrow_mut().push(cede::current_task().unwrap());
        }));
        assert_eq!(cede::current_task().unwrap(), maker);
        let handle = task.handle();
        assert_eq!(*seen.borrow(), std::slice::from_ref(&handle));
        task.await_().unwrap();
        assert_eq!(*seen.borrow(), [handle.clone(), handle]);
        assert_eq!(cede::current_task().unwrap(), maker);
    });
}

/// Started in a callback, there is no current task before and none afterwards.
#[test]
fn a_callback_may_start_one() {
    let event_loop = event_loop(&Trace::new());
    let seen = Rc::new(Cell::new(false));
    let see = seen.clone();
    event_loop.call_soon(move || {
        let task = cede::create_eager_task(cede::coroutine(move || {
            see.set(cede::current_task().is_some());
            cede::yield_now().await_().unwrap();
        }));
        assert!(!task.done() && cede::current_task().is_none());
    });
    run_briefly(&event_loop);
    assert!(seen.get());
    run_briefly(&event_loop);
    assert!(event_loop.all_tasks().is_empty());
}

/// test_eager_task_factory: test_all_tasks_with_eager_completion
#[test]
fn while_it_runs_it_is_one_of_all_tasks_and_no_more_when_it_has_ended() {
    run_eagerly(|| {
        let task = cede::create_task(cede::coroutine(cede::all_tasks));
        let handle = task.handle();
        assert!(task.await_().unwrap().contains(&handle));
        assert!(!cede::all_tasks().contains(&handle));
    });
}

/// test_eager_task_factory: test_all_tasks_with_blocking
#[test]
fn while_it_waits_it_is_one_of_all_tasks() {
    run_eagerly(|| {
        let (one, two) = (Promise::<()>::new(), Promise::<()>::new());
        let (awaited, set) = (one.clone(), two.clone());
        let task = cede::create_task(cede::coroutine(move || {
            awaited.await_().unwrap();
            set.set_result(()).unwrap();
        }));
        assert!(cede::all_tasks().contains(&task.handle()));
        one.set_result(()).unwrap();
        two.await_().unwrap();
        assert!(!cede::all_tasks().contains(&task.handle()));
    });
}

/// A task that parks while it is being started gives control back to its maker, and not on to whoever is
/// next in the queue.
#[test]
fn nobody_else_runs_before_the_call_returns() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let other = cede::create_task(cede::coroutine(told.call("another task")));
        this_loop().call_soon(told.call("a callback"));
        let inside = told.clone();
        let task = cede::create_eager_task(cede::coroutine(move || {
            inside.add("begins");
            cede::yield_now().await_().unwrap();
            inside.add("goes on");
        }));
        told.add("made");
        task.await_().unwrap();
        other.await_().unwrap();
    });
    assert_eq!(trace.take(), ["begins", "made", "another task", "a callback", "goes on"]);
}

/// test_eager_task_factory: test_awaitables_chain
#[test]
fn they_may_start_each_other_to_any_depth() {
    fn nested(depth: u32, trace: Trace) {
        trace.add(format_args!("{depth} begins"));
        if depth > 0 {
            let inside = trace.clone();
            let child = cede::create_eager_task(cede::coroutine(move || nested(depth - 1, inside)));
            trace.add(format_args!("{depth} has made its child, done: {}", child.done()));
            child.await_().unwrap();
        } else {
            cede::yield_now().await_().unwrap();
        }
        trace.add(format_args!("{depth} ends"));
    }
    let trace = Trace::new();
    let told = trace.clone();
    run(move || nested(2, told));
    assert_eq!(
        trace.take(),
        [
            "2 begins",
            "1 begins",
            "0 begins",
            "1 has made its child, done: false",
            "2 has made its child, done: false",
            "0 ends",
            "1 ends",
            "2 ends",
        ]
    );
}

#[test]
fn many_deep_each_has_a_stack_of_its_own() {
    fn nested(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let child = cede::create_eager_task(cede::coroutine(move || nested(depth - 1)));
        child.await_().unwrap() + 1
    }
    assert_eq!(run(|| nested(500)), 500);
}

/// Outside a running loop there is nobody to go on with it: it is queued, as in asyncio.
#[test]
fn on_a_loop_that_does_not_run_tasks_are_queued() {
    let event_loop = event_loop(&Trace::new());
    event_loop.set_task_factory(TaskFactory::eager());
    let task = event_loop.create_task(cede::coroutine(|| 5));
    assert_eq!(task.outcome(), Outcome::Pending);
    assert_eq!(event_loop.run_until_complete(task).unwrap(), 5);
}

#[test]
fn a_failure_and_a_panic_inside_are_the_task_s() {
    run_eagerly(|| {
        let failed = cede::create_task(fails(0, "rock"));
        let panicked = cede::create_task(cede::coroutine(|| -> u32 { panic!("over the rock") }));
        assert_eq!(panicked.outcome(), Outcome::Panicked);
        assert!(panicked.await_().unwrap_err().is_panic());
        assert_eq!(failed.flatten().await_().unwrap_err().to_string(), "rock");
    });
}

#[test]
#[should_panic(expected = "create_eager_task: no running event loop")]
fn outside_a_loop_it_panics() {
    drop(cede::create_eager_task(cede::coroutine(|| 5)));
}

// ---- with the combinators

/// CPython's optimization: of children that have ended eagerly, a gather is done when it is made.
#[test]
fn a_gather_of_eager_children_that_never_wait_takes_no_turn() {
    run_eagerly(|| {
        let before = this_loop().turns();
        assert_eq!(cede::gather([turns(0), turns(0)]).await_().unwrap(), [0, 0]);
        assert_eq!(this_loop().turns(), before);
        assert_eq!(cede::gather((turns(0), turns(2))).await_().unwrap(), (0, 2));
    });
}

/// test_eager_task_factory: test_recursive_gather
#[test]
fn gathers_nest() {
    fn count(depth: u32) -> cede::Coroutine<impl FnOnce() -> cede::Result<u32>> {
        let body: Box<dyn FnOnce() -> cede::Result<u32>> = Box::new(move || {
            if depth == 0 {
                return Ok(1);
            }
            let children: Vec<_> = (0..3).map(|_| count(depth - 1)).collect();
            Ok(cede::gather(children).await_()?.into_iter().sum())
        });
        cede::coroutine(body)
    }
    let queued = run(|| (count(4).await_().unwrap(), this_loop().turns()));
    let eager = run_eagerly(|| (count(4).await_().unwrap(), this_loop().turns()));
    assert_eq!((queued.0, eager.0), (81, 81));
    assert_eq!(eager.1, 1, "no child ever waits");
    assert!(queued.1 > 4);
}

/// test_eager_task_factory: test_recursive_taskgroups
#[test]
fn groups_nest() {
    fn count(depth: u32, seen: Rc<Cell<u32>>) -> cede::Result<()> {
        seen.set(seen.get() + 1);
        if depth > 0 {
            cede::task_group(|tg| {
                for _ in 0..3 {
                    let seen = seen.clone();
                    let body: Box<dyn FnOnce() -> cede::Result<()>> =
                        Box::new(move || count(depth - 1, seen));
                    tg.create_task(cede::coroutine(body))?;
                }
                Ok::<_, Error>(())
            })?;
        }
        Ok(())
    }
    let nodes = |runs: fn(Box<dyn FnOnce()>)| {
        let seen = Rc::new(Cell::new(0));
        let counted = seen.clone();
        runs(Box::new(move || count(3, counted).unwrap()));
        seen.get()
    };
    assert_eq!((nodes(|main| run(main)), nodes(|main| run_eagerly(main))), (40, 40));
}

/// As in CPython, whose `ensure_future` starts it: without time it is started all the same.
#[test]
fn waiting_without_time_for_an_eager_coroutine_runs_its_first_step() {
    run_eagerly(|| {
        assert_eq!(cede::wait_for(turns(0), secs(0)).await_().unwrap(), 0);
        assert!(cede::wait_for(turns(1), secs(0)).await_().unwrap_err().is_timeout());
        let stubborn = cede::coroutine(|| -> cede::Result<u32> {
            assert!(cede::sleep(secs(5)).await_().is_err());
            Ok(42)
        });
        assert_eq!(cede::wait_for(stubborn, secs(0)).await_().unwrap(), 42);
    });
}

#[test]
fn an_eager_failure_ends_its_group_at_once() {
    run_eagerly(|| {
        let left = cede::task_group(|tg| {
            tg.create_task(fails_at_once())?;
            let refused = tg.create_task(turns(1)).unwrap_err();
            assert!(refused.to_string().ends_with("is shutting down"), "{refused}");
            pass(1)?; // cancelled
            unreachable!("the group has failed")
        });
        let left: Result<(), _> = left;
        assert_eq!(left.unwrap_err().as_slice()[0].to_string(), "at once");
        assert_eq!(super::cancelling(), 0);
    });
}

#[cede::coroutine]
fn fails_at_once() -> cede::Result<u32> {
    Err(Error::other("at once"))
}

// ---- task factories

/// test_base_events: test_set_task_factory
#[test]
fn a_factory_may_name_and_count_tasks() {
    let names: Rc<RefCell<Vec<String>>> = Rc::default();
    let noted = names.clone();
    let mut runner = Runner::new().clock(VirtualClock::new());
    let factory = TaskFactory::queued().on_create(move |task| {
        let number = noted.borrow().len();
        task.set_name(&format!("{}-{number}", task.coroutine()));
        noted.borrow_mut().push(task.name());
        assert_eq!(task.outcome(), Outcome::Pending);
    });
    runner.event_loop().unwrap().set_task_factory(factory);
    runner
        .run(
            cede::coroutine(|| {
                cede::gather([nap(1, ()), nap(2, ())]).await_().unwrap();
                cede::task_group(|tg| {
                    drop(tg.create_task(turns(1))?);
                    Ok::<_, Error>(())
                })
                .unwrap();
            })
            .named("main"),
        )
        .unwrap();
    assert_eq!(*names.borrow(), ["main-0", "nap-1", "nap-2", "turns-3"]);
}

#[test]
fn an_eager_factory_tells_of_a_task_before_it_runs() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let hook = told.clone();
        this_loop().set_task_factory(TaskFactory::eager().on_create(move |_| hook.add("made")));
        cede::create_task(cede::coroutine(told.call("runs"))).await_().unwrap();
    });
    assert_eq!(trace.take(), ["made", "runs"]);
}

#[test]
fn a_factory_that_panics_is_reported_and_the_task_is_there() {
    let (value, reports) = run_reporting(|| {
        this_loop().set_task_factory(TaskFactory::queued().on_create(|_| panic!("no names left")));
        cede::create_task(cede::coroutine(|| 5)).await_().unwrap()
    });
    assert_eq!(value, 5);
    assert_eq!(reports, ["a task factory panicked: no names left"]);
}
