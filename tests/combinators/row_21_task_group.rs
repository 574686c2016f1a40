//! Row 21: TaskGroup. It waits for all; the first failure cancels the rest, and all errors come out together;
//! so does the closure's own; a cancel from outside is kept, with its count; no task after a failure or the
//! end; nested groups.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use cede::{Awaitable, Error, Failure, GroupError, JoinError, Outcome, TaskGroup};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

use super::{cancel_myself, cancelling, cancels_into, elapsed, fails, nap, now, pass, secs, spawn};

fn sleeps(seconds: u64) -> cede::Result<()> {
    cede::sleep(secs(seconds)).await_()?;
    Ok(())
}

/// The errors of a group, as texts.
fn texts<T>(left: Result<T, GroupError<Error>>) -> Vec<String> {
    let Err(error) = left else { panic!("the group had no error") };
    assert!(!error.is_cancelled(), "the group was cancelled");
    error.as_slice().iter().map(Error::to_string).collect()
}

/// The cancel from outside is delivered again at the next await, and no more after that.
#[track_caller]
fn delivered_again() {
    assert_eq!(cancelling(), 1);
    assert!(sleeps(1).unwrap_err().is_cancelled());
    sleeps(1).unwrap();
}

/// Sleeps; cancelled, it fails instead.
#[cede::coroutine]
fn crashes_in_clean_up(text: &'static str) -> cede::Result<()> {
    let _ = cede::sleep(secs(1000)).await;
    Err(Error::other(text))
}

/// test_taskgroups: test_taskgroup_01
#[test]
fn it_waits_for_all_its_tasks() {
    run(|| {
        let begun = now();
        let (one, two) =
            cede::task_group(|tg| Ok::<_, Error>((tg.create_task(nap(1, 42))?, tg.create_task(nap(2, 11))?)))
                .unwrap();
        assert_eq!(elapsed(begun), 2);
        assert!(one.done() && two.done());
        assert_eq!((one.result().unwrap().unwrap(), two.result().unwrap().unwrap()), (42, 11));
    });
}

/// test_taskgroups: test_taskgroup_02
#[test]
fn tasks_may_be_made_while_others_run() {
    run(|| {
        let begun = now();
        cede::task_group(|tg| {
            tg.create_task(nap(10, ()))?;
            sleeps(15)?;
            tg.create_task(nap(20, ()))?;
            Ok::<_, Error>(())
        })
        .unwrap();
        assert_eq!(elapsed(begun), 35);
    });
}

/// test_taskgroups: test_taskgroup_03
#[test]
fn a_task_that_is_cancelled_by_itself_ends_nothing() {
    run(|| {
        let (one, two) = cede::task_group(|tg| {
            let one = tg.create_task(nap(100, 42))?;
            sleeps(1)?;
            one.cancel();
            let two = tg.create_task(nap(2, 11))?;
            Ok::<_, Error>((one, two))
        })
        .unwrap();
        assert_eq!(one.outcome(), Outcome::Cancelled);
        assert_eq!(two.result().unwrap().unwrap(), 11);
    });
}

#[test]
fn it_gives_what_the_closure_returns() {
    assert_eq!(run(|| cede::task_group(|_: &TaskGroup<Error>| Ok(5)).unwrap()), 5);
}

#[test]
fn without_tasks_it_does_not_cede() {
    run(|| {
        let before = cede::running_loop().unwrap().turns();
        cede::task_group(|_: &TaskGroup<Error>| Ok(())).unwrap();
        assert_eq!(cede::running_loop().unwrap().turns(), before);
    });
}

/// test_taskgroups: test_taskgroup_04
#[test]
fn the_first_failure_cancels_the_others_and_comes_out() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let begun = now();
        let slot = RefCell::new(None);
        let left = cede::task_group(|tg| {
            tg.create_task(fails(1, "division by zero"))?;
            *slot.borrow_mut() = Some(tg.create_task(cancels_into(&told, "the other is cancelled"))?);
            Ok(())
        });
        assert_eq!(texts(left), ["division by zero"]);
        assert_eq!(elapsed(begun), 1);
        assert_eq!(slot.borrow().as_ref().unwrap().outcome(), Outcome::Cancelled);
        assert_eq!(cancelling(), 0);
    });
    assert_eq!(trace.take(), ["the other is cancelled"]);
}

