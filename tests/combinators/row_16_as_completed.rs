//! Row 16: as_completed. Children in the order in which they end; a time limit for all; items awaited in any
//! order, by several.

use std::rc::Rc;

use cede::Awaitable;
use cede_tests::trace::{Trace, run};

use super::{elapsed, fails, nap, now, pass, secs, spawn, turns};

/// test_tasks: test_as_completed
#[test]
fn results_come_in_the_order_in_which_the_children_end() {
    let order = run(|| {
        let begun = now();
        let mut order = Vec::new();
        for next in cede::as_completed([nap(2, 'b'), nap(15, 'c'), nap(1, 'a')]) {
            let value = next.await_().unwrap().unwrap();
            order.push((value, elapsed(begun)));
        }
        order
    });
    assert_eq!(order, [('a', 1), ('b', 2), ('c', 15)]);
}

#[test]
fn there_are_as_many_items_as_children_and_none_of_none() {
    run(|| {
        let items = cede::as_completed([nap(1, 1), nap(2, 2)]);
        assert_eq!((items.len(), items.count()), (2, 2));
        assert_eq!(cede::as_completed(Vec::<cede::Task<u32>>::new()).count(), 0);
    });
}

#[test]
fn iterating_waits_for_nothing() {
    run(|| {
        let begun = (now(), cede::running_loop().unwrap().turns());
        let items: Vec<_> = cede::as_completed([nap(1, 1), nap(2, 2)]).collect();
        assert_eq!((now(), cede::running_loop().unwrap().turns()), begun);
        assert_eq!(format!("{:?}", items[0]), "<NextCompleted>");
    });
}

/// test_tasks: test_as_completed_same_tasks_in_as_out
#[test]
fn asked_for_its_place_each_says_which_argument_it_was() {
    let places = run(|| {
        let tasks = [nap(3, 'x'), nap(1, 'y'), nap(2, 'z')].map(cede::create_task);
        let mut places = Vec::new();
        for next in cede::as_completed(&tasks) {
            let (place, value) = next.indexed().await_().unwrap();
            assert_eq!(tasks[place].result().unwrap().unwrap(), value.unwrap().unwrap());
            places.push(place);
        }
        places
    });
    assert_eq!(places, [1, 2, 0]);
}

/// test_tasks: test_as_completed_with_timeout
#[test]
fn items_that_come_after_the_time_is_over_give_timed_out() {
    run(|| {
        let begun = now();
        let tasks = [nap(10, 'a'), nap(15, 'b')].map(cede::create_task);
        let results: Vec<_> =
            cede::as_completed(&tasks).timeout(secs(12)).map(|next| next.await_()).collect();
        assert_eq!(*results[0].as_ref().unwrap().as_ref().unwrap(), 'a');
        let late = results[1].as_ref().unwrap_err();
        assert!(late.is_timeout() && !late.is_cancelled());
        assert_eq!((late.to_string().as_str(), elapsed(begun)), ("timed out", 12));
        assert!(!tasks[1].done(), "it goes on");
    });
}

/// test_tasks: test_as_completed_with_unused_timeout
#[test]
fn a_timeout_that_is_not_used_keeps_nothing_waiting() {
    let took = run(|| {
        let begun = now();
        for next in cede::as_completed([nap(1, 'a')]).timeout(secs(1000)) {
            assert_eq!(next.await_().unwrap().unwrap(), 'a');
        }
        elapsed(begun)
    });
    assert_eq!(took, 1);
}

/// test_tasks: test_as_completed_resume_iterator
#[test]
fn the_iterator_may_be_left_and_gone_on_with() {
    let collected = run(|| {
        let mut items = cede::as_completed([nap(1, 0), nap(2, 1), nap(3, 2), nap(4, 3)]);
        let mut collected: Vec<u32> =
            items.by_ref().take(2).map(|next| next.await_().unwrap().unwrap()).collect();
        assert_eq!(collected.len(), 2);
        collected.extend(items.map(|next| next.await_().unwrap().unwrap()));
        collected
    });
    assert_eq!(collected, [0, 1, 2, 3]);
}

