//! Row 20: timeout. Basic, at, nested, disabled, zero, in the past, rescheduled; a foreign cancel is no
//! timeout; a foreign error stays; states, and what each refuses.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, Error, JoinError, Outcome, Promise, TimedOut, Timeout, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

use super::{cancel_myself, cancelling, elapsed, nap, now, pass, secs, spawn};

/// Sleeps inside a limit.
fn sleeps(seconds: u64) -> cede::Result<()> {
    cede::sleep(secs(seconds)).await_()?;
    Ok(())
}

/// test_timeouts: test_timeout_basic
#[test]
fn when_the_time_is_over_the_closure_is_cancelled_and_that_is_timed_out() {
    run(|| {
        let begun = now();
        let limit = Timeout::after(secs(1)).unwrap();
        let error = limit.run(|| sleeps(10)).unwrap_err();
        assert!(error.is_timeout() && !error.is_cancelled());
        assert_eq!((error.to_string().as_str(), elapsed(begun)), ("timed out", 1));
        assert!(limit.expired());
        assert_eq!(cancelling(), 0, "the request is taken back");
    });
}

/// test_timeouts: test_timeout_at_basic
#[test]
fn a_limit_may_be_a_time_of_the_clock() {
    run(|| {
        let deadline = now() + secs(1);
        let limit = Timeout::at(deadline);
        assert!(limit.run(|| sleeps(10)).unwrap_err().is_timeout());
        assert_eq!((limit.when(), now()), (Some(deadline), deadline));
        assert!(cede::timeout_at(now() + secs(1), || sleeps(10)).unwrap_err().is_timeout());
    });
}

/// test_timeouts: test_timeout_not_called
#[test]
fn in_time_it_gives_what_the_closure_returns() {
    run(|| {
        let limit = Timeout::after(secs(10)).unwrap();
        let value = limit.run(|| sleeps(1).map(|()| 7)).unwrap();
        assert_eq!((value, limit.expired()), (7, false));
        assert!(limit.when().unwrap() > now());
        pass(3).unwrap();
        assert_eq!(cancelling(), 0);
    });
}

#[test]
fn the_closure_runs_here_and_now_in_the_same_task() {
    run(|| {
        let mine = (cede::current_task(), cede::running_loop().unwrap().turns());
        let theirs = cede::timeout(secs(1), || -> cede::Result<_> {
            Ok((cede::current_task(), cede::running_loop()?.turns()))
        });
        assert_eq!(theirs.unwrap(), mine);
    });
}

/// test_timeouts: test_nested_timeouts
#[test]
fn of_two_limits_over_at_the_same_time_only_the_outer_says_so() {
    run(|| {
        let deadline = now() + secs(1);
        let (outer, inner) = (Timeout::at(deadline), Timeout::at(deadline));
        let cancelled = Cell::new(false);
        let error = outer
            .run(|| {
                let left = inner.run(|| sleeps(10));
                cancelled.set(left.as_ref().is_err_and(Error::is_cancelled));
                left
            })
            .unwrap_err();
        assert!(error.is_timeout() && cancelled.get());
        assert!(outer.expired() && inner.expired());
        assert_eq!(cancelling(), 0);
    });
}

#[test]
fn the_inner_limit_may_be_over_first() {
    run(|| {
        let begun = now();
        cede::timeout(secs(10), || {
            let inner = cede::timeout(secs(1), || sleeps(5));
            assert!(inner.unwrap_err().is_timeout());
            sleeps(1)
        })
        .unwrap();
        assert_eq!(elapsed(begun), 2);
    });
}

#[test]
fn the_outer_limit_may_be_over_first() {
    run(|| {
        let inner = Timeout::after(secs(10)).unwrap();
        let error = cede::timeout(secs(1), || inner.run(|| sleeps(50))).unwrap_err();
        assert!(error.is_timeout());
        assert!(!inner.expired(), "to the inner one it was a cancellation from outside");
    });
}

/// test_timeouts: test_waiter_cancelled
#[test]
fn the_closure_sees_a_cancellation() {
    run(|| {
        let seen = Cell::new(false);
        let left = cede::timeout(secs(1), || {
            let slept = sleeps(10);
            seen.set(slept.as_ref().is_err_and(Error::is_cancelled));
            slept
        });
        assert!(left.unwrap_err().is_timeout() && seen.get());
    });
}

