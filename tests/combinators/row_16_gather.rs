//! Row 16: gather. Results in the order of the arguments; duplicates run once; none give none; the first
//! failure goes up at once, the others go on; errors as values; a cancel reaches every child; a cancelled
//! child is a failure.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cede::{Awaitable, Cancelled, Error, EventLoop, JoinError, Outcome, Promise, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly, run_reporting};

use super::{cancels_into, elapsed, fails, nap, now, pass, secs, spawn, turns, waits_for};

/// Runs turns until nothing is ready.
fn settle(event_loop: &EventLoop) {
    (0..8).for_each(|_| run_briefly(event_loop));
}

/// test_tasks: CoroutineGatherTests.test_success
#[test]
fn results_come_in_the_order_of_the_arguments_whichever_ends_first() {
    let (values, took) = run(|| {
        let begun = now();
        let values = cede::gather([nap(3, 'a'), nap(1, 'b'), nap(2, 'c')]).await_().unwrap();
        (values, elapsed(begun))
    });
    assert_eq!((values, took), (['a', 'b', 'c'], 3));
}

/// test_tasks: FutureGatherTests.test_success
#[test]
fn it_is_pending_until_the_last_promise_is_set() {
    let event_loop = event_loop(&Trace::new());
    let [a, b, c] = [(); 3].map(|()| event_loop.create_promise::<cede::Result<u32>>());
    let gather = cede::gather([&a, &b, &c].map(|promise| promise.clone()));
    b.set_result(Ok(1)).unwrap();
    a.set_result(Ok(2)).unwrap();
    settle(&event_loop);
    assert_eq!(gather.outcome(), Outcome::Pending);
    c.set_result(Ok(3)).unwrap();
    settle(&event_loop);
    assert!(gather.done());
    let values = event_loop.run_until_complete(cede::coroutine(|| gather.await_())).unwrap().unwrap();
    assert_eq!(values, [2, 1, 3]);
}

#[test]
fn children_of_different_types_come_in_a_tuple() {
    let (number, word, nothing) = run(|| {
        let task = cede::create_task(nap(1, "word"));
        cede::gather((nap(2, 7), task, nap(0, ()))).await_().unwrap()
    });
    assert_eq!((number, word, nothing), (7, "word", ()));
}

#[test]
fn a_tuple_may_hold_twelve() {
    let twelve = run(|| {
        let n = |value: u32| nap(1, value);
        cede::gather((n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8), n(9), n(10), n(11)))
            .await_()
            .unwrap()
    });
    assert_eq!((twelve.0, twelve.11), (0, 11));
}

#[test]
fn a_vector_gives_a_vector_and_a_slice_too() {
    run(|| {
        let tasks: Vec<_> = (0..3).map(|n| cede::create_task(nap(1, n))).collect();
        assert_eq!(cede::gather(&tasks[1..]).await_().unwrap(), vec![1, 2]);
        assert_eq!(cede::gather(&tasks).await_().unwrap(), vec![0, 1, 2]);
        assert_eq!(cede::gather(tasks).await_().unwrap(), vec![0, 1, 2]);
    });
}

#[test]
fn children_that_cannot_fail_are_joined() {
    let both = run(|| {
        let name = cede::coroutine(|| String::from("seven"));
        cede::join((cede::create_task(cede::coroutine(|| 7)), name)).await_().unwrap()
    });
    assert_eq!(both, (7, "seven".to_owned()));
}

#[test]
fn coroutines_begin_in_the_order_of_the_arguments_and_not_before_the_next_turn() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let say = |what: &'static str| cede::coroutine(told.call(what));
        let gather = cede::join([say("one"), say("two")]);
        told.add("nothing yet");
        gather.await_().unwrap();
    });
    assert_eq!(trace.take(), ["nothing yet", "one", "two"]);
}

/// test_tasks: FutureGatherTests.test_constructor_empty_sequence_use_running_loop
#[test]
fn of_none_there_are_none_at_once() {
    let turns = run(|| {
        let gather = cede::gather(Vec::<cede::Task<cede::Result<u32>>>::new());
        assert_eq!(gather.outcome(), Outcome::Finished);
        let before = cede::running_loop().unwrap().turns();
        assert!(gather.await_().unwrap().is_empty());
        cede::running_loop().unwrap().turns() - before
    });
    assert_eq!(turns, 0, "awaiting what is done does not cede");
}