/// test_taskgroups: test_cancel_children_on_child_error
#[test]
fn failures_in_the_same_turn_come_out_together_and_the_closure_is_cancelled() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let left = cede::task_group(|tg| {
            for text in ["one", "two", "three"] {
                tg.create_task(fails(1, text))?;
            }
            tg.create_task(cancels_into(&told, "child"))?;
            sleeps(10).inspect_err(|error| told.add(format_args!("closure: {error}")))
        });
        assert_eq!(texts(left), ["one", "two", "three"]);
    });
    assert_eq!(trace.take(), ["child", "closure: cancelled"]);
}

#[test]
fn the_others_are_cancelled_in_the_order_of_their_creation() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let left = cede::task_group(|tg| {
            for name in names {
                tg.create_task(cancels_into(&told, name))?;
            }
            tg.create_task(fails(1, "rock"))?;
            Ok(())
        });
        assert_eq!(texts(left), ["rock"]);
    });
    assert_eq!(trace.take(), ["a", "b", "c", "d", "e", "f", "g", "h"]);
}

/// test_taskgroups: test_cancellation
#[test]
fn cancelled_from_outside_while_it_waits_it_cancels_its_tasks_and_is_cancelled() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let runner = spawn(move || {
            cede::task_group(|tg| {
                for _ in 0..5 {
                    tg.create_task(cancels_into(&told, "child"))?;
                }
                Ok::<_, Error>(())
            })?;
            Ok(())
        });
        cede::sleep(secs(1)).await_().unwrap();
        assert!(runner.cancel());
        let handle = runner.handle();
        assert!(runner.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!((handle.outcome(), handle.cancelling()), (Outcome::Cancelled, 1));
    });
    assert_eq!(trace.take(), ["child"; 5]);
}

/// test_taskgroups: test_taskgroup_07
#[test]
fn cancelled_from_outside_while_the_closure_runs_it_cancels_its_tasks_after_that() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let runner = spawn(move || {
            cede::task_group(|tg| {
                for _ in 0..2 {
                    tg.create_task(cancels_into(&told, "child"))?;
                }
                sleeps(10).inspect_err(|_| told.add("closure"))
            })?;
            Ok(())
        });
        cede::sleep(secs(1)).await_().unwrap();
        runner.cancel();
        assert!(runner.flatten().await_().unwrap_err().is_cancelled());
    });
    assert_eq!(trace.take(), ["closure", "child", "child"]);
}

/// test_taskgroups: test_taskgroup_08
#[test]
fn errors_in_the_clean_up_after_a_cancel_come_out_instead() {
    run(|| {
        let runner = spawn(|| {
            let left = cede::task_group(|tg| {
                tg.create_task(crashes_in_clean_up("one"))?;
                tg.create_task(crashes_in_clean_up("two"))?;
                sleeps(10)
            });
            assert_eq!(texts(left), ["one", "two"]);
            delivered_again();
            Ok(())
        });
        cede::sleep(secs(1)).await_().unwrap();
        runner.cancel();
        runner.flatten().await_().unwrap();
    });
}

/// test_taskgroups: test_taskgroup_09
#[test]
fn an_error_of_the_closure_cancels_the_tasks_and_comes_out() {
    run(|| {
        let slot = RefCell::new(Vec::new());
        let left = cede::task_group(|tg| {
            slot.borrow_mut().push(tg.create_task(nap(100, 42))?);
            slot.borrow_mut().push(tg.create_task(nap(200, 11))?);
            sleeps(1)?;
            Err::<(), _>(Error::other("division by zero"))
        });
        assert_eq!(texts(left), ["division by zero"]);
        assert!(slot.borrow().iter().all(|task| task.cancelled()));
    });
}