/// test_timeouts: test_timeout_disabled, test_timeout_at_disabled
#[test]
fn none_never_ends() {
    run(|| {
        let (after, at) = (Timeout::after(None).unwrap(), Timeout::at(None));
        for limit in [after, at] {
            limit.run(|| sleeps(1_000_000)).unwrap();
            assert_eq!((limit.expired(), limit.when()), (false, None));
        }
    });
}

/// test_timeouts: test_timeout_zero
#[test]
fn no_time_at_all_ends_the_first_wait() {
    run(|| {
        let begun = now();
        let limit = Timeout::after(Duration::ZERO).unwrap();
        assert!(limit.run(|| sleeps(10)).unwrap_err().is_timeout());
        assert_eq!((limit.when(), now()), (Some(begun), begun));
    });
}

/// test_timeouts: test_timeout_zero_sleep_zero
#[test]
fn no_time_at_all_ends_a_yield() {
    run(|| {
        let limit = Timeout::after(Duration::ZERO).unwrap();
        let left = limit.run(|| {
            cede::sleep(Duration::ZERO).await_()?;
            Ok::<_, Error>(())
        });
        assert!(left.unwrap_err().is_timeout() && limit.expired());
    });
}

/// test_timeouts: test_timeout_in_the_past_sleep_zero
#[test]
fn a_time_in_the_past_ends_a_yield() {
    run(|| {
        cede::sleep(secs(50)).await_().unwrap();
        let limit = Timeout::at(now() - secs(11));
        let left = limit.run(|| Ok::<_, Error>(cede::yield_now().await_()?));
        assert!(left.unwrap_err().is_timeout() && limit.expired());
        assert!(limit.when().unwrap() < now());
    });
}

#[test]
fn a_closure_that_never_cedes_is_not_cancelled() {
    run(|| {
        assert_eq!(cede::timeout(Duration::ZERO, || Ok::<_, Error>(5)).unwrap(), 5);
        pass(2).unwrap();
        assert_eq!(cancelling(), 0);
    });
}

/// A time too long to represent is as long as can be.
#[test]
fn the_longest_time_is_no_overflow() {
    run(|| cede::timeout(Duration::MAX, || sleeps(1_000)).unwrap());
}

/// test_timeouts: test_foreign_exception_passed
#[test]
fn an_error_of_the_closure_comes_out_as_it_is() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        let left = limit.run(|| Err::<(), _>(Error::other("key")));
        assert_eq!((left.unwrap_err().to_string().as_str(), limit.expired()), ("key", false));
    });
}

/// test_timeouts: test_foreign_exception_on_timeout, test_foreign_exception_on_timeout_2
#[test]
fn an_error_after_the_time_is_over_stays_what_it_is() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        let left = limit.run(|| {
            assert!(sleeps(10).unwrap_err().is_cancelled());
            Err::<(), _>(Error::other("division by zero"))
        });
        assert_eq!(left.unwrap_err().to_string(), "division by zero");
        assert_eq!((limit.expired(), cancelling()), (true, 0));
    });
}

/// A closure that goes on although the time is over gives its value, as in asyncio.
#[test]
fn a_value_after_the_time_is_over_is_the_result() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        let value = limit.run(|| {
            let _ = sleeps(10);
            Ok::<_, Error>(5)
        });
        assert_eq!((value.unwrap(), limit.expired(), cancelling()), (5, true, 0));
    });
}

/// test_timeouts: test_foreign_cancel_doesnt_timeout_if_not_expired
#[test]
fn a_cancel_of_somebody_else_is_no_timeout() {
    run(|| {
        let task = spawn(|| {
            let limit = Timeout::after(secs(10))?;
            let left = limit.run(|| {
                cancel_myself();
                sleeps(10)
            });
            assert!(!limit.expired());
            left
        });
        assert!(task.flatten().await_().unwrap_err().is_cancelled());
    });
}

/// The count tells: somebody else has asked too, so it is not ours to swallow.
#[test]
fn a_cancel_of_somebody_else_after_the_time_is_over_is_no_timeout_either() {
    run(|| {
        let task = spawn(|| {
            let limit = Timeout::after(secs(1))?;
            let left = limit.run(|| {
                assert!(sleeps(10).is_err());
                sleeps(10) // cancelled from outside
            });
            assert!(limit.expired());
            left
        });
        cede::sleep(secs(3)).await_().unwrap();
        task.cancel();
        let handle = task.handle();
        let error = task.flatten().await_().unwrap_err();
        assert!(error.is_cancelled() && !error.is_timeout());
        assert_eq!((handle.outcome(), handle.cancelling()), (Outcome::Cancelled, 1));
    });
}

