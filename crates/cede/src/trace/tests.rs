//! The fast path changes no event; a recorder's memory is bounded.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Log, Recorder};
use crate::coroutine::Awaitable;
use crate::event_loop::{EventLoop, VirtualClock};
use crate::promise::Promise;
use crate::task::AnyTask;

/// What a task does, one after another.
#[derive(Clone, Debug)]
enum Do {
    /// Makes a task and awaits it at once.
    Await(Vec<Do>),
    /// Makes tasks and then awaits them, the last one first.
    Spawn(Vec<Vec<Do>>),
    /// Makes a task and forgets it.
    Detach(Vec<Do>),
    /// Awaits a coroutine in place.
    Inline(Vec<Do>),
    Yield,
    Sleep(u8),
    /// Awaits a promise that a callback sets.
    Promise,
    /// Sets a timer that nobody waits for.
    Timer(u8),
    /// Cancels the n-th task that was made, modulo their number.
    Cancel(u8),
    Eager(Vec<Do>),
}

fn script() -> impl Strategy<Value = Vec<Do>> {
    let leaf = prop_oneof![
        3 => Just(Do::Yield),
        2 => (0u8..4).prop_map(Do::Sleep),
        1 => Just(Do::Promise),
        1 => (0u8..4).prop_map(Do::Timer),
        1 => any::<u8>().prop_map(Do::Cancel),
    ];
    let list = prop::collection::vec(leaf, 0..4).boxed();
    (0..3).fold(list, |inner: BoxedStrategy<Vec<Do>>, _| {
        let one = prop_oneof![
            3 => inner.clone().prop_map(Do::Await),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(Do::Spawn),
            1 => inner.clone().prop_map(Do::Detach),
            2 => inner.clone().prop_map(Do::Inline),
            1 => inner.clone().prop_map(Do::Eager),
            3 => inner.prop_map(|list| list.into_iter().next().unwrap_or(Do::Yield)),
        ];
        prop::collection::vec(one, 0..4).boxed()
    })
}

type Made = Rc<RefCell<Vec<AnyTask>>>;

fn act(script: Vec<Do>, made: &Made) -> crate::Result<()> {
    let begin = |script: Vec<Do>, eager: bool| {
        let mine = made.clone();
        let coroutine = crate::coroutine(move || act(script, &mine)).named("child").fallible();
        let task = if eager { crate::create_eager_task(coroutine) } else { crate::create_task(coroutine) };
        made.borrow_mut().push(task.handle());
        task
    };
    for step in script {
        match step {
            Do::Await(script) => drop(begin(script, false).await_()),
            Do::Spawn(scripts) => {
                let tasks: Vec<_> = scripts.into_iter().map(|script| begin(script, false)).collect();
                tasks.into_iter().rev().for_each(|task| drop(task.await_()));
            }
            Do::Detach(script) => drop(begin(script, false)),
            Do::Eager(script) => drop(begin(script, true)),
            Do::Inline(script) => {
                let mine = made.clone();
                crate::coroutine(move || act(script, &mine)).await_()?;
            }
            Do::Yield => crate::yield_now().await_()?,
            Do::Sleep(time) => crate::sleep(Duration::from_millis(time.into())).await_()?,
            Do::Promise => {
                let promise = Promise::new();
                let setter = promise.clone();
                crate::running_loop()?.call_soon(move || drop(setter.set_result(())));
                promise.await_()?;
            }
            Do::Timer(time) => {
                drop(crate::running_loop()?.call_later(Duration::from_millis(time.into()), || ()));
            }
            Do::Cancel(which) => {
                let victim = {
                    let made = made.borrow();
                    made.get(usize::from(which) % made.len().max(1)).cloned()
                };
                victim.inspect(|task| _ = task.cancel());
            }
        }
    }
    Ok(())
}

fn log_of(script: Vec<Do>, fast: bool) -> Log {
    let recorder = Recorder::new();
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    event_loop.set_debug(false);
    event_loop.core.schedule.set_fast_path(fast);
    event_loop.set_exception_handler(|_, _| ());
    event_loop.set_observer(recorder.clone());
    let made = Made::default();
    let _ = event_loop.run_until_complete(crate::coroutine(move || act(script, &made)).named("main"));
    drop(event_loop);
    recorder.log()
}

proptest! {
    #[test]
    fn the_fast_path_changes_no_event_but_those_about_stacks(script in script()) {
        let (fast, plain) = (log_of(script.clone(), true), log_of(script, false));
        prop_assert_eq!(fast.without_stacks().to_string(), plain.without_stacks().to_string());
    }
}

#[test]
fn a_recorder_keeps_the_last_events_and_forgets_things_that_none_speaks_of() {
    let recorder = Recorder::with_capacity(100);
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    event_loop.set_observer(recorder.clone());
    let many = || (0..5_000).for_each(|_| drop(crate::create_task(crate::coroutine(|| ())).await_()));
    event_loop.run_until_complete(crate::coroutine(many).named("main")).unwrap();
    let log = recorder.log();
    assert_eq!(log.records().len(), 100);
    assert_eq!(log.dropped() + 100, recorder.told());
    assert!(log.objects().count() < 3_000, "{}", log.objects().count());
    assert!(log.to_string().contains("ended: main (Task-1) finished"));
}

#[test]
fn a_recorder_keeps_nothing_alive() {
    let (recorder, kept) = (Recorder::new(), Rc::new(()));
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    event_loop.set_observer(recorder.clone());
    let mine = kept.clone();
    let main = crate::coroutine(move || drop(crate::create_task(crate::coroutine(move || mine)).await_()));
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(Rc::strong_count(&kept), 1);
    assert!(recorder.told() > 10);
}