/// test_tasks: FutureGatherTests.test_constructor_empty_sequence_without_loop,
/// CoroutineGatherTests.test_constructor_without_loop
#[test]
#[should_panic(expected = "gather: no running event loop; call it from inside cede::run")]
fn of_none_outside_a_loop_it_panics() {
    drop(cede::gather(Vec::<cede::Task<cede::Result<u32>>>::new()));
}

/// test_tasks: CoroutineGatherTests.test_duplicate_coroutines
#[test]
fn a_task_given_twice_runs_once_and_gives_its_value_twice() {
    let trace = Trace::new();
    let told = trace.clone();
    let values = run(move || {
        let abc = spawn(move || {
            told.add("runs");
            Ok("abc")
        });
        let def = cede::create_task(nap(1, "def"));
        cede::gather([&abc, &abc, &def, &abc]).await_().unwrap()
    });
    assert_eq!(values, ["abc", "abc", "def", "abc"]);
    assert_eq!(trace.take(), ["runs"]);
}

/// asyncio counts a duplicate once: its end is looked at once, so it takes no more turns.
#[test]
fn a_duplicate_takes_no_more_turns() {
    let turns_of = |copies: usize| {
        run(move || {
            let task = cede::create_task(turns(1));
            let before = cede::running_loop().unwrap().callbacks_run();
            cede::gather(vec![&task; copies]).await_().unwrap();
            cede::running_loop().unwrap().callbacks_run() - before
        })
    };
    assert_eq!(turns_of(1), turns_of(5));
}

/// test_tasks: GatherTestsBase.test_one_exception
#[test]
fn the_first_failure_goes_up_at_once_and_the_others_go_on() {
    let trace = Trace::new();
    let told = trace.clone();
    let (error, took) = run(move || {
        let begun = now();
        let other = spawn(move || {
            cede::sleep(secs(5)).await_()?;
            told.add("the other goes on");
            Ok(0)
        });
        let failed = cede::gather((fails(1, "first"), fails(2, "second"), &other)).await_().unwrap_err();
        let took = elapsed(begun);
        other.await_().unwrap().unwrap();
        (failed, took)
    });
    assert_eq!((error.to_string().as_str(), took), ("first", 1));
    assert_eq!(trace.take(), ["the other goes on"]);
}

#[test]
fn a_failure_is_one_whether_the_task_knows_it_or_not() {
    // Without `fallible`, the task itself ends *finished* with an `Err` for a value.
    let error = run(|| {
        let task = cede::create_task(cede::coroutine(|| -> cede::Result<u32> { Err(Error::other("plain")) }));
        cede::gather([task]).await_().unwrap_err()
    });
    assert_eq!(error.to_string(), "plain");
}