/// test_timeouts: test_outer_task_is_not_cancelled
#[test]
fn a_task_whose_limit_was_over_is_not_cancelled() {
    run(|| {
        let task = spawn(|| {
            assert!(cede::timeout(secs(1), || sleeps(10)).unwrap_err().is_timeout());
            Ok(())
        });
        cede::wait([&task]).await_().unwrap();
        assert_eq!((task.outcome(), task.cancelling()), (Outcome::Finished, 0));
    });
}

/// test_timeouts: test_nested_timeouts_concurrent
#[test]
fn limits_over_while_somebody_kept_control_each_say_so() {
    let clock = VirtualClock::new();
    let crunch = clock.clone();
    cede::Runner::new()
        .clock(clock)
        .run(cede::coroutine(move || {
            let left = cede::timeout(secs(2), || {
                let inner = cede::timeout(secs(100), || {
                    crunch.advance(secs(10)); // keeps control for ten seconds
                    sleeps(200)
                });
                assert!(inner.as_ref().unwrap_err().is_cancelled());
                inner
            });
            assert!(left.unwrap_err().is_timeout());
        }))
        .unwrap();
}

/// test_timeouts: test_nested_timeouts_loop_busy
#[test]
fn after_the_inner_limit_the_outer_one_still_holds() {
    let clock = VirtualClock::new();
    let busy = clock.clone();
    let took = cede::Runner::new()
        .clock(clock)
        .run(cede::coroutine(move || {
            let begun = now();
            let left = cede::timeout(secs(100), || {
                let inner = cede::timeout(secs(10), || {
                    busy.advance(secs(50));
                    sleeps(1000)
                });
                assert!(inner.unwrap_err().is_timeout());
                sleeps(10_000)
            });
            assert!(left.unwrap_err().is_timeout());
            elapsed(begun)
        }))
        .unwrap();
    assert_eq!(took, 100);
}

/// test_timeouts: test_reschedule
#[test]
fn the_end_may_be_moved_and_taken_away() {
    run(|| {
        let (deadline, later) = (now() + secs(10), now() + secs(30));
        let limit = Timeout::at(deadline);
        let inside = limit.clone();
        let task = spawn(move || inside.run(|| sleeps(50)));
        pass(1).unwrap();
        assert_eq!(limit.when(), Some(deadline));
        limit.reschedule(later).unwrap();
        assert_eq!(limit.when(), Some(later));
        limit.reschedule(None).unwrap();
        assert_eq!(limit.when(), None);
        task.cancel();
        assert!(task.flatten().await_().unwrap_err().is_cancelled());
        assert!(!limit.expired());
    });
}

#[test]
fn the_end_may_be_moved_from_inside_to_come_sooner_and_later() {
    run(|| {
        let begun = now();
        let limit = Timeout::after(secs(5)).unwrap();
        limit
            .run(|| -> cede::Result<()> {
                limit.reschedule(now() + secs(20))?;
                sleeps(10)?;
                limit.reschedule(now() + secs(2))?;
                assert!(sleeps(10).unwrap_err().is_cancelled());
                Ok(())
            })
            .unwrap();
        assert_eq!((elapsed(begun), limit.expired()), (12, true));
    });
}

#[test]
fn moved_into_the_past_it_ends_in_the_next_turn() {
    run(|| {
        let limit = Timeout::after(secs(50)).unwrap();
        let left = limit.run(|| -> cede::Result<()> {
            limit.reschedule(now())?;
            sleeps(10)
        });
        assert!(left.unwrap_err().is_timeout());
    });
}

/// test_timeouts: test_repr_active, test_repr_expired, test_repr_finished, test_repr_disabled
#[test]
fn its_debug_text_says_how_it_stands() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        assert_eq!(format!("{limit:?}"), "<Timeout [created]>");
        let left = limit.run(|| -> cede::Result<()> {
            assert!(format!("{limit:?}").starts_with("<Timeout [active] when="), "{limit:?}");
            assert!(sleeps(10).is_err());
            assert_eq!(format!("{limit:?}"), "<Timeout [expiring]>");
            Ok(())
        });
        left.unwrap();
        assert_eq!(format!("{limit:?}"), "<Timeout [expired]>");
        let never = Timeout::at(None);
        never
            .run(|| -> cede::Result<()> {
                assert_eq!(format!("{never:?}"), "<Timeout [active] when=None>");
                Ok(())
            })
            .unwrap();
        assert_eq!(format!("{never:?}"), "<Timeout [finished]>");
    });
}

