//! Clean-up that awaits, after a result, an error, a cancellation, a panic, a teardown (hazard 14: "await while
//! unwinding" is refused, and what is to await belongs in `finally`, which runs after the unwind is caught).

use std::sync::Mutex;
use std::time::Duration;

use cede::{
    Awaitable, Cancelled, EventLoop, Promise, Runner, VirtualClock, coroutine, create_task, finally, sleep,
    try_finally, yield_now,
};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

const WHILE: Duration = Duration::from_millis(100);

#[test]
fn finally_runs_its_clean_up_after_the_body_and_gives_the_bodys_result() {
    let trace = Trace::new();
    let (body, cleanup) = (trace.clone(), trace.clone());
    let result = run(move || {
        finally(
            || {
                body.add("body");
                7
            },
            || {
                yield_now().await_().unwrap();
                cleanup.add("clean-up");
            },
        )
    });
    assert_eq!((result, trace.take()), (7, vec!["body".to_owned(), "clean-up".to_owned()]));
}

#[test]
fn finally_needs_no_loop() {
    let trace = Trace::new();
    assert_eq!(finally(|| 7, || trace.add("clean-up")), 7);
    assert_eq!(trace.take(), ["clean-up"]);
}

#[test]
fn the_clean_up_after_a_panic_may_await_and_the_panic_goes_on() {
    let trace = Trace::new();
    let told = trace.clone();
    let error = run(move || {
        let other = told.clone();
        create_task(coroutine(move || other.add("another runs")));
        let task = create_task(coroutine(move || {
            finally(
                || {
                    if true {
                        panic!("it broke")
                    }
                },
                || {
                    assert!(!std::thread::panicking());
                    told.add(format!("{:?}", sleep(WHILE).await_()));
                },
            );
        }));
        task.await_().unwrap_err()
    });
    assert_eq!(error.to_string(), "the task panicked: it broke");
    assert_eq!(trace.take(), ["another runs", "Ok(())"]);
}

/// The refusal that `finally` is the cure for.
#[test]
fn a_destructor_that_awaits_while_a_panic_leaves_the_stack_is_refused() {
    struct Awaits(Trace);
    impl Drop for Awaits {
        fn drop(&mut self) {
            let ended = Promise::<()>::new().await_();
            self.0.add(ended.unwrap_err());
        }
    }
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = create_task(coroutine(move || {
            let _awaits = Awaits(told);
            if true {
                panic!("it broke")
            }
        }));
        assert!(task.await_().unwrap_err().is_panic());
    });
    let text = "await of a promise: await while unwinding: a panic or a teardown is leaving this stack, so it cannot \
                pause; clean up without awaiting, or after the unwind is caught";
    assert_eq!(trace.take(), [text]);
}

#[test]
fn a_sleep_in_a_destructor_while_a_panic_leaves_the_stack_does_nothing_and_is_reported() {
    struct Sleeps;
    impl Drop for Sleeps {
        fn drop(&mut self) {
            sleep(WHILE).await_().unwrap();
        }
    }
    let ((), reports) = run_reporting(|| {
        let task = create_task(coroutine(|| {
            let _sleeps = Sleeps;
            if true {
                panic!("it broke")
            }
        }));
        assert!(task.await_().unwrap_err().is_panic());
    });
    let text = "sleep: await while unwinding: it did nothing, for a stack that is being left cannot pause";
    assert_eq!(reports, [text]);
}

/// Where a panic's unwind is suspended, everybody's locks would be poisoned.
#[test]
fn a_lock_that_another_task_lets_go_while_the_clean_up_awaits_is_not_poisoned() {
    run(|| {
        let lock = std::rc::Rc::new(Mutex::new(0));
        let theirs = lock.clone();
        let task = create_task(coroutine(|| {
            finally(
                || {
                    if true {
                        panic!("it broke")
                    }
                },
                || drop(sleep(WHILE).await_()),
            )
        }));
        create_task(coroutine(move || {
            yield_now().await_().unwrap();
            *theirs.lock().unwrap() += 1;
        }));
        assert!(task.await_().is_err());
        assert_eq!(*lock.lock().unwrap(), 1);
    });
}

/// asyncio: the CancelledError is thrown in once; `finally` is code like any other.
#[test]
fn a_cancellation_is_delivered_to_the_body_and_not_to_the_clean_up() {
    let trace = Trace::new();
    let (body, cleanup) = (trace.clone(), trace.clone());
    run(move || {
        let task = create_task(
            coroutine(move || {
                finally(
                    || {
                        let ended = sleep(WHILE).await_();
                        body.add(format!("body: {ended:?}"));
                        ended
                    },
                    || cleanup.add(format!("clean-up: {:?}", sleep(WHILE).await_())),
                )
            })
            .fallible(),
        );
        yield_now().await_().unwrap();
        task.cancel();
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
        assert!(task.cancelled());
    });
    assert_eq!(trace.take(), ["body: Err(Cancelled { message: None })", "clean-up: Ok(())"]);
}