/// test_taskgroups: test_taskgroup_10
#[test]
fn an_error_of_the_closure_before_anything_has_run_keeps_the_tasks_from_starting() {
    let trace = Trace::new();
    let told = trace.clone();
    let ((), reports) = run_reporting(move || {
        let left = cede::task_group(|tg| {
            tg.create_task(cede::coroutine(move || -> cede::Result<()> {
                told.add("started");
                Ok(())
            }))?;
            Err::<(), _>(Error::other("division by zero"))
        });
        assert_eq!(texts(left), ["division by zero"]);
    });
    assert!(trace.take().is_empty() && reports.is_empty(), "{reports:?}");
}

/// The inner group of an outer one's errors.
fn inner(error: &Error) -> Vec<String> {
    let group = error.downcast_ref::<GroupError<Error>>().expect("it is a group in a group");
    group.as_slice().iter().map(Error::to_string).collect()
}

/// test_taskgroups: test_taskgroup_11, test_taskgroup_12
#[test]
fn a_nested_group_s_errors_are_one_error_of_the_outer_group() {
    run(|| {
        let runner = spawn(|| {
            let left = cede::task_group(|outer| {
                outer.create_task(nap(1000, ()))?;
                cede::task_group(|inner| {
                    inner.create_task(crashes_in_clean_up("one"))?;
                    inner.create_task(crashes_in_clean_up("two"))?;
                    sleeps(10)
                })?;
                Ok(())
            });
            let errors = left.unwrap_err().into_errors();
            assert_eq!(errors.len(), 1);
            assert_eq!(inner(&errors[0]), ["one", "two"]);
            delivered_again();
            Ok(())
        });
        cede::sleep(secs(1)).await_().unwrap();
        runner.cancel();
        runner.flatten().await_().unwrap();
    });
}

/// test_taskgroups: test_taskgroup_13
#[test]
fn a_failure_in_the_outer_group_cancels_the_inner_one() {
    run(|| {
        let left = cede::task_group(|outer| {
            outer.create_task(fails(1, "outer"))?;
            cede::task_group(|inner| {
                inner.create_task(fails(100, "inner"))?;
                Ok::<_, Error>(())
            })?;
            Ok(())
        });
        assert_eq!(texts(left), ["outer"]);
    });
}

/// test_taskgroups: test_taskgroup_14
#[test]
fn a_failure_in_the_inner_group_cancels_the_outer_one() {
    run(|| {
        let left = cede::task_group(|outer| {
            outer.create_task(fails(100, "outer"))?;
            cede::task_group(|inner| {
                inner.create_task(fails(1, "inner"))?;
                Ok::<_, Error>(())
            })?;
            Ok(())
        });
        let errors = left.unwrap_err().into_errors();
        assert_eq!((errors.len(), inner(&errors[0])), (1, vec!["inner".to_owned()]));
    });
}

/// test_taskgroups: test_taskgroup_15
#[test]
fn a_task_that_fails_while_the_closure_cleans_up_after_a_cancel_comes_out() {
    run(|| {
        let runner = spawn(|| {
            let left = cede::task_group(|tg| {
                tg.create_task(fails(3, "crash"))?;
                let slept = sleeps(100);
                if slept.is_err() {
                    sleeps(5)?;
                }
                slept
            });
            assert_eq!(texts(left), ["crash"]);
            delivered_again();
            Ok(())
        });
        cede::sleep(secs(1)).await_().unwrap();
        runner.cancel();
        runner.flatten().await_().unwrap();
    });
}

/// test_taskgroups: test_taskgroup_16
#[test]
fn so_it_does_when_the_cancel_comes_through_a_task() {
    run(|| {
        let nested = spawn(|| {
            cede::task_group(|tg| {
                tg.create_task(fails(3, "crash"))?;
                let slept = sleeps(100);
                if slept.is_err() {
                    sleeps(5)?;
                }
                slept
            })?;
            Ok(())
        });
        let runner = spawn(move || nested.flatten().await_());
        cede::sleep(secs(1)).await_().unwrap();
        runner.cancel();
        assert_eq!(inner(&runner.flatten().await_().unwrap_err()), ["crash"]);
    });
}

/// test_taskgroups: test_taskgroup_17
#[test]
fn a_cancelled_closure_without_tasks_is_a_cancelled_group() {
    run(|| {
        let runner = spawn(|| {
            let left = cede::task_group(|_: &TaskGroup<Error>| sleeps(10));
            assert!(left.as_ref().unwrap_err().is_cancelled());
            assert!(left.as_ref().unwrap_err().as_slice().is_empty());
            Ok(left?)
        });
        pass(1).unwrap();
        runner.cancel();
        assert!(runner.flatten().await_().unwrap_err().is_cancelled());
    });
}

