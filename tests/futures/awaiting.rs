//! `future.await_()`.

use std::cell::RefCell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use cede::{Awaitable, Cancelled, Generator, Outcome, coroutine, create_task, running_loop, yield_now};
use cede_tests::trace::{Trace, run, run_reporting};

use crate::Gate;

#[test]
fn a_future_that_is_ready_does_not_cede() {
    let trace = Trace::new();
    let other = trace.clone();
    run(move || {
        let task = create_task(coroutine(other.call("other")));
        assert_eq!(async { ready(20).await + 1 }.await_(), Ok(21));
        other.add("after the future");
        task.await_().unwrap();
    });
    assert_eq!(trace.take(), ["after the future", "other"]);
}

#[test]
fn while_a_future_is_pending_others_run() {
    let trace = Trace::new();
    let seen = trace.clone();
    run(move || {
        let gate = Gate::default();
        let (opener, name) = (gate.clone(), seen.clone());
        let task = create_task(coroutine(move || {
            name.add("other begins");
            yield_now().await_().unwrap();
            name.add("other opens");
            opener.open();
        }));
        seen.add(gate.clone().await_().unwrap());
        assert_eq!(gate.polls.get(), 2);
        task.await_().unwrap();
    });
    assert_eq!(trace.take(), ["other begins", "other opens", "open"]);
}