/// test_timeouts: test_nested_timeout_in_finally
#[test]
fn a_limit_in_the_clean_up_after_a_limit_works() {
    run(|| {
        let begun = now();
        let left = cede::timeout(secs(1), || {
            let slept = sleeps(10);
            let clean_up = cede::timeout(secs(2), || sleeps(10));
            assert!(clean_up.unwrap_err().is_timeout());
            slept
        });
        assert!(left.unwrap_err().is_timeout());
        assert_eq!(elapsed(begun), 3);
    });
}

/// test_timeouts: test_timeout_after_cancellation
#[test]
fn a_limit_works_in_a_task_that_was_cancelled_before() {
    run(|| {
        let task = spawn(|| {
            cancel_myself();
            assert!(sleeps(1).unwrap_err().is_cancelled());
            assert!(cede::timeout(secs(0), || sleeps(1)).unwrap_err().is_timeout());
            assert_eq!(cancelling(), 1);
            Ok(())
        });
        task.flatten().await_().unwrap();
    });
}

/// test_timeouts: test_cancel_in_timeout_after_cancellation
#[test]
fn a_cancel_inside_a_limit_in_a_task_that_was_cancelled_before_is_no_timeout() {
    run(|| {
        let task = spawn(|| {
            cancel_myself();
            assert!(sleeps(1).unwrap_err().is_cancelled());
            let left = cede::timeout(secs(1), || {
                cancel_myself();
                sleeps(2)
            });
            assert!(left.unwrap_err().is_cancelled());
            assert_eq!(cancelling(), 2);
            Ok(())
        });
        task.flatten().await_().unwrap();
    });
}

/// test_timeouts: test_timeout_already_entered
#[test]
fn a_limit_is_entered_once_not_inside_itself() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        limit
            .run(|| -> cede::Result<()> {
                let again = limit.run(|| sleeps(1)).unwrap_err();
                assert_eq!(again.to_string(), "Timeout has already been entered");
                Ok(())
            })
            .unwrap();
    });
}

/// test_timeouts: test_timeout_double_enter
#[test]
fn a_limit_is_entered_once_not_again() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        limit.run(|| sleeps(0)).unwrap();
        let again = limit.run(|| sleeps(0)).unwrap_err();
        assert_eq!(again.to_string(), "Timeout has already been entered");
    });
}

/// test_timeouts: test_timeout_finished
#[test]
fn a_finished_limit_cannot_be_moved() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        limit.run(|| sleeps(0)).unwrap();
        let error = limit.reschedule(now()).unwrap_err();
        assert_eq!(error.to_string(), "Cannot change state of finished Timeout");
    });
}

/// test_timeouts: test_timeout_expired
#[test]
fn an_expired_limit_cannot_be_moved() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        assert!(limit.run(|| sleeps(5)).unwrap_err().is_timeout());
        let error = limit.reschedule(None).unwrap_err();
        assert_eq!(error.to_string(), "Cannot change state of expired Timeout");
    });
}

/// test_timeouts: test_timeout_expiring
#[test]
fn a_limit_that_is_over_cannot_be_moved_by_the_closure_either() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        limit
            .run(|| -> cede::Result<()> {
                assert!(sleeps(5).unwrap_err().is_cancelled());
                let error = limit.reschedule(now() + secs(2)).unwrap_err();
                assert_eq!(error.to_string(), "Cannot change state of expiring Timeout");
                Ok(())
            })
            .unwrap();
    });
}

/// test_timeouts: test_timeout_not_entered
#[test]
fn a_limit_that_is_not_entered_cannot_be_moved() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        let error = limit.reschedule(now() + secs(2)).unwrap_err();
        assert_eq!(error.to_string(), "Timeout has not been entered");
        assert!(!limit.expired());
    });
}

/// test_timeouts: test_timeout_without_task
#[test]
fn used_outside_a_task_it_is_an_error() {
    let event_loop = event_loop(&Trace::new());
    let errors = Rc::new(RefCell::new(Vec::new()));
    let told = errors.clone();
    event_loop.call_soon(move || {
        let limit = Timeout::after(secs(1)).unwrap();
        told.borrow_mut().push(limit.run(|| sleeps(1)).unwrap_err().to_string());
        told.borrow_mut().push(limit.reschedule(None).unwrap_err().to_string());
    });
    run_briefly(&event_loop);
    assert_eq!(*errors.borrow(), ["Timeout should be used inside a task", "Timeout has not been entered"]);
}