/// test_tasks: CoroutineGatherTests.test_exception_marking
#[test]
fn what_becomes_of_the_others_after_the_first_failure_is_no_news() {
    let ((), reports) = run_reporting(|| {
        let error = cede::gather([fails(1, "first"), fails(2, "never seen")]).await_().unwrap_err();
        assert_eq!(error.to_string(), "first");
        cede::sleep(secs(5)).await_().unwrap();
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn a_failure_of_a_gather_that_nobody_awaits_is_reported_once() {
    let ((), reports) = run_reporting(|| {
        drop(cede::gather([fails(1, "unseen")]));
        cede::sleep(secs(5)).await_().unwrap();
    });
    assert_eq!(reports, ["the error of a gather was never read: unseen"]);
}

/// test_tasks: GatherTestsBase.test_return_exceptions
#[test]
fn errors_returned_as_values_end_nothing() {
    let (texts, took) = run(|| {
        let begun = now();
        let results = cede::gather_results((nap(3, 1), fails(1, "one"), fails(2, "two"))).await_().unwrap();
        let (three, one, two) = results;
        let texts = (three.unwrap(), one.unwrap_err().to_string(), two.unwrap_err().to_string());
        (texts, elapsed(begun))
    });
    assert_eq!((texts, took), ((1, "one".to_owned(), "two".to_owned()), 3));
}

/// test_tasks: GatherTestsBase.test_result_exception_success
#[test]
fn returning_errors_of_children_that_succeed_gives_their_values() {
    let results = run(|| cede::gather_results([nap(1, 'a'), nap(0, 'b')]).await_().unwrap());
    assert_eq!(results.map(Result::unwrap), ['a', 'b']);
}

/// test_tasks: FutureGatherTests.test_one_cancellation
#[test]
fn a_cancelled_child_is_a_failure_and_no_cancellation_of_the_whole() {
    let event_loop = event_loop(&Trace::new());
    let [a, b, c] = [(); 3].map(|()| event_loop.create_promise::<cede::Result<u32>>());
    let gather = cede::gather([a.clone(), b.clone(), c.clone()]);
    a.set_result(Ok(1)).unwrap();
    b.cancel();
    settle(&event_loop);
    assert_eq!(gather.outcome(), Outcome::Failed, "failed, not cancelled");
    c.set_result(Ok(3)).unwrap();
    let error = event_loop.run_until_complete(cede::coroutine(|| gather.await_())).unwrap().unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn a_cancelled_child_does_not_cancel_the_others() {
    let others = run(|| {
        let (one, two) = (cede::create_task(nap(5, 1)), cede::create_task(nap(5, 2)));
        let stopper = one.handle();
        cede::running_loop().unwrap().call_later(secs(1), move || assert!(stopper.cancel()));
        assert!(cede::gather([&one, &two]).await_().unwrap_err().is_cancelled());
        two.await_().unwrap().unwrap()
    });
    assert_eq!(others, 2);
}

/// test_tasks: FutureGatherTests.test_result_exception_one_cancellation
#[test]
fn a_cancelled_child_is_a_value_where_errors_are() {
    run(|| {
        let promises: Vec<Promise<cede::Result<u32>>> = (0..4).map(|_| Promise::new()).collect();
        let gather = cede::gather_results(promises.clone());
        promises[0].set_result(Ok(1)).unwrap();
        promises[1].set_exception("broken").unwrap();
        promises[2].cancel();
        pass(3).unwrap();
        assert!(!gather.done());
        promises[3].set_result(Ok(3)).unwrap();
        let results = gather.await_().unwrap();
        assert_eq!(*results[0].as_ref().unwrap(), 1);
        assert_eq!(results[1].as_ref().unwrap_err().to_string(), "broken");
        assert!(results[2].as_ref().unwrap_err().is_cancelled());
        assert_eq!(*results[3].as_ref().unwrap(), 3);
    });
}

/// test_tasks: CoroutineGatherTests.test_cancellation_broadcast
#[test]
fn cancelling_whoever_awaits_cancels_every_child_in_the_order_of_the_arguments() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || {
        let children = [cancels_into(&told, "one"), cancels_into(&told, "two"), cancels_into(&told, "three")]
            .map(cede::create_task);
        let handles = children.each_ref().map(|child| child.handle());
        let outer = spawn(move || {
            cede::gather(children).await_()?;
            unreachable!("it is cancelled");
            #[allow(unreachable_code)]
            Ok(())
        });
        pass(2).unwrap();
        assert!(outer.cancel());
        assert!(outer.flatten().await_().unwrap_err().is_cancelled());
        assert!(handles.iter().all(|child| child.cancelled()));
    });
    assert_eq!(trace.take(), ["one", "two", "three"]);
}

#[test]
fn cancelled_by_its_handle_it_ends_with_the_cancellation_once_the_children_have() {
    run(|| {
        let children = [nap(9, 1), nap(9, 2)].map(cede::create_task);
        let gather = cede::gather(&children);
        pass(1).unwrap();
        assert!(gather.cancel_with("enough"));
        assert!(!gather.done(), "a child may take its time");
        let error = gather.await_().unwrap_err();
        assert_eq!(error.to_string(), "cancelled: enough");
        assert!(children.iter().all(|child| child.cancelled()));
    });
}

/// bpo-32684: even where every child refuses, and whatever is made of errors.
#[test]
fn a_cancelled_gather_gives_the_cancellation_even_if_all_children_refuse() {
    run(|| {
        let stubborn = || {
            cede::coroutine(|| -> cede::Result<u32> {
                let _ = cede::sleep(secs(9)).await_();
                Ok(5)
            })
        };
        let gather = cede::gather_results([stubborn(), stubborn()]);
        pass(1).unwrap();
        assert!(gather.cancel());
        assert!(gather.await_().unwrap_err().is_cancelled());
    });
}

/// test_tasks: test_cancel_gather_1 (bpo-26923)
#[test]
fn it_refuses_a_cancel_once_all_children_have_ended() {
    let answer = Rc::new(Cell::new(None));
    let told = answer.clone();
    run(move || {
        let promise = Promise::new();
        let child = spawn({
            let promise = promise.clone();
            move || promise.await_()
        });
        let gather = Rc::new(cede::gather([&child]));
        let cancel = gather.clone();
        // Runs after the child has ended, and before the gather has looked at it.
        child.add_done_callback(move |_| ());
        child.add_done_callback(move |_| told.set(Some(cancel.cancel())));
        pass(1).unwrap();
        promise.set_result(42).unwrap();
        pass(3).unwrap();
        let gather = Rc::into_inner(gather).expect("the callback has gone");
        assert_eq!(gather.await_().unwrap(), [42]);
    });
    assert_eq!(answer.get(), Some(false));
}

/// CPython's `Task.cancel` asks the gather it waits for; refused there, the task takes the cancellation
/// itself.
#[test]
fn a_task_cancelled_between_the_children_s_end_and_the_gather_s_is_cancelled_itself() {
    run(|| {
        let promise = Promise::<cede::Result<u32>>::new();
        let awaited = promise.clone();
        let outer = spawn(move || {
            let values = cede::gather([&awaited]).await_();
            assert!(values.unwrap_err().is_cancelled());
            Ok("went on")
        });
        pass(2).unwrap();
        promise.set_result(Ok(1)).unwrap(); // the child is done, the gather is not
        assert!(outer.cancel());
        assert_eq!(outer.flatten().await_().unwrap(), "went on");
        assert_eq!(promise.result().unwrap().unwrap(), 1);
    });
}

/// test_tasks: test_cancel_gather_2
#[test]
fn the_message_of_a_cancel_comes_through() {
    let message = run(|| {
        let outer = spawn(|| {
            loop {
                let [_done] = cede::gather_results([nap(1, ())]).await_()?;
            }
            #[allow(unreachable_code)]
            Ok(())
        });
        cede::sleep(secs(4)).await_().unwrap();
        outer.cancel_with("my message");
        outer.flatten().await_().unwrap_err().to_string()
    });
    assert_eq!(message, "cancelled: my message");
}

/// Two children that await the same task: asyncio cancels that task once for each.
#[test]
fn a_task_that_two_children_await_is_cancelled_twice() {
    let requests = run(|| {
        let shared = Rc::new(spawn(|| {
            let _ = cede::sleep(secs(9)).await_();
            let mine = super::cancelling();
            Ok(mine)
        }));
        let awaits = |task: &Rc<cede::Task<cede::Result<usize>>>| {
            let task = task.clone();
            cede::coroutine(move || (&*task).await_()?)
        };
        let gather = cede::gather_results([awaits(&shared), awaits(&shared)]);
        pass(2).unwrap();
        gather.cancel();
        assert!(gather.await_().unwrap_err().is_cancelled());
        (&*shared).await_().unwrap().unwrap()
    });
    assert_eq!(requests, 2);
}

/// A child that awaits who gathers it closes a cycle: the cancel comes by each once and ends.
#[test]
fn a_cancel_along_a_cycle_through_a_gather_ends() {
    let error = cede::run(cede::coroutine(|| {
        let slot = Rc::new(RefCell::new(None::<cede::Task<cede::Result<()>>>));
        let back = slot.clone();
        let child = spawn(move || {
            cede::yield_now().await_()?;
            let outer = back.borrow_mut().take().expect("it was put there");
            outer.await_()??;
            Ok(())
        });
        let outer = spawn(move || cede::gather([child]).await_().map(drop));
        let handle = outer.handle();
        *slot.borrow_mut() = Some(outer);
        pass(4).unwrap();
        assert!(handle.cancel());
        assert_eq!(handle.cancelling(), 1);
        Promise::<()>::new().await_().unwrap();
    }))
    .unwrap_err();
    assert!(error.is_deadlock(), "{error}");
}

#[test]
fn a_child_s_panic_goes_on_in_whoever_awaits() {
    let text = run(|| {
        let gather = cede::gather([cede::coroutine(|| -> cede::Result<u32> { panic!("over the rock") })]);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gather.await_()));
        *caught.unwrap_err().downcast::<&str>().unwrap()
    });
    assert_eq!(text, "over the rock");
}

