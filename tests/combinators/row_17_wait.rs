//! Row 17: wait. First completed, first exception, all; a timeout leaves the rest pending and uncancelled;
//! nothing to wait for is an error.

use std::rc::Rc;

use cede::{Awaitable, Outcome, Promise, ReturnWhen, Task, Waited};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

use super::{elapsed, fails, nap, now, pass, secs, spawn, turns};

/// The places of those that are done, and of those that are not.
fn places<T: 'static>(all: &[Task<T>], waited: Waited<&Task<T>>) -> (Vec<usize>, Vec<usize>) {
    let place = |task: &&Task<T>| all.iter().position(|other| other.handle() == **task).unwrap();
    (waited.done.iter().map(place).collect(), waited.pending.iter().map(place).collect())
}

/// test_tasks: test_wait
#[test]
fn it_waits_for_all_and_takes_no_time_the_second_time() {
    run(|| {
        let begun = now();
        let naps = [nap(15, ()), nap(10, ())].map(cede::create_task);
        for _ in 0..2 {
            let waited = cede::wait(&naps).await_().unwrap();
            assert_eq!(places(&naps, waited), (vec![0, 1], vec![]));
            assert_eq!(elapsed(begun), 15);
        }
    });
}

/// test_tasks: test_wait_duplicate_coroutines
#[test]
fn a_task_given_twice_comes_back_once() {
    run(|| {
        let (test, spam) = (cede::create_task(nap(1, "test")), cede::create_task(nap(2, "spam")));
        let Waited { done, pending } = cede::wait([&test, &test, &spam]).await_().unwrap();
        let results: Vec<_> = done.iter().map(|task| task.result().unwrap().unwrap()).collect();
        assert_eq!(results, ["test", "spam"]);
        assert!(pending.is_empty());
    });
}

/// test_tasks: test_wait_errors, test_wait_invalid_args
#[test]
fn nothing_to_wait_for_is_an_error() {
    let error = run(|| cede::wait(Vec::<Task<()>>::new()).await_().unwrap_err());
    assert_eq!(error.to_string(), "wait: Set of Tasks/Futures is empty.");
}

/// test_tasks: test_wait_first_completed
#[test]
fn the_first_that_ends_is_enough_where_that_is_asked_for() {
    run(|| {
        let begun = now();
        let naps = [nap(10, ()), nap(1, ())].map(cede::create_task);
        let waited = cede::wait(&naps).return_when(ReturnWhen::FirstCompleted).await_().unwrap();
        assert_eq!(places(&naps, waited), (vec![1], vec![0]));
        assert_eq!((elapsed(begun), naps[0].outcome()), (1, Outcome::Pending));
    });
}

/// test_tasks: test_wait_really_done
#[test]
fn what_has_ended_meanwhile_is_done_even_if_its_callback_has_not_run() {
    run(|| {
        let both = [turns(2), turns(1)].map(cede::create_task);
        let waited = cede::wait(&both).return_when(ReturnWhen::FirstCompleted).await_().unwrap();
        assert_eq!(places(&both, waited), (vec![0, 1], vec![]));
    });
}

/// test_tasks: test_wait_first_exception
#[test]
fn a_failure_is_enough_where_the_first_exception_is_asked_for() {
    run(|| {
        let begun = now();
        let tasks = [cede::create_task(nap(10, 0)), cede::create_task(fails(0, "err"))];
        let waited = cede::wait(&tasks).return_when(ReturnWhen::FirstException).await_().unwrap();
        assert_eq!(places(&tasks, waited), (vec![1], vec![0]));
        assert_eq!(elapsed(begun), 0);
    });
}

/// test_tasks: test_wait_first_exception_in_wait
#[test]
fn so_is_a_failure_while_it_waits() {
    run(|| {
        let begun = now();
        let tasks = [cede::create_task(nap(10, 0)), cede::create_task(fails(2, "err"))];
        let waited = cede::wait(&tasks).return_when(ReturnWhen::FirstException).await_().unwrap();
        assert_eq!(places(&tasks, waited), (vec![1], vec![0]));
        assert_eq!(elapsed(begun), 2);
    });
}

#[test]
fn a_panic_is_an_exception_and_a_cancellation_is_none() {
    run(|| {
        let panics = spawn(|| {
            cede::sleep(secs(3)).await_()?;
            panic!("rock")
        });
        let tasks = [cede::create_task(nap(10, 0)), cede::create_task(nap(9, 0)), panics];
        tasks[1].cancel();
        let begun = now();
        let waited = cede::wait(&tasks).return_when(ReturnWhen::FirstException).await_().unwrap();
        assert_eq!(places(&tasks, waited), (vec![1, 2], vec![0]));
        assert_eq!(elapsed(begun), 3, "the cancelled one did not end the wait");
    });
}

#[test]
fn without_an_exception_the_first_one_is_never_and_all_end_the_wait() {
    run(|| {
        let begun = now();
        let tasks = [nap(2, ()), nap(4, ())].map(cede::create_task);
        let waited = cede::wait(&tasks).return_when(ReturnWhen::FirstException).await_().unwrap();
        assert_eq!(places(&tasks, waited), (vec![0, 1], vec![]));
        assert_eq!(elapsed(begun), 4);
    });
}

/// test_tasks: test_wait_with_exception
#[test]
fn a_failure_does_not_end_a_wait_for_all_and_is_still_there_to_read() {
    run(|| {
        let tasks = [cede::create_task(nap(1, 0)), cede::create_task(fails(2, "really"))];
        for _ in 0..2 {
            let Waited { done, pending } = cede::wait(&tasks).await_().unwrap();
            assert_eq!((done.len(), pending.len()), (2, 0));
            let failed = done.iter().filter(|task| task.outcome() == Outcome::Failed).count();
            assert_eq!(failed, 1);
        }
        assert_eq!(tasks[1].result().unwrap().unwrap_err().to_string(), "really");
    });
}