#[test]
fn outside_a_loop_it_is_an_error_that_names_cede_run() {
    let error = cede::timeout(secs(1), || sleeps(1)).unwrap_err();
    assert!(error.is_no_running_loop());
    assert_eq!(
        error.to_string(),
        "timeout: no running event loop; call it from inside cede::run or a loop's callback"
    );
    let error = cede::timeout_at(None, || sleeps(1)).unwrap_err();
    assert_eq!(error.to_string(), "Timeout should be used inside a task");
}

/// test_timeouts: test_timeout_taskgroup
#[test]
fn a_group_inside_a_limit_gives_its_errors() {
    run(|| {
        let crash = || {
            cede::coroutine(|| -> cede::Result<()> {
                let _ = sleeps(2); // interrupted after one second
                Err(Error::other("crash in clean-up"))
            })
        };
        let left = cede::timeout(secs(1), || -> cede::Result<()> {
            cede::task_group(|tg| {
                tg.create_task(crash())?;
                sleeps(5)
            })?;
            Ok(())
        });
        let error = left.unwrap_err();
        let group = error.downcast_ref::<cede::GroupError<Error>>().unwrap();
        assert_eq!(group.as_slice()[0].to_string(), "crash in clean-up");
        assert_eq!(cancelling(), 0);
    });
}

#[test]
fn a_group_inside_a_limit_is_cancelled_and_that_is_timed_out() {
    run(|| {
        let left = cede::timeout(secs(1), || -> cede::Result<()> {
            cede::task_group(|tg| {
                tg.create_task(nap(100, ()))?;
                Ok(())
            })?;
            Ok(())
        });
        assert!(left.unwrap_err().is_timeout());
        assert_eq!((cancelling(), cede::all_tasks().len()), (0, 1));
    });
}

/// The timer goes, and a request to cancel is taken back, when the closure is left by a panic.
#[test]
fn a_panic_leaves_nothing_behind() {
    run(|| {
        let limit = Timeout::after(secs(1)).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            limit.run(|| -> cede::Result<()> {
                let _ = sleeps(5);
                panic!("rock")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!((limit.expired(), cancelling()), (true, 0));
        assert_eq!(format!("{limit:?}"), "<Timeout [expired]>");
        sleeps(5).unwrap();
    });
}

#[test]
fn timed_out_is_an_error_of_every_common_type_and_says_so() {
    let error: Error = TimedOut::new().into();
    assert!(error.is_timeout() && error.downcast_ref::<TimedOut>().is_some());
    let io: io::Error = TimedOut::new().into();
    assert_eq!((io.kind(), io.to_string().as_str()), (io::ErrorKind::TimedOut, "timed out"));
    let through: io::Error = error.into();
    assert_eq!(through.kind(), io::ErrorKind::TimedOut);
    assert!(Error::from(through).is_timeout(), "there and back");
    let join: JoinError = TimedOut::new().into();
    assert!(join.is_timeout() && Error::from(join).is_timeout());
    let boxed: Box<dyn std::error::Error + Send + Sync> = TimedOut::new().into();
    assert!(Error::other(boxed).is_timeout());
    assert!(Error::from(io::Error::from(io::ErrorKind::TimedOut)).is_timeout(), "ETIMEDOUT, as in Python");
    assert!(!Error::other("slow").is_timeout());
}

#[test]
fn the_error_may_be_of_other_types() {
    run(|| {
        let io = cede::timeout(secs(1), || -> io::Result<()> { Ok(sleeps(5)?) });
        assert_eq!(io.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let boxed = cede::timeout(secs(1), || -> Result<(), Box<dyn std::error::Error>> { Ok(sleeps(5)?) });
        assert_eq!(boxed.unwrap_err().to_string(), "timed out");
    });
}

/// CPython's order: the alarm, then whoever it cancels; a promise set in the same turn loses to the cancel.
#[test]
fn a_result_that_comes_with_the_alarm_loses_to_it() {
    run(|| {
        let promise = Promise::new();
        let setter = promise.clone();
        let event_loop = cede::running_loop().unwrap();
        event_loop.call_later(secs(1), move || drop(setter.set_result(5)));
        let left = cede::timeout(secs(1), || promise.await_());
        assert!(left.unwrap_err().is_timeout());
    });
}
