//! Hazard 30: long chains of awaits. CPython recurses and gives up at a few thousand; here a chain of
//! 100,000 tasks completes and cancels, in as many steps and allocations as it has links, without recursion.
#![forbid(unsafe_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use cede::{Awaitable, EventLoop, Outcome, Promise, Task, VirtualClock};
use cede_tests::child::guard_modes;
use cede_tests::trace::{Trace, event_loop, run_briefly};

/// What the loop itself may use of the thread's stack: a chain that recursed would need a hundred times that.
const HOST_STACK: usize = 256 << 10;

/// As long as a chain is tested: fewer where each guard costs two mappings, or every stack has a shadow.
fn longest() -> u32 {
    match (cfg!(feature = "sanitizer"), guard_modes().contains(&"madvise")) {
        (true, _) => 2_000,
        (false, true) => 100_000,
        (false, false) => 20_000,
    }
}

/// Runs a test on a thread with little stack, alone: two chains at once are much memory.
fn alone_on_a_small_stack<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone: MutexGuard<'_, ()> = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = thread::Builder::new().stack_size(HOST_STACK).spawn(test).expect("a thread");
    thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

/// What something cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    callbacks: u64,
    allocations: u64,
}

fn cost(event_loop: &EventLoop, work: impl FnOnce()) -> Cost {
    let callbacks = event_loop.callbacks_run();
    let allocated = allocation_counter::measure(work);
    Cost { callbacks: event_loop.callbacks_run() - callbacks, allocations: allocated.count_total }
}

/// Twice the links may cost twice as much, and a little for tables that grow.
#[track_caller]
fn assert_linear(short: Cost, long: Cost, links: u32) {
    assert_eq!(long.callbacks, 2 * short.callbacks, "{short:?} {long:?}");
    let links = u64::from(links);
    assert!(long.allocations <= 2 * short.allocations + 200, "{links} links: {short:?}, {long:?}");
    assert!(long.allocations <= 12 * links + 200, "{links} links: {long:?}");
}

struct Chain {
    event_loop: EventLoop,
    promise: Promise<u32>,
    links: Vec<cede::AnyTask>,
    top: Option<Task<cede::Result<u32>>>,
}

/// Each task awaits the one before; the first awaits the promise. All are parked.
fn chain(links: u32) -> (Chain, Cost) {
    let event_loop = event_loop(&Trace::new());
    event_loop.set_debug(false);
    event_loop.set_exception_handler(|_, _| {});
    let promise = event_loop.create_promise();
    let first = promise.clone();
    let mut all = Vec::with_capacity(links as usize);
    let mut top = None;
    let built = cost(&event_loop, || {
        let mut below = event_loop.create_task(cede::coroutine(move || first.await_()).fallible());
        all.push(below.handle());
        for _ in 1..links {
            let inner = below;
            let link = cede::coroutine(move || -> cede::Result<u32> { Ok(inner.flatten().await_()? + 1) });
            below = event_loop.create_task(link.fallible());
            all.push(below.handle());
        }
        run_briefly(&event_loop);
        top = Some(below);
    });
    assert!(all.iter().all(|task| task.waiting_for().is_some()));
    (Chain { event_loop, promise, links: all, top }, built)
}

#[test]
fn a_long_chain_completes_in_one_step_a_link_to_park_and_one_to_end() {
    alone_on_a_small_stack(|| {
        let costs = |links: u32| {
            let (mut chain, built) = chain(links);
            assert_eq!(built.callbacks, u64::from(links));
            let top = chain.top.take().unwrap();
            let mut result = None;
            let finished = cost(&chain.event_loop, || {
                chain.promise.set_result(1).unwrap();
                result = Some(chain.event_loop.run_until_complete(top).unwrap().unwrap());
            });
            assert_eq!(result, Some(links));
            assert_eq!(finished.callbacks, u64::from(links) + 1, "and the one that stops the loop");
            assert!(chain.links.iter().all(|task| task.outcome() == Outcome::Finished));
            (built, Cost { callbacks: finished.callbacks - 1, ..finished })
        };
        let (short, long) = (costs(longest() / 2), costs(longest()));
        assert_linear(short.0, long.0, longest());
        assert_linear(short.1, long.1, longest());
    });
}

#[test]
fn a_long_chain_is_cancelled_from_its_top_in_one_step_a_link() {
    alone_on_a_small_stack(|| {
        let costs = |links: u32| {
            let (mut chain, _) = chain(links);
            let top = chain.top.take().unwrap();
            let asked = cost(&chain.event_loop, || assert!(top.cancel_with("enough")));
            assert!(chain.promise.cancelled());
            assert!(chain.links.iter().all(|task| task.cancelling() == 1));
            let mut text = String::new();
            let ended = cost(&chain.event_loop, || {
                text = chain.event_loop.run_until_complete(top).unwrap().unwrap_err().to_string();
            });
            assert_eq!(text, "cancelled: enough");
            assert_eq!(ended.callbacks, u64::from(links) + 1);
            assert!(chain.links.iter().all(cede::AnyTask::cancelled));
            (asked, Cost { callbacks: ended.callbacks - 1, ..ended })
        };
        let (short, long) = (costs(longest() / 2), costs(longest()));
        assert_eq!((short.0.callbacks, long.0.callbacks), (0, 0));
        assert!(long.0.allocations < 100, "asking allocates nothing a link: {long:?}");
        assert_linear(short.1, long.1, longest());
    });
}