/// test_taskgroups: test_taskgroup_18
#[test]
fn a_closure_that_makes_an_error_of_its_cancellation_gives_that() {
    run(|| {
        let runner = spawn(|| {
            let left = cede::task_group(|_: &TaskGroup<Error>| {
                let _ = sleeps(10);
                Err::<(), _>(Error::other("mine"))
            });
            assert_eq!(texts(left), ["mine"]);
            delivered_again();
            Ok(())
        });
        pass(1).unwrap();
        runner.cancel();
        runner.flatten().await_().unwrap();
    });
}

/// test_taskgroups: test_taskgroup_19, test_taskgroup_21a
#[test]
fn the_closure_s_own_error_joins_those_of_the_tasks_as_the_last() {
    run(|| {
        let left = cede::task_group(|tg| {
            tg.create_task(fails(1, "child"))?;
            let _ = sleeps(10);
            Err::<(), _>(Error::other("closure"))
        });
        assert_eq!(texts(left), ["child", "closure"]);
        assert_eq!(cancelling(), 0);
    });
}

/// test_taskgroups: test_taskgroup_22
#[test]
fn a_cancelled_group_cancels_tasks_that_have_begun() {
    run(|| {
        let runner = spawn(|| {
            cede::task_group(|tg| {
                tg.create_task(nap(1, 42))?;
                tg.create_task(nap(2, 11))?;
                Ok::<_, Error>(())
            })?;
            Ok(())
        });
        pass(3).unwrap();
        runner.cancel();
        assert!(runner.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!(cede::all_tasks().len(), 1);
    });
}

/// test_taskgroups: test_taskgroup_23
#[test]
fn it_forgets_tasks_that_have_ended() {
    run(|| {
        cede::task_group(|tg| {
            for _ in 0..10 {
                sleeps(1)?;
                tg.create_task(nap(3, ()))?;
            }
            let text = format!("{tg:?}");
            assert!(
                ["<TaskGroup tasks=3 entered>", "<TaskGroup tasks=4 entered>"].contains(&&*text),
                "{text}"
            );
            sleeps(14)?;
            assert_eq!(format!("{tg:?}"), "<TaskGroup entered>");
            Ok::<_, Error>(())
        })
        .unwrap();
    });
}

/// test_taskgroups: test_taskgroup_24
#[test]
fn a_task_of_it_may_make_more() {
    let begun_and_ended = run(|| {
        let begun = now();
        cede::task_group(|tg| {
            let group = tg.clone();
            tg.create_task(cede::coroutine(move || -> cede::Result<()> {
                sleeps(1)?;
                group.create_task(nap(1, ()))?;
                group.create_task(nap(2, ()))?;
                Ok(())
            }))?;
            Ok::<_, Error>(())
        })
        .unwrap();
        elapsed(begun)
    });
    assert_eq!(begun_and_ended, 3);
}

/// test_taskgroups: test_taskgroup_25
#[test]
fn a_group_whose_tasks_multiply_is_ended_by_a_failure() {
    fn hydra(
        tg: TaskGroup<Error>,
        heads: Rc<Cell<u32>>,
    ) -> cede::Coroutine<impl FnOnce() -> cede::Result<()>> {
        let grow: Box<dyn FnOnce() -> cede::Result<()>> = Box::new(move || {
            heads.set(heads.get() + 1);
            sleeps(1)?;
            tg.create_task(hydra(tg.clone(), heads.clone()))?;
            tg.create_task(hydra(tg.clone(), heads.clone()))?;
            Ok(())
        });
        cede::coroutine(grow)
    }
    run(|| {
        let heads = Rc::new(Cell::new(0));
        let counted = heads.clone();
        let left = cede::task_group(|tg| {
            tg.create_task(hydra(tg.clone(), heads.clone()))?;
            tg.create_task(cede::coroutine(move || -> cede::Result<()> {
                while counted.get() < 10 {
                    cede::sleep(std::time::Duration::from_millis(1500)).await_()?;
                }
                Err(Error::other("hercules"))
            }))?;
            Ok(())
        });
        assert_eq!(texts(left), ["hercules"]);
        assert!(heads.get() >= 10);
        assert_eq!(cede::all_tasks().len(), 1, "no head is left");
    });
}

/// test_taskgroups: test_taskgroup_task_name
#[test]
fn its_tasks_may_have_names() {
    run(|| {
        cede::task_group(|tg| {
            let task = tg.create_task(nap(0, ()))?.named("yolo");
            assert_eq!(task.name(), "yolo");
            Ok::<_, Error>(())
        })
        .unwrap();
    });
}

/// test_taskgroups: test_taskgroup_no_create_task_after_failure
#[test]
fn after_a_failure_no_task_is_made_and_its_coroutine_is_closed() {
    let refusal = Rc::new(RefCell::new(String::new()));
    let told = refusal.clone();
    let ((), reports) = run_reporting(move || {
        let left = cede::task_group(|tg| {
            tg.create_task(fails(1, "division by zero"))?;
            let group = tg.clone();
            tg.create_task(cede::coroutine(move || -> cede::Result<u32> {
                assert!(sleeps(10).is_err());
                let error = group.create_task(nap(1, 1)).unwrap_err();
                *told.borrow_mut() = error.to_string();
                Ok(1)
            }))?;
            Ok(())
        });
        assert_eq!(texts(left), ["division by zero"]);
    });
    assert_eq!(*refusal.borrow(), "<TaskGroup tasks=1 errors=1 cancelling> is shutting down");
    assert!(reports.is_empty(), "it is no coroutine that was never awaited: {reports:?}");
}

/// test_taskgroups: test_taskgroup_context_manager_exit_raises
#[test]
fn an_error_of_what_the_closure_leaves_joins_the_child_s() {
    run(|| {
        let left = cede::task_group(|tg| {
            tg.create_task(fails(0, "child"))?;
            // A "database" whose end fails, whatever was done with it.
            let _ = sleeps(1);
            Err::<(), _>(Error::other("database"))
        });
        assert_eq!(texts(left), ["child", "database"]);
        assert_eq!(cancelling(), 0);
    });
}

/// test_taskgroups: test_taskgroup_finished, test_coro_closed_when_tg_closed
#[test]
fn after_the_end_no_task_is_made_and_its_coroutine_is_closed() {
    let ((), reports) = run_reporting(|| {
        let slot = RefCell::new(None);
        cede::task_group(|tg| {
            *slot.borrow_mut() = Some(tg.clone());
            Ok::<_, Error>(())
        })
        .unwrap();
        let group = slot.take().unwrap();
        let error = group.create_task(nap(0, ())).unwrap_err();
        assert_eq!(error.to_string(), "<TaskGroup entered> is finished");
    });
    assert!(reports.is_empty(), "{reports:?}");
}

/// CPython allows it: as long as tasks are left, a task may make another one although the closure is over.
#[test]
fn a_task_may_be_made_while_the_group_waits_for_the_others() {
    run(|| {
        let begun = now();
        cede::task_group(|tg| {
            let group = tg.clone();
            tg.create_task(cede::coroutine(move || {
                sleeps(5)?;
                group.create_task(nap(5, ()))?;
                Ok(())
            }))?;
            Ok::<_, Error>(())
        })
        .unwrap();
        assert_eq!(elapsed(begun), 10);
    });
}

/// test_taskgroups: test_taskgroup_without_parent_task
#[test]
fn outside_a_task_it_is_an_error() {
    let text = "TaskGroup cannot determine the parent task: run it inside a task";
    let error = cede::task_group(|_: &TaskGroup<Error>| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), text);
    let event_loop = event_loop(&Trace::new());
    event_loop.call_soon(move || {
        let error = cede::task_group(|_: &TaskGroup<Error>| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), text);
        assert!(!error.is_cancelled() && error.as_slice().is_empty());
    });
    run_briefly(&event_loop);
}