#[test]
fn a_future_that_wakes_itself_lets_others_go_first() {
    let trace = Trace::new();
    let seen = trace.clone();
    run(move || {
        let other = create_task(coroutine(seen.call("other")));
        let mut polls = 0;
        let twice = poll_fn(|cx| {
            polls += 1;
            seen.add(format!("poll {polls}"));
            cx.waker().wake_by_ref();
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        twice.await_().unwrap();
        other.await_().unwrap();
    });
    assert_eq!(trace.take(), ["poll 1", "other", "poll 2"]);
}

#[test]
fn cancelled_while_it_is_pending_the_future_is_dropped_and_the_await_says_so() {
    let trace = Trace::new();
    let seen = trace.clone();
    run(move || {
        let (inner, dropped) = (seen.clone(), seen.on_drop("future dropped"));
        let task = create_task(coroutine(move || {
            let never = async move {
                let _dropped = dropped;
                pending::<()>().await
            };
            let cancelled = never.await_().unwrap_err();
            inner.add(format!("{cancelled}"));
        }));
        yield_now().await_().unwrap();
        assert!(task.cancel_with("enough"));
        assert_eq!(
            task.handle().waiting_for().map(|(on, _)| format!("{on:?}")).unwrap(),
            "<Future cancelled>"
        );
        task.await_().unwrap();
    });
    assert_eq!(trace.take(), ["future dropped", "cancelled: enough"]);
}

#[test]
fn cancelled_before_it_parks_the_await_gives_the_cancellation() {
    run(|| {
        let task = create_task(coroutine(|| {
            cede::current_task().unwrap().cancel();
            pending::<()>().await_()
        }));
        assert_eq!((&task).await_().unwrap(), Err(Cancelled::new()));
    });
}

#[test]
fn a_future_may_borrow_from_the_frame_it_is_awaited_in() {
    let sum = run(|| {
        let numbers = vec![1, 2, 3];
        let total = RefCell::new(0);
        async {
            for number in &numbers {
                ready(()).await;
                *total.borrow_mut() += number;
            }
        }
        .await_()
        .unwrap();
        total.into_inner()
    });
    assert_eq!(sum, 6);
}

#[test]
fn a_future_can_be_awaited_in_a_generator_that_a_task_drives() {
    run(|| {
        let gate = Gate::default();
        let opener = gate.clone();
        running_loop().unwrap().call_soon(move || opener.open());
        let generator = Generator::<&str>::new(move |co| co.yield_(gate.await_().unwrap()));
        assert_eq!(generator.into_iter().collect::<Vec<_>>(), ["open"]);
    });
}

#[test]
fn futures_awaited_one_after_another_and_inside_each_other_do_not_mix_their_wakes() {
    run(|| {
        let gates: Vec<Gate> = (0..3).map(|_| Gate::default()).collect();
        let tasks: Vec<_> = gates
            .iter()
            .map(|gate| {
                let gate = gate.clone();
                create_task(coroutine(move || gate.await_()))
            })
            .collect();
        yield_now().await_().unwrap();
        gates[1].open();
        yield_now().await_().unwrap();
        let done: Vec<bool> = tasks.iter().map(|task| task.done()).collect();
        assert_eq!(done, [false, true, false]);
        gates[0].open();
        gates[2].open();
        for task in tasks {
            assert_eq!(task.await_().unwrap(), Ok("open"));
        }
    });
}

#[test]
fn a_panic_of_the_future_is_the_awaiters() {
    run(|| {
        let task = create_task(coroutine(|| async { panic!("inside") }.await_()));
        assert!(task.await_().unwrap_err().is_panic());
    });
}

#[test]
fn a_limit_ends_a_future_that_takes_too_long() {
    run(|| {
        let limited = cede::timeout(Some(Duration::from_secs(1)), || -> cede::Result<()> {
            Ok(pending::<()>().await_()?)
        });
        assert_eq!(limited.unwrap_err().to_string(), "timed out");
    });
}

#[test]
fn outside_a_loop_a_ready_future_is_fine_and_a_pending_one_is_told_where_to_go() {
    assert_eq!(ready(5).await_(), Ok(5));
    let payload = catch_unwind(|| pending::<()>().await_()).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("await of a future: no running event loop"), "{text}");
}

#[test]
fn in_a_callback_a_pending_future_is_an_error() {
    let text = run(|| {
        let told = Rc::new(RefCell::new(None));
        let tell = told.clone();
        running_loop().unwrap().call_soon(move || {
            let payload = catch_unwind(AssertUnwindSafe(|| pending::<()>().await_())).unwrap_err();
            *tell.borrow_mut() = payload.downcast_ref::<String>().cloned();
        });
        yield_now().await_().unwrap();
        told.take().unwrap()
    });
    assert!(text.starts_with("await of a future: only a task can cede to the loop"), "{text}");
}

#[test]
fn while_a_panic_unwinds_a_pending_future_is_given_up_and_reported() {
    struct AwaitsWhenDropped(Rc<RefCell<Option<Result<(), Cancelled>>>>);
    impl Drop for AwaitsWhenDropped {
        fn drop(&mut self) {
            *self.0.borrow_mut() = Some(pending::<()>().await_());
        }
    }
    let (outcome, reports) = run_reporting(|| {
        let given = Rc::new(RefCell::new(None));
        let awaits = AwaitsWhenDropped(given.clone());
        let task = create_task(coroutine(move || {
            let _awaits = awaits;
            panic!("on its way out");
        }));
        assert!(task.await_().unwrap_err().is_panic());
        given.take().unwrap()
    });
    assert_eq!(outcome, Err(Cancelled::new()));
    assert_eq!(
        reports,
        [
            "await of a future: await while unwinding: it did nothing, for a stack that is being left cannot pause"
        ]
    );
}

#[test]
fn a_loop_that_closes_ends_a_task_that_waits_for_a_future() {
    let trace = Trace::new();
    let dropped = trace.on_drop("future dropped");
    let mut runner = cede::Runner::new();
    let task = runner
        .run(coroutine(move || {
            let never = async move {
                let _dropped = dropped;
                pending::<()>().await
            };
            let task = create_task(coroutine(move || never.await_()));
            yield_now().await_().unwrap();
            task
        }))
        .unwrap();
    drop(runner);
    assert_eq!(trace.take(), ["future dropped"]);
    assert_eq!(task.outcome(), Outcome::Finished); // with a cancellation as its value
}