#[test]
fn a_second_cancellation_interrupts_an_await_of_the_clean_up() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let task = create_task(coroutine(move || {
            finally(|| sleep(WHILE).await_(), || told.add(format!("{:?}", sleep(WHILE).await_())))
        }));
        yield_now().await_().unwrap();
        task.cancel();
        yield_now().await_().unwrap();
        yield_now().await_().unwrap();
        task.cancel_with("again");
        assert_eq!(task.await_().unwrap(), Err(Cancelled::new()));
    });
    assert_eq!(trace.take(), [r#"Err(Cancelled { message: Some("again") })"#]);
}

#[test]
fn a_panic_of_the_clean_up_goes_on_instead_of_the_bodys() {
    let error = run(|| {
        create_task(coroutine(|| {
            finally(
                || {
                    if true {
                        panic!("body")
                    }
                },
                || panic!("clean-up"),
            )
        }))
        .await_()
        .unwrap_err()
    });
    assert_eq!(error.to_string(), "the task panicked: clean-up");
}

#[test]
fn clean_ups_run_from_the_innermost_out() {
    let trace = Trace::new();
    let (outer, inner) = (trace.clone(), trace.clone());
    run(move || {
        let task = create_task(coroutine(move || {
            finally(
                || {
                    finally(
                        || {
                            if true {
                                panic!("it broke")
                            }
                        },
                        || {
                            yield_now().await_().unwrap();
                            inner.add("inner");
                        },
                    )
                },
                || {
                    yield_now().await_().unwrap();
                    outer.add("outer");
                },
            )
        }));
        assert!(task.await_().unwrap_err().is_panic());
    });
    assert_eq!(trace.take(), ["inner", "outer"]);
}

// ---- try_finally

#[test]
fn try_finally_gives_the_bodys_result_when_the_clean_up_succeeds() {
    run(|| {
        let fine = try_finally(|| Ok::<_, cede::Error>(7), || Ok(yield_now().await_()?));
        assert_eq!(fine.unwrap(), 7);
        let failed = try_finally(|| Err::<(), _>(cede::Error::other("body")), || Ok(yield_now().await_()?));
        assert_eq!(failed.unwrap_err().to_string(), "body");
    });
}

#[test]
fn an_error_of_the_clean_up_goes_on_instead_of_the_bodys_which_is_reported() {
    let (error, reports) = run_reporting(|| {
        let body = || Err::<(), _>(cede::Error::other("body"));
        try_finally(body, || Err(cede::Error::other("clean-up"))).unwrap_err().to_string()
    });
    assert_eq!(error, "clean-up");
    assert_eq!(reports, ["an error was lost, for clean-up goes on instead: body"]);
}

#[test]
fn an_error_of_the_clean_up_goes_on_instead_of_a_cancellation() {
    let (outcome, reports) = run_reporting(|| {
        let task = create_task(
            coroutine(|| {
                try_finally(
                    || Ok(sleep(WHILE).await_()?),
                    || Err::<(), _>(cede::Error::other("cannot clean up")),
                )
            })
            .fallible(),
        );
        yield_now().await_().unwrap();
        task.cancel();
        task.await_().unwrap().unwrap_err().to_string()
    });
    assert_eq!(outcome, "cannot clean up"); // failed, not cancelled: as in asyncio
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn a_panic_of_the_body_goes_on_whatever_the_clean_up_does() {
    let (error, reports) = run_reporting(|| {
        let task = create_task(coroutine(|| -> cede::Result<()> {
            try_finally(|| panic!("body"), || Err(cede::Error::other("clean-up")))
        }));
        task.await_().unwrap_err().to_string()
    });
    assert_eq!(error, "the task panicked: body");
    assert_eq!(reports, ["an error was lost, for the panic 'body' goes on instead: clean-up"]);
}

// ---- a loop that closes by force

/// A task that is unwound cannot await any more, in its clean-up neither: it leaves that too.
#[test]
fn a_clean_up_that_awaits_while_its_loop_is_closed_by_force_is_left() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.create_task(coroutine(move || {
        finally(
            || while sleep(WHILE).await_().is_err() || Promise::<()>::new().await_().is_ok() {},
            || {
                told.add("clean-up begins");
                let _ = Promise::<()>::new().await_();
                told.add("not here");
            },
        );
    }));
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    let told = trace.take();
    assert!(told.contains(&"clean-up begins".to_owned()), "{told:?}");
    assert!(!told.contains(&"not here".to_owned()), "{told:?}");
}

#[test]
fn closing_a_loop_lets_cancelled_tasks_clean_up_first() {
    let trace = Trace::new();
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    event_loop.set_exception_handler(|_, _| {});
    let told = trace.clone();
    event_loop.create_task(coroutine(move || {
        finally(|| sleep(WHILE).await_(), || told.add(format!("{:?}", yield_now().await_())))
    }));
    run_briefly(&event_loop);
    event_loop.close().unwrap();
    assert_eq!(trace.take(), ["Ok(())"]);
}

#[test]
fn a_runner_waits_for_clean_ups_that_take_time() {
    let trace = Trace::new();
    let clock = VirtualClock::new();
    let told = trace.clone();
    Runner::new()
        .clock(clock.clone())
        .run(coroutine(move || {
            create_task(coroutine(move || {
                finally(|| sleep(10 * WHILE).await_(), || told.add(format!("{:?}", sleep(WHILE).await_())))
            }));
            yield_now().await_().unwrap();
        }))
        .unwrap();
    assert_eq!((trace.take(), clock.elapsed()), (vec!["Ok(())".to_owned()], WHILE));
}