/// A task that makes the next one and awaits it at once, and so on.
fn nest(depth: u32) -> Task<u32> {
    cede::create_task(cede::coroutine(
        move || if depth == 0 { 0 } else { nest(depth - 1).await_().unwrap() + 1 },
    ))
}

#[test]
fn tasks_that_each_make_and_await_the_next_complete() {
    alone_on_a_small_stack(|| {
        for debug in [true, false] {
            let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
            event_loop.set_debug(debug);
            event_loop.set_slow_callback_duration(std::time::Duration::MAX);
            let costs = |depth: u32| {
                let mut result = None;
                let cost = cost(&event_loop, || {
                    let main = cede::coroutine(move || nest(depth).await_().unwrap());
                    result = Some(event_loop.run_until_complete(main).unwrap());
                });
                assert_eq!(result, Some(depth));
                // Main, one that makes nothing, and `depth` tasks that start and go on; the stop.
                assert_eq!(cost.callbacks, 2 + 1 + 2 * u64::from(depth) + 1);
                Cost { callbacks: cost.callbacks - 4, ..cost }
            };
            costs(longest()); // the tables and the stacks have their sizes
            let (short, long) = (costs(longest() / 2), costs(longest()));
            assert_linear(short, long, longest());
        }
    });
}

#[test]
fn a_long_chain_that_panics_at_its_end_hands_the_panic_on() {
    alone_on_a_small_stack(|| {
        let depth = longest() / 10;
        fn nest(depth: u32) -> Task<Result<(), String>> {
            cede::create_task(cede::coroutine(move || {
                if depth == 0 {
                    std::panic::resume_unwind(Box::new("from the depth"));
                }
                nest(depth - 1).await_().map_err(|error| error.to_string())?
            }))
        }
        let event_loop = event_loop(&Trace::new());
        let result =
            event_loop.run_until_complete(cede::coroutine(move || nest(depth).await_().unwrap())).unwrap();
        assert_eq!(result.unwrap_err(), "the task panicked: from the depth");
    });
}

/// Closing asks every task on its own, and each request goes the whole way down: so this one is short.
#[test]
fn a_chain_that_is_pending_when_its_loop_closes_ends_without_recursion() {
    alone_on_a_small_stack(|| {
        let (mut chain, _) = chain(longest() / 20);
        drop(chain.top.take());
        chain.event_loop.close().unwrap();
        assert!(chain.links.iter().all(cede::AnyTask::cancelled));
    });
}

#[test]
fn a_chain_of_tasks_that_never_started_ends_without_recursion() {
    alone_on_a_small_stack(|| {
        let event_loop = event_loop(&Trace::new());
        event_loop.set_exception_handler(|_, _| {});
        let mut below = event_loop.create_task(cede::coroutine(|| ()));
        for _ in 1..longest() {
            let inner = below;
            below = event_loop.create_task(cede::coroutine(move || inner.await_().unwrap()));
        }
        let top = below.handle();
        drop(below);
        drop(event_loop);
        assert_eq!(top.outcome(), Outcome::Cancelled);
    });
}

/// A ring of tasks that wait for each other: the report finds it by a loop, and names all.
#[test]
fn a_long_cycle_of_awaits_is_found_and_named() {
    use std::cell::RefCell;
    use std::rc::Rc;
    alone_on_a_small_stack(|| {
        const RING: usize = 2_000;
        let event_loop = event_loop(&Trace::new());
        event_loop.set_exception_handler(|_, _| {});
        let last: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let closes = last.clone();
        let mut task = event_loop.create_task(cede::coroutine(move || {
            let last = closes.take().unwrap();
            drop(last.await_());
        }));
        let first = task.handle();
        for _ in 1..RING {
            let inner = task;
            task = event_loop.create_task(cede::coroutine(move || drop(inner.await_())));
        }
        *last.borrow_mut() = Some(task);
        let promise = event_loop.create_promise::<()>();
        let error = event_loop.run_until_complete(cede::coroutine(move || promise.await_())).unwrap_err();
        assert!(error.is_deadlock());
        let text = error.to_string();
        let cycle = text.lines().find_map(|line| line.strip_prefix("  cycle: ")).expect("it is named");
        let mut ring: Vec<_> = (1..=RING).rev().map(|n| format!("'Task-{n}'")).collect();
        ring.rotate_right(1); // it is entered at the oldest
        ring.push("'Task-1'".into());
        assert_eq!(cycle, ring.join(" → "));
        assert!(text.lines().any(|line| line == format!("  … and {} more", RING + 1 - 20)), "{text}");
        assert!(first.cancel());
        assert!(event_loop.all_tasks()[..RING].iter().all(|task| task.cancelling() == 1));
    });
}