/// test_taskgroups: test_cancelling_level_preserved
#[test]
fn a_failure_leaves_no_request_to_cancel_behind() {
    run(|| {
        let left = cede::task_group(|tg| {
            tg.create_task(fails(0, "runtime"))?;
            Ok(())
        });
        assert_eq!(texts(left), ["runtime"]);
        assert_eq!(cancelling(), 0);
        sleeps(1).unwrap();
    });
}

/// test_taskgroups: test_nested_groups_both_cancelled
#[test]
fn of_two_groups_that_fail_at_once_each_keeps_its_own_count() {
    run(|| {
        let left = cede::task_group(|outer| {
            let left = cede::task_group(|inner| {
                inner.create_task(fails(0, "inner"))?;
                outer.create_task(fails(0, "outer"))?;
                Ok(())
            });
            assert_eq!(texts(left), ["inner"]);
            assert_eq!(cancelling(), 1, "the outer group's own request");
            Ok(())
        });
        assert_eq!(texts(left), ["outer"]);
        assert_eq!(cancelling(), 0);
    });
}

/// test_taskgroups: test_error_and_cancel
#[test]
fn a_cancel_from_outside_beside_a_failure_is_kept_and_delivered_again() {
    run(|| {
        let event = cede::Promise::<()>::new();
        let set = event.clone();
        let inner = spawn(move || {
            let left = cede::task_group(|tg| {
                tg.create_task(cede::coroutine(move || -> cede::Result<()> {
                    set.set_result(())?;
                    cede::yield_now().await_()?;
                    Err(Error::other("runtime"))
                }))?;
                sleeps(1)?;
                unreachable!("the sleep in the group is cancelled");
                #[allow(unreachable_code)]
                Ok(())
            });
            assert_eq!(texts(left), ["runtime"]);
            assert_eq!(cancelling(), 1);
            sleeps(1)?;
            unreachable!("the sleep after the group is cancelled");
            #[allow(unreachable_code)]
            Ok(())
        });
        event.await_().unwrap();
        assert_eq!(inner.cancelling(), 0);
        inner.cancel();
        assert_eq!(inner.cancelling(), 1);
        let handle = inner.handle();
        assert!(inner.flatten().await_().unwrap_err().is_cancelled());
        assert!(handle.cancelled());
    });
}

