//! Row 12: a panic fails its task and nothing else: the loop goes on, the panic is kept and handed to
//! whoever awaits; that of the main coroutine comes out of `run`.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, ContextVar, EventLoop, Outcome};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

#[test]
fn a_panic_fails_the_task_and_the_loop_goes_on() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let task = event_loop.create_task(cede::coroutine(|| panic!("boom {}", 1)));
    drop(event_loop.create_task(cede::coroutine(trace.call("another task"))));
    event_loop.call_soon(trace.call("a callback"));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["another task", "a callback"]);
    assert_eq!(task.outcome(), Outcome::Panicked);
    let error = task.result().unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.to_string(), "the task panicked: boom 1");
}

#[derive(Debug, PartialEq)]
struct Payload(u32);

#[test]
fn the_awaiter_is_handed_the_payload() {
    let payload = run(|| {
        let task = cede::create_task(cede::coroutine(|| panic_any(Payload(7))));
        let error = task.await_().unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: Box<dyn Any>");
        *error.into_panic().downcast::<Payload>().unwrap()
    });
    assert_eq!(payload, Payload(7));
}

#[test]
fn the_first_reader_gets_the_payload_and_later_ones_its_text() {
    run(|| {
        let task = cede::create_task(cede::coroutine(|| resume_unwind(Box::new("boom"))));
        let errors =
            [(&task).await_().unwrap_err(), (&task).await_().unwrap_err(), task.await_().unwrap_err()];
        assert!(errors.iter().all(|error| error.to_string() == "the task panicked: boom"));
        let [first, second, third] = errors.map(cede::JoinError::into_panic);
        assert_eq!(first.downcast_ref(), Some(&"boom"));
        assert_eq!(second.downcast_ref(), Some(&String::from("boom")));
        assert_eq!(third.downcast_ref(), Some(&String::from("boom")));
    });
}

#[test]
fn a_panic_goes_on_in_whoever_awaits_the_flattened_task() {
    let panicked = run(|| {
        let task = cede::create_task(
            cede::coroutine(|| -> cede::Result<()> { resume_unwind(Box::new(Payload(3))) }).fallible(),
        );
        catch_unwind(AssertUnwindSafe(|| task.flatten().await_())).unwrap_err()
    });
    assert_eq!(panicked.downcast_ref(), Some(&Payload(3)));
}

/// test_base_events: test_run_until_complete_baseexception: the panic comes out, and leaves no stop behind.
#[test]
fn a_panic_of_the_main_coroutine_comes_out_and_the_loop_can_run_again() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let main = cede::coroutine(|| resume_unwind(Box::new(Payload(9))));
    let panicked = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(main))).unwrap_err();
    assert_eq!(panicked.downcast_ref(), Some(&Payload(9)));
    assert!(!event_loop.is_running());
    let (handle, told) = (cede::LoopHandle::clone(&event_loop), trace.clone());
    event_loop.call_soon(move || {
        let stopper = handle.clone();
        handle.call_soon(move || {
            told.add("called");
            stopper.stop();
        });
    });
    event_loop.run_forever().unwrap();
    assert_eq!(trace.take(), ["called"]);
}

#[test]
fn a_panic_of_the_main_coroutine_comes_out_of_run_after_the_rest_was_cancelled() {
    let trace = Trace::new();
    let told = trace.clone();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(move || {
            drop(cede::create_task(cede::coroutine(move || {
                told.add(cede::sleep(Duration::from_secs(9)).await_().unwrap_err());
            })));
            cede::yield_now().await_().unwrap();
            resume_unwind(Box::new("boom"))
        })
    }))
    .map(|()| unreachable!())
    .unwrap_err();
    assert_eq!(panicked.downcast_ref(), Some(&"boom"));
    assert_eq!(trace.take(), ["cancelled"]);
}

/// test_tasks: test_baseexception_during_cancel
#[test]
fn a_panic_while_it_is_cancelled_is_a_panic_and_no_cancellation() {
    let event_loop = event_loop(&Trace::new());
    let task = event_loop.create_task(cede::coroutine(|| {
        cede::sleep(Duration::from_secs(10)).await_().unwrap_err();
        resume_unwind(Box::new("instead"))
    }));
    run_briefly(&event_loop);
    task.cancel();
    assert!(!task.done());
    run_briefly(&event_loop);
    assert_eq!((task.outcome(), task.cancelled()), (Outcome::Panicked, false));
    assert_eq!(task.result().unwrap_err().to_string(), "the task panicked: instead");
}

#[test]
fn a_panic_runs_the_destructors_of_the_body() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (outer, inner) = (trace.on_drop("captured"), trace.clone());
    let task = event_loop.create_task(cede::coroutine(move || {
        let _outer = outer;
        let _local = inner.on_drop("local");
        cede::yield_now().await_().unwrap();
        resume_unwind(Box::new("boom"))
    }));
    run_briefly(&event_loop);
    assert!(trace.take().is_empty());
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["local", "captured"]);
    assert_eq!(task.outcome(), Outcome::Panicked);
}

#[test]
fn a_result_whose_destructor_panics_keeps_nothing_else_of_its_task() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            resume_unwind(Box::new("in a destructor"));
        }
    }
    static VAR: ContextVar<Rc<()>> = ContextVar::new("kept");
    let kept = Rc::new(());
    let event_loop = EventLoop::new().unwrap();
    let value = kept.clone();
    let task = event_loop
        .run_until_complete(cede::coroutine(move || {
            let task = cede::create_task(cede::coroutine(move || {
                drop(VAR.set(value));
                Loud
            }));
            cede::yield_now().await_().unwrap();
            task
        }))
        .unwrap();
    assert!(task.done());
    assert_eq!(Rc::strong_count(&kept), 2, "its context has one");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(task))).is_err());
    assert_eq!(Rc::strong_count(&kept), 1);
}

#[test]
fn a_panic_in_a_callback_is_reported_and_the_loop_goes_on() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    event_loop.call_soon(|| resume_unwind(Box::new("boom")));
    event_loop.call_later(Duration::from_secs(1), || resume_unwind(Box::new(String::from("later"))));
    event_loop.call_later(Duration::from_secs(2), trace.call("still alive"));
    event_loop
        .run_until_complete(cede::coroutine(|| cede::sleep(Duration::from_secs(3)).await_()))
        .unwrap()
        .unwrap();
    assert_eq!(trace.take(), ["a callback panicked: boom", "a callback panicked: later", "still alive"]);
}

#[test]
fn no_thread_counts_as_panicking_after_a_task_has_panicked() {
    let ((), reports) = run_reporting(|| {
        drop(cede::create_task(cede::coroutine(|| resume_unwind(Box::new("boom")))).await_());
        assert!(!std::thread::panicking());
        cede::create_task(cede::coroutine(|| assert!(!std::thread::panicking()))).await_().unwrap();
    });
    assert!(reports.is_empty());
}

#[test]
fn into_panic_of_what_did_not_panic_says_what_it_was() {
    let error = run(|| {
        let task = cede::create_task(cede::coroutine(|| ()));
        task.cancel();
        task.await_().unwrap_err()
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| error.into_panic())).unwrap_err();
    assert_eq!(
        panicked.downcast_ref::<String>().unwrap(),
        "JoinError::into_panic: the task did not panic: cancelled"
    );
}