#[test]
fn a_child_s_panic_is_an_error_where_the_error_can_hold_it() {
    run(|| {
        let panics = || cede::coroutine(|| -> u32 { panic!("over the rock") });
        let error: JoinError = cede::join([panics()]).await_().unwrap_err();
        assert!(error.is_panic());
        let [result] = cede::gather_results([cede::coroutine(|| -> cede::Result<u32> { panic!("rock") })])
            .await_()
            .unwrap();
        assert!(result.unwrap_err().is_panic());
    });
}

/// test_tasks: FutureGatherTests.test_constructor_heterogenous_futures
#[test]
fn children_of_different_loops_are_an_error() {
    let (one, two) = (event_loop(&Trace::new()), event_loop(&Trace::new()));
    let gather =
        cede::gather([one.create_promise::<cede::Result<u32>>(), two.create_promise::<cede::Result<u32>>()]);
    assert_eq!(gather.outcome(), Outcome::Failed);
    let error = one.run_until_complete(cede::coroutine(|| gather.await_())).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "gather: the children are attached to different loops");
}

/// test_tasks: FutureGatherTests.test_constructor_homogenous_futures
#[test]
fn it_is_of_the_loop_of_its_children_and_they_may_be_gathered_again() {
    let event_loop = event_loop(&Trace::new());
    let children: Vec<_> = (0..3).map(|_| event_loop.create_promise::<cede::Result<usize>>()).collect();
    let (one, two) = (cede::gather(&children), cede::gather(&children));
    settle(&event_loop);
    assert!(!one.done() && !two.done());
    for (n, child) in children.iter().enumerate() {
        child.set_result(Ok(n)).unwrap_or_else(|_| unreachable!("it was pending"));
    }
    settle(&event_loop);
    assert!(one.done() && two.done());
}

