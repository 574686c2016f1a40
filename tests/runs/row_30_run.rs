//! `run` (test_runners.py, RunTests). What has no counterpart: event loop policies, loop factories, and that
//! only a coroutine can be run, which is checked by the compiler.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use cede::{
    AsyncGenerator, Awaitable, Co, EventLoop, GeneratorStatus, Promise, Runner, VirtualClock, coroutine,
    create_task, running_loop, sleep,
};
use cede_tests::trace::{Trace, run, run_reporting, unsited};

const WHILE: Duration = Duration::from_millis(100);

/// test_asyncio_run_return
#[test]
fn run_gives_the_result_of_the_main_coroutine() {
    let main = coroutine(|| {
        cede::yield_now().await_().unwrap();
        42
    });
    assert_eq!(cede::run(main).unwrap(), 42);
}

/// test_asyncio_run_raises
#[test]
fn run_gives_the_error_of_the_main_coroutine() {
    let main = coroutine(|| -> cede::Result<()> {
        cede::yield_now().await_()?;
        Err(cede::Error::other("spam"))
    });
    assert_eq!(cede::run(main.fallible()).unwrap().unwrap_err().to_string(), "spam");
}

/// test_asyncio_run_raises, for panics
#[test]
#[should_panic = "spam"]
fn run_goes_on_with_the_panic_of_the_main_coroutine() {
    let _ = cede::run(coroutine(|| {
        if true {
            panic!("spam")
        }
    }));
}

#[test]
fn run_gives_an_error_when_the_main_task_was_cancelled() {
    let main = coroutine(|| {
        cede::current_task().unwrap().cancel();
        sleep(WHILE).await_()
    });
    assert!(cede::run(main.fallible()).unwrap().unwrap_err() == cede::Cancelled::new());
}

/// test_asyncio_run_debug
#[test]
fn a_runner_sets_the_debug_mode_of_its_loop() {
    for debug in [false, true] {
        let mut runner = Runner::new().debug(debug);
        assert_eq!(runner.run(coroutine(|| running_loop().unwrap().debug())).unwrap(), debug);
    }
}

/// test_asyncio_run_from_running_loop
#[test]
fn run_inside_a_running_loop_is_refused() {
    let error = run(|| cede::run(coroutine(|| ())).unwrap_err());
    let text = "run: cannot be called while another loop is running on this thread";
    assert_eq!(error.to_string(), text);
}

/// test_asyncio_run_cancels_hanging_tasks
#[test]
fn run_cancels_the_tasks_that_are_left_over_and_waits_for_them() {
    let trace = Trace::new();
    let told = trace.clone();
    let result = run(move || {
        create_task(coroutine(move || {
            let ended = sleep(WHILE).await_();
            cede::yield_now().await_().unwrap(); // it may clean up
            told.add(format!("left over: {ended:?}"));
        }));
        cede::yield_now().await_().unwrap();
        123
    });
    assert_eq!(result, 123);
    assert_eq!(trace.take(), ["left over: Err(Cancelled { message: None })"]);
}

/// test_asyncio_run_reports_hanging_tasks_errors
#[test]
fn run_reports_the_errors_of_the_tasks_that_are_left_over() {
    let ((), reports) = run_reporting(|| {
        let fails = coroutine(|| -> cede::Result<()> {
            sleep(WHILE).await_().map_err(|_| cede::Error::other("division by zero"))
        });
        create_task(fails.fallible());
        create_task(coroutine(|| {
            if sleep(WHILE).await_().is_err() {
                panic!("cannot end")
            }
        }));
        cede::yield_now().await_().unwrap();
    });
    assert_eq!(
        reports,
        [
            "unhandled error of task 'Task-2' at shutdown: division by zero",
            "unhandled error of task 'Task-3' at shutdown: the task panicked: cannot end"
        ]
    );
}