/// test_tasks: test_as_completed_reverse_wait
#[test]
fn the_item_that_is_awaited_first_gives_the_child_that_ends_first() {
    run(|| {
        let begun = now();
        let mut items: Vec<_> = cede::as_completed([nap(5, 'a'), nap(10, 'b')]).collect();
        assert_eq!(items.pop().unwrap().await_().unwrap().unwrap(), 'a');
        assert_eq!(elapsed(begun), 5);
        assert_eq!(items.pop().unwrap().await_().unwrap().unwrap(), 'b');
        assert_eq!(elapsed(begun), 10);
    });
}

/// test_tasks: test_as_completed_concurrent
#[test]
fn items_may_be_awaited_by_several_tasks_who_came_first_is_served_first() {
    let got = run(|| {
        let trace = Trace::new();
        let waiters: Vec<_> = cede::as_completed([nap(5, "a"), nap(5, "b")])
            .enumerate()
            .map(|(n, next)| {
                let trace = trace.clone();
                spawn(move || {
                    let value = next.await_()??;
                    trace.add(format_args!("{n}: {value}"));
                    Ok(())
                })
            })
            .collect();
        cede::gather(waiters).await_().unwrap();
        trace.take()
    });
    assert_eq!(got, ["0: a", "1: b"]);
}

/// test_tasks: test_as_completed_duplicate_coroutines
#[test]
fn a_task_given_twice_comes_once() {
    let values = run(|| {
        let ham = cede::create_task(nap(1, "ham"));
        let spam = cede::create_task(nap(2, "spam"));
        cede::as_completed([&ham, &ham, &spam])
            .map(|next| next.await_().unwrap().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(values, ["ham", "spam"]);
}

/// test_tasks: test_as_completed_coroutine_without_loop
#[test]
#[should_panic(expected = "create_task: no running event loop")]
fn of_coroutines_outside_a_loop_it_panics() {
    drop(cede::as_completed([nap(1, 1)]));
}

#[test]
fn a_child_s_failure_and_cancellation_come_in_their_turn() {
    run(|| {
        let slow = cede::create_task(nap(9, 1));
        let tasks = [cede::create_task(fails(1, "rock")), slow];
        let stopper = tasks[1].handle();
        cede::running_loop().unwrap().call_later(secs(2), move || assert!(stopper.cancel()));
        let mut items = cede::as_completed(tasks);
        assert_eq!(items.next().unwrap().await_().unwrap().unwrap_err().to_string(), "rock");
        let last = items.next().unwrap().await_().unwrap();
        assert!(last.unwrap_err().is_cancelled());
    });
}

/// CPython's `Queue.get`: who was woken and cancelled at once passes the wake on.
#[test]
fn a_waiter_cancelled_after_it_was_woken_passes_the_child_on() {
    run(|| {
        let mut items = cede::as_completed([turns(3), turns(9)]);
        let (first, second) = (items.next().unwrap(), items.next().unwrap());
        let one = spawn(move || Ok(first.await_()??));
        let two = spawn(move || Ok(second.await_()??));
        let target = one.handle();
        // In the turn in which the first getter is woken.
        for _ in 0..4 {
            pass(1).unwrap();
        }
        assert!(target.cancel());
        assert!(one.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!(two.flatten().await_().unwrap(), 3, "the child was not lost");
    });
}

#[test]
fn a_cancelled_item_takes_no_child_with_it() {
    run(|| {
        let child = Rc::new(cede::create_task(nap(5, 'x')));
        let next = cede::as_completed([&*child]).next().unwrap();
        let waiter = spawn(move || Ok(next.await_()??));
        pass(2).unwrap();
        waiter.cancel();
        assert!(waiter.flatten().await_().unwrap_err().is_cancelled());
        assert_eq!((&*child).await_().unwrap().unwrap(), 'x');
    });
}