/// A gather is a future like others.
#[test]
fn a_gather_may_be_gathered_and_awaited_by_reference() {
    let nested = run(|| {
        let inner = cede::gather([nap(1, 1), nap(2, 2)]);
        let (first, second) = cede::gather((inner, nap(3, 3))).await_().unwrap();
        let again = cede::join([cede::coroutine(|| 4)]);
        assert_eq!((&again).await_().unwrap(), (&again).await_().unwrap());
        (first, second)
    });
    assert_eq!(nested, ([1, 2], 3));
}

/// CPython's optimization: children that are done already are looked at when the gather is made.
#[test]
fn of_children_that_are_done_it_is_done_at_once() {
    run(|| {
        let promise = Promise::new();
        promise.set_result(Ok::<_, Error>(1)).unwrap();
        let gather = cede::gather([&promise]);
        assert!(gather.done());
        let failed = Promise::<cede::Result<u32>>::new();
        failed.set_exception("early").unwrap();
        let gather = cede::gather([failed, promise]);
        assert_eq!(gather.await_().unwrap_err().to_string(), "early");
    });
}

/// The turns are CPython's: the child, its callback on the gather, the awaiter.
#[test]
fn whoever_awaits_goes_on_two_turns_after_the_last_child_has_ended() {
    let taken = run(|| {
        let ended = Rc::new(Cell::new(0));
        let at = ended.clone();
        let child = spawn(move || {
            at.set(cede::running_loop()?.turns());
            Ok(())
        });
        cede::gather([child]).await_().unwrap();
        cede::running_loop().unwrap().turns() - ended.get()
    });
    assert_eq!(taken, 2);
}

#[test]
fn an_error_type_of_one_s_own_comes_out_as_it_is() {
    #[derive(Debug, PartialEq)]
    enum Garden {
        Rocky(u32),
        Cancelled,
        Broken(String),
    }
    impl From<Cancelled> for Garden {
        fn from(_: Cancelled) -> Self {
            Garden::Cancelled
        }
    }
    impl From<Error> for Garden {
        fn from(error: Error) -> Self {
            Garden::Broken(error.to_string())
        }
    }
    impl cede::Failure for Garden {
        fn is_cancelled(&self) -> bool {
            *self == Garden::Cancelled
        }
    }
    let error = run(|| {
        let dig =
            |depth| cede::coroutine(move || if depth > 2 { Err(Garden::Rocky(depth)) } else { Ok(depth) });
        cede::gather([dig(1), dig(3)]).await_().unwrap_err()
    });
    assert_eq!(error, Garden::Rocky(3));
}

#[test]
fn a_dropped_gather_lets_its_children_go_on() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::with_clock(clock).unwrap();
    let ended = event_loop
        .run_until_complete(cede::coroutine(|| {
            let child = cede::create_task(nap(2, 'x'));
            drop(cede::gather([&child]));
            child.await_().unwrap().unwrap()
        }))
        .unwrap();
    assert_eq!(ended, 'x');
}

#[test]
fn its_debug_text_says_how_it_stands() {
    run(|| {
        let promise = Promise::<cede::Result<u32>>::new();
        let gather = cede::gather([&promise, &promise]);
        assert_eq!(format!("{gather:?}"), "<Gather pending children=2>");
        let waiting = cede::create_task(waits_for(Promise::<()>::new()));
        pass(1).unwrap();
        waiting.cancel();
        promise.cancel();
        assert!(gather.await_().unwrap_err().is_cancelled());
    });
}