#[test]
fn cancelled_several_times_while_it_waits_it_still_waits() {
    run(|| {
        let begun = now();
        let runner = spawn(|| {
            cede::task_group(|tg| {
                tg.create_task(cede::coroutine(|| -> cede::Result<()> {
                    let _ = sleeps(1000);
                    sleeps(10)
                }))?;
                Ok::<_, Error>(())
            })?;
            Ok(())
        });
        for _ in 0..3 {
            cede::sleep(secs(1)).await_().unwrap();
            runner.cancel();
        }
        let handle = runner.handle();
        assert!(runner.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!((handle.cancelling(), elapsed(begun)), (3, 11));
    });
}

/// test_taskgroups: test_taskgroup_20, where asyncio re-raises a `KeyboardInterrupt` alone
#[test]
fn a_panic_of_the_closure_goes_on_when_the_tasks_have_ended() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            cede::task_group(|tg| -> cede::Result<()> {
                tg.create_task(cancels_into(&told, "child"))?;
                sleeps(1)?;
                panic!("rock")
            })
        }));
        told.add(caught.unwrap_err().downcast_ref::<&str>().unwrap());
        assert_eq!((cancelling(), cede::all_tasks().len()), (0, 1));
    });
    assert_eq!(trace.take(), ["child", "rock"]);
}

/// Decided: a panic is a bug, and no place for it is a list of errors.
#[test]
fn a_panic_of_a_task_cancels_the_others_and_goes_on_in_whoever_runs_the_group() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            cede::task_group(|tg| {
                tg.create_task(cancels_into(&told, "child"))?;
                tg.create_task(cede::coroutine(|| -> cede::Result<()> {
                    sleeps(1)?;
                    panic!("rock")
                }))?;
                sleeps(50).inspect_err(|_| told.add("closure"))
            })
        }));
        told.add(caught.unwrap_err().downcast_ref::<&str>().unwrap());
        assert_eq!((cancelling(), cede::all_tasks().len()), (0, 1));
        sleeps(1).unwrap();
    });
    assert_eq!(trace.take(), ["child", "closure", "rock"]);
}

