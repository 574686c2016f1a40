//! The loop as a machine: one callback at a time, and what it looks like in between.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use cede::trace::Recorder;
use cede::{Awaitable, EventLoop, Promise, Runner, Stepped, VirtualClock};
use cede_tests::trace::{Trace, event_loop, unlined};

fn in_virtual_time() -> EventLoop {
    event_loop(&Trace::new())
}

/// A parent that awaits its child, which sleeps; a callback; another task that waits for nobody's promise.
fn family(event_loop: &EventLoop) {
    let child = cede::coroutine(|| cede::sleep(Duration::from_millis(5)).await_()).named("child");
    let parent = cede::coroutine(move || cede::create_task(child).await_()).named("parent");
    drop(event_loop.create_task(parent));
    let orphan = event_loop.create_promise::<()>();
    drop(event_loop.create_task(cede::coroutine(move || orphan.await_()).named("waiter")).named("waiter"));
    event_loop.call_soon(|| ());
}

#[test]
fn a_step_runs_one_callback_and_says_which() {
    let event_loop = in_virtual_time();
    family(&event_loop);
    let mut ran = Vec::new();
    while let Stepped::Ran(callback) = event_loop.step().unwrap() {
        ran.push(match callback {
            cede::ReadyCallback::Step(task) => task.coroutine().to_owned(),
            other => format!("{other:?}").split('(').next().unwrap().to_owned(),
        });
    }
    // The second call is the timer's: it sets the promise that the sleep waits for.
    assert_eq!(ran, ["parent", "waiter", "Call", "child", "Call", "child", "parent"]);
    assert_eq!(event_loop.callbacks_run(), 7);
    assert!(event_loop.all_tasks().len() == 1, "the waiter waits for ever");
}

#[test]
fn a_snapshot_says_who_waits_for_whom_and_where() {
    let event_loop = in_virtual_time();
    family(&event_loop);
    let before = event_loop.snapshot();
    assert_eq!(
        unlined(&before.to_string()),
        "turn 0, 0 callbacks run, 0.000 s\n\
         next turn: step of parent (Task-1)\n\
         next turn: step of waiter\n\
         next turn: a function\n\
         parent (Task-1) has not started\n\
         waiter has not started\n"
    );
    event_loop.step().unwrap();
    assert_eq!(
        unlined(&event_loop.snapshot().to_string()),
        "turn 1, 1 callbacks run, 0.000 s\n\
         ready: step of waiter\n\
         ready: a function\n\
         next turn: step of child (Task-3)\n\
         parent (Task-1) waits for child (Task-3) at machine.rs\n\
         waiter has not started\n\
         child (Task-3) has not started\n"
    );
    for _ in 0..3 {
        event_loop.step().unwrap();
    }
    let asleep = event_loop.snapshot();
    assert_eq!(
        unlined(&asleep.to_string()),
        "turn 2, 4 callbacks run, 0.000 s\n\
         timer: 0.005 s, set at machine.rs\n\
         parent (Task-1) waits for child (Task-3) at machine.rs\n\
         waiter waits for <Promise pending> made at machine.rs at machine.rs\n\
         child (Task-3) waits for <Promise pending> made at machine.rs at machine.rs\n"
    );
    // The callback lists: each waits for the next.
    assert_eq!(asleep.task(3).unwrap().callbacks, [cede::trace::Listed::Step(1)]);
    assert_eq!(asleep.promises.len(), 2);
    let json = serde_json::to_value(&asleep).unwrap();
    assert_eq!(json["tasks"][0]["waits"]["on"]["Task"], 3);
}

#[test]
fn a_program_asked_before_each_callback_makes_the_same_log_as_one_that_runs() {
    let log = |asked: bool| {
        let recorder = Recorder::new();
        let mut runner = Runner::new().clock(VirtualClock::new()).debug(false).observer(recorder.clone());
        let asks = Rc::new(Cell::new(0));
        let mine = asks.clone();
        if asked {
            runner = runner.ask_before_each(move |event_loop| {
                mine.set(mine.get() + 1);
                assert!(!event_loop.snapshot().ready.is_empty());
                ControlFlow::Continue(())
            });
        }
        runner
            .run(cede::coroutine(|| {
                family_inside();
                cede::sleep(Duration::from_millis(10)).await_()
            }))
            .unwrap()
            .unwrap();
        drop(runner);
        assert_eq!(asks.get() > 0, asked);
        recorder.log().without_stacks().to_string()
    };
    assert_eq!(log(true), log(false));
}

fn family_inside() {
    for _ in 0..3 {
        drop(cede::create_task(cede::coroutine(|| {
            cede::create_task(cede::coroutine(|| cede::yield_now().await_())).await_()
        })));
    }
}

#[test]
fn told_to_stop_the_runner_asks_no_more_and_cleans_up() {
    let asks = Rc::new(Cell::new(0));
    let mine = asks.clone();
    let mut runner = Runner::new().clock(VirtualClock::new()).ask_before_each(move |_| {
        mine.set(mine.get() + 1);
        if mine.get() == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let ended = runner.run(cede::coroutine(|| {
        for _ in 0..100 {
            cede::yield_now().await_()?;
        }
        Promise::<()>::new().await_()
    }));
    assert!(ended.unwrap_err().to_string().contains("was stopped before"));
    runner.close().unwrap();
    assert_eq!(asks.get(), 5);
}