/// test_tasks: test_wait_with_timeout
#[test]
fn a_timeout_leaves_the_rest_pending_and_uncancelled() {
    run(|| {
        let begun = now();
        let naps = [nap(10, ()), nap(15, ())].map(cede::create_task);
        let waited = cede::wait(&naps).timeout(secs(11)).await_().unwrap();
        assert_eq!(places(&naps, waited), (vec![0], vec![1]));
        assert_eq!((elapsed(begun), naps[1].cancelling()), (11, 0));
        (&naps[1]).await_().unwrap().unwrap();
    });
}

/// test_tasks: test_wait_concurrent_complete
#[test]
fn a_task_that_ends_when_the_time_is_over_is_done() {
    run(|| {
        let naps = [nap(10, ()), nap(15, ())].map(cede::create_task);
        pass(1).unwrap(); // their timers come first
        let waited = cede::wait(&naps).timeout(secs(10)).await_().unwrap();
        assert_eq!(places(&naps, waited), (vec![0], vec![1]));
    });
}

#[test]
fn a_timeout_of_zero_looks_once() {
    run(|| {
        let tasks = [turns(0), turns(5)].map(cede::create_task);
        let begun = now();
        let waited = cede::wait(&tasks).timeout(secs(0)).await_().unwrap();
        assert_eq!(places(&tasks, waited), (vec![0], vec![1]));
        assert_eq!(elapsed(begun), 0);
    });
}

#[test]
fn no_timeout_is_none() {
    run(|| {
        let tasks = [nap(1000, ())].map(cede::create_task);
        let waited = cede::wait(&tasks).timeout(None).await_().unwrap();
        assert_eq!(places(&tasks, waited), (vec![0], vec![]));
    });
}

/// test_tasks: test_wait_with_iterator_of_tasks, test_wait_generator
#[test]
fn it_takes_any_iterator_and_gives_back_what_it_took() {
    run(|| {
        let Waited { done, pending } =
            cede::wait((0..10).map(|n| cede::create_task(nap(1, n)))).await_().unwrap();
        let values: Vec<u32> = done.into_iter().map(|task| task.flatten().await_().unwrap()).collect();
        assert_eq!(values, (0..10).collect::<Vec<_>>());
        assert!(pending.is_empty());
    });
}

#[test]
fn tasks_of_different_types_are_waited_for_by_their_handles() {
    run(|| {
        let (number, word) = (cede::create_task(nap(1, 5)), cede::create_task(nap(2, "five")));
        let Waited { done, .. } = cede::wait([number.handle(), word.handle()]).await_().unwrap();
        assert_eq!(done, [number.handle(), word.handle()]);
        assert_eq!((number.flatten().await_().unwrap(), word.flatten().await_().unwrap()), (5, "five"));
    });
}

/// test_tasks: test_yield_wait_does_not_shield_cancel
#[test]
fn cancelling_whoever_waits_cancels_none_of_those() {
    run(|| {
        let inner = Rc::new(cede::create_task(nap(5, 'x')));
        let waited_for = inner.clone();
        let outer = spawn(move || cede::wait([waited_for]).await_().map(drop));
        pass(2).unwrap();
        outer.cancel();
        assert!(outer.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!((&*inner).await_().unwrap().unwrap(), 'x');
    });
}

#[test]
fn it_reads_no_result_and_leaves_no_callback() {
    run(|| {
        let promise = Promise::<u32>::new();
        let waited = cede::wait([&promise]).timeout(secs(1)).await_().unwrap();
        assert_eq!((waited.done.len(), waited.pending.len()), (0, 1));
        let before = cede::running_loop().unwrap().callbacks_run();
        promise.set_result(7).unwrap();
        pass(2).unwrap();
        assert_eq!(cede::running_loop().unwrap().callbacks_run() - before, 2, "two yields, and nothing else");
        assert_eq!(promise.await_().unwrap(), 7);
    });
}

/// The turns are CPython's: a callback on each, the waiter, the awaiter; also of what is done already.
#[test]
fn of_what_has_ended_it_takes_two_turns() {
    let taken = run(|| {
        let promise = Promise::new();
        promise.set_result(1).unwrap();
        let before = cede::running_loop().unwrap().turns();
        cede::wait([&promise]).await_().unwrap();
        cede::running_loop().unwrap().turns() - before
    });
    assert_eq!(taken, 2);
}

#[test]
fn outside_a_loop_and_in_a_callback_it_is_an_error() {
    let event_loop = event_loop(&Trace::new());
    let promise = event_loop.create_promise::<()>();
    let error = cede::wait([&promise]).await_().unwrap_err();
    assert_eq!(
        error.to_string(),
        "wait: no running event loop; call it from inside cede::run or a loop's callback"
    );
    event_loop.call_soon(move || {
        let error = cede::wait([&promise]).await_().unwrap_err();
        assert!(error.to_string().starts_with("wait: only a task can cede to the loop"), "{error}");
        promise.cancel();
    });
    run_briefly(&event_loop);
}

#[test]
fn its_modes_bear_asyncio_s_names() {
    let names = [ReturnWhen::FirstCompleted, ReturnWhen::FirstException, ReturnWhen::default()];
    assert_eq!(names.map(|mode| mode.to_string()), ["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"]);
}