#[test]
fn errors_that_come_with_a_panic_are_reported() {
    let ((), reports) = run_reporting(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            cede::task_group(|tg| {
                tg.create_task(crashes_in_clean_up("lost"))?;
                tg.create_task(cede::coroutine(|| -> cede::Result<()> {
                    sleeps(1)?;
                    panic!("rock")
                }))?;
                Ok(())
            })
        }));
        assert!(caught.is_err());
    });
    assert_eq!(reports, ["the error of a task of a TaskGroup was never read: lost"]);
}

#[test]
fn an_error_that_can_be_copied_is_the_group_s_and_the_awaiter_s() {
    run(|| {
        let slot = RefCell::new(None);
        let left = cede::task_group(|tg| {
            *slot.borrow_mut() = Some(tg.create_task(fails(1, "rock"))?);
            Ok(())
        });
        assert_eq!(texts(left), ["rock"]);
        assert_eq!(slot.take().unwrap().flatten().await_().unwrap_err().to_string(), "rock");
    });
}

#[derive(Debug)]
struct OnlyOne(&'static str);

impl From<cede::Cancelled> for OnlyOne {
    fn from(_: cede::Cancelled) -> Self {
        OnlyOne("cancelled")
    }
}

impl From<Error> for OnlyOne {
    fn from(_: Error) -> Self {
        OnlyOne("broken")
    }
}

impl Failure for OnlyOne {
    fn is_cancelled(&self) -> bool {
        self.0 == "cancelled"
    }
}

#[test]
fn an_error_that_cannot_be_copied_is_the_group_s_and_the_awaiter_is_told_so() {
    run(|| {
        let slot = RefCell::new(None);
        let left = cede::task_group(|tg| {
            let task = tg.create_task(cede::coroutine(|| Err::<(), _>(OnlyOne("rock"))))?;
            *slot.borrow_mut() = Some(task);
            Ok(())
        });
        assert_eq!(left.unwrap_err().into_errors()[0].0, "rock");
        let error: JoinError = slot.take().unwrap().await_().unwrap_err();
        assert!(error.is_invalid_state());
        assert_eq!(error.to_string(), "the task's error went to its TaskGroup, and there is only one");
    });
}

#[test]
fn an_error_that_its_awaiter_took_first_still_fails_the_group() {
    run(|| {
        let left = cede::task_group(|tg| {
            let task = tg.create_task(cede::coroutine(|| {
                let _ = cede::yield_now().await_();
                Err::<(), _>(OnlyOne("rock"))
            }))?;
            // Runs in the turn in which the task ends, before the group's callback.
            tg.create_task(cede::coroutine(move || {
                let _ = cede::yield_now().await_();
                match task.await_() {
                    Ok(Err(OnlyOne("rock"))) => Ok(()),
                    other => panic!("{other:?}"),
                }
            }))?;
            Ok(())
        });
        let error = left.unwrap_err();
        assert!(error.as_slice().is_empty() && !error.is_cancelled());
    });
}

/// There is no stack of that size: the task fails before it starts, and that is an error like others.
#[test]
fn a_task_that_cannot_start_fails_the_group() {
    run(|| {
        let left = cede::task_group(|tg| {
            tg.create_task(cede::coroutine(|| Ok::<_, Error>(())).stack_size(usize::MAX))?.named("giant");
            Ok(())
        });
        let texts = texts(left);
        assert!(texts.len() == 1 && texts[0].starts_with("task 'giant' cannot start: "), "{texts:?}");
        let error = cede::gather([nap(0, ()).stack_size(usize::MAX)]).await_().unwrap_err();
        assert!(error.to_string().contains("cannot start: "), "{error}");
    });
}

#[test]
fn failures_of_tasks_that_nobody_holds_are_not_reported_besides() {
    let ((), reports) = run_reporting(|| {
        let left = cede::task_group(|tg| {
            tg.create_task(fails(1, "rock"))?;
            Ok(())
        });
        assert_eq!(texts(left), ["rock"]);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn its_error_is_cpython_s_text_and_an_error_of_other_types() {
    run(|| {
        let group = |count: usize| {
            cede::task_group(move |tg| {
                for _ in 0..count {
                    tg.create_task(fails(0, "rock"))?;
                }
                Ok(())
            })
            .unwrap_err()
        };
        let one = group(1);
        assert_eq!(one.to_string(), "unhandled errors in a TaskGroup (1 sub-exception): rock");
        assert_eq!(std::error::Error::source(&one).unwrap().to_string(), "rock");
        let two: Error = group(2).into();
        assert_eq!(two.to_string(), "unhandled errors in a TaskGroup (2 sub-exceptions): rock; rock");
        let io: std::io::Error = group(1).into();
        assert_eq!(io.kind(), std::io::ErrorKind::Other);
        let boxed: Box<dyn std::error::Error> = group(1).into();
        assert!(boxed.is::<GroupError<Error>>());
    });
}

/// A group's error says whether it is a cancellation, so a task may return it.
#[test]
fn a_task_that_returns_a_cancelled_group_is_cancelled() {
    run(|| {
        let task = cede::create_task(
            cede::coroutine(|| cede::task_group(|_: &TaskGroup<Error>| sleeps(10))).fallible(),
        );
        pass(1).unwrap();
        task.cancel();
        cede::wait([&task]).await_().unwrap();
        assert_eq!(task.outcome(), Outcome::Cancelled);
    });
}

/// CPython's turns: the task, the group's callback, the parent.
#[test]
fn the_parent_goes_on_two_turns_after_the_last_task_has_ended() {
    let taken = run(|| {
        let slot = Rc::new(Cell::new(0));
        let ended = slot.clone();
        cede::task_group(|tg| {
            tg.create_task(cede::coroutine(move || -> cede::Result<()> {
                ended.set(cede::running_loop()?.turns());
                Ok(())
            }))?;
            Ok::<_, Error>(())
        })
        .unwrap();
        cede::running_loop().unwrap().turns() - slot.get()
    });
    assert_eq!(taken, 2);
}

/// A loop that closes unwinds the parent; nothing waits there.
#[test]
fn a_group_whose_loop_is_dropped_is_left_without_waiting() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    let task = event_loop.create_task(cede::coroutine(move || -> cede::Result<()> {
        let _held = told.on_drop("the frame is left");
        cede::task_group(|tg| {
            tg.create_task(cede::coroutine(|| -> cede::Result<()> {
                loop {
                    let _ = cede::sleep(secs(1)).await_(); // refuses
                }
            }))?;
            loop {
                let _ = sleeps(1); // refuses too
            }
            #[allow(unreachable_code)]
            Ok::<_, Error>(())
        })?;
        Ok(())
    }));
    run_briefly(&event_loop);
    drop(event_loop);
    assert!(task.done());
    assert!(trace.take().contains(&"the frame is left".to_owned()));
}

/// Await in Drop while unwinding: an error, and the panic goes on.
#[test]
fn a_group_on_a_stack_that_is_being_unwound_is_an_error() {
    run(|| {
        struct GroupInDrop(Rc<Cell<bool>>);
        impl Drop for GroupInDrop {
            fn drop(&mut self) {
                let left = cede::task_group(|tg| {
                    tg.create_task(nap(1, ()))?;
                    Ok::<_, Error>(())
                });
                self.0.set(left.unwrap_err().to_string().starts_with("task_group: await while unwinding"));
            }
        }
        let refused = Rc::new(Cell::new(false));
        let guard = GroupInDrop(refused.clone());
        let caught = catch_unwind(AssertUnwindSafe(move || {
            let _guard = guard;
            panic!("rock")
        }));
        assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "rock");
        assert!(refused.get(), "a stack that is being left cannot wait: an error, and the tasks go on");
        sleeps(2).unwrap();
    });
}

#[test]
fn a_group_in_a_task_that_cancels_itself_is_cancelled() {
    run(|| {
        let task = spawn(|| {
            let left = cede::task_group(|tg| {
                tg.create_task(nap(10, ()))?;
                cancel_myself();
                Ok::<_, Error>(())
            });
            assert!(left.unwrap_err().is_cancelled());
            Ok(())
        });
        task.flatten().await_().unwrap();
    });
}