/// test_asyncio_run_closes_gens_after_hanging_tasks_errors
#[test]
fn run_closes_generators_after_the_tasks_that_are_left_over_have_failed() {
    let spinner = Rc::new(RefCell::new(None));
    let kept = spinner.clone();
    let (result, reports) = run_reporting(move || {
        create_task(coroutine(move || {
            let fidget = AsyncGenerator::new(|co: Co<i32>| {
                loop {
                    co.yield_(1);
                    sleep(WHILE).await_().expect("the fidget is not cancelled");
                }
            });
            fidget.start().unwrap();
            *kept.borrow_mut() = Some(fidget);
            if sleep(WHILE).await_().is_err() {
                panic!("cannot end");
            }
        }));
        cede::yield_now().await_().unwrap();
        "fancy exit"
    });
    assert_eq!(result, "fancy exit");
    assert_eq!(reports, ["unhandled error of task 'Task-2' at shutdown: the task panicked: cannot end"]);
    assert_eq!(spinner.borrow().as_ref().unwrap().status(), GeneratorStatus::Finished);
}

#[test]
fn a_task_that_is_made_while_the_others_are_cancelled_is_ended_with_the_loop() {
    let ((), reports) = run_reporting(|| {
        create_task(coroutine(|| {
            let _ = sleep(WHILE).await_();
            create_task(coroutine(|| panic!("it was cancelled before it could start")));
        }));
        cede::yield_now().await_().unwrap();
    });
    assert!(reports[0].starts_with("task 'Task-3' was destroyed but it is pending"), "{reports:?}");
}

/// asyncio would wait for ever.
#[test]
fn tasks_that_are_left_over_and_wait_for_each_other_do_not_keep_run_from_ending() {
    let ((), reports) = run_reporting(|| {
        create_task(coroutine(|| {
            while sleep(WHILE).await_().is_ok() || Promise::<()>::new().await_().is_ok() {}
        }));
        cede::yield_now().await_().unwrap();
    });
    assert!(reports[0].starts_with("task 'Task-2' was destroyed but it is pending"), "{reports:?}");
}

#[test]
fn a_deadlock_of_the_main_task_is_an_error_and_the_rest_is_cleaned_up() {
    let trace = Trace::new();
    let told = trace.clone();
    let ran = Runner::new().clock(VirtualClock::new()).run(coroutine(move || {
        create_task(coroutine(move || told.add(Promise::<()>::new().await_().unwrap_err())));
        let _ = Promise::<()>::new().await_();
    }));
    assert!(ran.unwrap_err().is_deadlock());
    assert_eq!(trace.take(), ["cancelled"]);
}

#[test]
fn a_panic_of_the_main_task_does_not_keep_the_others_from_cleaning_up() {
    let trace = Trace::new();
    let told = trace.clone();
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cede::run(coroutine(move || {
            create_task(coroutine(move || {
                let ended = sleep(WHILE).await_();
                told.add(format!("{:?} {:?}", ended, cede::yield_now().await_()));
            }));
            cede::yield_now().await_().unwrap();
            panic!("spam")
        }))
    }));
    assert_eq!(ran.unwrap_err().downcast_ref::<&str>(), Some(&"spam"));
    assert_eq!(trace.take(), ["Err(Cancelled { message: None }) Ok(())"]);
}

/// The runner is dropped while the panic leaves our frames.
#[test]
fn a_runner_cleans_up_while_a_panic_leaves_the_program() {
    let trace = Trace::new();
    let told = trace.clone();
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let mut runner = Runner::new().clock(VirtualClock::new());
        runner
            .run(coroutine(move || {
                create_task(coroutine(move || {
                    let ended = sleep(WHILE).await_();
                    told.add(format!("{:?} {:?}", ended, cede::yield_now().await_()));
                }));
                cede::yield_now().await_().unwrap();
            }))
            .unwrap();
        panic!("outside")
    }));
    assert!(ran.is_err());
    assert_eq!(trace.take(), ["Err(Cancelled { message: None }) Ok(())"]);
}

/// A loop that nobody ran ends without waiting, and says what it ended.
#[test]
fn a_loop_without_a_runner_reports_the_tasks_it_destroys() {
    let trace = Trace::new();
    let told = trace.clone();
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    event_loop.set_exception_handler(move |_, report| told.add(unsited(report)));
    event_loop.create_task(coroutine(|| sleep(WHILE).await_())).set_name("left");
    drop(event_loop);
    assert_eq!(trace.take(), ["task 'left' was destroyed but it is pending"]);
}
